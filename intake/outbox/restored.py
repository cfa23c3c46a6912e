"""A restored database's outbox: what waits in it may have gone out since the backup was made (promise 2 and 5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, select

from intake.mail.values import Reason
from intake.outbox import queue
from intake.store.tables import digests, outbox
from intake.store.tally import restored_at

BACKUP = Reason("restored", "the database was restored from a backup, and it may have gone out since that was made")


def doubt_all(conn: Connection, now: datetime) -> int:
    """Send no acknowledgement that waits, and every mail to a partner as what may be a second copy; return how many."""
    waiting = outbox.c.state.in_((*queue.WAITING, "sending"))
    rows = conn.execute(select(outbox).where(waiting).order_by(outbox.c.id).with_for_update()).all()
    for row in rows:
        queue.doubt(conn, row, BACKUP, now)
    return len(rows)


def first_since(conn: Connection, partner_id: str) -> bool:
    """Say whether the partner had no digest since the database was restored: it may have had the next one's items."""
    since = restored_at(conn)
    if since is None:
        return False
    made = exists().where(digests.c.partner == partner_id, digests.c.made_at >= since, digests.c.outbox_id.is_not(None))
    return not conn.scalar(select(made))
