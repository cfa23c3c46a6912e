"""rules folder -> the rulebook in force: what is saved is taken up within seconds, whole or not at all (R5).

The folder is looked at every two seconds. What differs from what was loaded last, and has kept still for a second, is
loaded on this thread, and put in force between two batches of the others. Faulty files change nothing but what
`intake status` and an alert say: the last good rulebook stays in force, also over a restart (promise 7).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from intake.errors import UserError, place_of
from intake.outbox.alerts import Alerts
from intake.outbox.templates import mail_folders
from intake.outbox.views import Alert
from intake.rules.folder import is_rule_file
from intake.rules.rulebook import Rulebook
from intake.store import rulebooks
from intake.store.database import Database
from intake.store.rulebooks import RulebookState, RuleFault

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks at the folder
QUIET_SECONDS = 1.0  # that the folder must have kept still before it is loaded: an editor may be at work
SAY_SECONDS = 60.0  # after which the process says again that it lives
FORGET = timedelta(days=1)  # after which a process that says nothing is forgotten

Signature = tuple[tuple[str, ...], ...]

TOPIC = "rules"
MENDED = Alert(TOPIC, "The rules can be used again", "The files in the rules folder are in force as they are now.", ())


@dataclass(slots=True)
class Watch:
    """Tells when what is looked at has changed and come to rest; seconds are of any clock that never goes back."""

    loaded: Signature  # what was loaded last, well or not
    seen: Signature = ()
    since: float = 0.0  # when `seen` was first seen

    def due(self, signature: Signature, now: float) -> bool:
        """Whether to load now; what is loaded next is what differs from this `signature`."""
        if signature == self.loaded:
            self.seen = ()
            return False
        if signature != self.seen:
            self.seen, self.since = signature, now
        if now - self.since < QUIET_SECONDS:
            return False
        self.loaded, self.seen = signature, ()
        return True

    @property
    def seconds(self) -> float:
        """How long to wait before the next look."""
        return QUIET_SECONDS if self.seen else LOOK_SECONDS


def signature(folder: Path) -> Signature:
    """Return what changes whenever a rule file of `folder` does."""
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted(_marks(one) for one in entries if is_rule_file(one.name)))
    except OSError as error:
        return (("unreadable", str(error.errno)),)


def _marks(entry: os.DirEntry[str]) -> tuple[str, ...]:
    try:
        status = entry.stat()
    except OSError as error:
        return (entry.name, "unreadable", str(error.errno))
    marks = (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return (entry.name, *(str(one) for one in marks))


@dataclass(slots=True)
class Rules:
    """The rulebook in force. Other threads read `rulebook`, once for each piece of work."""

    folder: Path
    templates: Path  # what rules name of it must be there too
    load: Callable[[], Rulebook]  # the folder's files; raises UserError with every fault
    load_kept: Callable[[Mapping[str, str]], Rulebook]  # an old rulebook's files
    database: Database
    alerts: Alerts
    worker: str
    rulebook: Rulebook = field(init=False)
    _watch: Watch = field(init=False)
    _state: RulebookState = field(init=False)
    _found: Rulebook | UserError | None = None  # loaded, and still to be acted on
    _said: float = float("-inf")  # when the process last said that it lives

    def read(self) -> UserError | None:
        """Load the folder, before anything is touched; return what is wrong with it."""
        self._watch = Watch(self._signature())
        self._found = self._load()
        return self._found if isinstance(self._found, UserError) else None

    def begin(self, *, alone: bool) -> None:
        """Put in force what was read, or where it is faulty the rulebook that was in force last.

        `alone`: no other process shares the database. Raises UserError with every fault where there is no last one;
        Temporary.
        """
        found = self._found
        self.rulebook = self._last_good(found) if isinstance(found, UserError) or found is None else found
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            self._state = self._in_force(conn, self.rulebook, now)
            if isinstance(found, UserError):
                self._state = self._faulty(conn, found, now)
            else:
                self.alerts.mended(conn, MENDED, now)
            rulebooks.forget(conn, now + FORGET if alone else now - FORGET)
            rulebooks.say(conn, self._state)
        self._found = None
        self._tell()

    @property
    def fault(self) -> RuleFault | None:
        """Why the files are not what is in force."""
        return self._state.fault

    def look(self, now: float) -> float:
        """Take up what was saved since the last look; return the seconds until the next. Raises Temporary.

        `now` is in seconds, of any clock that never goes back.
        """
        if self._watch.due(self._signature(), now):
            self._found = self._load()
        if self._found is not None:
            self._act(self._found)
            self._found = None
            self._said = now
        elif now - self._said >= SAY_SECONDS:
            self._say()
            self._said = now
        return self._watch.seconds

    def _signature(self) -> Signature:
        return (*signature(self.folder), mail_folders(self.templates))

    def _load(self) -> Rulebook | UserError:
        try:
            return self.load()
        except UserError as error:
            return error
        except Exception as error:  # noqa: BLE001 (told like any fault: no file of an admin may stop the service)
            return UserError(f"the rules cannot be loaded: {place_of(error)}")

    def _last_good(self, fault: UserError | None) -> Rulebook:
        with self.database.read() as conn:
            files = rulebooks.last_used(conn)
        if files is None:
            raise fault or UserError("the rules were not read")
        try:
            return self.load_kept(files)
        except UserError as error:
            message = "the rules cannot be used, nor can those that were in force last, by this version"
            raise UserError(message, (fault or error).problems) from error

    def _act(self, found: Rulebook | UserError) -> None:
        """Record what the files are now, then put them in force if they can be."""
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            if isinstance(found, UserError):
                state = self._faulty(conn, found, now)
            else:
                state = self._in_force(conn, found, now)
                self.alerts.mended(conn, MENDED, now)
            rulebooks.say(conn, state)
        self._state = state
        if not isinstance(found, UserError) and found.files != self.rulebook.files:
            self.rulebook = found
        self._tell()

    def _in_force(self, conn: Connection, rulebook: Rulebook, now: datetime) -> RulebookState:
        since = rulebooks.take_up(conn, rulebook.version, rulebook.files, now)
        return RulebookState(self.worker, rulebook.version, since, now, None)

    def _faulty(self, conn: Connection, error: UserError, now: datetime) -> RulebookState:
        since = self._state.fault.since if self._state.fault else _first_told(conn, error, now)
        fault = RuleFault(error.args[0], error.problems, since)
        self.alerts.raised(conn, _alert(fault), now)
        return replace(self._state, seen_at=now, fault=fault)

    def _say(self) -> None:
        with self.database.transaction() as conn:
            state = replace(self._state, seen_at=self.database.clock(conn))
            rulebooks.say(conn, state)
        self._state = state

    def _tell(self) -> None:
        fault = self._state.fault
        if fault:
            faults = [str(one) for one in fault.problems] or [fault.message]
            log.error("rules faulty", extra={"stays_in_force": self._state.version, "faults": faults})
        else:
            log.info("rulebook in force", extra={"version": self._state.version})


def _first_told(conn: Connection, error: UserError, now: datetime) -> datetime:
    """Return since when a process has told the same fault: this one before its restart, or another."""
    same = [one.fault.since for one in rulebooks.said(conn) if one.fault and one.fault.problems == error.problems]
    return min(same, default=now)


def _alert(fault: RuleFault) -> Alert:
    lines = tuple(str(one) for one in fault.problems) or (fault.message,)
    sentence = (
        "What was saved in the rules folder cannot be used. Nothing is lost: the rulebook from before stays in force, "
        "and mail goes on under it until the files are mended. `intake status` tells the same."
    )
    return Alert(TOPIC, "The rules cannot be used", sentence, lines)
