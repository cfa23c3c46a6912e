"""How many acknowledgements one address gets, and all of them together an hour: counted in the outbox (S4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from intake.mail.addresses import address_key
from intake.mail.values import Reason, Triage
from intake.store.tables import outbox

CEILINGS = ((timedelta(days=1), 2), (timedelta(days=7), 4))  # acknowledgements that one address gets at most
HOUR = timedelta(hours=1)
TOO_MANY = "too-many"
CROWDED = Reason("hourly-ceiling", "as many acknowledgements as may be went out within the hour; this one waits")

_ACKNOWLEDGEMENT = outbox.c.kind == "acknowledgement"
_WAITING = outbox.c.state.in_(("queued", "due-later", "sending"))
# When one went out; of one that may have gone out, when it was due.
_WENT = func.coalesce(outbox.c.sent_at, outbox.c.due_at)


def within(conn: Connection, triage: Triage, exempt: Collection[str], now: datetime) -> Triage:
    """Return the triage, without its acknowledgement where its address has had as many as it gets.

    `exempt` are configured intermediaries: addresses, or domains as `@example.org`. Until the transaction ends, no
    other one decides for the same address.
    """
    if triage.acknowledge is None or triage.reply_address is None:
        return triage
    key = address_key(triage.reply_address)
    if not {key, key[key.rfind("@") :]}.isdisjoint(map(address_key, exempt)):
        return triage
    _lock(conn, f"acknowledgements to {key}")
    for span, most in CEILINGS:
        if _had(conn, key, span, now) >= most:
            why = f"its address has had {most} acknowledgements within {_days(span)}"
            return replace(triage, acknowledge=None, acknowledge_reason=Reason(TOO_MANY, why))
    return triage


def hold_back(conn: Connection, per_hour: int, now: datetime) -> int:
    """Have due acknowledgements wait where `per_hour` went out within the hour; return how many begin to wait.

    For a worker that claims one mail next, in the same transaction: until that ends, no other one looks.
    """
    due = and_(_ACKNOWLEDGEMENT, or_(outbox.c.state == "queued", _retried_and_due(now)))
    if not conn.scalar(select(select(outbox.c.id).where(due).exists())):
        return 0
    _lock(conn, "acknowledgements in all")
    free = _free_at(conn, per_hour, now)
    if free is None:
        return 0
    changes = {"state": "due-later", "due_at": free, "reason_code": CROWDED.code, "reason_detail": CROWDED.detail}
    return conn.execute(update(outbox).where(due).values(changes)).rowcount


def held_back(conn: Connection) -> int:
    """Return how many acknowledgements wait for the hour to pass."""
    waiting = and_(outbox.c.state == "due-later", outbox.c.reason_code == CROWDED.code)
    return conn.scalar(select(func.count()).where(waiting)) or 0


def _retried_and_due(now: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.state == "due-later", outbox.c.due_at <= now)


def _had(conn: Connection, key: str, span: timedelta, now: datetime) -> int:
    """Count what went to the address, or may have, within the span; and what is still to go, which may go any time.

    What a clock that was set back since puts into the far future does not count.
    """
    went = and_(outbox.c.state.in_(("sent", "unknown")), now - span < _WENT, now + span > _WENT)
    counted = and_(_ACKNOWLEDGEMENT, outbox.c.recipient_key == key, or_(_WAITING, went))
    return conn.scalar(select(func.count()).where(counted)) or 0


def _free_at(conn: Connection, per_hour: int, now: datetime) -> datetime | None:
    """Return when one more may go out; None: now."""
    unsure = or_(outbox.c.state == "sending", and_(outbox.c.state == "unknown", _near(outbox.c.due_at, now)))
    room = per_hour - (conn.scalar(select(func.count()).where(_ACKNOWLEDGEMENT, unsure)) or 0)
    if room <= 0:
        return now + HOUR / per_hour
    sent = select(outbox.c.sent_at).where(_ACKNOWLEDGEMENT, _near(outbox.c.sent_at, now))
    first: datetime | None = conn.scalar(sent.order_by(outbox.c.sent_at.desc()).offset(room - 1).limit(1))
    return None if first is None else min(first, now) + HOUR


def _near(column: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    return and_(column > now - HOUR, column < now + HOUR)


def _lock(conn: Connection, name: str) -> None:
    """Have other transactions wait that ask for the same name; on SQLite whoever writes is alone already."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _days(span: timedelta) -> str:
    return "a day" if span.days == 1 else f"{span.days} days"
