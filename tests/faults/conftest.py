"""A service for each test, over a mailbox of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from intake.store.database import Database
from tests.faults.house import House, server
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock


@pytest.fixture
def build(tmp_path: Path, clock: Clock, smtp_sink: SmtpSink) -> Iterator[Callable[..., House]]:
    """Make a service over a database; `imap` may be a server of the test's own."""
    with ExitStack() as stack:

        def made(database: Database, imap: Any = None, **named: Any) -> House:
            behind = imap or stack.enter_context(server())
            house = House(database, clock, behind, smtp_sink, tmp_path, **named)
            stack.callback(house.close)
            return house

        yield made


@pytest.fixture
def house(build: Callable[..., House], sqlite_database: Database) -> House:
    """Return a service on SQLite over a mailbox with two letters."""
    return build(sqlite_database)
