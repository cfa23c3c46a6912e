from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from intake.daemon.health import Health, Untaken
from intake.reports import health_text
from intake.store.state import Counts

ZONE = ZoneInfo("Europe/London")
QUIET = Health(
    mailboxes=(),
    rulebooks=(),
    inbox=Counts(0, None, 0, 0, 0, 0, {}, {}, {}),
    outbox={},
    oldest_undelivered=None,
    emergencies=(),
    unseen=0,
    oldest_unseen=None,
    unseen_backlog=0,
    unwell=(),
)
OPEN = (Untaken("CSP-7K4M-29Q", timedelta(minutes=4), False),)


@pytest.mark.parametrize(
    ("health", "first"),
    [
        (QUIET, "All is well."),
        (replace(QUIET, emergencies=OPEN), "The service is well. People are wanted for what stands below."),
        (replace(QUIET, tasks=1), "The service is well. People are wanted for what stands below."),
        (replace(QUIET, tasks=1, unwell=("The disk is full.",)), "! The disk is full."),
    ],
)
def test_all_is_well_only_where_nobody_is_wanted(health: Health, first: str) -> None:
    """H3, promise 4: status says that all is well only while no emergency is open and nobody waits to be reached."""
    assert health_text(health, ZONE).splitlines()[0] == first
