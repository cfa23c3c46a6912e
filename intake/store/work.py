"""Faults of the service's own threads, while they last: what `intake status` tells beside the mailboxes (H2, H3).

They stand beside how the mailboxes are, under names that no mailbox can have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select

from intake.store import state
from intake.store.state import THREAD
from intake.store.tables import mailbox_states as states

SMTP = "smtp"  # told in place of a thread while the SMTP server takes nothing
FRESH = timedelta(minutes=15)  # three times the longest wait between two tries: who tells nothing for so long is gone


@dataclass(frozen=True, slots=True)
class WorkFault:
    """What one thread of one process has failed at since it last did well."""

    thread: str  # triage, deliver, digests, escalate, housekeeping, rules, scan; or `SMTP`
    worker: str  # the process: host and number
    failures: int  # in a row
    error: str  # the last one's sentence


def failed(conn: Connection, thread: str, worker: str, now: datetime, error: str) -> None:
    """Record that a thread's work failed once more."""
    state.poll_failed(conn, _name(thread, worker), now, error)


def well(conn: Connection, thread: str, worker: str) -> None:
    """Record that a thread's work succeeds again."""
    conn.execute(delete(states).where(states.c.mailbox == _name(thread, worker)))


def faults(conn: Connection, now: datetime) -> list[WorkFault]:
    """Return what fails now, by thread; not what a process told that has said nothing since."""
    rows = conn.execute(select(states).where(_threads(), states.c.failed_at > now - FRESH).order_by(states.c.mailbox))
    return [WorkFault(*_parts(row.mailbox), row.failures, row.error) for row in rows]


def forget(conn: Connection, before: datetime) -> None:
    """Forget what was told before."""
    conn.execute(delete(states).where(_threads(), states.c.failed_at < before))


def _threads() -> ColumnElement[bool]:
    return states.c.mailbox.startswith(THREAD, autoescape=True)


def _name(thread: str, worker: str) -> str:
    return f"{THREAD}{thread} at {worker}"


def _parts(name: str) -> tuple[str, str]:
    thread, _, worker = name.removeprefix(THREAD).partition(" at ")
    return thread, worker
