"""Who must be reached safely by a person, because no answer could be sent, until somebody says that it is done.

A task is opened in the transaction that records the message; only a person ticks it off (promise 3).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from intake.store.tables import cases, messages, tasks

_OPEN = tasks.c.done_at.is_(None)
OF_CASES = select(tasks.c.case_id).where(_OPEN)  # cases that have one


@dataclass(frozen=True, slots=True)
class Task:
    """One message whose writer got no answer because any could harm."""

    reference: str  # of its case
    urgency: str
    opened_at: datetime
    done_at: datetime | None  # None: nobody has seen to it
    done_by: str | None
    flags: tuple[str, ...]  # of the message


def begin(conn: Connection, message_id: int, case_id: int, now: datetime) -> None:
    """Open the task of a message that was just recorded."""
    conn.execute(insert(tasks).values(message_id=message_id, case_id=case_id, opened_at=now))


def still_open(conn: Connection) -> list[Task]:
    """Return every task that nobody has ticked off, the oldest first."""
    return _tasks(conn, _OPEN)


def of_case(conn: Connection, case_id: int) -> tuple[Task, ...]:
    """Return the tasks of a case, done or not, the oldest first."""
    return tuple(_tasks(conn, tasks.c.case_id == case_id))


def finish(conn: Connection, case_id: int, by: str, now: datetime) -> int:
    """Record that `by` has seen to a case's tasks; return how many were open."""
    done = update(tasks).where(_OPEN, tasks.c.case_id == case_id)
    return conn.execute(done.values(done_at=now, done_by=by)).rowcount


def _tasks(conn: Connection, which: ColumnElement[bool]) -> list[Task]:
    columns = {**cases.c, **messages.c, **tasks.c}
    rows = conn.execute(
        select(*(columns[field.name] for field in fields(Task)))
        .join(messages, messages.c.id == tasks.c.message_id)
        .join(cases, cases.c.id == tasks.c.case_id)
        .where(which)
        .order_by(tasks.c.opened_at, tasks.c.message_id)
    ).mappings()
    return [Task(**{**row, "flags": tuple(row["flags"])}) for row in rows]
