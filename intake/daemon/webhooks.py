"""outbox -> webhooks: what waits for no mail server, told again until it is taken (O8)."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from intake import https
from intake.errors import Permanent, Temporary
from intake.outbox import queue
from intake.outbox.queue import Queued
from intake.store.database import Database

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
TIMEOUT = 10.0  # seconds without a byte
_HEADERS = {"Content-Type": "application/json", "User-Agent": "intake"}


def tell(url: str, told: bytes) -> None:
    """Post JSON. Raises Permanent where the server refuses it, Temporary for all else."""
    try:
        answer = https.post(url, told, _HEADERS, TIMEOUT)
    except ValueError:
        raise Permanent("nothing may be sent to this URL") from None
    except (OSError, http.client.HTTPException) as error:
        raise Temporary(f"it cannot be reached ({type(error).__name__})") from None
    if answer.status // 100 == 2:
        return
    if answer.status in {408, 429} or answer.status >= 500:
        raise Temporary(f"HTTP {answer.status}")
    raise Permanent(f"HTTP {answer.status}")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Tells what is due, one by one."""

    database: Database
    worker: str
    tell: Callable[[str, bytes], None] = tell

    def deliver(self) -> bool:
        """Tell the most urgent one that is due; False where none is. Raises Temporary."""
        with self.database.transaction() as conn:
            claimed = queue.claim(conn, self.worker, self.database.clock(conn), LEASE, webhooks=True)
        for row in claimed:
            self._send(row)
        return bool(claimed)

    def _send(self, row: Queued) -> None:
        outcome, why = self._outcome(row)
        with self.database.transaction() as conn:
            outcome(conn, row.id, self.worker, *why, self.database.clock(conn))
        log.info("webhook", extra={"outbox": row.id, "became": outcome.__name__})

    def _outcome(self, row: Queued) -> tuple[Callable[..., bool], tuple[str, ...]]:
        try:
            self.tell(row.recipient, row.mail)
        except Permanent as error:
            return queue.give_up, (str(error),)
        except Temporary as error:
            return queue.retry, (str(error),)
        return queue.sent, ()
