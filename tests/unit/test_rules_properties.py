"""What must hold of any letter and any order of rules."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.values import Decision, Facts, Urgency
from intake.rules import normal
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.load import load_files
from tests.unit.rulebooks import files, letter, rule, rulebook

SAFETY = (
    rule("{words: [knife]}", "{category: danger, route: housing}", id_="s1", safety=True)
    + rule("{words: [spat]}", "{category: hate, weight: 10, flags: child, tags: race}", id_="s2", safety=True)
    + rule("{words: [watched]}", "{flags: no-acknowledgement, acknowledge: none}", id_="s3", safety=True)
    + rule("{words: [bailiff]}", "{category: housing, weight: 3, urgency: today}", id_="s4", safety=True)
)
OTHERS = (
    rule("{words: [knife, spat, bailiff]}", "{category: danger, weight: -900, urgency: routine}", id_="o1"),
    rule("{words: [knife, spat]}", "{category: hate, weight: -900, urgency: routine}", id_="o2"),
    rule("{not: {words: [zzz]}}", "{category: unsolicited, stop: true}", id_="o3"),
    rule("{not: {words: [zzz]}}", "{never-route: [police, officers, housing], acknowledge: standard}", id_="o4"),
    rule("{words: [bailiff]}", "{category: housing, weight: 0, urgency: routine}", id_="o5"),
    rule("{words: [spat]}", "{category: street, weight: 50, stop: true}", id_="o6"),
)
ALONE = rulebook(SAFETY)
said = st.lists(st.sampled_from(["knife", "spat", "watched", "bailiff", "offer", "the"]), max_size=8).map(" ".join)
kinds = st.sampled_from(["person", "list", "auto-reply", "spoofed", "unsolicited"])


@settings(deadline=None)
@given(said, kinds, st.permutations(OTHERS), st.integers(0, len(OTHERS)))
def test_no_other_rule_lowers_what_safety_rules_did(text: str, kind: str, others: list[str], where: int) -> None:
    """R10: whatever other rules there are, in whatever files before or after, nothing of a safety rule is lowered."""
    before, after = "".join(others[:where]), "".join(others[where:])
    made = rulebook(*(text or "  []\n" for text in (before, SAFETY, after)))
    facts = letter(text, kind=kind)
    floor, found = decide(facts, ALONE), decide(facts, made)
    if any(one.rule in {"s1", "s2", "s4"} for one in floor.evidence):
        assert set(safe_categories(floor)) <= set(found.categories)
        assert found.urgency.rank >= floor.urgency.rank
        assert {one.partner for one in floor.routes} - {"officers"} <= {one.partner for one in found.routes}
        if floor.urgency is not Urgency.ROUTINE:
            assert {one.delivery for one in found.routes} == {one.delivery for one in floor.routes}
    assert set(floor.flags) <= set(found.flags)
    assert found.acknowledge.care >= floor.acknowledge.care


def safe_categories(decision: Decision) -> list[str]:
    return [one for one in decision.categories if one in {"danger", "hate"}]


BOOK = rulebook(
    rule("{words: [damp*, évict*, 被骗, الشرطة, fly tipping]}", id_="a1")
    + rule("{near: {within: 4, of: [[damp*, a], [the, b]]}}", "{category: street, weight: 5}", id_="a2")
    + rule("{regex: ['[a-c]+\\d', 'é+']}", "{flags: child}", id_="a3")
    + rule("{words: [damp*], not-near: {within: 2, words: [a, b]}}", "{category: hate, weight: 4}", id_="a4")
)
pieces = ["damp ", "ÉVICTED ", "被骗", "والشرطة ", "fly-tipping ", "a1", "é", "’", "\u0301", "\u200c", "ﬁ", "\n"]
texts = st.lists(st.characters() | st.sampled_from(pieces), max_size=60).map("".join)


def letters(text: str, subject: str, kind: str) -> Facts:
    return letter(text, subject=subject, kind=kind, language="und")


@settings(deadline=None)
@given(texts, texts, kinds)
def test_the_same_letter_gives_the_same_decision(text: str, subject: str, kind: str) -> None:
    """R2: a decision follows from letter and rulebook alone, also of a rulebook loaded anew from its kept files."""
    facts = letters(text, subject, kind)
    assert decide(facts, BOOK) == decide(facts, BOOK) == decide(facts, load_files(BOOK.files))


@given(texts, texts, kinds)
def test_a_decision_that_nobody_asks_about_is_the_same(text: str, subject: str, kind: str) -> None:
    """R2: leaving out places and near misses, as what-if does, changes nothing that is decided."""
    facts = letters(text, subject, kind)
    for book in (BOOK, ALONE):
        whole, short = decide(facts, book), decide(facts, book, told=Told.NOTHING)
        bare = tuple(replace(one, spans=()) for one in whole.evidence)
        assert short == replace(whole, evidence=bare, near_misses=())
        assert decide(facts, book, told=Told.WORDS) == replace(whole, near_misses=())


PACKED = {id(book): pickle.loads(pickle.dumps(book)) for book in (BOOK, ALONE)}


@given(texts, texts, kinds)
def test_a_rulebook_from_another_process_decides_the_same(text: str, subject: str, kind: str) -> None:
    """R2: a rulebook that was loaded by one process and handed to another is the same evaluator there."""
    facts = letters(text, subject, kind)
    for book in (BOOK, ALONE):
        assert decide(facts, PACKED[id(book)]) == decide(facts, book)


@given(texts, texts)
def test_spans_point_at_what_matched(text: str, subject: str) -> None:
    """R7: each span is a place of its field's text, and what stands there has the normal form of what matched."""
    decision = decide(letters(text, subject, "person"), BOOK)
    sources = {"subject": subject, "own-words": text, "full-text": text}
    for one in (*decision.evidence, *decision.near_misses):
        for span in one.spans:
            assert sources[span.field][span.start : span.end] == span.text
            assert one.rule == "a3" or normal.words(span.text)
    for span in (span for one in decision.evidence if one.rule == "a1" for span in one.spans):
        said = " ".join(normal.words(span.text))
        assert any(part in said for part in ("damp", "evict", "被 骗", "الشرطه", "fly tipping"))


@pytest.mark.parametrize("piece", ["damp ", "a b ", "damp a b the ", "被骗", "é", "'", "\u0301", "((((", "a1 ", "x"])
def test_floods_are_bounded(piece: str) -> None:
    """R8: however long a letter is, it is sorted, and evidence stays small enough to store and show."""
    decision = decide(letter(piece * (1_000_000 // len(piece)), language="und"), BOOK)
    assert all(len(one.spans) <= 12 for one in (*decision.evidence, *decision.near_misses))


def test_order_of_files_is_the_order_of_names() -> None:
    """Files are read in the order of their names, whatever order they are given in."""
    made = files(
        rule("{words: [x1]}", "{category: street, stop: true}", id_="a1"),
        rule("{words: [x1]}", "{category: housing}", id_="a2"),
    )
    for order in (made, dict(reversed(made.items()))):
        assert decide(letter("x1"), load_files(order)).categories == ("street",)
