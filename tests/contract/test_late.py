"""Urgent messages that were first seen late, and a database that was restored: on both databases."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url, select

from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.restores import Restores
from intake.errors import UserError
from intake.mail.values import Identity
from intake.mailbox.files import FileSource
from intake.mailbox.source import Fetched, Place
from intake.outbox import items, late
from intake.outbox.compose import Composer, Service
from intake.outbox.mime import SECOND_COPY
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Rulebook
from intake.store import ledger, quarantine, state, tally
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import deliveries, leases, outbox
from intake.store.tally import Tally
from intake.triage import Sorter
from tests.servers.postgres import drop_database, make_database
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock
from tests.unit.rulebooks import rule, rulebook

TOP = Path(__file__).parents[2]
US = "cohesion@example.org"
ZONE = ZoneInfo("Europe/London")
SERVICE = Service("Community Safety Partnership", US, ZONE, "intake.example.org")
OLD = timedelta(hours=50)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    """Rules for which an axe is an emergency, and a complaint about the officers is not for them."""
    return rulebook(
        rule("{words: [axe]}", "{category: danger}", id_="axe"),
        rule("{words: [officers]}", "{flags: ['complaint-about:officers']}", id_="about"),
    )


class House:
    """The service's steps on one database."""

    def __init__(self, database: Database, rules: Rulebook, folder: Path, port: int = 1) -> None:
        self.database, self.rules = database, rules
        sorter, composer = Sorter(rules, Identity(frozenset({US})), ZONE), Composer(TOP / "templates", SERVICE)
        self.restores = Restores.of(database, folder, "one")
        self.processor = Processor(database, lambda: sorter, composer, "one")
        self.digester = Digester(database, composer, lambda: rules, ZONE)
        client = SmtpClient(SmtpSettings("127.0.0.1", port, "none"))
        self.deliverer = Deliverer(database, client, "one", 1000, restores=self.restores)

    def keep(self, *numbers: int, age: timedelta = OLD, words: str = "axe", polled: bool = True) -> None:
        """Take letters in as a poll does."""
        self.restores.begin(self.database)
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            batch = [Fetched(Place("main", "INBOX", 7, str(n)), letter(n, words), now - age) for n in numbers]
            ledger.keep(conn, batch, now, answered_until=tally.answered_until(conn, "main"))
        if polled:
            self.polled()

    def polled(self) -> None:
        """End a poll."""
        with self.database.transaction() as conn:
            state.polled(conn, "main", self.database.clock(conn), "")

    def sort(self) -> None:
        """Triage what waits."""
        while self.processor.process():
            pass

    def send(self) -> None:
        """Deliver what is due."""
        while self.deliverer.deliver():
            pass
        self.deliverer.smtp.close()

    def mails(self, kind: str) -> list[tuple[str, str]]:
        """Return (recipient, state) of the mails of one kind."""
        with self.database.read() as conn:
            rows = conn.execute(select(outbox.c.recipient, outbox.c.state).where(outbox.c.kind == kind))
            return sorted((row.recipient, row.state) for row in rows)


def letter(number: int, words: str = "axe") -> bytes:
    return (
        f"From: Ann Example <ann{number}@home.example>\nTo: {US}\nSubject: Hello\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\nMessage-ID: <{number}@home.example>\n\n"
        f"My neighbour, number {number} in our street, has an {words} and shouts.\n"
    ).encode()


@pytest.fixture
def house(database: Database, rules: Rulebook, tmp_path: Path, smtp_sink: SmtpSink) -> House:
    """One on a database that is empty."""
    return House(database, rules, tmp_path, smtp_sink.port)


def test_urgent_ones_are_listed_in_one_mail(house: House) -> None:
    """F11: the urgent ones of a backlog are listed to the officers in one mail, once; nobody is answered."""
    house.keep(1, 2, 3)
    house.keep(4, words="kite")
    house.sort()
    assert house.digester.make_due() == 1
    assert house.digester.make_due() == 0
    assert house.mails("late") == [("officers@partners.example.org", "queued")]
    assert not house.mails("acknowledgement")
    assert not house.mails("routed")
    with house.database.read() as conn:
        mail = unpack(conn.scalar(select(outbox.c.mail))).decode()
    assert "3 urgent messages among old mail" in mail
    assert all(f"number {number} in" in mail for number in (1, 2, 3))
    assert "kite" not in mail


