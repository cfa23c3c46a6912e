"""How the mailboxes and the queue stand: what `intake status` tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from intake.store.tables import WAITING, deliveries, message_categories, messages, quarantine
from intake.store.tables import mailbox_states as states
from intake.store.upsert import upsert

THREAD = "thread "  # begins what is no mailbox's name: store/work.py


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How the last polls of one mailbox went."""

    mailbox: str
    polled_at: datetime | None  # last successful poll; None: there was none yet
    failed_at: datetime | None  # last failure since then
    failures: int  # in a row
    error: str | None  # the last failure's sentence
    notice: str | None  # what an operator should know


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what."""

    waiting: int  # deliveries that are not triaged yet
    oldest_waiting: timedelta | None  # since it was first seen; None: nothing waits
    recorded: int
    duplicates: int
    quarantined: int  # rows that wait for a person
    late: int  # deliveries, whatever became of them
    kinds: Mapping[str, int]  # messages by kind
    categories: Mapping[str, int]  # messages by main category
    urgencies: Mapping[str, int]


def polled(conn: Connection, mailbox: str, now: datetime, notice: str) -> None:
    """Record a successful poll; `notice` is what an operator should know, "" for nothing."""
    row = {"polled_at": now, "failed_at": None, "failures": 0, "error": None, "notice": notice or None}
    insert = upsert(conn, states).values(mailbox=mailbox, **row)
    conn.execute(insert.on_conflict_do_update(index_elements=[states.c.mailbox], set_=row))


def poll_failed(conn: Connection, mailbox: str, now: datetime, error: str) -> None:
    """Record a poll that failed; `error` is a sentence for an operator."""
    row = {"failed_at": now, "error": error}
    insert = upsert(conn, states).values(mailbox=mailbox, failures=1, **row)
    again = row | {"failures": states.c.failures + 1}
    conn.execute(insert.on_conflict_do_update(index_elements=[states.c.mailbox], set_=again))


def mailbox_states(conn: Connection) -> list[MailboxState]:
    """Return every mailbox that was polled or tried, by name."""
    mailboxes = select(states).where(~states.c.mailbox.startswith(THREAD, autoescape=True))
    return [MailboxState(**row) for row in conn.execute(mailboxes.order_by(states.c.mailbox)).mappings()]


def counts(conn: Connection, now: datetime) -> Counts:
    """Count what there is; it reads indexes and narrow tables only."""
    outcomes, late = _outcomes(conn)
    pairs = conn.execute(
        select(messages.c.kind, messages.c.urgency, func.count()).group_by(messages.c.kind, messages.c.urgency)
    ).all()
    oldest = conn.scalar(select(func.min(deliveries.c.first_seen_at)).where(WAITING))
    return Counts(
        waiting=outcomes.get("waiting", 0),
        oldest_waiting=None if oldest is None else now - oldest,
        recorded=outcomes.get("recorded", 0),
        duplicates=outcomes.get("duplicate", 0),
        quarantined=conn.scalar(select(func.count(quarantine.c.id)).where(quarantine.c.closed_at.is_(None))) or 0,
        late=late,
        kinds=_summed((kind, number) for kind, _urgency, number in pairs),
        categories=_categories(conn),
        urgencies=_summed((urgency, number) for _kind, urgency, number in pairs),
    )


def _outcomes(conn: Connection) -> tuple[dict[str, int], int]:
    """Return (deliveries by state, how many are late)."""
    state, late = deliveries.c.state, deliveries.c.late
    rows = conn.execute(select(state, late, func.count()).group_by(state, late)).all()
    by_state = _summed((name, number) for name, _late, number in rows)
    return by_state, sum(number for _name, is_late, number in rows if is_late)


def _categories(conn: Connection) -> dict[str, int]:
    main = select(message_categories.c.category, func.count()).where(message_categories.c.rank == 0)
    rows = conn.execute(main.group_by(message_categories.c.category))
    return _summed((category, number) for category, number in rows)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up by name, in the names' order."""
    total: Counter[str] = Counter()
    for name, number in pairs:
        total[name] += number
    return dict(sorted(total.items()))
