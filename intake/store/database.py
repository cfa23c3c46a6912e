"""The database: one engine, SQLite or PostgreSQL, its transactions, its clock and its upgrades."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from intake.errors import Temporary, UserError
from intake.store.alone import Lock, refuse_network
from intake.store.faults import fault
from intake.store.same_file import SameFile
from intake.store.turns import Turns

BUSY_SECONDS = 10.0  # how long to wait for what another has locked
CONNECT_SECONDS = 10
UPGRADE_LOCK = 0x696E74616B65  # of PostgreSQL's advisory locks, the one of our upgrades
MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING

# No prepared statements: behind a transaction-pooling proxy the next transaction meets another session.
POSTGRESQL = {
    "prepare_threshold": None,
    "client_encoding": "utf8",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}


class Database:
    """Where everything is kept; safe to share between threads."""

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None, *, password: str | None = None) -> None:
        """Take `sqlite:///path` or `postgresql://…`; nothing is opened yet.

        `clock` gives aware instants; None: the database's clock on PostgreSQL, this machine's on SQLite. `password` is
        PostgreSQL's, None: the URL's or none. Raises UserError for a URL of another kind.
        """
        parsed = _parsed(url)
        self._clock = clock
        self._address = (url, password)
        self._lock: Lock | None = None
        self._writing: Turns | None = None  # of SQLite's writers
        self.path: Path | None = None  # of SQLite's file
        if parsed.get_backend_name() == "sqlite":
            self.path = Path(parsed.database or "").absolute()
            self._engine = _sqlite(self.path)
            self._writing = Turns()
        else:
            self._engine = _postgresql(parsed if password is None else parsed.set(password=password))

    def __reduce__(self) -> Any:
        """Go to another process as an address: connections are opened there, and its clock is the usual one."""
        url, password = self._address
        return partial(Database, password=password), (url,)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which one service has to itself."""
        return self.path is not None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Read and write, all or nothing: committed at the end, rolled back on an error.

        Raises Temporary where waiting helps, UserError where a person must act, SQLAlchemy's own error for our faults.
        """
        with self._turn(), self._boundary(), self._engine.connect() as conn:
            writing = conn.execution_options(writes=True)
            with writing.begin():
                yield writing

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Only read, from one snapshot on SQLite; raises as `transaction` does."""
        with self._boundary(), self._engine.connect() as conn:
            yield conn.execution_options(postgresql_readonly=True)

    def clock(self, conn: Connection) -> datetime:
        """Return the instant, aware, in UTC; on PostgreSQL every process that shares the database reads one clock."""
        if self._clock is not None:
            return self._clock()
        if self.path is not None:
            return datetime.now(UTC)
        now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def hold_alone(self) -> None:
        """On SQLite be the only service on this file until `close`, on PostgreSQL do nothing (H2).

        Raises UserError where another process is, or where the file lies on a network file system.
        """
        if self.path is None or self._lock is not None:
            return
        refuse_network(self.path)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = Lock(self.path.with_name(self.path.name + ".lock"))
        except OSError as error:
            raise UserError(f"{self.path.parent}: no lock file can be made there: {error.strerror}") from error

    def close(self) -> None:
        """Close every connection that is not in use, and let others run."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Have one thread write at a time on SQLite, where a writer in the way is looked for only now and then."""
        if self._writing is not None and not self._writing.take(BUSY_SECONDS):
            raise Temporary("this service is still writing to the database")
        try:
            yield
        finally:
            if self._writing is not None:
                self._writing.end()

    @contextmanager
    def _boundary(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            meaning = self._missing() or fault(error)
            if meaning is None:
                raise
            raise meaning from error

    def _missing(self) -> UserError | None:
        if self.path is None or _exists(self.path):
            return None
        return UserError(f"there is no database at {self.path}: run `intake db upgrade`")


def upgrade(database: Database) -> list[str]:
    """Bring the tables to this version, all steps in one transaction; return the steps taken, oldest first.

    Makes SQLite's file, readable by its owner only. Two that start at once take turns. Raises UserError for a database
    of a newer version, and as `Database.transaction` does.
    """
    _make_file(database.path)
    with database.transaction() as conn:
        if database.path is None:
            conn.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another's upgrade may take its time
            conn.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
            _check_encoding(conn)
        steps = _pending(conn)
        if steps:
            command.upgrade(_config(conn), "head")
    return steps


def pending(database: Database) -> list[str]:
    """Return the steps that `upgrade` would take, oldest first; raises as it does."""
    if database.path is not None and not _exists(database.path):
        return _steps(None)
    with database.read() as conn:
        return _pending(conn)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        backend = parsed.get_backend_name()
    except ArgumentError as error:
        raise UserError("the database's URL cannot be read: it is like sqlite:///data/intake.sqlite") from error
    if backend not in ("sqlite", "postgresql"):
        raise UserError(f"the database is SQLite or PostgreSQL, not {backend}")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise UserError("a database in memory would lose mail: name a file, like sqlite:///data/intake.sqlite")
    return parsed


def _sqlite(path: Path) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise UserError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed, or use PostgreSQL")

    same_file = SameFile(path)

    def connect() -> sqlite3.Connection:
        same_file.check()
        # mode=rw: a path that is mistaken is told, not made. No isolation level: BEGIN is ours to say.
        uri = f"file:{quote(str(path))}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "checkout", same_file)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(conn: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes then could not wait for it."""
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=POSTGRESQL,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _wait_briefly)
    return engine


def _wait_briefly(conn: Connection) -> None:
    """Wait for others' locks only so long, then say so; for this transaction: the next one may meet another session."""
    conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UserError(f"{path}: the database cannot be reached: {error.strerror}") from error
    return True


def _make_file(path: Path | None) -> None:
    """Make SQLite's file, with its log from the start: who turns it on later does not wait for others who do."""
    if path is None or _exists(path):
        return
    path = path.resolve()  # what a link leads to need not be there yet
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder, path.name)
            os.close(os.open(fresh, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(fresh)) as connection:
                _set_up_connection(connection, None)
            try:
                os.link(fresh, path)
            except FileExistsError:
                return  # another was first
            except OSError:  # a file system without links
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"{path}: the database cannot be made: {getattr(error, 'strerror', error)}") from error


def _check_encoding(conn: Connection) -> None:
    encoding = conn.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise UserError(f"the database's encoding is {encoding}: make it with ENCODING 'UTF8'")


def _pending(conn: Connection) -> list[str]:
    return _steps(MigrationContext.configure(conn).get_current_revision())


def _steps(current: str | None) -> list[str]:
    steps = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    if current is not None and current not in steps:
        raise UserError(f"the database was made by a newer version (step {current}): install that version")
    return list(reversed(steps[: steps.index(current)] if current else steps))


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config
