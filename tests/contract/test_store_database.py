"""The database: its tables, its transactions, its clock, and what is said when it is unwell."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, insert, select, text
from sqlalchemy.exc import IntegrityError

from intake.errors import Temporary, UserError
from intake.store import database as module
from intake.store.database import Database, pending, upgrade
from intake.store.tables import cases, metadata
from tests.servers.postgres import Postgres, drop_database, make_database, programs
from tests.store_fixtures import START, Clock

STEPS = sorted(path.name[:4] for path in (module.MIGRATIONS / "versions").glob("0*.py"))


def _open_case(database: Database, reference: str) -> None:
    with database.transaction() as conn:
        conn.execute(insert(cases).values(reference=reference, opened_at=START))


def _references(database: Database) -> list[str]:
    with database.read() as conn:
        return list(conn.scalars(select(cases.c.reference).order_by(cases.c.id)))


def _but_full_text(_thing: object, name: str, kind: str, *_: object) -> bool:
    return not (kind == "table" and name.startswith("message_words"))


def test_migrations_make_the_tables(database: Database) -> None:
    """The migrations lead to exactly the tables that the code speaks of, on both engines."""
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"include_object": _but_full_text})
        assert compare_metadata(context, metadata) == []


def test_upgrade_once(empty_url: str) -> None:
    """An upgrade takes every step once, tells which, and a second one has nothing to do."""
    database = Database(empty_url)
    try:
        steps = pending(database)
        assert steps == STEPS
        assert upgrade(database) == steps
        assert pending(database) == []
        assert upgrade(database) == []
    finally:
        database.close()


def test_two_upgrades_at_once(empty_url: str) -> None:
    """H2: of two processes that start at once one upgrades, and neither fails."""
    databases = [Database(empty_url) for _ in range(3)]
    steps: list[list[str]] = []
    try:
        threads = [threading.Thread(target=lambda db=db: steps.append(upgrade(db))) for db in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(steps) == [[], [], STEPS]
    finally:
        for database in databases:
            database.close()


def test_the_file_of_a_link(tmp_path: Path) -> None:
    """H2: where config.yaml names a link to a file that is not there yet, that file is made."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "intake.db").symlink_to(tmp_path / "disk" / "intake.db")
    database = Database(f"sqlite:///{tmp_path / 'intake.db'}")
    assert upgrade(database) == STEPS
    database.close()
    assert (tmp_path / "disk" / "intake.db").stat().st_mode & 0o777 == 0o600


