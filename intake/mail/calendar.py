"""What an invitation says (RFC 5545), where a mail holds nothing else that a person could read."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"^(SUMMARY|LOCATION|DTSTART|DTEND|DESCRIPTION|COMMENT)(?:;[^:\r\n]*+)?:(.*)$", re.MULTILINE | re.I)
_ESCAPED = re.compile(r"\\([nN,;\\])")
_MOST_LINES = 100
_MOST = 400_000  # characters that are looked at


def calendar_text(text: str) -> str:
    """Return what is to be read in iCalendar `text`: what, where and when, a line each; "" where it says nothing."""
    found = _LINE.finditer(_FOLD.sub("", text[:_MOST]))
    lines = (_ESCAPED.sub(_unescaped, match[2]).strip() for match, _ in zip(found, range(_MOST_LINES), strict=False))
    return "\n".join(dict.fromkeys(filter(None, lines)))


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] in "nN" else match[1]
