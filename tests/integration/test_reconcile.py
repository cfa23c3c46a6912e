"""`intake reconcile`: real mailboxes compared with a real ledger."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.errors import Temporary
from intake.mail.values import Identity
from intake.mailbox.imap import JUNK, Folder, ImapSettings, ImapSource
from intake.outbox.compose import Composer, Service
from intake.reconcile import EARLIER, NONE, TO_COME, TOO_OLD, Account, reconcile
from intake.reconcile_shown import account_text, ranges
from intake.store.database import Database, upgrade
from intake.store.outcomes import COPY, QUARANTINED, STORED, WAITING
from intake.store.quarantine import quarantine
from intake.triage import Sorter
from tests.servers.control import Control, control
from tests.servers.dovecot import Dovecot
from tests.servers.embedded_imap import EmbeddedImap
from tests.servers.ledger import letter
from tests.servers.smtp_sink import SmtpSink
from tests.store_steps import claimed, count
from tests.unit.rulebooks import rulebook
from tests.walk.deployment import Deployment

TOP = Path(__file__).parents[2]
ZONE = ZoneInfo("Europe/London")
US = "safety@example.org"
SERVICE = Service("Community Safety Partnership", US, ZONE, "intake.example.org")
BODY = b"The street lamp near the school is broken, number %d.\r\n"


class House:
    """One mailbox, its ledger, and the service's own steps between them."""

    def __init__(self, folder: Path, settings: ImapSettings, first: int = 1) -> None:
        self.settings = settings
        self.first = first  # the UID that the server gives to a folder's first message
        self.database = Database(f"sqlite:///{folder / 'intake.sqlite'}")
        upgrade(self.database)
        sorter = Sorter(rulebook(), Identity(frozenset({US})), ZONE)
        composer = Composer(TOP / "templates", SERVICE)
        self.processor = Processor(self.database, lambda: sorter, composer, "one")

    def poll(self, **changes: Any) -> int:
        """Take in what is new and settle it."""
        source = ImapSource(replace(self.settings, **changes))
        try:
            return Receiver(source, self.database, "one").receive()
        finally:
            source.close()

    def sort(self) -> None:
        """Triage what waits."""
        while self.processor.process():
            pass

    def reconcile(self, **changes: Any) -> Account:
        """Compare."""
        return reconcile(replace(self.settings, **changes), self.database, lambda *_: nullcontext(lambda _: None))

    def outcomes(self, folder: str = "INBOX", **changes: Any) -> dict[int, str]:
        """Compare; return what each message of a folder is, the first under 1."""
        return outcomes(self.reconcile(**changes), folder, self.first)

    def execute(self, statement: str) -> None:
        """Do to the database what only a fault, or a hand, could do."""
        with closing(sqlite3.connect(str(self.database.path))) as db:
            db.execute(statement)
            db.commit()


@pytest.fixture(params=["dovecot", "embedded_imap"])
def server(request: pytest.FixtureRequest) -> Any:
    """Both servers, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def user(server: Any) -> str:
    """A mailbox of the test's own."""
    return str(server.user())


@pytest.fixture
def staff(server: Any, user: str) -> Iterator[Control]:
    """Somebody else who is signed in to the same mailbox."""
    with control(server, user) as other:
        yield other


@pytest.fixture
def house(server: Any, user: str, tmp_path: Path) -> Iterator[House]:
    """The service's side."""
    settings = ImapSettings("public", server.host, server.port, "none", user, server.password)
    made = House(tmp_path, settings, 101 if isinstance(server, EmbeddedImap) else 1)
    yield made
    made.database.close()


def outcomes(account: Account, folder: str = "INBOX", first: int = 1) -> dict[int, str]:
    (one,) = (found for found in account.folders if found.folder == folder)
    return {message.uid - first + 1: message.outcome for message in one.messages}


def deliver(staff: Control, count: int, first: int = 1, age: timedelta = timedelta(0)) -> None:
    """Put letters of residents in."""
    now = datetime.now(UTC) - age
    for number in range(first, first + count):
        staff.deliver(letter(number, now, BODY % number), now)


