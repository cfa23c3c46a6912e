"""Over 1,224 real messages, where they lie beside the checkout: none stops the parser, few are read otherwise."""

from __future__ import annotations

import json
from functools import cache

import pytest

from benchmarks.parse_corpus import FOLDER, Outcome, Reading, measured, ours, standard_library
from intake.mail.parse import parse

ABSENT = f"the corpus of real messages is not at {FOLDER}: not one real message was read"
pytestmark = pytest.mark.skipif(not (FOLDER / "manifest.jsonl").exists(), reason=ABSENT)

STRONG = {
    "attachment_names": 1,
    "attachments_count": 3,
}  # misses known of, where other projects' tests assert the truth
ADVISORY = {  # and where one other parser's output stands for it
    "attachment_names_include": 3,  # it gave up on a name in undeclared Latin-1
    "attachments_count": 7,  # parts of delivery reports, a body with a Content-ID, uuencoded files
    "subject": 1,  # it ended a header at a line that lost its name
    "text_contains": 3,
}


@cache
def _outcome() -> Outcome:
    return measured(FOLDER, ours)


def test_none_stops_the_parser() -> None:
    """P2: every message is read, by the parser's own way, and can be stored."""
    for line in (FOLDER / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        message = parse((FOLDER / entry["path"]).read_bytes())
        assert not any("cannot be read (" in defect for defect in message.defects), entry["id"]
        assert b"\0" not in f"{message.subject}{message.text}{message.html}".encode(), entry["id"]


@pytest.mark.parametrize(("strong", "known"), [(True, STRONG), (False, ADVISORY)], ids=["asserted", "advisory"])
def test_few_are_read_otherwise(strong: bool, known: dict[str, int]) -> None:
    """P1, P3: subjects, people, texts and attachments are as the messages' own sources say, but for what is known."""
    missed = _outcome().missed(strong=strong)
    assert {field: count for field, count in missed.items() if count > known.get(field, 0)} == {}
    assert sum(_outcome().checks.values()) > 800


def test_ours_is_better_than_the_standard_library() -> None:
    """P1, P3: the comparison can tell parsers apart: the standard library misses more, and raises."""
    other = measured(FOLDER, standard_library)
    assert len(other.crashes) > 0 == len(_outcome().crashes)
    for strong in (True, False):
        assert other.missed(strong=strong).total() > 2 * _outcome().missed(strong=strong).total()


def test_the_comparison_sees_a_wrong_reading() -> None:
    """A reading with nothing in it misses nearly every check."""
    nothing = measured(FOLDER, lambda _: Reading("?", True, "", "?", ("?",), None, "?", "?", ()))
    assert len(nothing.misses) > 0.8 * sum(nothing.checks.values())
