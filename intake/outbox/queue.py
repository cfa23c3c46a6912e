"""The outbox: what is to be sent, and what became of it.

A mail is *queued* by the transaction that decided it. A worker claims it (*sending*), commits, sends, and records what
the server said: *sent*; *due-later*, tried again with backoff; *given-up*; or *unknown*, where nobody can tell whether
it arrived. An acknowledgement stays unknown; a mail to a partner is queued again and says what it may be. *Suppressed*
is what was decided not to send. Only the worker that claimed it last records an outcome. What is given up or unknown
keeps its text until a person closes it (`closing.py`).
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, update

from intake.mail.values import Reason
from intake.outbox.mime import as_second_copy
from intake.outbox.outgoing import TRY_FOR, MailKind, Outgoing
from intake.store.ceilings import ANSWERS
from intake.store.packing import pack, unpack
from intake.store.tables import digest_items, digests, outbox
from intake.store.upsert import insert_new

log = logging.getLogger(__name__)

State = Literal["queued", "sending", "sent", "due-later", "given-up", "unknown", "suppressed"]
STATES: tuple[State, ...] = get_args(State)
WAITING: tuple[State, ...] = ("queued", "due-later")

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=2)
LONGEST_HOURS = timedelta(days=21)  # that a mail waits for hours which its partner keeps

NO_ANSWER = "no-answer"
TOO_LATE = Reason("too-late", "it could not be sent in time")
CRASHED = Reason(NO_ANSWER, "the process that was sending it ended")
HOURS = Reason("hours", "it waits for the hours that its partner keeps")
_ORDER = (outbox.c.priority, outbox.c.due_at, outbox.c.id)  # in which mails are sent
_NO_REASON = {"reason_code": None, "reason_detail": None}


@dataclass(frozen=True, slots=True)
class Queued:
    """A claimed mail."""

    id: int
    kind: MailKind
    priority: int
    envelope_from: str  # "" is the null path
    recipient: str
    mail: bytes  # RFC 5322, CRLF, 7-bit


def enqueue(conn: Connection, outgoing: Outgoing, now: datetime, opens: datetime | None = None) -> bool:
    """Queue a mail in the caller's transaction; False where one of this key exists, whatever became of it (O1).

    `opens` is when its partner's hours begin: it waits until then. Template faults that the built-in templates stood in
    for are logged (O6).
    """
    for problem in outgoing.problems:
        log.error("template", extra={"mail": outgoing.kind, "fault": str(problem)})
    values = {
        "key": outgoing.key,
        "kind": outgoing.kind,
        "case_id": outgoing.case_id,
        "message_id": outgoing.message_id,
        "partner": outgoing.partner,
        "recipient": outgoing.recipient,
        "envelope_from": outgoing.envelope_from,
        "header_id": outgoing.header_id,
        "mail": pack(outgoing.mail),
        "priority": outgoing.priority,
        "state": "queued",
        "queued_at": now,
        "due_at": now,
        "expires_at": outgoing.expires_at,
        "attempts": 0,
    }
    if opens is not None and opens > now:
        values |= {"state": "due-later", "due_at": opens, **_told(HOURS)}
    return insert_new(conn, outbox, values, "key") is not None


def claim(  # noqa: PLR0913 (who takes how many of what, and for how long)
    conn: Connection, worker: str, now: datetime, lease: timedelta, limit: int = 1, *, webhooks: bool = False
) -> list[Queued]:
    """Mark at most `limit` due mails, or webhooks, as being sent by `worker`, the most urgent first.

    Commit before sending any. `lease` must be longer than sending them can take. What has become too old is given up
    first (O7).
    """
    _expire(conn, now)
    wanted = outbox.c.kind == "webhook" if webhooks else outbox.c.kind != "webhook"
    ids = _next(conn, wanted, now, limit)
    if not ids:
        return []
    untried = and_(outbox.c.attempts == 0, outbox.c.kind != "acknowledgement")
    conn.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids))
        .values(
            state="sending",
            claimed_by=worker,
            claimed_until=now + lease,
            # The hours of trying begin with the first try: a server that was away for days costs nothing (O3).
            expires_at=case((untried, now + TRY_FOR), else_=outbox.c.expires_at),
        )
    )
    return [_queued(row) for row in conn.execute(select(outbox).where(outbox.c.id.in_(ids)).order_by(*_ORDER))]


def sent(conn: Connection, row_id: int, worker: str, now: datetime) -> bool:
    """Record that the server took it; False where `worker` holds it no longer."""
    row = held_by(conn, row_id, worker)
    return row is not None and _change(conn, row, {"state": "sent", "sent_at": now, "mail": None, **_NO_REASON})


def retry(conn: Connection, row_id: int, worker: str, why: str, now: datetime) -> bool:
    """Try again later, or give up where its time is over; False where `worker` holds it no longer.

    `why` holds reply codes, never an address.
    """
    row = held_by(conn, row_id, worker)
    if row is None:
        return False
    if now >= row.expires_at:
        return _give_up(conn, row, Reason(TOO_LATE.code, why))
    return _later(conn, row, Reason("tried", why), now, row.mail)


def hold(conn: Connection, row_id: int, worker: str, why: str, now: datetime) -> bool:
    """Put it back as if it had not been tried: the server takes nothing from us now. Otherwise as `retry`."""
    row = held_by(conn, row_id, worker)
    if row is None:
        return False
    due = now + FIRST_DELAY  # others may try meanwhile: perhaps it is this mail after all
    return _change(conn, row, {"state": "due-later", "due_at": due, **_told(Reason("held", why))}, tried=False)


def give_up(  # noqa: PLR0913 (as the others, and what becomes of a digest's items)
    conn: Connection,
    row_id: int,
    worker: str,
    why: str,
    now: datetime,  # noqa: ARG001 (as the others)
    *,
    reopen: bool = True,
) -> bool:
    """Send it no more; False where `worker` holds it no longer.

    What a digest held is open again, unless it went another way (D3).
    """
    row = held_by(conn, row_id, worker)
    return row is not None and _give_up(conn, row, Reason("refused", why), reopen=reopen)


def unknown(conn: Connection, row_id: int, worker: str, why: str, now: datetime) -> bool:
    """Record that no answer came after the final dot (O2); False where `worker` holds it no longer."""
    row = held_by(conn, row_id, worker)
    if row is None:
        return False
    if row.kind != "acknowledgement" and now >= row.expires_at:
        return _give_up(conn, row, Reason(TOO_LATE.code, why))
    return doubt(conn, row, Reason(NO_ANSWER, why), now)


def recover(conn: Connection, now: datetime, *, alone: bool = False) -> int:
    """Take up what dead workers were sending; return how many.

    That is what has an expired lease, or one from before the clock was set back, and with `alone` (no other process
    can be sending) all that is being sent.
    """
    dead = outbox.c.state == "sending"
    if not alone:
        dead &= or_(outbox.c.claimed_until <= now, outbox.c.claimed_until > now + LONGEST_DELAY)
    rows = conn.execute(select(outbox).where(dead).order_by(outbox.c.id).with_for_update(skip_locked=True)).all()
    for row in rows:
        doubt(conn, row, CRASHED, now)
    return len(rows)


def suppress(conn: Connection, key: str, reason: Reason, now: datetime) -> bool:
    """Decide not to send what is waiting under `key`; False where nothing is."""
    waiting = and_(outbox.c.key == key, outbox.c.state.in_(WAITING))
    _reopen(conn, waiting)
    changes = {"state": "suppressed", "due_at": now, "mail": None, **_told(reason)}
    return conn.execute(update(outbox).where(waiting).values(changes)).rowcount > 0


def backoff(attempts: int, row_id: int) -> timedelta:
    """Return how long to wait after so many attempts: doubled each time, capped, and jittered by a quarter.

    The jitter comes from the row, so that rows which failed together do not come back together.
    """
    delay: timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    return delay * (0.75 + zlib.crc32(f"{row_id}:{attempts}".encode()) / 2**33)


def _next(conn: Connection, wanted: ColumnElement[bool], now: datetime, limit: int) -> list[int]:
    """Return the most urgent that are due, locked; each state is asked by itself, so that the index has their order."""
    found: list[Row[Any]] = []
    for due in (outbox.c.state == "queued", and_(outbox.c.state == "due-later", _due(now))):
        first = select(*_ORDER).where(due, wanted).order_by(*_ORDER).limit(limit)
        found += conn.execute(first.with_for_update(skip_locked=True))
    return [row.id for row in sorted(found, key=tuple)[:limit]]


def _due(now: datetime) -> ColumnElement[bool]:
    """What is due later than any delay was queued before the clock was set back."""
    in_hours = func.coalesce(outbox.c.reason_code, "") == HOURS.code
    too_late = outbox.c.due_at > case((in_hours, now + LONGEST_HOURS), else_=now + 2 * LONGEST_DELAY)
    return or_(outbox.c.due_at <= now, too_late)


def _expire(conn: Connection, now: datetime) -> None:
    late = and_(ANSWERS, outbox.c.state.in_(WAITING), outbox.c.expires_at <= now)
    conn.execute(update(outbox).where(late).values(state="given-up", **_told(TOO_LATE)))


def held_by(conn: Connection, row_id: int, worker: str) -> Row[Any] | None:
    """Return the row, locked, if `worker` is still sending it: its lease may have run out, but nobody took it up."""
    held = and_(
        outbox.c.id == row_id,
        outbox.c.state == "sending",
        outbox.c.claimed_by == worker,
    )
    return conn.execute(select(outbox).where(held).with_for_update()).one_or_none()


def doubt(conn: Connection, row: Row[Any], reason: Reason, now: datetime) -> bool:
    """It may have arrived: an acknowledgement rests, a partner's mail goes again and says so (promise 5)."""
    if row.kind == "acknowledgement":
        return _change(conn, row, {"state": "unknown", **_told(reason)})
    again = row.mail if row.kind == "webhook" else pack(as_second_copy(unpack(row.mail)))
    return _later(conn, row, reason, now, again)


