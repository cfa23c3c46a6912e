"""What became of every message that a mailbox's ledger knows, and where the store contradicts itself (promise 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select

from intake.store.quarantine import DISMISSED
from intake.store.tables import cases, deliveries, messages, quarantine, raws

STORED, COPY, WAITING, QUARANTINED = "stored", "copy", "waiting", "quarantined"
_NAMES = {
    "recorded": STORED,
    "duplicate": COPY,
    "waiting": WAITING,
    "quarantined": QUARANTINED,
    DISMISSED: DISMISSED,  # taken out of quarantine by a person
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger."""

    folder: str
    uidvalidity: int
    uid: str
    outcome: str  # stored, copy, waiting, quarantined, dismissed
    reference: str  # of the case that it is in, or that holds what it is a copy of; "" while it has none
    settled: bool
    header_id: str | None  # Message-ID without brackets, where it is recorded
    raw_hash: str | None
    fault: str  # why this is not one outcome; "" where it is


def entries(conn: Connection, mailbox: str) -> Iterator[Entry]:
    """Yield the ledger of `mailbox`, in the order in which it was kept."""
    waits = exists().where(quarantine.c.delivery_id == deliveries.c.id, quarantine.c.closed_at.is_(None))
    rows = conn.execution_options(yield_per=1000).execute(
        select(
            *(deliveries.c[name] for name in ("folder", "uidvalidity", "uid", "state", "message_id", "settled_at")),
            deliveries.c.raw_hash,
            raws.c.hash.label("raw"),
            messages.c.id.label("message"),
            messages.c.header_id,
            cases.c.reference,
            waits.label("in_quarantine"),
        )
        .outerjoin(messages, messages.c.id == deliveries.c.message_id)
        .outerjoin(cases, cases.c.id == messages.c.case_id)
        .outerjoin(raws, raws.c.hash == deliveries.c.raw_hash)
        .where(deliveries.c.mailbox == mailbox)
        .order_by(deliveries.c.id)
    )
    return (_entry(row) for row in rows)


def began(conn: Connection, mailbox: str) -> datetime | None:
    """Return when the first message of `mailbox` was kept; None: none was."""
    found: datetime | None = conn.scalar(
        select(func.min(deliveries.c.first_seen_at)).where(deliveries.c.mailbox == mailbox)
    )
    return found


def contradictions(conn: Connection) -> list[str]:
    """Return what no row of the ledger shows: messages that two rows claim as theirs, or none does; sentences."""
    own = select(deliveries.c.message_id).where(deliveries.c.state == "recorded")
    twice = own.group_by(deliveries.c.message_id).having(func.count() > 1).order_by(deliveries.c.message_id)
    claimed = exists().where(deliveries.c.message_id == messages.c.id, deliveries.c.state == "recorded")
    orphans = select(messages.c.id).where(~claimed).order_by(messages.c.id)
    return [
        *(f"message {number} is the outcome of two rows of the ledger" for number in conn.scalars(twice)),
        *(f"message {number} is stored, and no row of the ledger led to it" for number in conn.scalars(orphans)),
    ]


def _entry(row: Any) -> Entry:
    return Entry(
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        outcome=_NAMES.get(row.state, row.state),
        reference=row.reference or "",
        settled=row.settled_at is not None,
        header_id=row.header_id,
        raw_hash=row.raw_hash,
        fault=_fault(row),
    )


def _fault(row: Any) -> str:
    outcome = _NAMES.get(row.state)
    if outcome is None:
        return f"`{row.state}` is no outcome"
    if outcome in (STORED, COPY):
        return _fault_of_recorded(row, outcome)
    if row.message_id is not None:
        return f"{outcome}, and recorded as well"
    return _fault_of_waiting(row, outcome) if outcome != QUARANTINED else _fault_of_quarantined(row)


def _fault_of_recorded(row: Any, outcome: str) -> str:
    if row.message is None:
        return f"the ledger says {outcome}, but there is no such message"
    return f"{outcome}, and in quarantine as well" if row.in_quarantine else ""


def _fault_of_waiting(row: Any, outcome: str) -> str:
    if row.in_quarantine:
        return f"{outcome}, and in quarantine as well"
    return "" if row.raw or outcome != WAITING else "it waits to be sorted, but its bytes are gone"


def _fault_of_quarantined(row: Any) -> str:
    return "" if row.in_quarantine else "the ledger says quarantined, but `intake quarantine list` does not show it"
