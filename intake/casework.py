"""What officers do with cases and with addresses that mail came back from. All of it raises Temporary."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from intake.errors import UserError
from intake.store import threads
from intake.store.database import Database


def close(database: Database, reference: str) -> str:
    """Close a case; return what became of it. Raises UserError where there is none."""
    with database.transaction() as conn:
        closed = threads.close(conn, reference, database.clock(conn))
    return _said(reference, closed, "closed", "was closed already")


def reopen(database: Database, reference: str) -> str:
    """Open a case again; return what became of it. Raises UserError where there is none."""
    with database.transaction() as conn:
        opened = threads.reopen(conn, reference, database.clock(conn))
    return _said(reference, opened, "open again", "was open")


def dead(database: Database) -> list[dict[str, Any]]:
    """Return the addresses that are not answered because our mail came back from them."""
    with database.read() as conn:
        return [asdict(one) for one in threads.dead(conn)]


def revive(database: Database, address: str) -> None:
    """Let an address be answered again. Raises UserError where it is not marked."""
    with database.transaction() as conn:
        if not threads.revive(conn, address):
            raise UserError(f"{address} is not marked: `intake case dead` lists those that are")


def _said(reference: str, changed: bool | None, now: str, before: str) -> str:
    if changed is None:
        raise UserError(f"there is no case {reference}")
    return now if changed else before