def _later(conn: Connection, row: Row[Any], reason: Reason, now: datetime, mail: bytes) -> bool:
    due = now + backoff(row.attempts + 1, row.id)
    return _change(conn, row, {"state": "due-later", "due_at": due, "mail": mail, **_told(reason)})


def _give_up(conn: Connection, row: Row[Any], reason: Reason, *, reopen: bool = True) -> bool:
    if reopen:
        _reopen(conn, outbox.c.id == row.id)
    kept = None if row.kind == "digest" else row.mail
    return _change(conn, row, {"state": "given-up", "mail": kept, **_told(reason)})


def _change(conn: Connection, row: Row[Any], changes: Mapping[str, object], *, tried: bool = True) -> bool:
    values = {"attempts": row.attempts + tried, "claimed_by": None, "claimed_until": None, **changes}
    return conn.execute(update(outbox).where(outbox.c.id == row.id).values(values)).rowcount == 1


def _reopen(conn: Connection, which: ColumnElement[bool]) -> None:
    """Make the items of the digests whose mails are `which` open again: their partner has not had them."""
    lost = select(digests.c.id).join(outbox, digests.c.outbox_id == outbox.c.id).where(which)
    conn.execute(update(digest_items).where(digest_items.c.digest_id.in_(lost)).values(digest_id=None))


def _told(reason: Reason) -> dict[str, str]:
    return {"reason_code": reason.code, "reason_detail": reason.detail}


def _queued(row: Row[Any]) -> Queued:
    mail = unpack(row.mail)
    return Queued(row.id, row.kind, row.priority, row.envelope_from, row.recipient, mail)
