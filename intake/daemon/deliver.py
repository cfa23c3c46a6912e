"""outbox -> SMTP: claim, commit, send, commit; at most so many mails a minute, the most urgent first (O1 to O3, O7)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.errors import Permanent, Temporary
from intake.outbox import queue
from intake.outbox.queue import Queued
from intake.outbox.smtp import Hold, SmtpClient, Unknown
from intake.store import ceilings
from intake.store.database import Database

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=20)  # longer than a slow server may take: ten minutes for the final dot's answer alone
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Deliverer:
    """Sends what is due."""

    database: Database
    smtp: SmtpClient
    worker: str
    per_minute: int
    per_hour: int = 200  # acknowledgements, to all addresses together (S4)
    sent_at: deque[datetime] = field(default_factory=deque)  # within the last minute

    def deliver(self) -> bool:
        """Send the most urgent due mail; False when there is none, or the minute's mails are used up.

        Raises Temporary when the server takes nothing now: the row is due again, and the queue waits.
        """
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            if self._pause(now):
                return False
            ceilings.hold_back(conn, self.per_hour, now)
            claimed = queue.claim(conn, self.worker, now, LEASE)
        for row in claimed:
            self.sent_at.append(now)
            self._send(row)
        return bool(claimed)

    def pause(self) -> float:
        """Return the seconds until the rate limit lets one more mail go out; 0.0 for at once."""
        with self.database.read() as conn:
            return self._pause(self.database.clock(conn))

    def _pause(self, now: datetime) -> float:
        while self.sent_at and not now - MINUTE < self.sent_at[0] <= now:  # long ago, or before the clock was set back
            self.sent_at.popleft()
        if len(self.sent_at) < self.per_minute:
            return 0.0
        return (self.sent_at[0] + MINUTE - now).total_seconds()

    def waiting(self) -> int:
        """Return how many mails are still to be sent. Raises Temporary."""
        with self.database.read() as conn:
            counts = queue.counts(conn)
        return sum(counts[state] for state in queue.WAITING)

    def recover(self, *, alone: bool) -> int:
        """Take up mails that a dead process was sending; `alone`: no other process can be sending now."""
        with self.database.transaction() as conn:
            return queue.recover(conn, self.database.clock(conn), alone=alone)

    def _send(self, row: Queued) -> None:
        try:
            self.smtp.send(row.envelope_from, row.recipient, row.mail)
        except Unknown as error:
            self._record(row, queue.unknown, str(error))
        except Permanent as error:
            self._record(row, queue.give_up, str(error))
        except Hold as error:
            self._record(row, queue.hold, str(error))
            raise Temporary(f"the SMTP server takes nothing now ({error}); what is due waits for it") from error
        except Temporary as error:
            self._record(row, queue.retry, str(error))
        else:
            self._record(row, queue.sent)

    def _record(self, row: Queued, outcome: Callable[..., bool], *why: str) -> None:
        with self.database.transaction() as conn:
            held = outcome(conn, row.id, self.worker, *why, self.database.clock(conn))
        log.info(outcome.__name__, extra={"outbox": row.id, "kind": row.kind, "recorded": held})