def test_a_large_list_holds_the_words_of_what_it_shows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """F11, F4: of a large backlog's urgent messages only those that the list shows are held with their words."""
    monkeypatch.setattr(items, "AT_ONCE", 2)
    monkeypatch.setattr(late, "SHOWN", 4)
    house.keep(*range(9))
    house.sort()
    seen: list[DigestItem] = []
    told = house.digester.composer.late
    monkeypatch.setattr(
        Composer, "late", lambda _, officer, listed, *more: seen.extend(listed) or told(officer, listed, *more)
    )
    assert house.digester.make_due() == 1
    assert [bool(one.own_words) for one in seen] == [True] * 4 + [False] * 5


def test_the_list_waits_for_the_whole_backlog(house: House, clock: Clock) -> None:
    """F11: while a backlog is still taken in or sorted there is no list yet; after an hour there is, all the same."""
    house.keep(1, polled=False)
    house.sort()
    assert house.digester.make_due() == 0
    house.keep(2)
    assert house.digester.make_due() == 0
    house.sort()
    clock.advance(timedelta(minutes=1))
    house.polled()
    assert house.digester.make_due() == 1
    clock.advance(timedelta(minutes=1))
    house.keep(3, polled=False)
    house.sort()
    assert house.digester.make_due() == 0
    clock.advance(2 * HOUR)
    assert house.digester.make_due() >= 1
    assert len(house.mails("late")) == 2


def test_each_is_listed_once(house: House, rules: Rulebook, tmp_path: Path) -> None:
    """F11: a second backlog is listed without the first, by another process too."""
    house.keep(1)
    house.sort()
    house.digester.make_due()
    house.keep(2, 3)
    house.sort()
    assert House(house.database, rules, tmp_path).digester.make_due() == 1
    with house.database.read() as conn:
        second = unpack(conn.scalar(select(outbox.c.mail).order_by(outbox.c.id.desc()).limit(1))).decode()
    assert "2 urgent messages" in second
    assert "number 1 in" not in second


def test_who_is_complained_about_is_not_told(house: House) -> None:
    """D8, F11: the list leaves out what a partner must not hear of; another one gets it."""
    house.keep(1)
    house.keep(2, words="axe, and your officers")
    house.sort()
    house.digester.make_due()
    recipients = [recipient for recipient, _ in house.mails("late")]
    assert recipients == ["officers@partners.example.org", "police@partners.example.org"]


def test_fresh_mail_is_not_listed(house: House) -> None:
    """F11: what goes to partners at once is not listed besides."""
    house.keep(1, age=HOUR)
    house.sort()
    assert house.digester.make_due() == 0
    assert house.mails("routed") == [("police@partners.example.org", "queued")]


# A restored database


@pytest.fixture
def backup(house: House, request: pytest.FixtureRequest) -> Iterator[Callable[[], Callable[[], None]]]:
    """Make a backup; what is returned restores it: the file is copied back, or PostgreSQL's database from its copy."""
    made: list[object] = []
    database = house.database

    def sqlite() -> Callable[[], None]:
        copy = Path(str(database.path) + ".backup")
        with closing(sqlite3.connect(str(database.path))) as live, closing(sqlite3.connect(copy)) as to:
            live.backup(to)

        def restore() -> None:
            database.close()
            for ending in ("-wal", "-shm"):
                Path(f"{database.path}{ending}").unlink(missing_ok=True)
            shutil.copyfile(copy, str(database.path))

        return restore

    def postgres() -> Callable[[], None]:
        server = request.getfixturevalue("postgres_server")
        name = make_url(request.getfixturevalue("postgres_url")).database
        copied = make_database(server)
        made.append((copied, server))
        database.close()
        _copy(server, str(name), str(copied.database))

        def restore() -> None:
            database.close()
            _copy(server, str(copied.database), str(name))

        return restore

    yield sqlite if database.is_sqlite else postgres
    for copied, server in made:  # type: ignore[misc]
        drop_database(copied, server)


