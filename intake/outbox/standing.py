"""How the outbox stands: what people are shown of it, never a mail nor an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from intake.outbox.outgoing import MailKind
from intake.outbox.queue import HOURS, STATES, WAITING, State
from intake.store.tables import cases, outbox


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """What is shown of a row: never the mail, nor an address."""

    id: int
    kind: MailKind
    state: State
    partner: str | None
    reference: str | None  # of the case
    priority: int
    attempts: int
    queued_at: datetime
    due_at: datetime
    sent_at: datetime | None
    reason_code: str | None
    reason_detail: str | None
    closed_at: datetime | None  # when a person closed what was given up or unknown
    closed_by: str | None
    again_by: str | None  # who had it sent again


def listing(conn: Connection, state: str | None = None, limit: int = 1000) -> list[OutboxRow]:
    """Return the rows in that state, or all neither sent nor closed; the most urgent first, then the oldest."""
    names = [name for name in OutboxRow.__dataclass_fields__ if name != "reference"]
    wanted = outbox.c.state == state if state else and_(outbox.c.state != "sent", outbox.c.closed_at.is_(None))
    rows = conn.execute(
        select(*(outbox.c[name] for name in names), cases.c.reference)
        .outerjoin(cases, outbox.c.case_id == cases.c.id)
        .where(wanted)
        .order_by(outbox.c.priority, outbox.c.queued_at, outbox.c.id)
        .limit(limit)
    )
    return [OutboxRow(**row) for row in rows.mappings()]


def counts(conn: Connection) -> Mapping[State, int]:
    """Return how many rows are in each state."""
    rows = conn.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    return dict.fromkeys(STATES, 0) | dict(rows.all())


def waiting(conn: Connection) -> int:
    """Return how many are still to be sent."""
    return conn.scalar(select(func.count()).where(outbox.c.state.in_(WAITING))) or 0


def held(conn: Connection) -> str | None:
    """Return what the server said when it last took nothing, while a mail waits because of it; None: none does."""
    waiting = select(outbox.c.reason_detail).where(outbox.c.state == "due-later", outbox.c.reason_code == "held")
    why: str | None = conn.scalar(waiting.order_by(outbox.c.due_at.desc()).limit(1))
    return why


def oldest(conn: Connection) -> datetime | None:
    """Return since when the oldest mail that is still to be sent has been due (H3); None: nothing is to be sent.

    What waits for its partner's hours is due when they begin, which may be to come.
    """
    pending = outbox.c.state.in_((*WAITING, "sending"))
    since = case((outbox.c.reason_code == HOURS.code, outbox.c.due_at), else_=outbox.c.queued_at)
    found: datetime | None = conn.scalar(select(func.min(since)).where(pending))
    return found
