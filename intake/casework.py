"""What officers do with cases, with mails that did not go out, and with addresses that mail came back from.

All of it raises Temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from intake.errors import UserError
from intake.outbox import closing
from intake.outbox.closing import Again
from intake.store import seen, tasks, threads
from intake.store.database import Database

MOST_LISTED = 1000  # messages that one listing of the unseen tells
_WHY_NOT: dict[Again, str] = {
    "none": "no mail {} waits for a person: `intake outbox` lists those that are given-up or unknown",
    "digest": "{} is a digest: what it held is in the partner's next one; close it",
    "kept-out": "what {} is about keeps its partner out since: close it",
    "gone": "the text of {} is not kept: it came back, or is from before this version; close it",
}


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


def take(database: Database, reference: str, by: str) -> str:
    """Record that a named person takes a case on; return what that ends. Raises UserError where there is none."""
    with database.transaction() as conn:
        case_id = threads.case_ids(conn, [reference])[reference]
        now = database.clock(conn)
        ended = threads.take(conn, case_id, by, now)
        seen.see_case(conn, case_id, by, now)
    return f"taken by {by}" + ("; who was asked will be told" if ended else "; no emergency waited for it")


def close_mail(database: Database, number: int, by: str) -> None:
    """Close a mail that waits for a person. Raises UserError where none does under that number."""
    with database.transaction() as conn:
        if not closing.close(conn, number, by, database.clock(conn)):
            raise UserError(_WHY_NOT["none"].format(number))


def send_again(database: Database, number: int, by: str) -> None:
    """Have a mail sent again that waits for a person. Raises UserError where it cannot be."""
    with database.transaction() as conn:
        came = closing.again(conn, number, by, database.clock(conn))
    if came != "queued":
        raise UserError(_WHY_NOT[came].format(number))


def dead(database: Database) -> list[dict[str, Any]]:
    """Return the addresses that are not answered because our mail came back from them."""
    with database.read() as conn:
        return [asdict(one) for one in threads.dead(conn)]


def revive(database: Database, address: str) -> None:
    """Let an address be answered again. Raises UserError where it is not marked."""
    with database.transaction() as conn:
        if not threads.revive(conn, address):
            raise UserError(f"{address} is not marked: `intake case dead` lists those that are")


def unseen(database: Database) -> list[dict[str, Any]]:
    """Return what nobody has opened or ticked, the oldest first, a backlog last."""
    with database.read() as conn:
        return [asdict(one) for one in seen.unseen(conn, MOST_LISTED)]


def see(database: Database, references: Sequence[str], by: str) -> list[str]:
    """Tick all messages of cases; return what became of each. Raises UserError, and ticks none, where there is none."""
    ticked = _ticked(database, references, by, seen.see_case)
    return [f"{one}: {'seen' if count else 'had been seen'}" for one, count in ticked.items()]


def to_do(database: Database) -> list[dict[str, Any]]:
    """Return who is to be reached safely, the oldest first."""
    with database.read() as conn:
        return [asdict(one) for one in tasks.still_open(conn)]


def finish(database: Database, references: Sequence[str], by: str) -> list[str]:
    """Tick off what was to be done about cases; return what became of each. Raises UserError as `see` does."""
    ticked = _ticked(database, references, by, tasks.finish)
    return [f"{one}: {'done' if count else 'there was nothing to do'}" for one, count in ticked.items()]


def see_backlog(database: Database, before: datetime, by: str) -> int:
    """Tick everything that arrived before an instant; return how many messages nobody had seen."""
    with database.transaction() as conn:
        return seen.see_all_before(conn, before, by, database.clock(conn))


def opened(database: Database, message_ids: Sequence[int], by: str) -> None:
    """Record that somebody has opened messages."""
    with database.transaction() as conn:
        now = database.clock(conn)
        for one in message_ids:
            seen.see_message(conn, one, by, now)


def _ticked(database: Database, references: Sequence[str], by: str, tick: Callable[..., int]) -> dict[str, int]:
    """Tick what `tick` does of each case; return how much of each that was."""
    with database.transaction() as conn:
        now = database.clock(conn)
        return {one: tick(conn, case_id, by, now) for one, case_id in threads.case_ids(conn, references).items()}


def _said(reference: str, changed: bool | None, now: str, before: str) -> str:
    if changed is None:
        raise UserError(f"there is no case {reference}")
    return now if changed else before
