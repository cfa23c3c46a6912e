"""A database that was restored from a backup is found out before anything is taken in by it, or sent from it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from intake.outbox import restored
from intake.store import tally
from intake.store.database import Database
from intake.store.tally import Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restores:
    """Counts the mails handed over, and looks whether the database counts along."""

    tally: Tally
    worker: str

    @classmethod
    def of(cls, database: Database, folder: Path, worker: str) -> Restores:
        """Count beside SQLite's file, or in `folder` for PostgreSQL."""
        beside = database.path
        return cls(Tally(beside.with_name(f"{beside.name}.sent") if beside else folder / "intake.sent"), worker)

    def begin(self, database: Database) -> None:
        """Look, before anything else is done. Raises Temporary, UserError."""
        with database.transaction() as conn:
            self.look(conn, database.clock(conn))

    def look(self, conn: Connection, now: datetime) -> None:
        """Where the database was restored, see to it that nobody is answered twice. Raises as `begin`."""
        highest = self.tally.highest()
        if tally.behind(conn, highest, now):
            self.declare(conn, now)
        elif highest is None:
            self.tally.note(tally.handed_over(conn))

    def declare(self, conn: Connection, now: datetime) -> int:
        """Take the database for restored; return how many mails waited in it, which may have gone out already."""
        doubted = restored.doubt_all(conn, now)
        tally.begin_anew(conn, self.worker, self.tally.highest() or 0, now)
        log.warning("restored", extra={"doubted": doubted})
        return doubted

    def count(self, conn: Connection, now: datetime) -> int:
        """Count a mail that is about to go out, in the transaction that claims it."""
        return tally.count(conn, self.worker, now)

    def note(self, number: int) -> None:
        """Write the number down once that is committed. Raises as `begin`: then the mail must not go out."""
        self.tally.note(number)
