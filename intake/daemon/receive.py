"""mailbox -> inbox: keep what is new and commit, then settle the mailbox; never the other way round (H1)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection

from intake.daemon.restores import Restores
from intake.errors import Temporary, UserError
from intake.mailbox.source import Fetched, Source
from intake.store import leases, ledger, state, tally
from intake.store.database import Database
from intake.store.ledger import StoredLedger

log = logging.getLogger(__name__)

SETTLE = 400  # messages settled at once


@dataclass(slots=True)
class Receiver:
    """Takes in one mailbox."""

    source: Source
    database: Database
    worker: str  # who holds the mailbox: unique among the processes that share the database
    held: timedelta = timedelta(minutes=2)  # how long it stays a dead process's; renewed at every poll and batch
    asks_since: bool = False  # a first start on a folder that is not empty must be told from which day on (F11)
    backlog: bool = False  # an import: never acknowledged, whatever its dates say (F11)
    restores: Restores | None = None  # what finds out a restored database
    progress: Callable[[int], None] = field(default=lambda _kept: None)  # told the size of each batch that is kept
    stopping: Callable[[], bool] = field(default=lambda: False)  # looked at between two pieces of work
    _fence: int | None = None  # of the lease by which this process holds the mailbox

    def receive(self) -> int:
        """Keep everything new, settle what is kept; return how many were kept. Only for who holds the mailbox.

        Raises Temporary, or UserError where a person must change something. A failed run settles nothing (F8).
        """
        first = self.asks_since and self._never_polled()
        kept = 0
        for batch in self.source.fetch(StoredLedger(self.database)):
            if first and batch:
                self._ask_since()
            kept += self._keep(batch)
            self.progress(len(batch))
            if self.stopping():
                return kept
        self._settle()
        with self.database.transaction() as conn:
            state.polled(conn, self.source.name, self.database.clock(conn), self._notice())
        return kept

    def hold(self) -> bool:
        """Take or keep the mailbox: of many processes one reads it at a time (F6). False: another has it.

        A process that is alone on its database holds every mailbox.
        """
        if self._alone:
            return True
        with self.database.transaction() as conn:
            return self._hold(conn)

    def let_go(self) -> None:
        """Let another process have the mailbox, and close the connection. Raises Temporary."""
        self.source.close()
        if self._fence is not None:
            with self.database.transaction() as conn:
                leases.give_back(conn, self._lease, self._fence, self.database.clock(conn))
            self._fence = None

    def failed(self, error: str) -> None:
        """Let go of the connection and record the fault, for `intake status`. Raises Temporary."""
        self.source.close()
        with self.database.transaction() as conn:
            state.poll_failed(conn, self.source.name, self.database.clock(conn), error)

    def _keep(self, batch: Sequence[Fetched]) -> int:
        with self.database.transaction() as conn:
            if not self._alone and not self._hold(conn):
                raise Temporary(f"mailbox {self.source.name}: another process has taken it over")
            now = self.database.clock(conn)
            if self.restores:
                self.restores.look(conn, now)
            answered = tally.answered_until(conn, self.source.name)
            ids = ledger.keep(conn, batch, now, backlog=self.backlog, answered_until=answered)
        log.info("kept", extra={"mailbox": self.source.name, "messages": len(ids)})
        return len(ids)

    @property
    def _alone(self) -> bool:
        return self.backlog or self.database.path is not None

    @property
    def _lease(self) -> str:
        return f"mailbox {self.source.name}"

    def _hold(self, conn: Connection) -> bool:
        now = self.database.clock(conn)
        if self._fence is None or not leases.renew(conn, self._lease, self._fence, now, self.held):
            self._fence = leases.take(conn, self._lease, self.worker, now, self.held)
        return self._fence is not None

    def _settle(self) -> None:
        while True:
            with self.database.read() as conn:
                places = ledger.unsettled(conn, self.source.name, SETTLE)
            if not places or self.stopping():
                return
            self.source.settle(places.values())
            with self.database.transaction() as conn:
                ledger.mark_settled(conn, places, self.database.clock(conn))

    def _never_polled(self) -> bool:
        with self.database.read() as conn:
            return not any(one.mailbox == self.source.name and one.polled_at for one in state.mailbox_states(conn))

    def _ask_since(self) -> None:
        raise UserError(
            f"mailbox {self.source.name}: the folder already holds messages. Say in config.yaml from which day on "
            "they are to be taken in: `since: 2026-01-31`, or `since: all`. What arrived more than 48 hours ago is "
            "sorted and listed in digests, and never acknowledged"
        )

    def _notice(self) -> str:
        return " ".join(self.source.notices)
