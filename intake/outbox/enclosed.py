"""Attachments that go with a routed mail, by what the partner may have (D4, G5, X5): nothing goes that is not listed.

A photograph goes without its metadata. An evidential partner gets the letter as it came, with its SHA-256 and the time
of its receipt, and photographs as they came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import Connection

from intake.mail.message import Attachment
from intake.mail.parse import attachment_contents
from intake.mail.photographs import stripped
from intake.mail.values import Triage
from intake.outbox.mime import File
from intake.outbox.sharing import Terms
from intake.rules.rulebook import Partner
from intake.store import cases
from intake.store.cases import StoredMessage

# Why an attachment is kept with us.
KEPT, INFECTED, UNSCANNED, KIND, METADATA, LARGE = "kept", "infected", "unscanned", "kind", "metadata", "large"
ATTACHED, STRIPPED = "attached", "stripped"

_PHOTOGRAPHS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_BARING = {  # they tell where and with what they were taken, and nothing here can take that out of them
    ".heic": "image/heic", ".heif": "image/heif", ".gif": "image/gif", ".tif": "image/tiff", ".tiff": "image/tiff",
    ".mp4": "video/mp4", ".mov": "video/quicktime", ".3gp": "video/3gpp", ".webm": "video/webm",
}  # fmt: skip
_OFFICE = "application/vnd.openxmlformats-officedocument"
_FILES = {
    ".pdf": "application/pdf", ".txt": "application/octet-stream", ".rtf": "application/rtf",
    ".docx": f"{_OFFICE}.wordprocessingml.document", ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".wav": "audio/wav", ".ogg": "audio/ogg", ".opus": "audio/ogg",
    ".amr": "audio/amr", ".aac": "audio/aac",
}  # fmt: skip
_TYPES = _PHOTOGRAPHS | _BARING | _FILES
_VERDICTS = {"infected": INFECTED, "unscanned": UNSCANNED, "unscannable": UNSCANNED}


@dataclass(frozen=True, slots=True)
class Source:
    """A message as it came."""

    raw: bytes
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What became of one attachment."""

    state: str  # "attached", "stripped", or why it is kept with us
    name: str = ""  # of the file that goes
    type: str = ""  # its media type
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Original:
    """The letter as it came, for use in evidence."""

    state: str  # "attached", or why it is kept with us
    name: str
    size: int  # bytes
    sha256: str  # hexadecimal
    received: datetime
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Enclosures:
    """All that goes with one mail."""

    each: tuple[Enclosed, ...]  # one for each attachment of the letter, in order
    original: Original | None = None  # None: the partner is not evidential, or may not have it

    @property
    def files(self) -> list[File]:
        """What goes, the letter as it came first: no mail program is to open that as a mail."""
        whole = self.original
        first = [File(whole.name, "application/octet-stream", whole.content)] if whole and whole.content else []
        return first + [File(one.name, one.type, one.content) for one in self.each if one.content]


def as_it_came(conn: Connection, stored: StoredMessage) -> Source:
    """Return a stored message as it came."""
    return Source(cases.raw(conn, stored.id), stored.arrived_at)


def enclosures(triage: Triage, of: Terms, partner: Partner, reference: str, source: Source | None) -> Enclosures:
    """Return what goes of a letter's attachments; without a `source` all that could go is kept with us."""
    stem = reference or "letter"
    evidential = partner.evidential and of.has("original")
    original = _original(triage, f"{stem}-original.eml", partner, source) if evidential and source else None
    room = partner.largest_attachment - (len(original.content) if original else 0)
    contents = _contents(triage, source)
    each: list[Enclosed] = []
    for one in triage.attachments:
        content = next(contents, None)
        reason = _kept(one, of, room, evidential=evidential) if content else _VERDICTS.get(one.verdict or "", KEPT)
        made = _read(one, content(), evidential=evidential) if content and not reason else Enclosed(reason)
        room -= len(made.content)
        each.append(replace(made, name=f"{stem}-{one.index + 1}{_ending(one)}") if made.content else made)
    return Enclosures(tuple(each), original)


def _contents(triage: Triage, source: Source | None) -> Iterator[Callable[[], bytes]]:
    return attachment_contents(source.raw) if source and triage.attachments else iter(())


def _kept(one: Attachment, of: Terms, room: int, *, evidential: bool) -> str:
    """Return why an attachment is kept with us, as far as that can be told without reading it; "" where it may go."""
    ending = _ending(one)
    if one.verdict in _VERDICTS:
        return _VERDICTS[one.verdict]
    if not of.has("files" if ending not in _PHOTOGRAPHS else "photographs"):
        return KEPT
    if ending in _BARING and not evidential:
        return METADATA
    if ending not in _TYPES:
        return KIND
    return LARGE if one.size > room else ""


def _read(one: Attachment, content: bytes, *, evidential: bool) -> Enclosed:
    ending = _ending(one)
    if ending not in _PHOTOGRAPHS or evidential:
        return Enclosed(ATTACHED, type=_TYPES[ending], content=content)
    bare = stripped(content)
    return Enclosed(METADATA) if bare is None else Enclosed(STRIPPED, type=_TYPES[ending], content=bare)


def _original(triage: Triage, name: str, partner: Partner, source: Source) -> Original:
    """Return the letter as it came; it is kept with us where mail systems might refuse it and with it the mail."""
    state = ATTACHED
    if len(source.raw) > partner.largest_attachment:
        state = LARGE
    if any(_ending(one) not in _TYPES for one in triage.attachments):
        state = KIND
    state = next((_VERDICTS[one.verdict] for one in triage.attachments if one.verdict in _VERDICTS), state)
    sha256 = hashlib.sha256(source.raw).hexdigest()
    content = source.raw if state == ATTACHED else b""
    return Original(state, name, len(source.raw), sha256, source.arrived_at, content)


def _ending(one: Attachment) -> str:
    return PurePath(one.name).suffix.lower()