def test_each_message_has_its_one_outcome(house: House, staff: Control) -> None:
    """F10, promise 1: stored, copy, quarantined, waiting and still to come are told apart, UID by UID."""
    deliver(staff, 3)
    staff.deliver(b"Received: from list.example.net by mx.example.org; Mon, 2 Mar 2026 08:00:00 +0000\r\n" + _same(2))
    staff.deliver(_same(2))
    house.poll()
    house.sort()
    deliver(staff, 2, first=6)
    house.poll()
    delivery = claimed_id(house)
    with house.database.transaction() as conn:
        quarantine(conn, delivery, "triage", "ValueError at x.py:1", datetime.now(UTC))
    deliver(staff, 1, first=8)
    account = house.reconcile()
    expected = [STORED, STORED, STORED, STORED, COPY, QUARANTINED, WAITING, TO_COME]
    assert list(outcomes(account).values()) == expected
    assert account.proven
    original, copy = account.folders[0].messages[3:5]
    assert copy.reference == original.reference != ""
    house.sort()
    house.poll()
    house.sort()
    assert Counter(outcomes(house.reconcile()).values()) == {STORED: 6, COPY: 1, QUARANTINED: 1}


def _same(number: int) -> bytes:
    return letter(90 + number, datetime(2026, 3, 2, 8, 0, tzinfo=UTC), BODY % number)


def claimed_id(house: House) -> int:
    """Return the delivery that a worker would take next."""
    one, *_ = claimed(house.database, limit=1)
    return one.delivery_id


def test_nothing_is_changed(house: House, staff: Control) -> None:
    """F1, F8: reconciling writes nothing to the mailbox, no flag either, and nothing to the database."""
    deliver(staff, 3)
    house.poll()
    house.sort()
    before = staff.flags(), [count(house.database, name) for name in ("deliveries", "mailbox_states", "leases")]
    house.reconcile(move_to="Handled")
    assert (
        staff.flags(),
        [count(house.database, name) for name in ("deliveries", "mailbox_states", "leases")],
    ) == before
    assert "Handled" not in staff.folders()
    assert not any(b"\\Seen" in flags for flags in staff.flags().values())


def test_what_is_gone_from_the_mailbox_is_counted(house: House, staff: Control) -> None:
    """F7, F10: a message that somebody expunged keeps its outcome; it is told as gone, and is no fault."""
    deliver(staff, 4)
    house.poll()
    house.sort()
    staff.remove([house.first + 1, house.first + 2])
    account = house.reconcile()
    assert outcomes(account, first=house.first) == {1: STORED, 4: STORED}
    assert account.gone == {STORED: 2}
    assert account.proven


def test_put_in_behind_our_back(house: House, staff: Control) -> None:
    """F10: a message older than the last poll that the ledger does not know leaves nothing proven; a poll mends it."""
    deliver(staff, 2)
    house.poll()
    house.sort()
    deliver(staff, 1, first=3, age=timedelta(hours=3))
    account = house.reconcile()
    assert outcomes(account, first=house.first) == {1: STORED, 2: STORED, 3: NONE}
    assert not account.proven
    assert account.faults[0].startswith(f"INBOX {house.first + 2}: ")
    assert house.outcomes(since=datetime.now(UTC).date() + timedelta(days=1))[3] == TOO_OLD
    house.poll()
    house.sort()
    assert house.reconcile().proven


def test_a_message_that_every_poll_passes_over_is_found(house: House, staff: Control) -> None:
    """F10, promise 1: a UID below others that are kept is never explained away as young."""
    deliver(staff, 3)
    house.poll()
    house.sort()
    house.execute("DELETE FROM deliveries WHERE id = 2")
    account = house.reconcile()
    assert outcomes(account, first=house.first)[2] == NONE
    said = [one.split(":")[0] for one in account.faults]
    assert said == ["message 2 is stored, and no row of the ledger led to it", f"INBOX {house.first + 1}"]


@pytest.mark.parametrize("server", ["embedded_imap"], indirect=True)
def test_a_ledger_that_contradicts_itself_proves_nothing(house: House, staff: Control, tmp_path: Path) -> None:
    """F10, promise 1: no outcome, two outcomes, or an outcome that is not there are told, each with its place."""
    deliver(staff, 3)
    house.poll()
    house.sort()
    assert house.reconcile().proven
    house.database.close()
    for number, (fault, said) in enumerate(CONTRADICTIONS.items()):
        copied = shutil.copyfile(str(house.database.path), tmp_path / f"{number}.sqlite")
        house.database = Database(f"sqlite:///{copied}")
        house.execute(fault)
        account = house.reconcile()
        assert not account.proven
        assert any(said in one for one in account.faults), account.faults
        house.database.close()
        house.database = Database(f"sqlite:///{tmp_path / 'intake.sqlite'}")


