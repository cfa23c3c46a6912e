"""How many mails were handed to the SMTP server, counted in the database and in a file that no restore turns back.

A database that counts fewer than the file was restored from a backup: since that was made, mails went out of which it
knows nothing. What it would take in or send again is then kept from being answered twice (promise 2, F11).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from intake.errors import IntakeError, Temporary, UserError
from intake.store.tables import deliveries, leases, mailbox_states, rulebook_states
from intake.store.upsert import upsert

HANDED_OVER = "handed over"  # a lease whose fence is the count
RESTORED = "restored"  # a lease that ends at the instant when the restored database was found
ALIVE = timedelta(minutes=5)  # after which a database that nobody wrote to may be a backup
EVERYTHING = datetime.max.replace(tzinfo=UTC)
_DIGITS = 20
_FOR_A_PERSON = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENOENT)


class Tally:
    """The file, shared by the processes that run in one folder."""

    def __init__(self, path: Path) -> None:
        """Count in `path`; nothing is opened yet."""
        self._path = path
        self._highest: int | None = None

    def highest(self) -> int | None:
        """Return the highest number noted; None: there is no file that says so. Raises Temporary, UserError."""
        if self._highest is None:
            try:
                text = self._path.read_text("ascii", "replace").strip()
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._fault(error) from error
            self._highest = int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None
        return self._highest

    def note(self, number: int) -> None:
        """Write `number` down, durably, unless a higher one stands there. Raises Temporary, UserError."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.lockf(file, fcntl.LOCK_EX)
                there = os.pread(file, _DIGITS, 0)
                if not there.isdigit() or int(there) < number:
                    os.pwrite(file, b"%0*d\n" % (_DIGITS, number), 0)
                    os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise self._fault(error) from error
        self._highest = max(number, self._highest or 0)

    def _fault(self, error: OSError) -> IntakeError:
        kind = UserError if error.errno in _FOR_A_PERSON else Temporary
        return kind(f"{self._path}: the mails handed over cannot be counted there: {error.strerror}")


def handed_over(conn: Connection) -> int:
    """Return how many mails the database knows to have been handed over."""
    return conn.scalar(select(leases.c.fence).where(leases.c.name == HANDED_OVER)) or 0


def count(conn: Connection, worker: str, now: datetime) -> int:
    """Count one more; return the number. To be noted in the file after the commit, and before the mail goes out."""
    row = {"name": HANDED_OVER, "holder": worker, "fence": 1, "held_until": now}
    again = {"holder": worker, "fence": leases.c.fence + 1, "held_until": now}
    insert = upsert(conn, leases).values(row).on_conflict_do_update(index_elements=[leases.c.name], set_=again)
    number: int = conn.execute(insert.returning(leases.c.fence)).scalar_one()
    return number


def behind(conn: Connection, highest: int | None, now: datetime) -> bool:
    """Say whether the database was restored. `highest`: what the file says.

    Without a file (another machine, or it was removed) it is taken for restored unless somebody wrote to it just now.
    """
    known = handed_over(conn)
    if highest is None:
        return known > 0 and now - _last_sign(conn) > ALIVE
    return known < highest


def begin_anew(conn: Connection, worker: str, highest: int, now: datetime) -> None:
    """Go on from a restored database: count from `highest` on, and answer nothing that was there before `now`."""
    row = {"holder": worker, "fence": max(highest, handed_over(conn)), "held_until": now}
    for name in (HANDED_OVER, RESTORED):
        insert = upsert(conn, leases).values({"name": name, **row})
        conn.execute(insert.on_conflict_do_update(index_elements=[leases.c.name], set_=row))
    unsorted = deliveries.c.state.in_(("waiting", "quarantined"))
    conn.execute(update(deliveries).where(unsorted).values(late=True))


def restored_at(conn: Connection) -> datetime | None:
    """Return when the database was last found restored; None: never."""
    found: datetime | None = conn.scalar(select(leases.c.held_until).where(leases.c.name == RESTORED))
    return found


def answered_until(conn: Connection, mailbox: str) -> datetime | None:
    """Return before which instant mail in `mailbox` may have been answered unbeknown to this database; None: none may.

    All that the first complete poll after a restore brings may have been, whatever its dates say.
    """
    since = restored_at(conn)
    if since is None:
        return None
    polled = conn.scalar(select(mailbox_states.c.polled_at).where(mailbox_states.c.mailbox == mailbox))
    return EVERYTHING if polled is None or polled < since else since


def _last_sign(conn: Connection) -> datetime:
    """Return when anybody last wrote down that the service lives."""
    signs = (
        select(func.max(mailbox_states.c.polled_at)),
        select(func.max(rulebook_states.c.seen_at)),
        select(leases.c.held_until).where(leases.c.name == HANDED_OVER),
    )
    return max(filter(None, (conn.scalar(sign) for sign in signs)), default=datetime.min.replace(tzinfo=UTC))