def _copy(server: object, source: str, target: str) -> None:
    """Make `target` anew from `source`, as a restore does."""
    import psycopg

    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as conn:  # type: ignore[attr-defined]
        conn.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
        conn.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')


def test_nothing_goes_out_twice_after_a_restore(  # noqa: PLR0917 (fixtures)
    house: House,
    backup: Callable[[], Callable[[], None]],
    rules: Rulebook,
    tmp_path: Path,
    clock: Clock,
    smtp_sink: SmtpSink,
) -> None:
    """Promise 2, F11: from yesterday's database no acknowledgement goes out again, whatever had become of its letter.

    1 was answered before the backup; 2 was queued then, 3 taken in and not sorted, 4 in quarantine, 5 not there yet;
    all were answered since. 6 arrived while the service was down, and 7 after the restore.
    """
    house.keep(1, age=HOUR, words="kite")
    house.sort()
    house.send()
    house.keep(2, age=HOUR, words="kite")
    house.sort()
    house.keep(4, age=HOUR, words="kite")
    with house.database.transaction() as conn:
        quarantine.quarantine(conn, 3, "triage", "ValueError at x.py:1", clock.now)
    house.keep(3, age=HOUR, words="kite")
    restore = backup()
    clock.advance(HOUR)
    with house.database.transaction() as conn:
        quarantine.release(conn, 1, clock.now)
    house.keep(5, age=timedelta(minutes=5))
    house.sort()
    house.send()
    answered = sorted(one.recipients[0] for one in smtp_sink.messages if b"auto-replied" in one.raw)
    assert answered == [f"ann{number}@home.example" for number in (1, 2, 3, 4, 5)]
    sent = len(smtp_sink.messages)

    restore()
    clock.advance(HOUR)
    again = House(house.database, rules, tmp_path, smtp_sink.port)
    again.restores.begin(again.database)
    with again.database.transaction() as conn:
        quarantine.release(conn, 1, clock.now)
    again.keep(5, age=timedelta(minutes=65))
    again.keep(6, age=timedelta(minutes=20))
    again.sort()
    again.digester.make_due()
    again.send()
    clock.advance(HOUR)
    again.keep(7, age=timedelta(minutes=1))
    again.sort()
    again.send()
    out = smtp_sink.messages[sent:]
    assert [one.recipients[0] for one in out if b"auto-replied" in one.raw] == ["ann7@home.example"]
    assert ("ann2@home.example", "unknown") in again.mails("acknowledgement")
    assert [one.recipients[0] for one in out if b"urgent messages among old" in one.raw] == [
        "officers@partners.example.org"
    ]
    with again.database.read() as conn:
        assert conn.scalar(select(outbox.c.reason_code).where(outbox.c.state == "unknown")) == "restored"


def test_mail_to_partners_goes_again_and_says_so(
    house: House, backup: Callable[[], Callable[[], None]], clock: Clock, smtp_sink: SmtpSink
) -> None:
    """Promise 5: what waited for a partner when the backup was made goes out again, under the same Message-ID."""
    house.keep(1, age=HOUR)
    house.sort()
    restore = backup()
    house.send()
    restore()
    clock.advance(HOUR)
    house.send()
    clock.advance(HOUR)
    house.send()
    first, second = (one.raw for one in smtp_sink.messages if b"police@" in one.raw)
    ids = [message_from_bytes(raw)["Message-ID"].strip() for raw in (first, second)]
    assert ids[0] == ids[1]
    assert SECOND_COPY.encode() not in first
    assert SECOND_COPY.encode() in second


