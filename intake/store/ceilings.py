"""How many mails one sender can cause: acknowledgements to it, in all an hour, and mails at once to one partner (S4).

The outbox is what is counted, so that nothing is forgotten over a restart and every process counts the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, literal_column, or_, select, update

from intake.mail.addresses import address_hash, address_key
from intake.mail.values import Delivery, Reason, Triage
from intake.store.columns import Utc
from intake.store.locks import take_turn
from intake.store.tables import ACKNOWLEDGEMENTS, messages, outbox

CEILINGS = ((timedelta(days=1), 2), (timedelta(days=7), 4))  # acknowledgements that one address gets at most
HOUR = timedelta(hours=1)
TOO_MANY = "too-many"
AT_ONCE = (timedelta(days=1), 20)  # mails that one sender causes to one partner at most; more stand in its digest
MANY_AT_ONCE = "many-at-once"  # flag of a message that is above it
CROWDED = Reason("hourly-ceiling", "as many acknowledgements as may be went out within the hour; this one waits")

_ACKNOWLEDGEMENT = outbox.c.kind == "acknowledgement"
# Written out, not IN: SQLAlchemy puts what IN holds into the statement anew each time.
ANSWERS: ColumnElement[bool] = literal_column(ACKNOWLEDGEMENTS.format("outbox."))  # the same, as the index has it
_TO_SEND = ("queued", "due-later")
_WAITING = or_(*(outbox.c.state == one for one in ("queued", "due-later", "sending")))
# When one went out; of one that may have gone out, when it was due.
_WENT = func.coalesce(outbox.c.sent_at, outbox.c.due_at)


def _counted(span: timedelta) -> ColumnElement[int]:
    """Count what went out within the span, or may have, and what is still to go, which may go any time.

    What a clock that was set back since puts into the far future does not count.
    """
    since, until = (bindparam(f"{end}_{span.days}", type_=Utc) for end in ("since", "until"))
    went = and_(or_(outbox.c.state == "sent", outbox.c.state == "unknown"), since < _WENT, until > _WENT)
    return func.count().filter(or_(_WAITING, went))


_HAD = select(*(_counted(span) for span, _ in CEILINGS)).where(
    _ACKNOWLEDGEMENT,
    outbox.c.recipient_key == bindparam("key"),
)
# The mails at once that a sender has caused lately, by partner; found by the sender, not the day's mails.
_CAUSED = (
    select(outbox.c.partner, func.count())
    .where(
        outbox.c.message_id.in_(select(messages.c.id).where(messages.c.sender_key == bindparam("key"))),
        outbox.c.kind == "routed",
        or_(_WAITING, and_(outbox.c.sent_at > bindparam("since"), outbox.c.sent_at < bindparam("until"))),
    )
    .group_by(outbox.c.partner)
)


def within(conn: Connection, triage: Triage, sender: str, exempt: Collection[str], now: datetime) -> Triage:
    """Return the triage without the acknowledgement, and with routes in digests, that are above a ceiling.

    `sender` is the address of who wrote, "" where nobody can tell; `exempt` are configured
    intermediaries: addresses, or domains as `@example.org`. Until the transaction ends, no other one decides for the
    same address.
    """
    return _answered_within(conn, _routed_within(conn, triage, sender, now), exempt, now)


def _answered_within(conn: Connection, triage: Triage, exempt: Collection[str], now: datetime) -> Triage:
    if triage.acknowledge is None or triage.reply_address is None or _is_among(triage.reply_address, exempt):
        return triage
    key = address_key(triage.reply_address)
    take_turn(conn, f"acknowledgements to {key}")
    for (span, most), had in zip(CEILINGS, _had(conn, key, now), strict=True):
        if had >= most:
            why = f"its address has had {most} acknowledgements within {_days(span)}"
            return replace(triage, acknowledge=None, acknowledge_reason=Reason(TOO_MANY, why))
    return triage


def _routed_within(conn: Connection, triage: Triage, sender: str, now: datetime) -> Triage:
    """Partners may have responders too, which nothing tells for such and which sound alarming."""
    routes = triage.decision.routes
    if not sender or not any(one.delivery is Delivery.NOW for one in routes):
        return triage
    key = address_hash(sender)
    take_turn(conn, f"mails at once because of {key}")
    had = _caused(conn, key, now)
    full = {partner for partner, count in had.items() if count >= AT_ONCE[1]}
    if not any(one.delivery is Delivery.NOW and one.partner in full for one in routes):
        return triage
    calmed = tuple(replace(one, delivery=Delivery.DIGEST) if one.partner in full else one for one in routes)
    flags = tuple(dict.fromkeys((*triage.decision.flags, MANY_AT_ONCE)))
    return replace(triage, decision=replace(triage.decision, routes=calmed, flags=flags))


def _caused(conn: Connection, key: str, now: datetime) -> Mapping[str, int]:
    span = {"since": now - AT_ONCE[0], "until": now + AT_ONCE[0]}
    return dict(conn.execute(_CAUSED, {"key": key, **span}).all())


def _is_among(address: str, exempt: Collection[str]) -> bool:
    key = address_key(address)
    return not {key, key[key.rfind("@") :]}.isdisjoint(map(address_key, exempt))


def hold_back(conn: Connection, per_hour: int, now: datetime) -> int:
    """Have due acknowledgements wait where `per_hour` went out within the hour; return how many begin to wait.

    For a worker that claims one mail next, in the same transaction: until that ends, no other one looks.
    """
    due = and_(ANSWERS, outbox.c.state.in_(_TO_SEND), or_(outbox.c.state == "queued", outbox.c.due_at <= now))
    if not conn.scalar(select(select(outbox.c.id).where(due).exists())):
        return 0
    take_turn(conn, "acknowledgements in all")
    free = _free_at(conn, per_hour, now)
    if free is None:
        return 0
    changes = {"state": "due-later", "due_at": free, "reason_code": CROWDED.code, "reason_detail": CROWDED.detail}
    return conn.execute(update(outbox).where(due).values(changes)).rowcount


def held_back(conn: Connection) -> int:
    """Return how many acknowledgements wait for the hour to pass."""
    waiting = and_(outbox.c.state == "due-later", outbox.c.reason_code == CROWDED.code)
    return conn.scalar(select(func.count()).where(waiting)) or 0


def _had(conn: Connection, key: str, now: datetime) -> Sequence[int]:
    """Return how many acknowledgements went to the address, or will, within each of `CEILINGS`."""
    ends = {f"since_{span.days}": now - span for span, _ in CEILINGS}
    ends |= {f"until_{span.days}": now + span for span, _ in CEILINGS}
    return conn.execute(_HAD, {"key": key, **ends}).one()


def _free_at(conn: Connection, per_hour: int, now: datetime) -> datetime | None:
    """Return when one more may go out; None: now."""
    unsure = and_(
        outbox.c.state.in_(("sending", "unknown")), or_(outbox.c.state == "sending", _near(outbox.c.due_at, now))
    )
    room = per_hour - (conn.scalar(select(func.count()).where(ANSWERS, unsure)) or 0)
    if room <= 0:
        return now + HOUR / per_hour
    sent = select(outbox.c.sent_at).where(_ACKNOWLEDGEMENT, _near(outbox.c.sent_at, now))
    first: datetime | None = conn.scalar(sent.order_by(outbox.c.sent_at.desc()).offset(room - 1).limit(1))
    return None if first is None else min(first, now) + HOUR


def _near(column: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    return and_(column > now - HOUR, column < now + HOUR)


def _days(span: timedelta) -> str:
    return "a day" if span.days == 1 else f"{span.days} days"
