"""Four processes on one PostgreSQL: one stands still past its leases, another is cut off from the database and back."""

from __future__ import annotations

import shutil
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, make_url

from intake.outbox.mime import SECOND_COPY
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink
from tests.soak.daemon import CLAIM, SENDING, Daemon, Fate, preload
from tests.soak.deployed import Deployed, database, postgresql_there
from tests.soak.letters import MAILBOX, WORDS

pytestmark = pytest.mark.postgres

PROCESSES = 4
LETTERS = 24  # before, and as many again while two of the processes are away; one claim holds them all
PAST_LEASES = max(CLAIM, SENDING).total_seconds() + 1


@dataclass
class Field:
    """What the four work on."""

    url: URL
    sink: SmtpSink
    server: Dovecot
    user: str
    written: int = 0

    def write(self, count: int) -> None:
        """Deliver letters, each of another resident, every second one for partners at once."""
        with smtplib.LMTP("127.0.0.1", self.server.lmtp_port) as lmtp:
            for number in range(self.written, self.written + count):
                who = f"resident{number}@example.net"
                head = (
                    f"From: {who}\r\nTo: {MAILBOX}\r\nSubject: About us\r\nMessage-ID: <{number}@example.net>\r\n\r\n"
                )
                lmtp.sendmail(who, [self.user], f"{head}{WORDS['housing' if number % 2 else 'street']}\r\n")
        self.written += count

    def ask(self, query: str) -> list[Any]:
        """Ask the database beside them."""
        with psycopg.connect(self.url.set(drivername="postgresql").render_as_string(hide_password=False)) as conn:
            return conn.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]

    def outcomes(self) -> Counter[object]:
        """Return how many places in the mailbox have come to what."""
        return Counter(dict(self.ask("SELECT state, count(*)::int FROM deliveries GROUP BY 1")))

    def unfinished(self) -> bool:
        """Whether anything is still to be done."""
        waiting = "SELECT 1 FROM outbox WHERE state IN ('queued', 'sending', 'due-later') LIMIT 1"
        return self.outcomes() != {"recorded": self.written} or bool(self.ask(waiting))


@pytest.fixture
def field(dovecot: Dovecot, smtp_sink: SmtpSink) -> Iterator[Field]:
    """An empty PostgreSQL database, an empty mailbox and a mail server."""
    if not postgresql_there():
        pytest.skip("there is no PostgreSQL: four processes on one database were not tried")
    with database("postgresql") as url:
        yield Field(make_url(url), smtp_sink, dovecot, dovecot.user())


def deployed(field: Field, folder: Path, url: URL) -> Deployed:
    """Return a deployment that reaches the database at `url`."""
    made = Deployed(folder, PASSWORD)
    named = url.render_as_string(hide_password=False)
    made.read(field.server.port, field.user, field.sink.port, f'"{named}"')
    return made


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait; the four work in real time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.02)


def holder(field: Field, daemons: list[Daemon]) -> Daemon:
    """Have one of the processes stand still that has claimed letters and is not recording them, and return it."""
    waiting = "FROM deliveries WHERE state = 'waiting' AND claimed_by IS NOT NULL"
    claimed = f"SELECT DISTINCT claimed_by {waiting}"
    free = f"WITH free AS (SELECT claimed_by {waiting} FOR UPDATE SKIP LOCKED) SELECT DISTINCT claimed_by FROM free"
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for (name,) in field.ask(claimed):
            one = next((one for one in daemons if str(name).endswith(f":{one.pid}")), None)
            if one is None:
                continue
            one.freeze()
            if (name,) in field.ask(free):
                return one
            one.thaw()
        if field.outcomes() == {"recorded": field.written}:  # they were faster
            field.write(LETTERS)
    raise AssertionError("no process claimed letters")


def test_one_stands_still_and_one_is_cut_off(field: Field, tmp_path: Path) -> None:
    """H2, O2: of four on one PostgreSQL one stands still past its leases and one loses the database; nothing is lost.

    Nor is anything done twice. The others do what the two had claimed; when these are back, what they had in hand is
    refused.
    """
    preload()
    near = deployed(field, tmp_path / "near", field.url)
    socket = Path(str(field.url.query.get("host") or "")) / ".s.PGSQL.5432"
    with ExitStack() as stack:
        line = stack.enter_context(Proxy(socket if socket.exists() else field.url.port or 5432))
        there = field.url.set(host="127.0.0.1", port=line.port, query={})
        far = deployed(field, tmp_path / "far", there)
        shutil.copytree(near.folder / "rules", far.folder / "rules", dirs_exist_ok=True)
        near.call("db", "upgrade")
        field.write(LETTERS)
        began = time.time()
        daemons = [
            Daemon(one.folder, PASSWORD, began, Fate(), str(number), "run")
            for number, one in enumerate([near] * (PROCESSES - 1) + [far])
        ]
        stack.callback(lambda: [one.kill() for one in daemons])
        until(lambda: field.ask("SELECT count(*)::int FROM rulebook_states") == [(PROCESSES,)])
        until(lambda: '"event": "started"' in (far.folder / "log").read_text("utf-8"))
        still = holder(field, daemons[:-1])
        line.refusing = True
        line.cut()
        before = field.outcomes()["recorded"]
        field.write(LETTERS)
        until(lambda: field.outcomes()["recorded"] > before, PAST_LEASES)
        time.sleep(PAST_LEASES)
        still.thaw()
        line.refusing = False
        until(lambda: not field.unfinished())
        for one in daemons:
            one.stop()
        assert [one.wait(10) and one.exit_code for one in daemons] == [0] * PROCESSES
    assert '"event": "claim lost"' in (near.folder / "log").read_text("utf-8")
    assert '"event": "fault"' in (far.folder / "log").read_text("utf-8")
    proven(field)


def proven(field: Field) -> None:
    """One outcome a letter, one answer, and no mail to a partner twice without saying so."""
    assert field.ask("SELECT count(*)::int FROM messages") == [(field.written,)]
    unknown = field.ask("SELECT recipient FROM outbox WHERE kind = 'acknowledgement' AND state = 'unknown'")
    arrived = Counter((one.recipients[0], message_from_bytes(one.raw)["Message-ID"]) for one in field.sink.messages)
    answered = Counter(who for who, _ in arrived.elements() if who.startswith("resident"))
    assert max(answered.values()) == 1
    assert len(answered) + len(unknown) >= field.written
    again = Counter(one.recipients[0] for one in field.sink.messages if SECOND_COPY.encode() in one.raw)
    assert arrived.total() - again.total() <= len(arrived)
