"""What a mailbox holds, asked over a connection of its own that changes nothing: EXAMINE and BODY.PEEK only (F10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from intake.mailbox.imap_session import Session
from intake.mailbox.imap_settings import JUNK, ImapSettings, same_folder

ASKED = 500  # messages whose Message-ID is asked for at once
_FIELD = "HEADER.FIELDS (MESSAGE-ID)"
_FIELD_BYTES = 4000


@dataclass(frozen=True, slots=True)
class FolderUids:
    """One folder as it is now."""

    folder: str  # decoded name
    uidvalidity: int
    uids: tuple[int, ...]  # ascending


class Census:
    """One look at a mailbox; a context manager that holds one connection. Every method raises Temporary, UserError."""

    def __init__(self, settings: ImapSettings) -> None:
        """Open nothing yet."""
        self._settings = settings

    def __enter__(self) -> Census:
        """Sign in."""
        self._session = Session(self._settings)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Log out."""
        self._session.close()

    def read_folders(self) -> Iterator[FolderUids]:
        """Yield the folders that the service reads, in its order; the junk folder where the server marks one."""
        for folder in self._settings.folders:
            name = folder.name if folder.name != JUNK else self._junk()
            if name is not None:
                yield self._listed(name)

    def moved_to(self) -> FolderUids | None:
        """Return the folder that kept messages are moved to; None where none is configured, or made yet."""
        target = self._settings.move_to
        there = [name for name, flags in self._session.folders() if "\\noselect" not in flags]
        return self._listed(target) if target is not None and same_folder(target, *there) else None

    def arrivals(self, folder: FolderUids, uids: Sequence[int]) -> dict[int, datetime | None]:
        """Return each INTERNALDATE (UTC, None: the server tells none); a message that went meanwhile is left out."""
        self._open(folder)
        found: dict[int, datetime | None] = {}
        for start in range(0, len(uids), ASKED):
            found |= {one.uid: one.arrived for one in self._session.listing(uids[start : start + ASKED])}
        return found

    def message_ids(self, folder: FolderUids) -> Iterator[dict[int, bytes]]:
        """Yield the Message-ID fields of all messages, as they stand there, by UID, `ASKED` at a time."""
        self._open(folder)
        for start in range(0, len(folder.uids), ASKED):
            answer = self._session.section(folder.uids[start : start + ASKED], _FIELD, _FIELD_BYTES)
            yield {uid: field or b"" for uid, field in answer.items()}

    def sha256(self, folder: FolderUids, uid: int) -> str | None:
        """Return the hash of a message's bytes, as far as the size limit; None where it has gone."""
        self._open(folder)
        raw = self._session.section([uid], "", self._settings.size_limit).get(uid)
        return None if raw is None else hashlib.sha256(raw).hexdigest()

    def _open(self, folder: FolderUids) -> None:
        self._session.open(folder.folder, again=False)

    def _listed(self, name: str) -> FolderUids:
        uidvalidity = self._session.open(name)
        return FolderUids(name, uidvalidity, tuple(sorted(self._session.search())))

    def _junk(self) -> str | None:
        return next((name for name, flags in self._session.folders() if JUNK.lower() in flags), None)
