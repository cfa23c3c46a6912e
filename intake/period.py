"""How far back an admin looks, and as of when, as it is written on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from intake.errors import UserError

_SPAN = re.compile(r"([0-9]{1,5})([dw])")


def since(written: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant, UTC, that `90d`, `12w` (days, weeks before `now`) or a date (its midnight in `zone`) mean.

    Raises UserError for anything else.
    """
    try:
        if span := _SPAN.fullmatch(written):
            return (now - timedelta(days=int(span[1]) * (7 if span[2] == "w" else 1))).astimezone(UTC)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            return datetime.combine(date.fromisoformat(written), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UserError(f"--since takes days, weeks or a date, like 90d, 12w or 2026-09-01, not `{written}`")


def until(written: str, zone: ZoneInfo) -> datetime:
    """Return the instant, UTC, that a date (its last moment in `zone`) or a date and time in `zone` mean.

    Raises UserError for anything else.
    """
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            return datetime.combine(date.fromisoformat(written), time.max, zone).astimezone(UTC)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", written):
            return datetime.fromisoformat(written).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UserError(f"--at takes a date or a date and time, like 2026-12-01 or 2026-12-01T07:30, not `{written}`")
