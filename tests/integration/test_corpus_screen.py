"""Over 1,173 real messages, where they lie beside the checkout: bounces, automatic replies, lists and people."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from benchmarks.screen_corpus import DISPUTED, FOLDER, Figures, main, measured

ABSENT = f"the corpus of real messages is not at {FOLDER}: screening was not tried on a single real message"
pytestmark = pytest.mark.skipif(not (FOLDER / "manifest.jsonl").exists(), reason=ABSENT)


@cache
def _figures() -> Figures:
    return measured(FOLDER)


def _unknown(asked: str) -> list[str]:
    return [id_ for name, id_ in _figures().wrong if name == asked and id_ not in DISPUTED]


def test_bounces_are_told() -> None:
    """S7: 99 % of real bounces are recognised; of other mail at most one in 200 is taken for one."""
    assert _unknown("bounces taken for bounces") == []
    assert _figures().share("bounces taken for bounces") >= 0.99
    assert _figures().share("others not taken for bounces") >= 0.995
    assert _figures().of["bounces taken for bounces"] > 250


def test_reports_are_read() -> None:
    """S7: of real reports it is told whether mail failed or is delayed, for good or not, and for whom."""
    assert _unknown("delayed told from failed") == []
    assert _figures().share("failed for good or not") > 0.97
    assert _figures().share("recipients named") > 0.9


def test_nothing_with_a_telling_sign_is_answered() -> None:
    """S1: no real list, no bounce, and nothing else that bears a header of machines, spam included, is answered."""
    assert _figures().share("lists and bounces not answered") == 1
    assert _figures().share("mail with a telling sign not answered") == 1
    assert _figures().of["mail with a telling sign not answered"] > 200


def test_what_misses_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """S7: the figures are printed with every message where ours departs, and the docs tell of each that is meant."""
    assert main([str(FOLDER), "--misses"]) == 0
    printed = capsys.readouterr().out
    docs = (Path(__file__).parents[2] / "docs" / "screening.md").read_text("utf-8")
    for id_, why in DISPUTED.items():
        assert id_ in printed
        assert why in docs


def test_automatic_replies_are_not_answered() -> None:
    """S1: every real automatic reply with a telling sign is told, and none is answered."""
    assert _figures().share("automatic replies not answered") == 1
    assert _figures().share("automatic replies not taken for a person's") == 1


def test_lists_are_told() -> None:
    """S1: every real mailing list's mail is told."""
    assert _figures().share("lists taken for lists") == 1


def test_people_are_people() -> None:
    """S3: what real people wrote is taken for a person's, whatever marks it bears."""
    assert _unknown("people taken for people") == []


def test_header_tables_of_other_projects() -> None:
    """S1, S2: ours answers just where the tests of other mail software allow it, but where S3 says otherwise."""
    assert _unknown("answered just where it may be") == []
