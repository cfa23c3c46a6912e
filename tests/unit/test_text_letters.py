"""Own words and language over the labelled letters."""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.own_words import LETTERS, Figure, of_letters

pytestmark = pytest.mark.skipif(not any(LETTERS.glob("*.jsonl")), reason=f"there are no labelled letters at {LETTERS}")


@cache
def _figures() -> dict[str, Figure]:
    return {figure.name: figure for figure in of_letters(LETTERS)}


@pytest.mark.parametrize("name", ["own words of plain letters", "own words of HTML letters"])
def test_own_words_of_letters(name: str) -> None:
    """P4: in 99 % of the letters the own words are those that a careful officer marked."""
    assert _figures()[name].share >= 0.99


def test_language_of_letters() -> None:
    """P4: in 99 % of the letters the language is the one that a careful officer named."""
    assert _figures()["language of own words"].share >= 0.99
