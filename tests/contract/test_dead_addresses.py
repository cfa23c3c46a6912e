"""Addresses that our mail came back from, however they are spelt; the same on both databases (S7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic import command

from intake.store import threads
from intake.store.database import Database, _config, upgrade
from intake.store.tables import dead_addresses
from tests.store_fixtures import START
from tests.store_steps import claimed, kept, recorded
from tests.store_values import fetched


@pytest.mark.parametrize("other", ["pat@example.net", "PAT@Example.NET.", "pat+forum@example.net", "ｐat@example.net"])
def test_spellings_of_one_address(database: Database, other: str) -> None:
    """S7: what came back from one spelling of an address counts for all, and so does taking the mark away."""
    kept(database, fetched())
    (claim,) = claimed(database)
    message_id = recorded(database, claim).message_id
    with database.transaction() as conn:
        threads.mark_dead(conn, "Pat@example.net", message_id, "came back: 5.1.1", START)
        assert threads.is_dead(conn, other)
        assert not threads.is_dead(conn, "sam@example.net")
        assert threads.revive(conn, other)
        assert threads.dead(conn) == []


def test_marks_of_an_older_version(empty_url: str) -> None:
    """S7: marks that an older version made by its own spelling are one a mailbox afterwards, the first of them."""
    database = Database(empty_url)
    try:
        if database.path:
            database.path.parent.mkdir()
            database.path.touch()
        with database.transaction() as conn:
            command.upgrade(_config(conn), "0008")
            spelt = ["pat+1@example.net", "pat@example.net", "sam@example.net.", "kim@example.net"]
            for number, address in enumerate(spelt):
                row = {"address": address, "detail": address, "since": START + timedelta(days=number)}
                conn.execute(dead_addresses.insert().values(row))
        upgrade(database)
        with database.read() as conn:
            assert [(one.address, one.detail) for one in threads.dead(conn)] == [
                ("kim@example.net", "kim@example.net"),
                ("sam@example.net", "sam@example.net."),
                ("pat@example.net", "pat+1@example.net"),
            ]
    finally:
        database.close()
