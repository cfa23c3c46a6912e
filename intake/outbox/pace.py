"""At most so many mails a minute, whichever process sends them and however often it was started anew (O7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from intake.store.tables import outbox

MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=1)  # until mails that others are sending will have gone


def pause(conn: Connection, per_minute: int, now: datetime) -> timedelta:
    """Return how long to wait until one more mail may go out; mails that are being sent count as sent."""
    sending = select(func.count()).where(outbox.c.state == "sending", outbox.c.claimed_until > now)
    left = per_minute - (conn.scalar(sending) or 0)
    if left <= 0:
        return SOON
    within = outbox.c.sent_at.between(now - MINUTE, now)  # not what was sent before the clock was set back
    sent = select(outbox.c.sent_at).where(within)
    last: datetime | None = conn.scalar(sent.order_by(outbox.c.sent_at.desc()).offset(left - 1).limit(1))
    return timedelta(0) if last is None else max(last + MINUTE - now, timedelta(0))
