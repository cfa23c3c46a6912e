"""What once was said of a case holds for each of its messages: who must be spared, who must not hear of it (D4, D8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, bindparam, select

from intake.mail.values import MACHINES, Triage
from intake.rules.compile import PARTNER_FLAGS
from intake.store import cases
from intake.store.cases import StoredMessage
from intake.store.tables import cases as case_rows
from intake.store.tables import messages

LASTING = frozenset({
    "anonymous", "safe-contact", "no-acknowledgement", "no-uniform", "child", "vulnerable", "retaliation",
    "interpreter", *PARTNER_FLAGS,
})  # fmt: skip
_PERSONS = messages.c.kind.not_in(sorted(one.value for one in MACHINES))
_ONES = select(messages.c.id, messages.c.case_id, messages.c.flags).where(
    messages.c.id.in_(bindparam("messages", expanding=True))
)
_FELLOWS = (
    select(messages.c.case_id, messages.c.flags)
    .where(messages.c.case_id.in_(bindparam("cases", expanding=True)), _PERSONS)
    .order_by(messages.c.id)
)
AT_ONCE = 500  # messages of one statement


def lasting(flags: Iterable[str]) -> list[str]:
    """Return those of the flags that hold for all of a case."""
    return [flag for flag in flags if flag.partition(":")[0] in LASTING]


def of_message(conn: Connection, message_id: int) -> tuple[str, ...]:
    """Return the flags of a message, and what holds of its case."""
    return of_messages(conn, [message_id]).get(message_id, ())


def of_messages(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the flags of each of those messages that is there, and what holds of its case."""
    found: dict[int, tuple[str, ...]] = {}
    for start in range(0, len(ids), AT_ONCE):
        ones = conn.execute(_ONES, {"messages": ids[start : start + AT_ONCE]}).all()
        known = {one.case_id for one in ones if one.case_id is not None}
        said: dict[int, list[str]] = {}
        for fellow in conn.execute(_FELLOWS, {"cases": sorted(known)}) if known else ():
            said.setdefault(fellow.case_id, []).extend(lasting(fellow.flags))
        found |= {one.id: tuple(dict.fromkeys([*one.flags, *said.get(one.case_id, ())])) for one in ones}
    return found


def of_cases(conn: Connection, which: ColumnElement[bool]) -> dict[str, set[str]]:
    """Return what holds of each of those cases, by reference; nothing of cases of which nothing was said."""
    joined = messages.join(case_rows, case_rows.c.id == messages.c.case_id)
    rows = conn.execute(select(case_rows.c.reference, messages.c.flags).select_from(joined).where(which, _PERSONS))
    found: dict[str, set[str]] = {}
    for row in rows:
        if flags := lasting(row.flags):
            found.setdefault(row.reference, set()).update(flags)
    return found


def as_triage(conn: Connection, stored: StoredMessage) -> Triage:
    """Return what was decided about a stored message, with what was said of its case since."""
    triage = cases.as_triage(stored)
    return replace(triage, decision=replace(triage.decision, flags=of_message(conn, stored.id)))
