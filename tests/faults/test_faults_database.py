"""A database that is locked, full, read-only, gone or exchanged, before and between the steps of a pass."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from intake.daemon.receive import Receiver
from intake.outbox.smtp import SmtpClient
from intake.store import database as module
from intake.store.database import Database, upgrade
from intake.triage import Sorter
from tests.faults.house import MINUTE, House, letters, server
from tests.servers.control import control
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.postgres import Postgres, programs
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock
from tests.walk.deployment import Deployment
from tests.walk.test_river import rows_or_none, wait_until

Fault = Callable[[Database], AbstractContextManager[None]]


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another program holds the lock that every writer needs."""
    if database.path is not None:
        with closing(sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with database._engine.connect() as other:
        other.execute(text("LOCK TABLE deliveries, outbox, mailbox_states IN ACCESS EXCLUSIVE MODE"))
        yield
        other.rollback()


@contextmanager
def full(database: Database) -> Iterator[None]:
    """There is no room for another page; on PostgreSQL a trigger answers as a full disk does."""
    if database.path is not None:
        with _each_connection(database, "PRAGMA max_page_count = 1"):
            yield
        return
    with _refusing(database, "53100"):
        yield


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Nothing can be written: each connection of SQLite, and a trigger of PostgreSQL, answer as for read-only files."""
    if database.path is not None:
        with _each_connection(database, "PRAGMA query_only = ON"):
            yield
        return
    with _refusing(database, "25006"):
        yield


@contextmanager
def _refusing(database: Database, code: str) -> Iterator[None]:
    tables = ("raws", "deliveries", "messages", "outbox")
    with _as_owner(database) as conn:
        conn.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"
            )
        )
        for table in tables:
            conn.execute(text(f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION refuse()"))
    yield
    with _as_owner(database) as conn:
        conn.execute(text("DROP FUNCTION refuse CASCADE"))


@contextmanager
def gone(database: Database) -> Iterator[None]:
    """SQLite's file has been moved away; every connection of PostgreSQL is ended, and none is let in."""
    if database.path is not None:
        away = database.path.with_name("away")
        database.path.rename(away)
        yield
        away.rename(database.path)
        return
    name = database._engine.url.database
    with _as_owner(database, "postgres") as conn:
        conn.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        conn.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
    yield
    with _as_owner(database, "postgres") as conn:
        conn.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))