def test_failed_upgrade_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails in the middle leaves the database as it was."""
    database = Database(empty_url)

    def half(conn: object) -> module.Config:
        conn.exec_driver_sql("CREATE TABLE half (done INTEGER)")  # type: ignore[attr-defined]
        raise UserError("half way")

    try:
        with monkeypatch.context() as patched:
            patched.setattr(module, "_config", half)
            with pytest.raises(UserError, match="half way"):
                upgrade(database)
        assert pending(database) == STEPS
        with pytest.raises(UserError), database.read() as conn:
            conn.execute(text("SELECT done FROM half"))
    finally:
        database.close()


def test_newer_database_is_refused(database: Database) -> None:
    """A database that a newer version made is told, not used."""
    with database.transaction() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(UserError, match="newer version"):
            upgrade(database)
        with pytest.raises(UserError, match="newer version"):
            pending(database)
    finally:
        with database.transaction() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = :step"), {"step": STEPS[-1]})


def test_not_set_up_is_told(empty_url: str) -> None:
    """A database without tables is told to be set up, in a sentence with the command."""
    database = Database(empty_url)
    try:
        with pytest.raises(UserError, match="intake db upgrade"):
            _references(database)
    finally:
        database.close()


def test_transaction_is_all_or_nothing(database: Database) -> None:
    """An error within a transaction leaves nothing of it."""

    def half() -> None:
        with database.transaction() as conn:
            conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        half()
    assert _references(database) == []


def test_reading_changes_nothing(sqlite_database: Database) -> None:
    """What is written where only reading was meant is not kept."""
    with sqlite_database.read() as conn:
        conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))
    assert _references(sqlite_database) == []


@pytest.mark.postgres
def test_reading_refuses_to_write(postgres_database: Database) -> None:
    """PostgreSQL itself refuses to write where only reading was meant."""
    with pytest.raises(Temporary, match="read-only"), postgres_database.read() as conn:
        conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))


def test_our_own_faults_are_seen(database: Database) -> None:
    """A broken constraint is a fault of ours and is not dressed up as one that passes."""
    _open_case(database, "CSP-1")
    with pytest.raises(IntegrityError):
        _open_case(database, "CSP-1")


def test_errors_hold_no_values(database: Database) -> None:
    """G4: the error of a statement does not hold its values."""
    with pytest.raises(Exception, match="SQL") as caught, database.transaction() as conn:
        conn.execute(text("SELECT missing_function(:secret)"), {"secret": "a resident's words"})
    assert "resident" not in str(caught.value)


def test_naive_times_are_refused(database: Database) -> None:
    """A time without a zone is refused, and every time comes back aware and in UTC."""
    with pytest.raises(Exception, match="time zone"), database.transaction() as conn:
        conn.execute(insert(cases).values(reference="CSP-1", opened_at=START.replace(tzinfo=None)))
    _open_case(database, "CSP-2")
    with database.read() as conn:
        opened = conn.execute(select(cases.c.opened_at)).scalar_one()
    assert opened == START
    assert opened.tzinfo is UTC


def test_ids_are_never_used_twice(database: Database) -> None:
    """G1: what is deleted does not lend its id to another."""
    _open_case(database, "CSP-1")
    with database.transaction() as conn:
        first = conn.execute(select(cases.c.id)).scalar_one()
        conn.execute(cases.delete())
    _open_case(database, "CSP-2")
    with database.read() as conn:
        assert conn.execute(select(cases.c.id)).scalar_one() > first


def test_injected_clock(database: Database, clock: Clock) -> None:
    """Time can be given, on both engines."""
    with database.read() as conn:
        assert database.clock(conn) == START
        assert clock.advance(timedelta(hours=1)) == database.clock(conn)


@pytest.mark.postgres
def test_postgres_clock_is_the_servers(postgres_url: str) -> None:
    """H2: on PostgreSQL the time is the server's, and it passes within a transaction."""
    database = Database(postgres_url)
    try:
        with database.transaction() as conn:
            first = database.clock(conn)
            start = conn.execute(text("SELECT now()")).scalar_one()
            assert first.tzinfo is UTC
            assert start <= first < database.clock(conn)
    finally:
        database.close()


def test_system_clock_on_sqlite(sqlite_url: str) -> None:
    """On SQLite the time is this machine's."""
    database = Database(sqlite_url)
    with database.read() as conn:
        before, now, after = datetime.now(UTC), database.clock(conn), datetime.now(UTC)
    database.close()
    assert before <= now <= after