CONTRADICTIONS = {
    "DELETE FROM messages WHERE id = 2": "there is no such message",
    "UPDATE deliveries SET state = 'waiting' WHERE id = 2": "waiting, and recorded as well",
    "UPDATE deliveries SET state = 'quarantined', message_id = NULL WHERE id = 2": "quarantine list",
    "UPDATE deliveries SET state = 'lost' WHERE id = 2": "`lost` is no outcome",
    "UPDATE deliveries SET message_id = 1 WHERE id = 2": "message 1 is the outcome of two rows",
    "UPDATE deliveries SET state = 'waiting', message_id = NULL, raw_hash = NULL WHERE id = 2": "bytes are gone",
    "INSERT INTO quarantine (delivery_id, stage, error, created_at) VALUES (2, 'triage', 'x', '2026-03-02')": (
        "stored, and in quarantine as well"
    ),
}


def test_moved_messages_are_found_again(house: House, staff: Control) -> None:
    """F8, F10: what was moved is recognised by its Message-ID or its bytes, and what others put there is told."""
    staff.client.create_folder("Handled")
    staff.deliver(letter(50, datetime(2025, 1, 1, tzinfo=UTC)), datetime(2025, 1, 1, tzinfo=UTC), "Handled")
    deliver(staff, 3)
    staff.deliver(b"From: someone@example.net\r\nTo: safety@example.org\r\nSubject: no id\r\n\r\nA lamp is broken.\r\n")
    house.settings = replace(house.settings, move_to="Handled")
    house.poll()
    house.sort()
    account = house.reconcile()
    assert house.outcomes() == {}
    assert sorted(outcomes(account, "Handled").values()) == [EARLIER, *[STORED] * 4]
    assert not account.gone
    assert account.proven
    staff.deliver(letter(2, datetime.now(UTC), BODY % 2), folder="Handled")
    staff.deliver(letter(77, datetime.now(UTC)), folder="Handled")
    account = house.reconcile()
    assert list(outcomes(account, "Handled").values())[-1] == NONE
    assert any("the service has never seen it" in one for one in account.faults)


@pytest.mark.parametrize("server", ["dovecot"], indirect=True)  # pymap may give a folder its old UIDVALIDITY again
def test_a_new_uidvalidity_loses_nothing_and_answers_nobody_again(house: House, staff: Control) -> None:
    """F2, F10: after a new UIDVALIDITY old and new mail is taken for the copies that it is; no second answer."""
    house.settings = replace(house.settings, folders=(Folder("Post"),))
    ages = [timedelta(0), timedelta(0), timedelta(hours=3), timedelta(days=20), timedelta(days=400)]
    mails = [(letter(n, datetime.now(UTC) - age, BODY % n), datetime.now(UTC) - age) for n, age in enumerate(ages)]
    for _ in range(2):
        if "Post" in staff.folders():
            staff.client.delete_folder("Post")
        staff.client.create_folder("Post")
        for raw, arrived in mails:
            staff.deliver(raw, arrived, "Post")
        house.poll()
        house.sort()
    staff.deliver(letter(9, datetime.now(UTC), BODY % 9), folder="Post")
    house.poll()
    house.sort()
    account = house.reconcile()
    assert outcomes(account, "Post") == {**dict.fromkeys(range(1, 6), COPY), 6: STORED}
    assert account.gone == {STORED: 5}
    assert account.proven
    with house.database.read() as conn:
        answered = conn.scalars(text("SELECT recipient FROM outbox WHERE kind = 'acknowledgement'")).all()
    assert sorted(answered) == [f"resident{number}@example.net" for number in (0, 1, 2, 9)]


