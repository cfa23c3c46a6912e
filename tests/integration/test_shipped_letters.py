"""The shipped rulebook over labelled letters: those it was written with must not be sorted worse by a change."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from intake.mail.values import Identity, Triage
from intake.rules.load import load_rulebook
from intake.starter import shipped
from intake.triage import Sorter
from tests.letters.render import letters, render

OTHERS = Path(__file__).parents[1] / "letters" / "others"
Sorted = list[tuple[dict[str, Any], Triage]]


@pytest.fixture(scope="module")
def sorter() -> Sorter:
    book = load_rulebook(shipped() / "rules")
    return Sorter(book, Identity(addresses=frozenset({"cohesion@example.org"})), ZoneInfo("Europe/London"))


@pytest.fixture(scope="module", params=["dev", "others"])
def found(request: pytest.FixtureRequest, sorter: Sorter) -> Sorted:
    chosen = letters() if request.param == "dev" else letters(sorted(OTHERS.glob("*.jsonl")))[::4]
    return [(letter, sorter.triage(render(letter))) for letter in chosen]


def share(hits: Counter[bool]) -> float:
    return hits[True] / hits.total()


def test_the_main_category_is_found(found: Sorted) -> None:
    """Nine letters of ten go to those whom they concern."""
    assert share(Counter(letter["categories"][0] in one.decision.categories for letter, one in found)) >= 0.9


def test_what_cannot_wait_does_not(found: Sorted) -> None:
    """Promise 4: of the letters that a person must see today, 95 of 100 are urgent, and most urgent ones are such."""
    clear = [
        (letter["urgent"], one.decision.urgency.rank > 0) for letter, one in found if not letter.get("urgent_either")
    ]
    assert share(Counter(got for want, got in clear if want)) >= 0.95
    assert share(Counter(want for want, got in clear if got)) >= 0.7


def test_who_is_in_danger_is_not_answered(found: Sorted) -> None:
    """Promise 3: nobody whom an automatic answer could endanger gets one; nearly everybody else does."""
    people = [
        (letter, one) for letter, one in found if "unsolicited" not in letter["categories"] and not letter["automatic"]
    ]
    missed = [letter["id"] for letter, one in people if letter["acknowledge"] == "none" and one.acknowledge]
    assert [id_ for id_ in missed if id_.startswith("d")] == []
    assert len(missed) <= 2
    assert share(Counter(bool(one.acknowledge) for letter, one in people if letter["acknowledge"] != "none")) >= 0.97


def test_what_officers_want_to_see_is_flagged(found: Sorted) -> None:
    """Seven flags of ten are set."""
    wanted = [(flag, one.decision.flags) for letter, one in found for flag in letter["flags"]]
    assert share(Counter(any(got.partition(":")[0] == flag for got in flags) for flag, flags in wanted)) >= 0.7
