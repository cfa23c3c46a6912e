"""A database as the first version left it when it was killed: letters that are kept and wait, and older tables."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from alembic import command
from sqlalchemy import text

from intake.mailbox.source import Fetched, Place
from intake.store import ledger
from intake.store.database import Database, _config
from tests.servers.control import Control

STEP = "0001"


def leave(database: Database, box: Control) -> None:
    """Make the tables of `STEP` in an empty database, and keep there what lies in the INBOX."""
    if database.path:
        os.close(os.open(database.path, os.O_CREAT | os.O_RDWR, 0o600))
    now = datetime.now(UTC)
    uidvalidity = box.client.select_folder("INBOX", readonly=True)[b"UIDVALIDITY"]
    bodies = box.client.fetch(box.client.search(), ["BODY.PEEK[]"])
    places = {Place("main", "INBOX", uidvalidity, str(uid)): data[b"BODY[]"] for uid, data in bodies.items()}
    with database.transaction() as conn:
        command.upgrade(_config(conn), STEP)
        ledger.keep(conn, [Fetched(place, raw, now) for place, raw in places.items()], now)
        conn.execute(text("UPDATE deliveries SET claimed_by = 'dead', claimed_until = :now, fence = 1"), {"now": now})
