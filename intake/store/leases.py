"""Leases: a mailbox or a job is held by one process at a time, and a late holder is told so by its fence (H2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, update

from intake.store.tables import leases
from intake.store.upsert import upsert


def take(conn: Connection, name: str, holder: str, now: datetime, length: timedelta) -> int | None:
    """Take the lease `name` until `now + length` and return its fence; None while anybody holds it.

    `now` is the database's clock, so that holders on several machines agree. What is held for far longer than `length`
    is from before that clock was set back, and free.
    """
    row = {"name": name, "holder": holder, "fence": 1, "held_until": now + length}
    taken = {"holder": holder, "fence": leases.c.fence + 1, "held_until": now + length}
    free = or_(leases.c.held_until <= now, leases.c.held_until > now + 2 * length)
    fence: int | None = conn.scalar(
        upsert(conn, leases)
        .values(row)
        .on_conflict_do_update(index_elements=[leases.c.name], set_=taken, where=free)
        .returning(leases.c.fence)
    )
    return fence


def renew(conn: Connection, name: str, fence: int, now: datetime, length: timedelta) -> bool:
    """Hold on until `now + length`; False where another took the lease, and nothing may be done under it any more.

    Until the transaction ends nobody else can take it: work that is committed with a renewal was done by the holder.
    """
    mine = update(leases).where(leases.c.name == name, leases.c.fence == fence)
    return conn.execute(mine.values(held_until=now + length)).rowcount == 1


def give_back(conn: Connection, name: str, fence: int, now: datetime) -> bool:
    """Let the next one take the lease at once; False where another has taken it."""
    mine = update(leases).where(leases.c.name == name, leases.c.fence == fence)
    return conn.execute(mine.values(held_until=now)).rowcount == 1
