"""The ledger: what was seen in a mailbox, kept once a place before the mailbox is settled (F2, H1)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, or_, select, update

from intake.mailbox.source import Fetched, Place
from intake.store.database import Database
from intake.store.packing import pack
from intake.store.quarantine import DISMISSED
from intake.store.tables import UNSETTLED, WITHOUT_RAW, deliveries, quarantine, raws
from intake.store.tally import EVERYTHING
from intake.store.upsert import adding, insert_new

LATE_AFTER = timedelta(hours=48)  # F11
_IS_KEPT = select(exists().where(raws.c.hash == bindparam("of_raw")))
ASK_AGAIN_AFTER = timedelta(hours=1)  # for a message that the server did not hand over (F7)
FEW = 1000  # UIDs that are looked for one by one
_FOLDER = ("mailbox", "folder", "uidvalidity")


class StoredLedger:
    """The ledger as a mailbox's source asks it (`mailbox.source.Ledger`)."""

    def __init__(self, database: Database) -> None:
        """Ask `database`, in a transaction of its own each time."""
        self._database = database

    def known(
        self, mailbox: str, folder: str, uidvalidity: int, found: Collection[str] | None = None
    ) -> frozenset[str]:
        """Return what `known` returns of the folder, by the database's clock. Raises as `Database.read` does."""
        with self._database.read() as conn:
            return known(conn, (mailbox, folder, uidvalidity), self._database.clock(conn), found)


def known(
    conn: Connection, folder: tuple[str, str, int], now: datetime, found: Collection[str] | None = None
) -> frozenset[str]:
    """Return the UIDs that are kept or dismissed, and those that were asked for in vain within the last hour.

    `folder` is (mailbox, folder, UIDVALIDITY). Of at most FEW UIDs that were `found` there they are told of those
    alone, as many more may have been moved out of it; of more, or None, of all that ever were in it.
    """
    of_folder = and_(*(deliveries.c[name] == value for name, value in zip(_FOLDER, folder, strict=True)))
    if found is not None and len(found) <= FEW:
        of_folder &= deliveries.c.uid.in_(found)
    uids = select(deliveries.c.uid).where(of_folder)
    wanting = uids.where(WITHOUT_RAW, _to_ask_for(now))
    return frozenset(conn.scalars(uids)) - frozenset(conn.scalars(wanting))


def _to_ask_for(now: datetime) -> ColumnElement[bool]:
    """Tell, of what the server did not hand over, what it may be asked for again."""
    asked = deliveries.c.faulted_at
    return and_(deliveries.c.state != DISMISSED, or_(asked.is_(None), asked <= now - ASK_AGAIN_AFTER, asked > now))


def keep(
    conn: Connection,
    batch: Sequence[Fetched],
    now: datetime,
    *,
    backlog: bool = False,
    answered_until: datetime | None = None,
) -> list[int]:
    """Keep what was fetched, each place once and equal bytes once; return the deliveries that wait because of it.

    A place that is known already stays as it is. What the server did not hand over is quarantined (stage `fetch`),
    once, and waits as soon as a later fetch brings it. All of a `backlog` is late, whatever its dates say (F11), and
    what arrived before `answered_until`, which the database as it was before a restore may have had answered.
    """
    for fault in (one for one in batch if one.fault):
        _keep_fault(conn, fault, now)
    before = EVERYTHING if backlog else max(now - LATE_AFTER, answered_until or now - LATE_AFTER)
    ids = [_keep(conn, one, now, late=one.arrived <= before) for one in batch if not one.fault]
    return [delivery_id for delivery_id in ids if delivery_id is not None]


def unsettled(conn: Connection, mailbox: str, limit: int) -> dict[int, Place]:
    """Return at most `limit` deliveries that are kept and not settled in the mailbox yet, oldest first: id -> place."""
    rows = conn.execute(
        select(deliveries.c.id, deliveries.c.folder, deliveries.c.uidvalidity, deliveries.c.uid)
        .where(deliveries.c.mailbox == mailbox, UNSETTLED)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return {row.id: Place(mailbox, row.folder, row.uidvalidity, row.uid) for row in rows}


def mark_settled(conn: Connection, ids: Iterable[int], now: datetime) -> None:
    """Record that the mailbox did with these deliveries' messages what is configured."""
    conn.execute(update(deliveries).where(deliveries.c.id.in_(list(ids))).values(settled_at=now))


def _keep(conn: Connection, fetched: Fetched, now: datetime, *, late: bool) -> int | None:
    raw_hash = hashlib.sha256(fetched.raw).hexdigest()
    values = {"raw_hash": raw_hash, "late": late, "left_behind": fetched.left_behind, "state": "waiting"}
    _keep_raw(conn, raw_hash, fetched.raw, now)
    return _insert(conn, fetched, now, values) or _complete(conn, fetched.place, now, values)


def _keep_raw(conn: Connection, raw_hash: str, raw: bytes, now: datetime) -> None:
    if not conn.scalar(_IS_KEPT, {"of_raw": raw_hash}):
        row = {"hash": raw_hash, "size": len(raw), "data": pack(raw), "kept_at": now}
        conn.execute(adding(conn, raws), row)


def _keep_fault(conn: Connection, fetched: Fetched, now: datetime) -> None:
    """Quarantine what could not be had, or note that it could not be had again."""
    values = {"faulted_at": now, "late": _late(fetched, now), "state": "quarantined"}
    new = _insert(conn, fetched, now, values)
    if new is not None:
        row = {"delivery_id": new, "stage": "fetch", "error": fetched.fault, "created_at": now}
        conn.execute(quarantine.insert(), row)
    else:
        conn.execute(update(deliveries).where(_without_raw(fetched.place)).values(faulted_at=now))


def _insert(conn: Connection, fetched: Fetched, now: datetime, values: dict[str, object]) -> int | None:
    """Insert a delivery; None where its place is known."""
    place = fetched.place
    row = {
        "mailbox": place.mailbox,
        "folder": place.folder,
        "uidvalidity": place.uidvalidity,
        "uid": place.uid,
        "arrived_at": fetched.arrived,
        "first_seen_at": now,
        **values,
    }
    return insert_new(conn, deliveries, row)


def _complete(conn: Connection, place: Place, now: datetime, values: dict[str, object]) -> int | None:
    """Give a delivery the bytes that the server did not hand over before; None where it has its bytes."""
    filled = update(deliveries).where(_without_raw(place)).values(**values)
    delivery_id: int | None = conn.scalar(filled.returning(deliveries.c.id))
    if delivery_id is not None:
        still_open = and_(quarantine.c.delivery_id == delivery_id, quarantine.c.closed_at.is_(None))
        conn.execute(update(quarantine).where(still_open).values(closed_at=now))
    return delivery_id


def _without_raw(place: Place) -> ColumnElement[bool]:
    return and_(
        deliveries.c.mailbox == place.mailbox,
        deliveries.c.folder == place.folder,
        deliveries.c.uidvalidity == place.uidvalidity,
        deliveries.c.uid == place.uid,
        deliveries.c.raw_hash.is_(None),
    )


def _late(fetched: Fetched, now: datetime) -> bool:
    return now - fetched.arrived >= LATE_AFTER
