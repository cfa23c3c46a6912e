"""Claims: who triages which waiting delivery, for how long, and how a worker that came late is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, or_, select, update

from intake.errors import IntakeError
from intake.mailbox.source import Place
from intake.store.packing import unpack
from intake.store.tables import WAITING, deliveries, raws

_STILL_WAITING = (
    select(deliveries.c.id, deliveries.c.fence)
    .where(deliveries.c.id.in_(bindparam("claimed", expanding=True)), WAITING)
    .order_by(deliveries.c.id)
    .with_for_update()
)
LARGEST_BYTES = 32 * 1024 * 1024  # of raw mail in one claim, unless one message alone is larger


class ClaimLost(IntakeError):
    """The claim ran out and another worker took the delivery, or it has its outcome: nothing is to be recorded."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that one worker may triage until its lease ends."""

    delivery_id: int
    place: Place
    raw: bytes
    raw_hash: str
    arrived_at: datetime  # INTERNALDATE, UTC
    late: bool  # never acknowledged (F11)
    left_behind: str  # a sentence where parts were not fetched
    attempt: int  # claims in which it came first, this one included: more than one where a worker died over it
    fence: int  # of this claim; grows with every claim of the delivery


def claim(conn: Connection, worker: str, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
    """Claim at most `limit` waiting deliveries until `now + lease`: the fresh before the late, each oldest first.

    One claim bears at most `LARGEST_BYTES`, or one message. Workers that claim at the same time get different ones; a
    claim that ran out can be claimed again. Only the first is counted as tried: whatever ended its worker stands first
    at last, and what waited behind it has done nothing.
    """
    ids = _free(conn, now, lease, limit)
    if not ids:
        return []
    values = {
        "claimed_by": worker,
        "claimed_until": now + lease,
        "fence": deliveries.c.fence + 1,
        "attempts": case((deliveries.c.id == ids[0], deliveries.c.attempts + 1), else_=deliveries.c.attempts),
    }
    conn.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(values))
    return _claimed(conn, ids)


def let_go(conn: Connection, worker: str | None = None, *, unharmed: Claimed | None = None) -> int:
    """Give back what `worker` has claimed, before it ends; return how many deliveries that were.

    None: what anybody has claimed, at the start of the only service there is, so that nothing waits for the dead.
    `unharmed`: that first one of a claim does not count as tried, for its worker lives.
    """
    claimed = deliveries.c.claimed_by.is_not(None) if worker is None else deliveries.c.claimed_by == worker
    values: dict[str, object] = {"claimed_by": None, "claimed_until": None}
    if unharmed is not None:
        counted = (deliveries.c.id == unharmed.delivery_id) & (deliveries.c.attempts > 0)
        values["attempts"] = case((counted, deliveries.c.attempts - 1), else_=deliveries.c.attempts)
    return conn.execute(update(deliveries).where(WAITING, claimed).values(values)).rowcount


def spare(conn: Connection, first: Claimed) -> None:
    """Count the first of a claim as not tried, though another worker has it now: the one that was slow lives."""
    mine = (deliveries.c.id == first.delivery_id) & (deliveries.c.attempts > 0)
    conn.execute(update(deliveries).where(WAITING, mine).values(attempts=deliveries.c.attempts - 1))


def hold(conn: Connection, *claimed: Claimed) -> None:
    """Make sure that all of these claims are still good, and keep them so until this transaction ends.

    Raises ClaimLost.
    """
    found = conn.execute(_STILL_WAITING, {"claimed": [one.delivery_id for one in claimed]})
    fences = {row.id: row.fence for row in found}
    for one in claimed:
        if fences.get(one.delivery_id) != one.fence:
            raise ClaimLost(f"delivery {one.delivery_id} was taken by another worker, or has its outcome")


def _free(conn: Connection, now: datetime, lease: timedelta, limit: int) -> list[int]:
    """Return what is free; a claim far longer than a lease is from before the clock was set back."""
    until = deliveries.c.claimed_until
    rows = conn.execute(
        select(deliveries.c.id, raws.c.size)
        .join(raws, raws.c.hash == deliveries.c.raw_hash)
        .where(WAITING, or_(until.is_(None), until <= now, until > now + 2 * lease))
        .order_by(deliveries.c.late, deliveries.c.arrived_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    ids: list[int] = []
    total = 0
    for row in rows:
        total += row.size
        if ids and total > LARGEST_BYTES:
            break
        ids.append(row.id)
    return ids


def _claimed(conn: Connection, ids: Sequence[int]) -> list[Claimed]:
    rows = conn.execute(
        select(deliveries, raws.c.data)
        .join(raws, raws.c.hash == deliveries.c.raw_hash)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.late, deliveries.c.arrived_at, deliveries.c.id)
    )
    return [
        Claimed(
            delivery_id=row.id,
            place=Place(row.mailbox, row.folder, row.uidvalidity, row.uid),
            raw=unpack(row.data),
            raw_hash=row.raw_hash,
            arrived_at=row.arrived_at,
            late=row.late,
            left_behind=row.left_behind,
            attempt=row.attempts,
            fence=row.fence,
        )
        for row in rows
    ]
