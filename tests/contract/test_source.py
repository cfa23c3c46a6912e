"""What every source of mail keeps, whatever lies behind it: IMAP servers, a Maildir, an mbox, .eml files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from intake.errors import UserError
from intake.mailbox.files import FileSource
from intake.mailbox.imap import ImapSettings, ImapSource
from intake.mailbox.source import Place, Source
from tests.servers.control import Control, ImapServer
from tests.servers.ledger import Kept, everything, letter

FIRST = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


class Box(Protocol):
    """A place that the test puts mail into."""

    def deliver(self, raw: bytes, arrived: datetime) -> None:
        """Put one message there."""
        ...

    def remove(self, place: Place) -> None:
        """Take one away."""
        ...

    def source(self) -> Source:
        """Return a new source over it."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class ImapBox:
    def __init__(self, server: ImapServer) -> None:
        self.server, self.user = server, server.user()
        self.control = Control(server, self.user)

    def deliver(self, raw: bytes, arrived: datetime) -> None:
        self.control.deliver(raw, arrived)

    def remove(self, place: Place) -> None:
        self.control.remove([int(place.uid)])

    def source(self) -> Source:
        server = self.server
        return ImapSource(
            ImapSettings("public", server.host, server.port, "none", self.user, server.password, timeout=10)
        )

    def close(self) -> None:
        self.control.client.logout()


class MaildirBox:
    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        for name in ("cur", "new", "tmp"):
            (path / name).mkdir()

    def deliver(self, raw: bytes, arrived: datetime) -> None:
        self.count += 1
        name = f"{int(arrived.timestamp())}.M{self.count}P1.host.example"
        path = self.path / ("new" if self.count % 2 else "cur") / (name if self.count % 2 else f"{name}:2,S")
        path.write_bytes(raw)
        os.utime(path, (arrived.timestamp(), arrived.timestamp()))

    def remove(self, place: Place) -> None:
        next(self.path.glob(f"*/{place.uid}*")).unlink()

    def source(self) -> Source:
        return FileSource(self.path)

    def close(self) -> None:
        pass


class EmlBox:
    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        (path / "notes.txt").write_text("no mail")

    def deliver(self, raw: bytes, arrived: datetime) -> None:  # noqa: ARG002 (the message says it itself)
        self.count += 1
        folder = self.path / f"year {self.count % 2}"
        folder.mkdir(exist_ok=True)
        (folder / f"letter {self.count}.eml").write_bytes(raw)

    def remove(self, place: Place) -> None:
        (self.path / place.uid).unlink()

    def source(self) -> Source:
        return FileSource(self.path)

    def close(self) -> None:
        pass


class MboxBox:
    def __init__(self, path: Path) -> None:
        self.path = path / "mail.mbox"
        self.letters: list[tuple[bytes, datetime]] = []

    def deliver(self, raw: bytes, arrived: datetime) -> None:
        self.letters.append((raw, arrived))
        self._write()

    def remove(self, place: Place) -> None:
        self.letters = [(raw, at) for raw, at in self.letters if not self._is(place, raw)]
        self._write()

    def _is(self, place: Place, raw: bytes) -> bool:
        from hashlib import sha256

        return place.uid.endswith(sha256(raw).hexdigest()[:16])

    def _write(self) -> None:
        with self.path.open("wb") as file:
            for raw, arrived in self.letters:
                file.write(b"From someone@example.net %s\r\n" % arrived.strftime("%a %b %e %H:%M:%S %Y").encode())
                for line in raw.splitlines(keepends=True):
                    file.write(b">" + line if line.lstrip(b">").startswith(b"From ") else line)
                file.write(b"\r\n")

    def source(self) -> Source:
        return FileSource(self.path)

    def close(self) -> None:
        pass


