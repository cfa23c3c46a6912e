"""Reading an mbox file as a stream: one message after the other, never the whole file (RFC 4155, mboxrd quoting)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

_LINE = 1_000_000  # bytes read at once of a line that does not end
_QUOTED = re.compile(rb">+From ")
_STAMP = re.compile(
    rb" ([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}:\d\d)(?::\d\d)?(?: ([+-]\d{4}|[A-Z]{2,4}))? (\d{4})(?: ([+-]\d{4}))?\s*$"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of an mbox file."""

    offset: int  # of its From_ line, in bytes
    separator: bytes  # that line
    raw: bytes  # without the From_ line, the quoting and the empty line after it; at most `limit` bytes
    size: int  # bytes that it has


def entries(path: Path, limit: int) -> Iterator[Entry]:
    """Yield the messages in file order. Raises OSError."""
    separator, at, body = b"", 0, _Body(limit)
    offset, fresh, empty = 0, True, True  # of the next piece; it begins a line; the line before was empty
    with path.open("rb") as file:
        while piece := file.readline(_LINE):
            if fresh and empty and is_separator(piece, first=offset == 0):
                if separator:
                    yield body.entry(at, separator)
                separator, at, body = piece, offset, _Body(limit)
            else:
                body.add(piece[1:] if fresh and _QUOTED.match(piece) else piece)
            empty = fresh and piece in {b"\n", b"\r\n"}
            fresh = piece.endswith(b"\n")
            offset += len(piece)
    if separator:
        yield body.entry(at, separator)


def is_separator(line: bytes, *, first: bool = False) -> bool:
    """Say whether `line` begins a message: any From_ line does at the top of a file, later on one with a date."""
    return line.startswith(b"From ") and (first or _STAMP.search(line) is not None)


def separated(separator: bytes) -> datetime | None:
    """Return the date of a From_ line in UTC; None without one that can be read."""
    if (found := _STAMP.search(separator)) is None:
        return None
    month, day, clock, before, year, after = (None if one is None else one.decode() for one in found.groups())
    try:
        value = datetime.strptime(f"{month} {day} {year} {clock}", "%b %d %Y %H:%M")  # noqa: DTZ007 (the zone follows)
    except ValueError:
        return None
    return value.replace(tzinfo=_zone(before or after or "UTC")).astimezone(UTC)


def _zone(offset: str) -> timezone:
    if offset[0] not in "+-":
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone((-1 if offset[0] == "-" else 1) * timedelta(minutes=minutes % 1440))


class _Body:
    """Gathers the lines of one message up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._size = 0
        self._last = b""

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        self._data += piece[: max(0, self._limit - len(self._data))]
        self._last = piece

    def entry(self, offset: int, separator: bytes) -> Entry:
        """Return what was gathered, without the empty line that ends every message."""
        end = len(self._last) if self._last in {b"\n", b"\r\n"} else 0
        whole = len(self._data) == self._size
        raw = bytes(self._data[: len(self._data) - end] if whole else self._data)
        return Entry(offset, separator, raw, self._size - end)
