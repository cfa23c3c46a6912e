"""Everything that a partner has not had yet -> one mail a slot.

What a partner has had is marked in the transaction that makes the digest; no window of time decides it (D1). A digest
missed for days holds it all, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from intake.outbox import lasting, queue
from intake.outbox.beside import beside
from intake.outbox.compose import Composer
from intake.outbox.items import of_digest
from intake.outbox.mime import as_second_copy
from intake.outbox.outgoing import Outgoing
from intake.outbox.owed import owed
from intake.outbox.restored import first_since
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import GENERAL, barred, officers
from intake.store import seen
from intake.store.recording import Batch
from intake.store.tables import digest_items, digests, outbox
from intake.store.upsert import adding, insert_new


def due_slot(partner: Partner, since: datetime, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the latest slot after `since` that has come by `now`; None where there is none.

    Each of the partner's days has a slot at each of its times, on the days when clocks change too: an hour that does
    not exist is told by the clock before the change, and of an hour that exists twice the first counts (D2).
    """
    return latest_slot(partner.digest_days, partner.digest_times, since, now, zone)


def latest_slot(
    days: Collection[int], times: Iterable[time], since: datetime, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return the latest of those times on those days (Monday is 0) after `since` and not after `now`; None for none."""
    today = now.astimezone(zone).date()
    week = [today - timedelta(days=days_ago) for days_ago in range(8)]
    slots = (
        datetime.combine(day, at, zone).astimezone(now.tzinfo) for day in week if day.weekday() in days for at in times
    )
    return max((slot for slot in slots if since < slot <= now), default=None)


def add(conn: Connection, partner_id: str, message_id: int, now: datetime, formerly: str | None = None) -> bool:
    """Put a message on what the partner has not had yet; False where it had been put there before.

    `formerly` is the partner that it was for.
    """
    row = _row(partner_id, message_id, now, formerly)
    return insert_new(conn, digest_items, row, "partner", "message_id") is not None


def add_later(batch: Batch, partner_id: str, message_id: int, now: datetime) -> None:
    """Put a message that the batch records on what the partner has not had yet, when the batch is written."""
    batch.put_off(adding(batch.conn, digest_items), _row(partner_id, message_id, now))


def _row(partner_id: str, message_id: int, now: datetime, formerly: str | None = None) -> dict[str, object]:
    return {"partner": partner_id, "message_id": message_id, "queued_at": now, "formerly": formerly}


def pass_on(conn: Connection, rulebook: Rulebook, now: datetime) -> dict[str, int]:
    """Hand what partners have not had who left the rulebook to the partners of `general`; return how many, by partner.

    The digest says whom such an item was for. Who has had it already does not get it again, and who must not hear of
    it (D8) does not; where nobody may, it waits.
    """
    left = digest_items.c.digest_id.is_(None) & digest_items.c.partner.not_in(list(rulebook.partners))
    found = select(digest_items)
    passed: Counter[str] = Counter()
    for row in conn.execute(found.where(left).order_by(digest_items.c.id).with_for_update(of=digest_items)).all():
        heirs = officers(rulebook, lasting.of_message(conn, row.message_id))
        for heir in heirs:
            add(conn, heir, row.message_id, now, row.partner)
        if heirs:
            conn.execute(delete(digest_items).where(digest_items.c.id == row.id))
            passed[row.partner] += 1
    return dict(passed)


def last_slot(conn: Connection, partner_id: str, now: datetime) -> datetime | None:
    """Return the slot of the partner's latest digest; not one that a clock which ran ahead has made."""
    made = (digests.c.partner == partner_id) & (digests.c.slot <= now)
    found: datetime | None = conn.scalar(select(func.max(digests.c.slot)).where(made))
    return found


def oldest_open(conn: Connection, partner: Partner, rulebook: Rulebook) -> datetime | None:
    """Return since when there is something to tell: an item that the partner has not had yet, or for officers more."""
    since = [task.opened_at for task in owed(conn, partner, rulebook)]
    unseen = seen.waiting(conn).oldest if partner.id in rulebook.categories[GENERAL].partners else None
    since += [unseen] if unseen else []
    since += conn.scalars(select(digest_items.c.queued_at).where(_open(partner.id)).order_by("queued_at").limit(1))
    return min(since, default=None)


def make(  # noqa: PLR0913, PLR0917 (a digest's five ingredients and where it is kept)
    conn: Connection, partner: Partner, slot: datetime, composer: Composer, rulebook: Rulebook, now: datetime
) -> int | None:
    """Make the digest of that slot and queue it, in the caller's transaction; return the outbox row's id.

    None: it was made before, or there is nothing new, nothing to do, and the partner wants no empty digest.
    """
    digest_id = _begin(conn, partner.id, slot, now)
    if digest_id is None:
        return None
    conn.execute(update(digest_items).where(_open(partner.id)).values(digest_id=digest_id))
    items = _for_them(conn, partner, of_digest(conn, digest_items.c.digest_id == digest_id, rulebook), rulebook, now)
    told = beside(conn, partner, rulebook, {one.message_id for one in items}, now, composer.zone)
    if not (items or told.unseen or told.tasks or partner.empty_digest):
        return None
    outgoing = composer.digest(partner, items, rulebook, slot, now, beside=told)
    if first_since(conn, partner.id):
        outgoing = replace(outgoing, mail=as_second_copy(outgoing.mail))
    queue.enqueue(conn, outgoing, now)
    outbox_id: int = conn.execute(select(outbox.c.id).where(outbox.c.key == outgoing.key)).scalar_one()
    conn.execute(update(digests).where(digests.c.id == digest_id).values(items=len(items), outbox_id=outbox_id))
    return outbox_id


def _for_them(
    conn: Connection, partner: Partner, items: Iterable[DigestItem], rulebook: Rulebook, now: datetime
) -> list[DigestItem]:
    """Return what the partner may hear of; others get what a sender has kept from it since it came back (D8)."""
    told = []
    for one in items:
        if partner.id not in barred(one.flags):
            told.append(one)
            continue
        for heir in officers(rulebook, one.flags):
            add(conn, heir, one.message_id, now)
    return told


def items_of(conn: Connection, outbox_id: int, rulebook: Rulebook) -> tuple[datetime, list[DigestItem]]:
    """Return (slot, items) of the digest that was sent as that outbox row."""
    row = conn.execute(select(digests.c.id, digests.c.slot).where(digests.c.outbox_id == outbox_id)).one()
    return row.slot, of_digest(conn, digest_items.c.digest_id == row.id, rulebook)


def preview(conn: Connection, partner: Partner, composer: Composer, rulebook: Rulebook, at: datetime) -> Outgoing:
    """Return the digest that the partner would get, or would have got, at an instant; write nothing."""
    had_later = digest_items.c.digest_id.in_(select(digests.c.id).where(digests.c.made_at > at))
    mine = (digest_items.c.partner == partner.id) & (digest_items.c.queued_at <= at)
    found = of_digest(conn, mine & (digest_items.c.digest_id.is_(None) | had_later), rulebook)
    items = [one for one in found if partner.id not in barred(one.flags)]
    told = beside(conn, partner, rulebook, {one.message_id for one in items}, at, composer.zone)
    return composer.digest(partner, items, rulebook, at, at, beside=told)


def _open(partner_id: str) -> ColumnElement[bool]:
    return (digest_items.c.partner == partner_id) & digest_items.c.digest_id.is_(None)


def _begin(conn: Connection, partner_id: str, slot: datetime, now: datetime) -> int | None:
    """Return the new digest's id; None where that slot has one. A second process waits here for the first (D1)."""
    row = {"partner": partner_id, "slot": slot, "made_at": now, "items": 0}
    return insert_new(conn, digests, row, "partner", "slot")
