"""Quarantine: what failed in an unexpected way, with its bytes, until a person releases it (P2, F7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from intake.mailbox.source import Place
from intake.store.packing import unpack
from intake.store.tables import WAITING, deliveries, raws
from intake.store.tables import quarantine as rows

FETCH = "fetch"  # the stage of what the server did not hand over
DISMISSED = "dismissed"  # a delivery's state: a person has seen to it, and it is neither asked for nor sorted again


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One message that waits for a person."""

    id: int
    delivery_id: int
    place: Place
    stage: str  # fetch, triage, record
    error: str  # the error's type and place, or the server's fault; never message text
    size: int | None  # bytes of the raw message; None: there is none
    arrived_at: datetime
    created_at: datetime


def quarantine(conn: Connection, delivery_id: int, stage: str, error: str, now: datetime) -> bool:
    """Set a waiting delivery aside; False, and nothing is done, where it has its outcome already."""
    aside = update(deliveries).where(deliveries.c.id == delivery_id, WAITING)
    if not conn.execute(aside.values(state="quarantined", claimed_by=None, claimed_until=None)).rowcount:
        return False
    row = {"delivery_id": delivery_id, "stage": stage, "error": error, "created_at": now}
    conn.execute(rows.insert().values(row))
    return True


def quarantined(conn: Connection) -> list[QuarantinedRow]:
    """Return what waits for a person, oldest first."""
    found = conn.execute(
        select(rows, deliveries, raws.c.size)
        .join(deliveries, deliveries.c.id == rows.c.delivery_id)
        .outerjoin(raws, raws.c.hash == deliveries.c.raw_hash)
        .where(rows.c.closed_at.is_(None))
        .order_by(rows.c.id)
    )
    return [
        QuarantinedRow(
            id=row.id,
            delivery_id=row.delivery_id,
            place=Place(row.mailbox, row.folder, row.uidvalidity, row.uid),
            stage=row.stage,
            error=row.error,
            size=row.size,
            arrived_at=row.arrived_at,
            created_at=row.created_at,
        )
        for row in found
    ]


def raw_of(conn: Connection, delivery_id: int) -> bytes | None:
    """Return a delivery's bytes as they came, None where the server handed over nothing or nobody knows it."""
    data = conn.scalar(
        select(raws.c.data).join(deliveries, deliveries.c.raw_hash == raws.c.hash).where(deliveries.c.id == delivery_id)
    )
    return None if data is None else unpack(data)


def release(conn: Connection, quarantine_id: int, now: datetime) -> bool:
    """Let a quarantined message be tried again; False where it is not in quarantine.

    What the server did not hand over is asked for at the next poll, and stays listed until it came.
    """
    open_row = conn.execute(
        select(rows.c.delivery_id, rows.c.stage)
        .where(rows.c.id == quarantine_id, rows.c.closed_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if open_row is None:
        return False
    delivery = update(deliveries).where(deliveries.c.id == open_row.delivery_id)
    if open_row.stage == FETCH:
        conn.execute(delivery.values(faulted_at=None))
    else:
        conn.execute(delivery.values(state="waiting", attempts=0))
        conn.execute(update(rows).where(rows.c.id == quarantine_id).values(closed_at=now))
    return True


def dismiss(conn: Connection, quarantine_id: int, now: datetime) -> bool:
    """Close what a person has seen to: that is its outcome; its bytes stay. False where it is not in quarantine.

    What the server did not hand over is not asked for again.
    """
    still_open = update(rows).where(rows.c.id == quarantine_id, rows.c.closed_at.is_(None))
    delivery_id = conn.scalar(still_open.values(closed_at=now).returning(rows.c.delivery_id))
    if delivery_id is None:
        return False
    conn.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(state=DISMISSED))
    return True
