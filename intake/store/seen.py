"""What a person has opened or ticked, and what nobody has: every message that is not proven automatic (D6)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, literal_column, select, update

from intake.mail.values import Urgency
from intake.store.tables import UNSEEN, cases, message_categories, messages

_UNSEEN: ColumnElement[bool] = literal_column(UNSEEN.format("messages."))  # as the index has it, so that it serves
_FIRST = (messages.c.late, messages.c.recorded_at, messages.c.id)
_NEW = messages.c.late.is_(False)
COUNTS = select(messages.c.late, func.count()).where(_UNSEEN).group_by(messages.c.late)
OLDEST = select(messages.c.recorded_at).where(_UNSEEN, _NEW).order_by(*_FIRST).limit(1)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A message that nobody has opened or ticked."""

    message_id: int
    reference: str  # of its case
    recorded_at: datetime  # when it was stored: a working day is counted from then
    arrived_at: datetime
    late: bool  # of a backlog (F11)
    kind: str
    urgency: Urgency
    category: str  # the main one
    subject: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits to be seen."""

    messages: int  # those of a backlog apart
    oldest: datetime | None  # when the first of them was stored; None: there is none
    backlog: int


def unseen(conn: Connection, limit: int, *, late: bool = True) -> list[Unseen]:
    """Return at most `limit` messages that nobody has seen, the oldest first, those of a backlog last or not at all."""
    main = (message_categories.c.message_id == messages.c.id) & (message_categories.c.rank == 0)
    found = messages.c
    rows = conn.execute(
        select(found.id, func.coalesce(cases.c.reference, ""), found.recorded_at, found.arrived_at, found.late)
        .add_columns(found.kind, found.urgency, message_categories.c.category, found.subject)
        .outerjoin(cases, cases.c.id == found.case_id)
        .join(message_categories, main)
        .where(_UNSEEN, *([] if late else [_NEW]))
        .order_by(*_FIRST)
        .limit(limit)
    )
    return [_unseen(row) for row in rows]


def waiting(conn: Connection) -> Waiting:
    """Count what nobody has seen; it reads one index."""
    counts = {bool(late): int(count) for late, count in conn.execute(COUNTS)}
    return Waiting(counts.get(False, 0), conn.scalar(OLDEST), counts.get(True, 0))


def see_case(conn: Connection, case_id: int, by: str, now: datetime, *, before: int | None = None) -> int:
    """Record that `by` has seen a case's messages, or those before message `before`; return how many nobody had."""
    return _see(conn, [messages.c.case_id == case_id, *([] if before is None else [messages.c.id < before])], by, now)


def see_message(conn: Connection, message_id: int, by: str, now: datetime) -> int:
    """Record that `by` has seen one message; 0 where somebody had, or nobody need."""
    return _see(conn, [messages.c.id == message_id], by, now)


def see_all_before(conn: Connection, before: datetime, by: str, now: datetime) -> int:
    """Record that `by` has seen everything that arrived before an instant: a backlog; return how many nobody had."""
    return _see(conn, [messages.c.arrived_at < before], by, now)


def _unseen(row: Row[Any]) -> Unseen:
    values = dict(zip((field.name for field in fields(Unseen)), row, strict=True))
    return Unseen(**values | {"urgency": Urgency(values["urgency"])})


def _see(conn: Connection, which: list[ColumnElement[bool]], by: str, now: datetime) -> int:
    return conn.execute(update(messages).where(_UNSEEN, *which).values(seen_at=now, seen_by=by)).rowcount
