"""Emergencies, from when the first contact is asked until those who were asked know that somebody has taken it (O8).

open -> alerted, when everybody was asked in vain -> over, when a named person took the case or closed it -> told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from intake.store.tables import cases, emergencies, takings
from intake.store.upsert import adding

State = Literal["open", "alerted", "over", "told"]
UNTAKEN: tuple[State, ...] = ("open", "alerted")

_OPEN_OF_CASE = (
    select(emergencies.c.message_id)
    .where(emergencies.c.case_id == bindparam("case"), emergencies.c.state == "open")
    .order_by(emergencies.c.message_id)
)


@dataclass(frozen=True, slots=True)
class Emergency:
    """One message that a named person must take."""

    message_id: int
    case_id: int
    reference: str
    opened_at: datetime
    state: State
    taking_id: int | None  # by which it is over
    taken_by: str | None  # whose taking ended it; None: nobody's
    partner: str | None  # whose people that is
    taken_at: datetime | None
    note: int | None  # the message that said so


def begin(conn: Connection, message_id: int, case_id: int, now: datetime) -> None:
    """Have a message's emergency put to one contact after the other until it is taken."""
    row = {"message_id": message_id, "case_id": case_id, "opened_at": now, "state": "open"}
    conn.execute(adding(conn, emergencies), row)


def end(conn: Connection, case_id: int, taking_id: int | None = None) -> int:
    """Record that a case's emergencies are over, by that taking or because it is closed; return how many were not."""
    mine = (emergencies.c.case_id == case_id) & emergencies.c.state.in_(UNTAKEN)
    return conn.execute(update(emergencies).where(mine).values(state="over", taking_id=taking_id)).rowcount


def move(conn: Connection, message_id: int, state: State) -> None:
    """Record how far an emergency is that the transaction holds."""
    conn.execute(update(emergencies).where(emergencies.c.message_id == message_id).values(state=state))


def ids(conn: Connection, *states: State) -> list[int]:
    """Return the messages whose emergencies are so far, the oldest first."""
    found = select(emergencies.c.message_id).where(emergencies.c.state.in_(states))
    return list(conn.scalars(found.order_by(emergencies.c.message_id)))


def of_case(conn: Connection, case_id: int) -> list[int]:
    """Return the messages of a case whose emergencies are open."""
    return list(conn.scalars(_OPEN_OF_CASE, {"case": case_id}))


def state_of(conn: Connection, message_id: int | None) -> State | None:
    """Return how far a message's emergency is; None where it is none."""
    found: State | None = conn.scalar(select(emergencies.c.state).where(emergencies.c.message_id == message_id))
    return found


def hold(conn: Connection, message_id: int, *states: State) -> Emergency | None:
    """Return an emergency that is so far, kept from others until the transaction ends; None where another has it."""
    wanted = (emergencies.c.message_id == message_id) & emergencies.c.state.in_(states)
    held = select(emergencies.c.message_id).where(wanted).with_for_update(skip_locked=True)
    return _read(conn, message_id) if conn.execute(held).one_or_none() is not None else None


def untaken(conn: Connection) -> list[Emergency]:
    """Return what nobody has taken, the oldest first."""
    return [one for message_id in ids(conn, *UNTAKEN) if (one := _read(conn, message_id))]


def _read(conn: Connection, message_id: int) -> Emergency | None:
    columns = (emergencies.c[name] for name in ("message_id", "case_id", "opened_at", "state", "taking_id"))
    found = (
        select(*columns, cases.c.reference, takings.c.taken_by, takings.c.partner, takings.c.taken_at)
        .add_columns(takings.c.message_id.label("note"))
        .join(cases, cases.c.id == emergencies.c.case_id)
        .outerjoin(takings, takings.c.id == emergencies.c.taking_id)
        .where(emergencies.c.message_id == message_id)
    )
    row = conn.execute(found).mappings().one_or_none()
    return Emergency(**row) if row else None
