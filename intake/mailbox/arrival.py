"""When a message arrived, as far as its own header tells."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

HEAD = 262_144  # bytes of a message in which the header is looked for
_END = re.compile(rb"\r?\n\r?\n")


def received(raw: bytes) -> datetime | None:
    """Return the date of the topmost Received header (RFC 5322 §3.6.7) in UTC; None without one that can be read."""
    field = _field(raw, b"Received")
    return None if field is None else _date(field.rpartition(";")[2])


def dated(raw: bytes) -> datetime | None:
    """Return the Date header (RFC 5322 §3.6.1) in UTC; None without one that can be read."""
    field = _field(raw, b"Date")
    return None if field is None else _date(field)


def _field(raw: bytes, name: bytes) -> str | None:
    head = b"\n" + _END.split(raw[:HEAD], maxsplit=1)[0]
    found = re.search(rb"\n" + name + rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", head, re.I)
    return None if found is None else " ".join(found.group(1).decode("latin-1").split())


def _date(text: str) -> datetime | None:
    try:
        value = parsedate_to_datetime(text)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
