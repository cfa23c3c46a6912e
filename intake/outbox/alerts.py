"""What whoever looks after the service must know -> one mail when it begins, and one when it is over (H3).

A topic is unwell from the first fault that is told until it is mended. Meanwhile each fault is told once, whatever
restarts and however many processes see it: the outbox key is made of the topic, the fault, and the mail that told
that the topic was last mended.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from intake.outbox import queue
from intake.outbox.compose import Composer
from intake.outbox.views import Alert
from intake.store.columns import begins
from intake.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Alerts:
    """Queues alerts in the caller's transaction."""

    composer: Composer
    address: str | None  # where they go; None: nowhere

    def raised(self, conn: Connection, alert: Alert, now: datetime) -> bool:
        """Tell a fault; False where it has been told already, or nobody is to be told."""
        if self.address is None:
            return False
        said = hashlib.sha256("\0".join((alert.title, *alert.lines)).encode("utf-8", "replace")).hexdigest()
        key = f"{_fault(alert.topic)}{_last_mended(conn, alert.topic)}:{said[:32]}"
        return queue.enqueue(conn, self.composer.alert(key, self.address, alert, now), now)

    def mended(self, conn: Connection, alert: Alert, now: datetime) -> bool:
        """Tell that all is well with the topic; False where nothing else had been told, or that has been."""
        last = _last_mended(conn, alert.topic)
        if self.address is None or _last(conn, _fault(alert.topic)) <= last:
            return False
        return queue.enqueue(
            conn, self.composer.alert(f"{_mended(alert.topic)}{last}", self.address, alert, now, mended=True), now
        )


def _fault(topic: str) -> str:
    return f"alert:{topic}:"


def _mended(topic: str) -> str:
    return f"alert-mended:{topic}:"


def _last_mended(conn: Connection, topic: str) -> int:
    return _last(conn, _mended(topic))


def _last(conn: Connection, prefix: str) -> int:
    """Return the latest outbox row whose key begins so; 0 where there is none."""
    ids = conn.scalars(select(outbox.c.id).where(begins(outbox.c.key, prefix)))
    return max(ids, default=0)  # asked for max(), PostgreSQL reads all rows from the latest on
