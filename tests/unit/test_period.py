"""How far back: what `--since` takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from intake.errors import UserError
from intake.period import since

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90d", NOW - timedelta(days=90)),
        ("12w", NOW - timedelta(weeks=12)),
        ("0d", NOW),
        ("2026-07-01", datetime(2026, 6, 30, 23, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_since(written: str, meant: datetime) -> None:
    """R6: days, weeks, or a day of the partnership's calendar."""
    assert since(written, NOW, ZONE) == meant


@pytest.mark.parametrize(
    "written",
    ["", "90", "d", "-3d", "3m", "1.5d", "90d ", "٣d", "2026-13-01", "2026-1-1", "0000-01-01", "yesterday"],
)
def test_nothing_else(written: str) -> None:
    """R4: anything else is refused in a sentence that says what is taken."""
    with pytest.raises(UserError, match="90d, 12w or 2026-09-01"):
        since(written, NOW, ZONE)
