"""Urgent messages that were first seen late -> one mail to the officers, once the backlog is sorted (F11).

How far they were listed stands in the keys of these mails, which bear the highest message that each looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select

from intake.mail.values import Delivery, Urgency
from intake.outbox import items, lasting, queue
from intake.outbox.compose import Composer
from intake.outbox.listing import SHOWN
from intake.rules.rulebook import Rulebook
from intake.rules.weigh import officers
from intake.store.columns import begins
from intake.store.locks import take_turn
from intake.store.tables import LATE_URGENT, WAITING, deliveries, mailbox_states, messages, outbox

LONGEST = timedelta(hours=1)  # that the first of them waits for the end of a backlog
KEY = "late:"
_LATE_URGENT: ColumnElement[bool] = literal_column(LATE_URGENT.format("messages."))  # as the index has it


def make(conn: Connection, composer: Composer, rulebook: Rulebook, after: int, now: datetime) -> tuple[int, int] | None:
    """Queue the list of what is new since message `after` and since the last list, in the caller's transaction.

    Return (the message up to which all was looked at, mails queued); None: a backlog is still being taken in.
    """
    take_turn(conn, KEY)
    upto: int = conn.scalar(select(func.max(messages.c.id))) or 0
    new = and_(messages.c.id > max(after, _listed(conn)), messages.c.id <= upto, _LATE_URGENT)
    if _waits(conn, new, now):
        return None
    found = _unlisted(conn, new)
    mails = 0
    for officer, ids in _officers(conn, found, rulebook).items():
        told = items.of_messages(conn, ids, worded=SHOWN)
        outgoing = composer.late(rulebook.partners[officer], told, rulebook, f"{KEY}{upto}:{officer}", now)
        mails += queue.enqueue(conn, outgoing, now)
    return upto, mails


def _listed(conn: Connection) -> int:
    keys = conn.scalars(select(outbox.c.key).where(begins(outbox.c.key, KEY)))
    return max((int(key.split(":")[1]) for key in keys), default=0)


def _unlisted(conn: Connection, new: ColumnElement[bool]) -> list[Any]:
    """Return what would have been sent at once, had it not been late: in the order of the list."""
    columns = (messages.c[name] for name in ("id", "routes", "urgency", "arrived_at"))
    rows = conn.execute(select(*columns).where(new).order_by(messages.c.id))
    found = [row for row in rows if any(route["delivery"] == Delivery.NOW.value for route in row.routes)]
    return sorted(found, key=lambda one: (-Urgency(one.urgency).rank, one.arrived_at, one.id))


def _waits(conn: Connection, new: ColumnElement[bool], now: datetime) -> bool:
    """Say whether more may come: late mail that waits to be sorted, or a mailbox that is not read to its end yet."""
    oldest = conn.scalar(select(messages.c.recorded_at).where(new).order_by(messages.c.id).limit(1))
    if oldest is not None and now - oldest > LONGEST:
        return False
    unsorted = select(deliveries.c.id).where(WAITING, deliveries.c.late)
    polled = or_(mailbox_states.c.polled_at.is_(None), mailbox_states.c.polled_at < deliveries.c.first_seen_at)
    newest = select(messages.c.id).where(new).order_by(messages.c.id.desc()).limit(1).scalar_subquery()
    unread = (
        select(deliveries.c.id)
        .outerjoin(mailbox_states, mailbox_states.c.mailbox == deliveries.c.mailbox)
        .where(deliveries.c.message_id == newest, deliveries.c.late, polled)
    )
    return any(conn.scalar(select(what.exists())) for what in (unsorted, unread))


def _officers(conn: Connection, found: Iterable[Any], rulebook: Rulebook) -> dict[str, list[int]]:
    """Return which messages each officer is told of: not those that speak of that officer (D8)."""
    told: dict[str, list[int]] = {}
    ids = [row.id for row in found]
    flags = lasting.of_messages(conn, ids)
    for message_id in ids:
        for officer in officers(rulebook, flags[message_id]):
            told.setdefault(officer, []).append(message_id)
    return told
