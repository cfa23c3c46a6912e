"""outbox -> SMTP: claim, commit, send, commit; at most so many mails a minute, the most urgent first (O1 to O3, O7)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Lock

from sqlalchemy import Connection

from intake.daemon.restores import Restores
from intake.errors import IntakeError, Permanent, Temporary, place_of
from intake.mailbox.backoff import Backoff
from intake.outbox import pace, queue, standing
from intake.outbox.bounced import Bounced
from intake.outbox.queue import Queued
from intake.outbox.smtp import Hold, SmtpClient, Unknown
from intake.store import ceilings, work
from intake.store.database import Database

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=20)  # longer than a slow server may take: ten minutes for the final dot's answer alone
MINUTE = timedelta(minutes=1)

Outcome = tuple[Queued, Callable[..., bool], tuple[str, ...]]


class Held(Temporary):
    """The SMTP server takes nothing now; it is asked again after a pause."""


@dataclass(slots=True)
class Deliverer:
    """Sends what is due."""

    database: Database
    smtp: SmtpClient
    worker: str
    per_minute: int
    per_hour: int = 200  # acknowledgements, to all addresses together (S4)
    backoff: Backoff = field(default_factory=lambda: Backoff(Random()))  # noqa: S311 (jitter)
    restores: Restores | None = None  # what finds out a restored database
    bounced: Callable[[], Bounced] | None = None  # what has partners' refused mail go another way; None: nothing
    sent_at: deque[datetime] = field(default_factory=deque)  # attempts of this process within the last minute
    _holds: int = 0  # attempts since the server last took or refused a mail
    _held_at: datetime | None = None
    _held_for: timedelta = timedelta(0)
    _owed: deque[Outcome] = field(default_factory=deque)  # what became of mails, to be recorded
    _recording: Lock = field(default_factory=Lock)  # by the thread that delivers, or the one that tidies up

    def deliver(self) -> bool:
        """Send the most urgent due mail; False when there is none, or a pause is to be kept.

        Raises Held when the server takes nothing now: the row is due again, and the queue waits. Raises Temporary.
        """
        self._record_owed()
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            if self._pause(conn, now):
                return False
            if self.restores:
                self.restores.look(conn, now)
            ceilings.hold_back(conn, self.per_hour, now)
            claimed = queue.claim(conn, self.worker, now, LEASE)
            number = self.restores.count(conn, now) if self.restores and claimed else 0
        self._note(number, claimed)
        for row in claimed:
            self._send(row)
        return bool(claimed)

    def _note(self, number: int, claimed: Sequence[Queued]) -> None:
        """Write down that mails go out, before they do; where that fails they stay. Raises Temporary, UserError."""
        try:
            if self.restores and number:
                self.restores.note(number)
        except IntakeError as error:
            for row in claimed:
                self._became(row, queue.hold, str(error))
            self._record_owed()
            raise

    def pause(self) -> float:
        """Return the seconds until the rate limit, or a server that takes nothing, may be tried; 0.0 for at once."""
        with self.database.read() as conn:
            return self._pause(conn, self.database.clock(conn))

    def _pause(self, conn: Connection, now: datetime) -> float:
        while self.sent_at and not now - MINUTE < self.sent_at[0] <= now:  # long ago, or before the clock was set back
            self.sent_at.popleft()
        limited = self.sent_at[0] + MINUTE - now if len(self.sent_at) >= self.per_minute else timedelta(0)
        return max(limited, pace.pause(conn, self.per_minute, now), self._held(now)).total_seconds()

    def _held(self, now: datetime) -> timedelta:
        if self._held_at is None or not self._held_at <= now < self._held_at + self._held_for:
            return timedelta(0)
        return self._held_at + self._held_for - now

    def waiting(self) -> int:
        """Return how many mails are still to be sent. Raises Temporary."""
        with self.database.read() as conn:
            return standing.waiting(conn)

    def recover(self, *, alone: bool) -> int:
        """Take up mails that a dead process was sending; `alone`: no other process can be sending now."""
        self._record_owed()
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            found = queue.recover(conn, now, alone=alone)
        self.sent_at.extend([now] * found)  # they may have gone out just now
        return found

    def _send(self, row: Queued) -> None:
        held = ""
        try:
            self.smtp.send(row.envelope_from, row.recipient, row.mail)
        except Unknown as error:
            self._became(row, queue.unknown, str(error))
        except Permanent as error:
            self._became(row, self.bounced().refused if self.bounced else queue.give_up, str(error))
        except Hold as error:
            held = str(error)
            self._became(row, queue.hold, held)
        except Temporary as error:
            self._became(row, queue.retry, str(error))
        except Exception as error:
            self._became(row, queue.unknown, place_of(error))  # a fault of ours: nobody knows how far it came
            self._record_owed()
            raise
        else:
            self._became(row, queue.sent)
        self._record_owed()
        self._answered(held)
        if held:
            raise Held(f"the SMTP server takes nothing now ({held}); what is due waits for it")

    def _became(self, row: Queued, outcome: Callable[..., bool], *why: str) -> None:
        """Owe the outbox what became of a mail: a database that is away just now is told when it is back."""
        self._owed.append((row, outcome, why))

    def _record_owed(self) -> None:
        with self._recording:
            while self._owed:
                self._record(*self._owed[0])
                self._owed.popleft()

    def _record(self, row: Queued, outcome: Callable[..., bool], why: tuple[str, ...]) -> None:
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            held = outcome(conn, row.id, self.worker, *why, now)
        self.sent_at.append(now)  # when it went out, not when it was claimed: a server's minute may begin late
        log.info(outcome.__name__, extra={"outbox": row.id, "kind": row.kind, "recorded": held})

    def _answered(self, held: str) -> None:
        """Note whether the server takes mail; where it does not, begin the pause, longer each time."""
        if not held and not self._holds:
            return
        holds = self._holds + 1 if held else 0
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            if held:
                work.failed(conn, work.SMTP, self.worker, now, held)
            else:
                work.well(conn, work.SMTP, self.worker)
        seconds = self.backoff.seconds(holds) if held else 0.0
        self._holds, self._held_at, self._held_for = holds, now, timedelta(seconds=seconds)
