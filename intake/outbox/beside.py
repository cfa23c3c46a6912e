"""What a digest tells beside its items: how many messages each week brought; officers what is unseen (D6) or owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, or_, select

from intake.outbox.chart import Week
from intake.outbox.items import of_messages
from intake.outbox.owed import owed
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import officers
from intake.store import seen
from intake.store.tables import digest_items, messages, outbox
from intake.store.tasks import Task

WEEKS = 8
UNSEEN = 300  # messages that nobody has seen of which a digest has a line
_READ = 2_000  # of those, that are looked at: some stand in the digest already


@dataclass(frozen=True, slots=True)
class Beside:
    """All of it; empty where there is nothing."""

    weeks: tuple[Week, ...] = ()  # the oldest first
    unseen: tuple[DigestItem, ...] = ()  # the oldest first
    more: int = 0  # how many nobody has seen besides
    tasks: tuple[Task, ...] = ()  # what officers have to do by hand


NOTHING = Beside()


def beside(  # noqa: PLR0913, PLR0917 (whom it is for, when, and what it holds)
    conn: Connection, partner: Partner, rulebook: Rulebook, listed: Collection[int], now: datetime, zone: ZoneInfo
) -> Beside:
    """Return what stands beside the items of a digest; `listed` are the messages that it holds."""
    waiting = [one for one in seen.unseen(conn, _READ, late=False) if one.recorded_at <= now]
    others = of_messages(conn, [one.message_id for one in waiting if one.message_id not in listed], worded=0)
    told = [one for one in others if partner.id in officers(rulebook, one.flags)]
    told.sort(key=lambda one: (one.arrived_at, one.message_id))
    is_cut = len(waiting) == _READ and bool(told)
    return Beside(
        weeks=tuple(_weeks(conn, partner.id, now, zone)),
        unseen=tuple(told[:UNSEEN]),
        more=len(told[UNSEEN:]) + (max(seen.waiting(conn).messages - _READ, 0) if is_cut else 0),
        tasks=tuple(owed(conn, partner, rulebook)),
    )


def monday(now: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the week, as the partnership's calendar has it."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday())


def midnight(day: date, zone: ZoneInfo, like: datetime) -> datetime:
    """Return when a day begins, told in the time zone of `like`."""
    return datetime.combine(day, time(), zone).astimezone(like.tzinfo)


def _weeks(conn: Connection, partner_id: str, now: datetime, zone: ZoneInfo) -> list[Week]:
    """Return the last weeks with the number of messages that the partner got, at once or for a digest; this one too."""
    this = monday(now, zone)
    firsts = [this - timedelta(weeks=ago) for ago in reversed(range(WEEKS))]
    listed = exists().where(digest_items.c.partner == partner_id, digest_items.c.message_id == messages.c.id)
    sent = exists().where(outbox.c.message_id == messages.c.id, outbox.c.partner == partner_id)
    arrived = select(messages.c.arrived_at).where(
        messages.c.arrived_at >= midnight(firsts[0], zone, now),
        messages.c.arrived_at <= now,
        or_(listed, sent.where(outbox.c.kind == "routed")),
    )
    counted = Counter(monday(one, zone) for one in conn.scalars(arrived))
    return [Week(first, counted[first], first != this) for first in firsts]