def test_sqlite_is_durable(sqlite_database: Database) -> None:
    """H1: SQLite runs with a write-ahead log, waits for the disk at every commit, and checks references."""
    with sqlite_database.read() as conn:
        told = [conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")]
        assert told == ["wal", 2]
    with pytest.raises(IntegrityError), sqlite_database.transaction() as conn:
        conn.execute(text("INSERT INTO message_categories VALUES (77, 0, 'general')"))


def test_sqlite_file_is_private(tmp_path: Path) -> None:
    """X1: a new database file can be read by its owner only, whatever the umask."""
    database = Database(f"sqlite:///{tmp_path}/data/intake.sqlite")
    before = os.umask(0)
    try:
        upgrade(database)
        with database.transaction() as conn:
            conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    finally:
        os.umask(before)
        database.close()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_sqlite_is_not_made_by_looking(tmp_path: Path) -> None:
    """A path that is mistaken is told, and no empty database is made there."""
    database = Database(f"sqlite:///{tmp_path}/mistaken.sqlite")
    with pytest.raises(UserError, match=r"no database at .*mistaken\.sqlite"):
        _references(database)
    assert pending(database) == STEPS
    database.close()
    assert list(tmp_path.iterdir()) == []


def test_odd_paths(tmp_path: Path) -> None:
    """A path may hold spaces, signs that URLs know, and any letters."""
    folder = tmp_path / "Größe 100% #1?mode=ro"
    database = Database(f"sqlite:///{folder}/intake.sqlite".replace("?", "%3F"))
    made = Database(URL.create("sqlite", database=str(folder / "intake.sqlite")).render_as_string())
    database.close()
    assert made.path == folder / "intake.sqlite"
    upgrade(made)
    made.close()
    assert (folder / "intake.sqlite").stat().st_size > 0


def test_locked_sqlite_is_temporary(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: while another program writes, a writer waits, then says so and may try again; a reader goes on."""
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    one, other = Database(sqlite_url), Database(sqlite_url)
    try:
        with one.transaction():
            assert _references(other) == []
            with pytest.raises(Temporary, match="locked"):
                _open_case(other, "CSP-1")
        _open_case(other, "CSP-1")
        assert _references(one) == ["CSP-1"]
    finally:
        one.close()
        other.close()


def test_full_disk_is_temporary(sqlite_database: Database) -> None:
    """H2: a full disk is something to wait for; nothing is half written, and afterwards all goes on."""

    def fill() -> None:
        with sqlite_database.transaction() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
            conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))
            row = {"hash": "0" * 64, "size": 9, "data": bytes(10**6), "kept_at": START}
            conn.execute(insert(metadata.tables["raws"]).values(row))

    with pytest.raises(Temporary, match="full"):
        fill()
    sqlite_database.close()
    assert _references(sqlite_database) == []
    _open_case(sqlite_database, "CSP-2")
    assert _references(sqlite_database) == ["CSP-2"]


@contextmanager
def _nobody() -> Iterator[None]:
    """Be a user who may not write to what root owns; others are that user already."""
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_read_only_sqlite_is_temporary(migrated_sqlite: Path, public_folder: Path) -> None:
    """H2: a database file that cannot be written is told as such, and once it can be, all goes on."""
    path = Path(shutil.copyfile(migrated_sqlite, public_folder / "intake.sqlite"))
    path.chmod(0o444)
    public_folder.chmod(0o555)
    database = Database(f"sqlite:///{path}")
    with _nobody(), pytest.raises(Temporary, match=r"read-only|cannot be opened"):
        _open_case(database, "CSP-1")
    database.close()
    path.chmod(0o600)
    public_folder.chmod(0o755)
    _open_case(database, "CSP-1")
    database.close()


def test_folder_out_of_reach(public_folder: Path) -> None:
    """A folder that this user may not look into is told with its path."""
    (public_folder / "private").mkdir(mode=0o000)
    database = Database(f"sqlite:///{public_folder}/private/intake.sqlite")
    for attempt in (upgrade, pending, _references):
        with _nobody(), pytest.raises(UserError, match=r"private/intake\.sqlite: .*Permission denied"):
            attempt(database)
    database.close()
    (public_folder / "private").chmod(0o700)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 100])
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    """A file that is no database is for a person to see to."""
    path = tmp_path / "letter.eml"
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(UserError, match="not an SQLite database"):
        upgrade(database)
    database.close()
    assert path.read_bytes() == content


def test_folder_cannot_be_made(tmp_path: Path) -> None:
    """Where no database can be made, the path is told."""
    (tmp_path / "file").write_text("in the way")
    database = Database(f"sqlite:///{tmp_path}/file/intake.sqlite")
    with pytest.raises(UserError, match=r"intake\.sqlite: the database cannot be made"):
        upgrade(database)
    database.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://localhost/intake", "not mysql"),
        ("intake.sqlite", "cannot be read"),
        ("oracle+nonsense://x", "not oracle"),
    ],
)
def test_urls_that_are_refused(url: str, told: str) -> None:
    """A URL that would lose mail, or that nobody can read, is refused in a sentence."""
    with pytest.raises(UserError, match=told):
        Database(url)


HOLD = """
import sys, time
from intake.store.database import Database
Database(sys.argv[1]).hold_alone()
print("held", flush=True)
sys.stdin.read()
"""


def test_second_run_is_refused(sqlite_url: str, sqlite_database: Database) -> None:
    """H2: a second service on one SQLite file is refused and told who is first; a killed one blocks nobody."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, sqlite_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=f"process {first.pid}"):
            sqlite_database.hold_alone()
        first.kill()
        first.wait()
        sqlite_database.hold_alone()


def test_hold_before_there_is_a_file(tmp_path: Path) -> None:
    """H2: a service may hold its database before it makes it, and is told where it cannot."""
    database = Database(f"sqlite:///{tmp_path}/data/intake.sqlite")
    database.hold_alone()
    assert upgrade(database) == STEPS
    database.close()
    in_the_way = Database(f"sqlite:///{tmp_path}/data/intake.sqlite/intake.sqlite")
    with pytest.raises(UserError, match="no lock file can be made"):
        in_the_way.hold_alone()
    in_the_way.close()


def test_close_lets_others_run(sqlite_url: str, sqlite_database: Database) -> None:
    """After `close` another process may run on the file."""
    sqlite_database.hold_alone()
    sqlite_database.hold_alone()
    sqlite_database.close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, sqlite_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.communicate()[0] == b"held\n"


@pytest.mark.postgres
def test_postgres_is_shared(postgres_url: str) -> None:
    """H2: any number of services share a PostgreSQL."""
    one, other = Database(postgres_url), Database(postgres_url)
    one.hold_alone()
    other.hold_alone()
    one.close()
    other.close()


@pytest.mark.postgres
def test_no_prepared_statements(postgres_database: Database) -> None:
    """H2: nothing is left in a session that the next transaction, behind a pooling proxy, could miss or trip over."""
    with postgres_database.transaction() as conn:
        for _ in range(20):
            conn.execute(select(cases.c.id)).all()
        assert conn.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() == 0


@pytest.mark.postgres
def test_broken_connection_is_temporary(postgres_url: str) -> None:
    """H2: a connection that breaks off in a transaction leaves nothing, and the next one is a new one."""
    one, other = Database(postgres_url), Database(postgres_url)

    def broken_off() -> None:
        with one.transaction() as conn, other.transaction() as killer:
            conn.execute(insert(cases).values(reference="CSP-1", opened_at=START))
            backend = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
            conn.execute(select(cases)).all()

    try:
        with pytest.raises(Temporary):
            broken_off()
        assert _references(one) == []
        _open_case(one, "CSP-2")
    finally:
        one.close()
        other.close()


@pytest.mark.postgres
def test_server_that_goes_and_comes_back() -> None:
    """H2: while PostgreSQL is away the service is told to wait; when it is back, so is the service."""
    folder = programs()
    if folder is None:
        pytest.skip("there is no PostgreSQL to stop and start")
    with Postgres(folder) as server:
        database = Database(server.url.render_as_string())
        upgrade(database)
        server.stop()
        with pytest.raises(Temporary, match="cannot be reached"):
            _references(database)
        server.start()
        assert _references(database) == []
        database.close()


@pytest.mark.postgres
@pytest.mark.parametrize(("change", "told"), [({"database": "nowhere"}, "nowhere"), ({"username": "who"}, "who")])
def test_postgres_that_refuses(postgres_server: URL, change: dict[str, str], told: str) -> None:
    """A database or a user that does not exist is for a person to mend, and the sentence names it."""
    database = Database(postgres_server.set(**change).render_as_string())
    with pytest.raises(UserError, match=told):
        _references(database)
    database.close()


def test_password_is_never_told() -> None:
    """X1: a password that is given apart from the URL is in no error."""
    database = Database("postgresql://who@127.0.0.1:1/intake", password="correct horse")
    with pytest.raises(Temporary, match="cannot be reached") as caught:
        _references(database)
    database.close()
    assert "horse" not in repr(caught.value)
    assert "horse" not in repr(caught.value.__cause__)


@pytest.mark.postgres
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_other_encodings_are_refused(postgres_server: URL, encoding: str) -> None:
    """P1: a PostgreSQL database that cannot hold every script is refused before anything is kept in it."""
    url = make_database(postgres_server, encoding)
    database = Database(url.render_as_string())
    with pytest.raises(UserError, match="UTF8"):
        upgrade(database)
    database.close()
    drop_database(url, postgres_server)
