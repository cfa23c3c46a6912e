"""Mail from IMAP folders: the poll is the truth, IDLE a hint; nothing is written to it but one MOVE (F1-F9)."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from time import monotonic

from intake.errors import Temporary, UserError
from intake.mailbox.idle import Waker
from intake.mailbox.imap_session import Session
from intake.mailbox.imap_settings import JUNK, Folder, ImapSettings, same_folder
from intake.mailbox.imap_take import Taker
from intake.mailbox.source import Fetched, Ledger, Place

__all__ = ["JUNK", "Folder", "ImapSettings", "ImapSource"]

log = logging.getLogger(__name__)

IDLE_SECONDS = 300.0  # the longest IDLE
_REMARKS = 50  # that are no news, in one wait; some servers make one every two minutes
_LISTED = 250  # messages whose sizes are asked for at once
_MOVED = 200  # messages moved at once
_LOOK_SECONDS = 0.5  # between two looks for what comes while older messages are fetched

_Numbered = tuple[str, int]  # a folder and its UIDVALIDITY


def _now() -> datetime:
    return datetime.now(UTC)


class ImapSource:
    """A `Source` over one IMAP mailbox, with at most one connection."""

    def __init__(self, settings: ImapSettings, clock: Callable[[], datetime] = _now) -> None:
        """Open nothing yet. `clock` serves where the server tells no time of arrival."""
        self.name = settings.name
        self._settings = settings
        self._session: Session | None = None
        self._waker = Waker()
        self._notices: dict[str, None] = {}
        self._highest: dict[_Numbered, int] = {}  # highest UID that `fetch` has seen
        self._hinted: dict[_Numbered, int] = {}  # highest UID of which `wait` has told
        self._looked = 0.0  # when `fetch` last looked for what comes meanwhile
        self._taker = Taker(settings.name, settings.size_limit, clock)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the operator on what this server cannot do; each was logged once."""
        return tuple(self._notices)

    def fetch(self, ledger: Ledger) -> Iterator[Sequence[Fetched]]:
        """Yield batches of what every folder holds and the ledger does not, as `Source.fetch` says.

        UIDs that go meanwhile are left out.
        """
        reading: list[_Numbered] = []
        watched = self._connected().opened
        if watched in self._highest:
            yield from self._taken([watched], self._above(watched, ledger), ledger)
        for each in self._folders():
            folder = each.name, self._connected().open(each.name)
            reading.append(folder)
            yield from self._taken(reading, self._unknown(folder, ledger), ledger)

    def settle(self, places: Iterable[Place]) -> None:
        """Move messages to the folder configured, where the server has MOVE; else leave them, which is said once."""
        target = self._settings.move_to
        moving = self._moving(places) if target is not None else {}
        if target is None or not moving:
            return
        session = self._connected()
        if not session.has("MOVE"):
            self._notice("the server has no MOVE: messages stay in their folder")
            return
        if not same_folder(target, *(name for name, _ in session.folders())):
            session.create(target)
        for (folder, uidvalidity), uids in moving.items():
            if session.open(folder, writable=True) == uidvalidity:
                for start in range(0, len(uids), _MOVED):
                    self._move(session, uids[start : start + _MOVED], target)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`, five minutes with IDLE, for a hint of new mail in the first folder.

        Never raises: a connection that fails is let go, the time waited out, and the next `fetch` says what is wrong.
        """
        end = monotonic() + seconds
        session = self._session
        if session is not None and not session.closed and self._settings.idle and session.has("IDLE"):
            try:
                return self._idle(session, min(end, monotonic() + IDLE_SECONDS))
            except (Temporary, UserError) as error:
                log.info("idle failed", extra={"mailbox": self.name, "error": str(error)})
                self.close()
        self._waker.sleep(end - monotonic())
        return False

    def wake(self) -> None:
        """End a `wait` that another thread is in, or the next one."""
        self._waker.wake()

    def close(self) -> None:
        """Log out and let go of the connection; the next `fetch` makes a new one. Never raises."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _connected(self) -> Session:
        if self._session is None or self._session.closed:
            self._session = Session(self._settings)
        return self._session

    def _folders(self) -> Iterator[Folder]:
        for folder in self._settings.folders:
            if folder.name != JUNK:
                yield folder
            elif (name := self._junk()) is not None:
                yield Folder(name, folder.move)

    def _junk(self) -> str | None:
        names = [name for name, flags in self._connected().folders() if JUNK.lower() in flags]
        if not names:
            self._notice("the server marks no folder as junk: name it in config.yaml, or it is not read")
        return names[0] if names else None

    def _notice(self, sentence: str) -> None:
        if sentence not in self._notices:
            self._notices[sentence] = None
            log.warning("notice", extra={"mailbox": self.name, "notice": sentence})

    def _taken(
        self, reading: Sequence[_Numbered], waiting: Sequence[int], ledger: Ledger
    ) -> Iterator[Sequence[Fetched]]:
        """Yield what waits in the last folder of `reading`; what comes meanwhile, into any, goes before the rest of it.

        Between two looks a batch of what waits is taken, however much comes.
        """
        for batch in self._batches(reading[-1], waiting):
            yield batch
            if monotonic() - self._looked > _LOOK_SECONDS:
                for folder in reading:
                    yield from self._batches(folder, self._above(folder, ledger))

    def _above(self, folder: _Numbered, ledger: Ledger) -> list[int]:
        """Return what came since the last look and the ledger does not know."""
        found = sorted(self._opened(folder).search_above(self._highest.get(folder, 0)))
        self._highest[folder] = max(found, default=self._highest.get(folder, 0))
        self._looked = monotonic()
        return self._new(folder, ledger, found)

    def _unknown(self, folder: _Numbered, ledger: Ledger) -> list[int]:
        """Return all that the ledger does not know."""
        since, session = self._settings.since, self._opened(folder)
        highest = self._highest.get(folder, 0)
        above = session.search_above(highest) if since else None
        found = sorted(session.search(since - timedelta(days=1) if since else None))
        self._highest[folder] = max(found if above is None else above, default=highest)
        return self._new(folder, ledger, found)

    def _new(self, folder: _Numbered, ledger: Ledger, found: Sequence[int]) -> list[int]:
        known = ledger.known(self.name, *folder, [str(uid) for uid in found]) if found else ()
        return [uid for uid in found if str(uid) not in known]

    def _batches(self, folder: _Numbered, uids: Sequence[int]) -> Iterator[Sequence[Fetched]]:
        for start in range(0, len(uids), _LISTED):
            yield from self._window(folder, uids[start : start + _LISTED])

    def _window(self, folder: _Numbered, uids: Sequence[int]) -> Iterator[Sequence[Fetched]]:
        listed = self._opened(folder).listing(uids)
        if self._settings.since:
            start = datetime.combine(self._settings.since, time(), UTC)
            listed = [one for one in listed if one.arrived is None or one.arrived >= start]
        listed.sort(key=lambda one: one.uid)
        for group in self._taker.groups(folder, listed):
            session = self._opened(folder)
            if batch := list(self._taker.take(session, folder, group)):
                yield batch

    def _opened(self, folder: _Numbered) -> Session:
        """Return a session in which `folder` is open, also when a batch was settled meanwhile."""
        session, (name, uidvalidity) = self._connected(), folder
        if session.open(name, again=False) != uidvalidity:
            raise Temporary(f"mailbox {self.name}: UIDVALIDITY changed during the run; the folder is read anew")
        return session

    def _moving(self, places: Iterable[Place]) -> dict[tuple[str, int], list[int]]:
        """Return the UIDs to move by folder and UIDVALIDITY, as each folder's policy says."""
        movable = {folder.name for folder in self._folders() if folder.move}
        moving: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for place in places:
            if place.mailbox == self.name and place.folder in movable:
                moving[place.folder, place.uidvalidity].append(int(place.uid))
        return moving

    def _move(self, session: Session, uids: Sequence[int], target: str) -> None:
        if there := session.existing(uids):  # some servers refuse a MOVE of nothing
            session.move(there, target)

    def _idle(self, session: Session, end: float) -> bool:
        """Idle until new mail, `wake` or `end`; what is no mail (a flag, "still here") does not end it.

        Of a server that answers so without end the rest of the time is waited out.
        """
        first = next(iter(self._folders())).name
        folder = first, session.open(first)
        if found := session.search_above(max(self._highest.get(folder, 0), self._hinted.get(folder, 0))):
            self._hinted[folder] = max(found)  # so that one message is one hint, whatever `fetch` makes of it
            return True
        for _ in range(_REMARKS):
            announced, spoke = session.idle(lambda socket: self._waker.sleep(end - monotonic(), socket))
            if announced or not spoke or monotonic() >= end:
                return announced
        self._waker.sleep(end - monotonic())
        return False
