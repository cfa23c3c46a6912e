"""The servers and databases that tests talk to, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.dovecot import Dovecot, missing
from tests.servers.embedded_imap import EmbeddedImap
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import (
    clock,
    database,
    empty_postgres,
    empty_url,
    migrated_postgres,
    migrated_sqlite,
    postgres_database,
    postgres_server,
    postgres_url,
    sqlite_database,
    sqlite_url,
)

__all__ = [
    "clock",
    "database",
    "empty_postgres",
    "empty_url",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres_database",
    "postgres_server",
    "postgres_url",
    "sqlite_database",
    "sqlite_url",
]

settings.register_profile("house", deadline=None)  # a busy machine proves nothing about the code
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever asks for Dovecot."""
    for item in items:
        if any(name.startswith("dovecot") for name in getattr(item, "fixturenames", ())):
            item.add_marker("dovecot")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot that all tests of a run share; each test takes a user of its own."""
    yield from _dovecot()


@pytest.fixture(scope="session")
def dovecot_bare() -> Iterator[Dovecot]:
    """A Dovecot that says it can do no more than RFC 3501 asks: no IDLE, MOVE, UIDPLUS or SPECIAL-USE."""
    yield from _dovecot(capability="IMAP4rev1")


def _dovecot(capability: str = "") -> Iterator[Dovecot]:
    if why := missing():
        pytest.skip(
            f"{why}, so none of this was tested against a full server: TLS, XOAUTH2, MOVE, UIDVALIDITY, folder names, "
            "IDLE, broken connections, large messages"
        )
    server = Dovecot(capability).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def embedded_imap() -> Iterator[EmbeddedImap]:
    """A pymap that all tests of a run share; each test takes a user of its own."""
    server = EmbeddedImap().start()
    yield server
    server.stop()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server of the test's own, without AUTH and TLS."""
    with SmtpSink() as sink:
        yield sink