@contextmanager
def _each_connection(database: Database, pragma: str) -> Iterator[None]:
    def told(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(pragma).close()

    event.listen(database._engine, "checkout", told)
    yield
    event.remove(database._engine, "checkout", told)
    database._engine.dispose()


@contextmanager
def _as_owner(database: Database, name: str | None = None) -> Iterator[Any]:
    url = database._engine.url
    engine = module.create_engine(url.set(database=name or url.database), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        yield conn
    engine.dispose()


FAULTS = {
    locked: "locked by another program|this service is still writing",
    full: "disk is full",
    read_only: "read-only",
    gone: "there is no database at|cannot be reached|connection to the database was lost|was stopped",
}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks as long as a test may."""
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.2)


STEPS: dict[str, tuple[type, str, bool]] = {  # the method that a fault begins beside, and whether that is after it
    "kept": (Receiver, "_keep", True),
    "claimed": (Sorter, "triage", False),
    "sent": (SmtpClient, "send", True),
}
WHEN = [(fault, when) for fault in FAULTS for when in ("before", *STEPS)]
WHEN.remove((full, "sent"))  # what is to be recorded of a mail that was sent fits into the pages that there are


@pytest.mark.parametrize(("fault", "when"), WHEN, ids=lambda one: getattr(one, "__name__", one))
def test_away_for_a_minute(
    build: Callable[..., House], database: Database, monkeypatch: pytest.MonkeyPatch, fault: Fault, when: str
) -> None:
    """H2, H1: a database that fails before or between any two steps of a pass: it says so, and all is well after.

    The mailbox is not written to, nobody is answered twice, no partner gets anything twice.
    """
    with server(capability="IMAP4rev1") as behind:
        house = build(database, behind)
        with _happening(fault(database), when) as over:
            summary = house.one()
            assert any(_matches(FAULTS[fault], one) for one in summary.faults), summary.faults
            house.clock.advance(MINUTE)
            again = house.one()
            assert again.faults
            assert not any(b"MOVE" in line for line in behind.commands)
            over()
        monkeypatch.setattr(module, "BUSY_SECONDS", 10.0)  # our own threads may wait for one another
        house.clock.advance(6 * MINUTE)
        assert house.one().faults == []
        house.clock.advance(6 * MINUTE)
        house.one()
        house.whole(2)


def _matches(pattern: str, sentence: str) -> bool:
    return any(part in sentence for part in pattern.split("|"))


@contextmanager
def _happening(fault: AbstractContextManager[None], when: str) -> Iterator[Callable[[], None]]:
    """Let the fault begin at that step of the next pass, and end when what is yielded is called."""
    begun: list[bool] = []

    def begin() -> None:
        if not begun:
            begun.append(True)
            fault.__enter__()

    def over() -> None:
        with suppress(StopIteration):
            fault.__exit__(None, None, None)

    with pytest.MonkeyPatch.context() as patched:
        if when == "before":
            begin()
        else:
            owner, name, is_after = STEPS[when]
            patched.setattr(owner, name, _beside(getattr(owner, name), begin, is_after=is_after))
        yield over


def _beside(step: Callable[..., Any], begin: Callable[[], None], *, is_after: bool) -> Callable[..., Any]:
    """Return the step with `begin` before or after it."""

    def both(*arguments: Any, **named: Any) -> Any:
        if not is_after:
            begin()
        found = step(*arguments, **named)
        if is_after:
            begin()
        return found

    return both


def test_another_file_in_its_place(house: House, migrated_sqlite: Path) -> None:
    """H2: a copy that is put in the database's place while we run is refused: it would get the old one's log."""
    path = house.database.path
    assert path is not None
    house.one()
    shutil.copyfile(migrated_sqlite, path.with_name("copy"))
    path.rename(path.with_name("old"))
    path.with_name("copy").rename(path)
    assert house.told().startswith("another file was put in the place of")
    assert house.one().mend
    path.with_name("old").rename(path)
    house.clock.advance(MINUTE)
    house.one()
    house.whole(2)


def test_nothing_fails_where_telling_fails(house: House) -> None:
    """H2: a database that is away at every step makes a summary of faults, each told once, and no error."""
    with gone(house.database):
        summary = house.one()
    assert len(summary.faults) == 1
    assert summary.mend
    assert (summary.kept, summary.triaged, summary.delivered) == (0, 0, 0)


@pytest.mark.parametrize(
    ("fault", "thread"),
    [(gone, one) for one in ("triage", "deliver", "digests", "housekeeping", "mailbox main")] + [(locked, "deliver")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_attempts_an_hour(house: House, fault: Fault, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: no thread spins on a database that is away: at most forty tries an hour each, and then it works again."""
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.0)
    with fault(house.database):
        waits = house.hour(thread)
        assert 12 <= len(waits) <= 40
    monkeypatch.setattr(module, "BUSY_SECONDS", 10.0)  # our own threads may wait for one another
    house.one()
    house.clock.advance(MINUTE)
    house.one()
    house.whole(2)


@pytest.mark.postgres
def test_a_server_that_is_stopped_and_started(build: Callable[..., House], clock: Clock) -> None:
    """H2: PostgreSQL is stopped in the middle of the work and started again: the service goes on where it was."""
    folder = programs()
    if folder is None:
        pytest.skip("there is no PostgreSQL to stop and start")
    with Postgres(folder) as server_:
        database = Database(server_.url.render_as_string(), clock)
        upgrade(database)
        house = build(database)
        house.receiver.receive()
        server_.stop()
        assert "cannot be reached" in house.one().faults[0]
        server_.start()
        clock.advance(6 * MINUTE)
        house.one()
        house.whole(2)
        database.close()


@pytest.mark.postgres
def test_connections_end_by_themselves(postgres_database: Database) -> None:
    """F5, H2: a connection to PostgreSQL is given up when nothing comes back, and a lock is not waited on for ever."""
    with postgres_database.read() as conn:
        told = conn.connection.driver_connection.info.get_parameters()
        assert conn.execute(text("SHOW lock_timeout")).scalar_one() == "200ms"
    assert {told["tcp_user_timeout"], told["keepalives_idle"], told["connect_timeout"]} == {"30000", "30", "10"}


def test_a_disk_that_takes_no_more(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> None:
    """H2: the daemon may write no file beyond a size, as on a full disk: it waits, says so, and goes on by itself."""
    deployment = Deployment(tmp_path / "intake", PASSWORD)
    user = dovecot.user()
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port, since="all", move_to="Handled")
    daemon = deployment.start("run")
    try:
        wait_until(lambda: rows_or_none(deployment, "SELECT 1 FROM mailbox_states"))
        before = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (30_000, before[1]))
        with control(dovecot, user) as box:
            box.deliver_many(list(letters(3).values()))
            wait_until(lambda: b"disk" in (deployment.folder / "log").read_bytes())
            assert len(box.flags("INBOX")) == 3
            assert smtp_sink.messages == []
            resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, before)
            wait_until(lambda: len(smtp_sink.messages) >= 3, 60)
            wait_until(lambda: not box.flags("INBOX"))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(15) == 0
    finally:
        daemon.kill()
        daemon.wait()
    answered = [one.recipients[0] for one in smtp_sink.messages if b"auto-replied" in one.raw]
    assert sorted(answered) == [f"ann{number}@home.example" for number in (1, 2, 3)]