@pytest.fixture(params=["embedded", pytest.param("dovecot", marks=pytest.mark.dovecot), "maildir", "mbox", "eml"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    """Each kind of place in turn."""
    makers: dict[str, Callable[[], Box]] = {
        "embedded": lambda: ImapBox(request.getfixturevalue("embedded_imap")),
        "dovecot": lambda: ImapBox(request.getfixturevalue("dovecot")),
        "maildir": lambda: MaildirBox(tmp_path),
        "mbox": lambda: MboxBox(tmp_path),
        "eml": lambda: EmlBox(tmp_path),
    }
    made = makers[request.param]()
    yield made
    made.close()


def fill(box: Box, count: int) -> list[bytes]:
    """Deliver `count` letters an hour apart and return them."""
    arrivals = [FIRST + timedelta(hours=number) for number in range(count)]
    letters = [letter(number, arrived) for number, arrived in enumerate(arrivals)]
    for raw, arrived in zip(letters, arrivals, strict=True):
        box.deliver(raw, arrived)
    return letters


BODIES = (
    b"Plain words.\r\n",
    "Здравствуйте, ў, £, ’\r\n".encode(),
    b"caf\xe9 in latin-1 without saying so\r\n",
    b"From here on it is quoted\r\n>From there too\r\n>>From everywhere\r\n\r\nFrom me\r\n",
    b"x" * 5000 + b"\r\n",
    b".\r\n..\r\n--\r\n\r\n\r\n\r\n",
    b")\r\nA1 OK done\r\n* BYE\r\n{10}\r\n",
)


def test_every_message_is_handed_over_byte_for_byte(box: Box) -> None:
    """F1: what lies there is taken as it lies there."""
    letters = [letter(number, FIRST, body) for number, body in enumerate(BODIES)]
    for raw in letters:
        box.deliver(raw, FIRST)
    with closing(box.source()) as source:
        assert sorted(one.raw for one in everything(source)) == sorted(letters)


def test_the_oldest_comes_first_with_its_time_of_arrival(box: Box) -> None:
    """F11: each message says in UTC when it arrived, and the oldest is taken first."""
    letters = fill(box, 4)
    with closing(box.source()) as source:
        taken = everything(source)
    assert [one.raw for one in taken] == letters
    assert [one.arrived for one in taken] == [FIRST + timedelta(hours=number) for number in range(4)]
    assert {one.arrived.tzinfo for one in taken} == {UTC}


def test_what_the_ledger_has_is_not_fetched_again(box: Box) -> None:
    """F1: a poll takes what is there minus what the ledger has."""
    letters = fill(box, 3)
    ledger = Kept()
    with closing(box.source()) as source:
        first = everything(source)
        ledger.places.add(first[0].place)
        assert [one.raw for one in everything(source, ledger)] == letters[1:]
        ledger.places.update(one.place for one in first)
        assert everything(source, ledger) == []


def test_a_message_keeps_its_place_under_a_new_source(box: Box) -> None:
    """F2: the ledger's key of a message is the same after a restart, and no two messages share one."""
    fill(box, 3)
    with closing(box.source()) as source:
        before = [one.place for one in everything(source)]
    with closing(box.source()) as source:
        assert [one.place for one in everything(source)] == before
        assert len(set(before)) == 3
        assert {place.mailbox for place in before} == {source.name}


def test_many_come_in_batches(box: Box) -> None:
    """F4: no batch holds more than fifty messages, and together they are all."""
    letters = fill(box, 120)
    with closing(box.source()) as source:
        batches = list(source.fetch(Kept()))
    assert max(len(batch) for batch in batches) <= 50
    assert [one.raw for batch in batches for one in batch] == letters


def test_settling_twice_and_settling_what_is_gone_harm_nothing(box: Box) -> None:
    """F7, F8: to settle is idempotent, and messages that went meanwhile are no fault."""
    fill(box, 3)
    with closing(box.source()) as source:
        places = [one.place for one in everything(source)]
        box.remove(places[1])
        source.settle(places)
        source.settle(places)
        assert len(everything(source)) == 2


def test_what_went_before_the_fetch_is_left_out(box: Box) -> None:
    """F7: messages that somebody else removed are no fault."""
    letters = fill(box, 3)
    with closing(box.source()) as source:
        gone = everything(source)[0].place
        box.remove(gone)
        assert [one.raw for one in everything(source)] == letters[1:]


def test_an_abandoned_run_costs_nothing(box: Box) -> None:
    """F8: a run that stops after a batch leaves everything to the next one."""
    letters = fill(box, 60)
    with closing(box.source()) as source:
        next(iter(source.fetch(Kept())))
        assert [one.raw for one in everything(source)] == letters


def test_a_source_can_be_closed_at_any_time_and_used_again(box: Box) -> None:
    """F6: to close is never a fault, and the next fetch starts anew."""
    letters = fill(box, 2)
    source = box.source()
    source.close()
    assert [one.raw for one in everything(source)] == letters
    source.close()
    source.close()
    assert [one.raw for one in everything(source)] == letters
    source.close()


def test_a_wait_ends_with_its_time(box: Box) -> None:
    """F5: a wait without news lasts as long as it was told, and says that there was nothing."""
    fill(box, 1)
    with closing(box.source()) as source:
        everything(source)
        assert source.wait(0.05) is False


def test_a_wait_is_ended_by_another_thread(box: Box) -> None:
    """H1: `wake` ends a wait that another thread is in, and one that is about to begin."""
    fill(box, 1)
    with closing(box.source()) as source:
        everything(source)
        waiting = threading.Thread(target=source.wait, args=(120,))
        waiting.start()
        source.wake()
        waiting.join(20)
        assert not waiting.is_alive()


def test_an_empty_place_yields_nothing(embedded_imap: ImapServer, tmp_path: Path) -> None:
    """F1: where nothing is, nothing is taken; a folder that never held mail is told as a mistake."""
    with closing(ImapBox(embedded_imap)) as box, closing(box.source()) as source:
        assert list(source.fetch(Kept())) == []
    with pytest.raises(UserError, match="neither a Maildir"):
        FileSource(tmp_path)
    MaildirBox(tmp_path)
    assert list(FileSource(tmp_path).fetch(Kept())) == []
