"""The kill proof in short: `make soak` is the long form."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot import Dovecot
from tests.soak.deployed import postgresql_there
from tests.soak.soak import Plan, Soak
from tests.soak.steps import STEPS, Step

SQLITE = (
    "start: migrated, not committed",
    "receive: kept, not committed",
    "receive: kept, not settled",
    "receive: settled, not marked",
    "triage: claimed, not sorted",
    "record: mail queued, not committed",
    "deliver: claimed, before SMTP",
    "deliver: the server's 250, not recorded",
    "digest: queued, not committed",
)
POSTGRESQL = ("receive: lease held", "triage: sorted, not recorded", "deliver: sent, not recorded")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_steps_are_where_they_are_said_to_be(step: Step) -> None:
    """H1: the kill proof names functions that there are; one that was renamed would prove nothing."""
    module, _, path = step.where.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    assert callable(found)


def test_killed_at_steps_and_at_random_on_sqlite(dovecot: Dovecot, tmp_path: Path) -> None:
    """H1, O2, D1: wherever it dies, nothing is lost, doubled or acknowledged twice; what nobody knows is told."""
    soak(Plan(12, "sqlite", 11, letters=3, only=SQLITE), tmp_path, dovecot)


@pytest.mark.postgres
def test_two_daemons_killed_in_turn_on_postgresql(dovecot: Dovecot, tmp_path: Path) -> None:
    """H1, H2: of two daemons that share a database one is killed and the other goes on; the same holds."""
    if not postgresql_there():
        pytest.skip("there is no PostgreSQL: two daemons on one database were not killed")
    soak(Plan(4, "postgresql", 12, letters=3, only=POSTGRESQL), tmp_path, dovecot)


def soak(plan: Plan, folder: Path, dovecot: Dovecot) -> None:
    """Run it; whatever was broken is told."""
    result = Soak(plan, folder, dovecot, lambda _done: None).run()
    assert not result.verdict.broken, "\n".join(result.verdict.broken)
    assert result.kills.total() >= plan.kills
    assert result.verdict.delivered > plan.kills
    assert set(plan.only) <= result.kills.keys() | result.missed.keys()