def test_the_first_digest_after_a_restore_says_so(
    house: House, backup: Callable[[], Callable[[], None]], clock: Clock
) -> None:
    """Promise 5, D1: a digest that a partner may have had goes under another Message-ID and says what it may be."""
    house.keep(1, age=HOUR, words="kite")
    house.sort()
    house.restores.begin(house.database)
    restore = backup()
    with house.database.transaction() as conn:
        house.restores.note(house.restores.count(conn, clock.now))
    restore()
    house.restores.begin(house.database)
    clock.advance(timedelta(days=7))
    assert house.digester.make_due() == 1
    house.keep(2, age=HOUR, words="kite")
    house.sort()
    clock.advance(timedelta(days=7))
    assert house.digester.make_due() == 1
    with house.database.read() as conn:
        mails = conn.scalars(select(outbox.c.mail).where(outbox.c.kind == "digest").order_by(outbox.c.id)).all()
    assert [SECOND_COPY in unpack(mail).decode() for mail in mails] == [True, False]


def test_a_plain_stop_is_no_restore(
    house: House, rules: Rulebook, tmp_path: Path, clock: Clock, smtp_sink: SmtpSink
) -> None:
    """Promise 2: after days of standing still, mail that waited is answered: the file and the database agree."""
    house.keep(1, age=HOUR, words="kite")
    house.sort()
    house.send()
    clock.advance(timedelta(days=3))
    again = House(house.database, rules, tmp_path, smtp_sink.port)
    again.restores.begin(again.database)
    again.keep(2, age=20 * HOUR, words="kite")
    again.sort()
    again.send()
    assert [one.recipients[0] for one in smtp_sink.messages] == ["ann1@home.example", "ann2@home.example"]


def test_without_its_file_an_old_database_is_taken_for_a_backup(
    house: House, rules: Rulebook, tmp_path: Path, clock: Clock, smtp_sink: SmtpSink
) -> None:
    """Promise 2: on another machine nobody can tell, so nobody is answered; a second process of a live service is."""
    house.keep(1, age=HOUR, words="kite")
    house.sort()
    house.send()
    house.polled()
    for elsewhere, wait, restored in (("second", timedelta(minutes=4), False), ("third", timedelta(hours=4), True)):
        clock.advance(wait)
        (tmp_path / elsewhere).mkdir()
        other = House(house.database, rules, tmp_path / elsewhere, smtp_sink.port)
        other.restores = Restores(Tally(tmp_path / elsewhere / "sent"), "two")
        other.restores.begin(house.database)
        with house.database.read() as conn:
            assert (tally.restored_at(conn) is not None) is restored
        other.restores.begin(house.database)
        assert (tmp_path / elsewhere / "sent").exists()


def test_no_mail_goes_out_that_cannot_be_counted(house: House, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """Promise 2: where the file cannot be written mails wait, and go out when it can."""
    house.keep(1, age=HOUR, words="kite")
    house.sort()
    house.deliverer.restores = Restores(Tally(tmp_path / "none" / "sent"), "one")
    with pytest.raises(UserError, match="cannot be counted there"):
        house.deliverer.deliver()
    assert not smtp_sink.messages
    assert house.mails("acknowledgement") == [("ann1@home.example", "queued")]


def test_an_import_is_not_confused_by_a_restore(house: House, tmp_path: Path) -> None:
    """F11: an import stays what it is, and looks for no restore."""
    (tmp_path / "one.eml").write_bytes(letter(1))
    source = FileSource(tmp_path / "one.eml", 1_000_000)
    assert Receiver(source, house.database, "one", backlog=True).receive() == 1
    with house.database.read() as conn:
        assert conn.scalars(select(deliveries.c.late)).all() == [True]
        assert not conn.scalars(select(leases.c.name)).all()


def test_the_tally_only_grows(tmp_path: Path) -> None:
    """Promise 2: processes that share the file never lower it, and what nobody can read counts as missing."""
    path = tmp_path / "sent"
    first, second = Tally(path), Tally(path)
    assert first.highest() is None
    first.note(7)
    second.note(5)
    assert Tally(path).highest() == 7
    assert first.highest() == 7
    path.write_bytes(b"\0\0\0")
    assert Tally(path).highest() is None