def test_before_the_first_poll_under_a_new_uidvalidity_nothing_is_proven(dovecot: Dovecot, tmp_path: Path) -> None:
    """F2, F10: until the folder is read under its new UIDVALIDITY its old mail has no outcome, and that is said."""
    user = dovecot.user()
    house = House(tmp_path, ImapSettings("public", dovecot.host, dovecot.port, "none", user, dovecot.password))
    house.settings = replace(house.settings, folders=(Folder("Post"),))
    with control(dovecot, user) as staff:
        for _ in range(2):
            if "Post" in staff.folders():
                staff.client.delete_folder("Post")
            staff.client.create_folder("Post")
            staff.deliver(letter(1, datetime.now(UTC)), datetime.now(UTC) - timedelta(hours=1), "Post")
            before = house.reconcile()
            house.poll()
    house.sort()
    assert outcomes(before, "Post") == {1: NONE}
    assert house.reconcile().proven
    house.database.close()


def test_the_junk_folder_counts_too(dovecot: Dovecot, tmp_path: Path) -> None:
    """F1, F10: every folder that is read is compared, the one that the server marks as junk included."""
    user = dovecot.user()
    folders = (Folder("INBOX"), Folder(JUNK, move=False))
    settings = ImapSettings("public", dovecot.host, dovecot.port, "none", user, dovecot.password, folders=folders)
    house = House(tmp_path, settings)
    with control(dovecot, user) as staff:
        staff.deliver(letter(1, datetime.now(UTC)), folder="Junk")
    house.poll()
    house.sort()
    assert outcomes(house.reconcile(), "Junk") == {1: STORED}
    house.database.close()


def test_a_server_that_is_away_is_no_proof(house: House) -> None:
    """F10: where the mailbox cannot be asked it says so, which is another outcome than `not proven`."""
    with pytest.raises(Temporary):
        house.reconcile(port=1)


def test_shown(house: House, staff: Control) -> None:
    """F10: a person reads ranges of UIDs by outcome, and one sentence that sums up."""
    deliver(staff, 5)
    house.poll()
    house.sort()
    first = house.first
    staff.remove([first + 2])
    printed = account_text(house.reconcile(), ZONE)
    assert f"stored: 4: {first}:{first + 1},{first + 3}:{first + 4}" in printed
    assert "in none of these folders any more: 1 stored" in printed
    assert printed.endswith("every message has one outcome, or came after the last poll")


@given(st.sets(st.integers(1, 300)))
def test_ranges(uids: set[int]) -> None:
    """F10: a set of UIDs is written as IMAP does (RFC 9051 §9), and reads back as the same set."""
    read: list[int] = []
    for part in filter(None, ranges(sorted(uids)).split(",")):
        first, _, last = part.partition(":")
        read.extend(range(int(first), int(last or first) + 1))
    assert read == sorted(uids)


def test_command_beside_a_running_service(
    dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path, wait_until: Callable[[Callable[[], object]], None]
) -> None:
    """F10, F6: beside a running service it exits 0 where it proves promise 1 and 1 where not; the service goes on."""
    user = dovecot.user()
    deployment = Deployment(tmp_path / "intake", dovecot.password)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    with control(dovecot, user) as staff:
        deliver(staff, 3)
    daemon = deployment.start("run")
    try:
        wait_until(lambda: "recorded" in states(deployment))
        wait_until(lambda: "waiting" not in states(deployment))
        told = json.loads(deployment.call("reconcile", "--json", "--mailbox", "main"))
        assert [one["outcome"] for one in told["folders"][0]["messages"]] == ["stored"] * 3
        execute(deployment, "DELETE FROM deliveries WHERE uid = '1'")
        assert "INBOX 1: " in deployment.call("reconcile", exit_code=1)
        assert daemon.poll() is None
    finally:
        daemon.terminate()
        assert daemon.wait(15) == 0
    deployment.edit((f"port: {dovecot.port} ", "port: 1 "))
    assert "Traceback" not in deployment.call("reconcile", exit_code=75)


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Wait for what another process does."""
    from tests.walk.test_river import wait_until as wait

    return wait


def states(deployment: Deployment) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{deployment.folder / 'intake.db'}?mode=ro", uri=True)) as db:
            return [state for (state,) in db.execute("SELECT state FROM deliveries")]
    except sqlite3.OperationalError:
        return []


def execute(deployment: Deployment, statement: str) -> None:
    with closing(sqlite3.connect(str(deployment.folder / "intake.db"), timeout=20)) as db:
        db.execute(statement)
        db.commit()
