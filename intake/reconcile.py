"""A mailbox compared with its ledger: every UID with its one outcome, and whatever speaks against that (F10).

The folders are listed first and the ledger is read afterwards, so that what a running service takes in or moves
meanwhile is never missed: a UID that was seen, and that the ledger does not know then, had not been kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from intake.mail.headers import message_ids
from intake.mailbox.imap_census import Census, FolderUids
from intake.mailbox.imap_settings import ImapSettings
from intake.store.database import Database
from intake.store.outcomes import COPY, Entry, began, contradictions, entries
from intake.store.state import mailbox_states

NONE = "no outcome"
TO_COME = "not yet fetched"  # younger than the last poll
TOO_OLD = "before since"  # not to be taken in, by the configuration
EARLIER = "before the service"  # lay in the folder that messages are moved to when the service began
LEEWAY = timedelta(minutes=5)  # that a poll may last, and two clocks differ
SECOND = timedelta(seconds=1)  # what INTERNALDATE rounds down to

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]  # what is done, out of how many


@dataclass(frozen=True, slots=True)
class Found:
    """One message in a folder."""

    uid: int
    outcome: str
    reference: str = ""  # of the case that it is in, or whose message it is a copy of


@dataclass(frozen=True, slots=True)
class FolderAccount:
    """One folder."""

    folder: str
    uidvalidity: int
    moved_to: bool  # it is not read: kept messages are moved there
    messages: tuple[Found, ...]  # ascending


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox."""

    mailbox: str
    polled_at: datetime | None  # the last successful poll; None: never polled
    folders: tuple[FolderAccount, ...]
    gone: Mapping[str, int]  # messages of the ledger that none of these folders holds any more, by outcome
    faults: tuple[str, ...]  # sentences

    @property
    def proven(self) -> bool:
        """Whether every message has exactly one outcome, or is still to be fetched."""
        return not self.faults


def reconcile(settings: ImapSettings, database: Database, progress: Progress) -> Account:
    """Compare one mailbox with its ledger, and change nothing. Raises Temporary, UserError."""
    with Census(settings) as census:
        folders = list(census.read_folders())
        target = census.moved_to()
        with database.read() as conn:
            ledger = _Ledger(entries(conn, settings.name))
            polled = next((one.polled_at for one in mailbox_states(conn) if one.mailbox == settings.name), None)
            start, faults = began(conn, settings.name), contradictions(conn)
        accounts = [_read(census, folder, ledger, polled, settings.since) for folder in folders]
        if target is not None:
            accounts.append(_moved(census, target, ledger, start, progress))
    faults += [sentence for account in accounts for sentence in _unaccounted(account, polled)]
    return Account(settings.name, polled, tuple(accounts), ledger.gone(), (*ledger.faults, *faults))


class _Ledger:
    """The ledger of one mailbox; remembers which of its messages were found."""

    def __init__(self, kept: Iterator[Entry]) -> None:
        self._places: dict[tuple[str, int], dict[int, Entry]] = defaultdict(dict)
        self._ids: dict[str, list[Entry]] = defaultdict(list)
        self._hashes: dict[str, list[Entry]] = defaultdict(list)
        self._found: set[tuple[str, int, str]] = set()
        self.faults: list[str] = []
        for entry in kept:
            self._places[entry.folder, entry.uidvalidity][int(entry.uid)] = entry
            if entry.settled:
                self._ids[entry.header_id or ""].append(entry)
                self._hashes[entry.raw_hash or ""].append(entry)
            if entry.fault:
                self.faults.append(f"{entry.folder} {entry.uid}: {entry.fault}")

    def at(self, folder: FolderUids) -> dict[int, Entry]:
        """Return what the ledger has of a folder that is read, by UID."""
        kept = self._places.get((folder.folder, folder.uidvalidity), {})
        self._found.update(_key(kept[uid]) for uid in folder.uids if uid in kept)
        return kept

    def moved(self, header_id: str, sha256: Callable[[], str | None]) -> Found | None:
        """Return what a moved message is, by its Message-ID or else by its bytes; one entry is one message."""
        found = self._take(self._ids.get(header_id, []) if header_id else [])
        if found is not None:
            return found
        same = self._hashes.get(sha256() or "", [])
        return self._take(same) or (Found(0, COPY, same[0].reference) if same else None)

    def gone(self) -> Mapping[str, int]:
        """Count what was not found in any folder, by outcome."""
        left = (one for kept in self._places.values() for one in kept.values() if _key(one) not in self._found)
        return Counter(one.outcome for one in left)

    def _take(self, candidates: list[Entry]) -> Found | None:
        for entry in candidates:
            if _key(entry) not in self._found:
                self._found.add(_key(entry))
                return Found(0, entry.outcome, entry.reference)
        return None


def _key(entry: Entry) -> tuple[str, int, str]:
    return entry.folder, entry.uidvalidity, entry.uid


def _read(
    census: Census, folder: FolderUids, ledger: _Ledger, polled: datetime | None, since: date | None
) -> FolderAccount:
    kept = ledger.at(folder)
    arrivals = census.arrivals(folder, [uid for uid in folder.uids if uid not in kept])
    highest = max(kept, default=0)
    found = []
    for uid in folder.uids:
        if uid in kept:
            found.append(Found(uid, kept[uid].outcome, kept[uid].reference))
        elif uid in arrivals:  # else it went meanwhile
            found.append(Found(uid, _unknown(arrivals[uid], polled, since, after_all=uid > highest)))
    return FolderAccount(folder.folder, folder.uidvalidity, moved_to=False, messages=tuple(found))


def _unknown(arrived: datetime | None, polled: datetime | None, since: date | None, *, after_all: bool) -> str:
    """Say what a message is that the ledger does not know; `after_all`: its UID is above all that the ledger knows."""
    if since and arrived and arrived < datetime.combine(since, time(), UTC):
        return TOO_OLD
    young = polled is None or (after_all and (arrived is None or arrived > polled - LEEWAY))
    return TO_COME if young else NONE


def _moved(
    census: Census, folder: FolderUids, ledger: _Ledger, start: datetime | None, progress: Progress
) -> FolderAccount:
    found: dict[int, Found] = {}
    unknown = []
    with progress(f"{folder.folder}: looking up", len(folder.uids)) as step:
        for fields in census.message_ids(folder):
            for uid, field in fields.items():
                one = ledger.moved(_id(field), lambda uid=uid: census.sha256(folder, uid))  # type: ignore[misc]
                if one is None:
                    unknown.append(uid)
                else:
                    found[uid] = Found(uid, one.outcome, one.reference)
            step(len(fields))
    for uid, arrived in census.arrivals(folder, unknown).items():
        earlier = start is None or (arrived is not None and arrived < start - SECOND)
        found[uid] = Found(uid, EARLIER if earlier else NONE)
    messages = tuple(found[uid] for uid in sorted(found))
    return FolderAccount(folder.folder, folder.uidvalidity, moved_to=True, messages=messages)


def _id(field: bytes) -> str:
    value = field.decode("utf-8", "surrogateescape").partition(":")[2]
    return next(iter(message_ids(value)), "")


def _unaccounted(account: FolderAccount, polled: datetime | None) -> Iterator[str]:
    for one in account.messages:
        if one.outcome == NONE and account.moved_to:
            yield f"{account.folder} {one.uid}: it was put there, and the service has never seen it"
        elif one.outcome == NONE:
            when = f"{polled:%Y-%m-%d %H:%M:%S} UTC" if polled else ""
            yield (
                f"{account.folder} {one.uid}: it is in the folder and not in the ledger; where it came there after "
                f"the last poll ({when}), the next one takes it"
            )
