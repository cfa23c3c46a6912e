"""Why a letter was sorted as it was, and why a rule did not fire."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intake.mail.values import Facts, Identity, Urgency
from intake.rules import examples, golden
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.explain import Explanation, Why, explain, why
from intake.rules.load import load_files, try_files
from intake.rules.rulebook import Rulebook
from intake.rules.shape import LetterShape
from intake.triage import Sorter, judge
from tests.unit.rulebooks import CATEGORIES, files, letter, rule, rulebook


def explained(text: str, *rules: str, **changes: Any) -> Explanation:
    book, facts = rulebook(*rules), letter(text, **changes)
    return explain(facts, book, decide(facts, book))


def whys(text: str, when: str, **changes: Any) -> Why:
    book, facts = rulebook(rule(when)), letter(text, **changes)
    told = why(facts, book, decide(facts, book), "one")
    assert told is not None
    return told


def test_every_hit_stands_with_words_place_and_effects() -> None:
    """R7: a rule that fired is told with its file and line, what it did, its weight, and the words in their place."""
    told = explained("The Damp\nis back", rule("{words: [damp]}", "{category: housing, weight: 12, flags: child}"))
    (hit,) = told.hits
    assert (hit.rule, hit.place, hit.weights, hit.counted) == ("one", "10-rules.yaml:2", {"housing": 12}, True)
    assert hit.effects == ("category housing", "flag child")
    (span,) = hit.spans
    assert told.texts[span.field][span.start : span.end] == span.text == "Damp"


def test_sums_stand_against_thresholds() -> None:
    """R7: what was assigned and what was not stand with their weights, thresholds and the reason."""
    told = explained(
        "damp bins",
        rule("{words: [damp]}", "{category: housing, weight: 12}", id_="a1"),
        rule("{words: [bins]}", "{category: street, weight: 9}", id_="a2"),
    )
    assert [(one.what, one.weight, one.threshold, one.assigned) for one in told.sums] == [
        ("housing", 12, 10, True),
        ("street", 9, 10, False),
    ]
    assert [one.why for one in told.sums] == ["reaches its threshold", "short of its threshold"]
    assert [(one.what, one.why) for one in explained("hello", rule("{words: [x1]}")).sums] == [
        ("general", "nothing else is assigned")
    ]


def test_what_general_holds_back_is_told() -> None:
    """R7: a category that reaches its threshold while `general` is further past its own stands with that reason."""
    categories = CATEGORIES.replace("name: General,", "name: General, threshold: -5,")
    book = rulebook(rule("{words: [damp]}", "{category: housing, weight: 12}"), categories=categories)
    told = explain(letter("damp"), book, decide(letter("damp"), book))
    assert [(one.what, one.assigned, one.why) for one in told.sums] == [
        ("general", True, "reaches its threshold"),
        ("housing", False, "general is further past its threshold"),
    ]
    sure = rule("{words: [damp]}", "{category: street}", id_="sure")
    book = rulebook(rule("{words: [damp]}", "{category: housing, weight: 12}"), sure, categories=categories)
    told = explain(letter("damp"), book, decide(letter("damp"), book))
    assert ("housing", False, "general is further past its threshold") in [
        (one.what, one.assigned, one.why) for one in told.sums
    ]


def test_what_is_assigned_against_the_weights_is_told() -> None:
    """R7: a category that a rule without weight assigns below its threshold stands with that reason."""
    against = rule("{words: [damp]}", "{category: housing, weight: -5}", id_="against")
    told = explained("damp", rule("{words: [damp]}", "{category: housing}"), against)
    assert [(one.what, one.weight, one.assigned, one.why) for one in told.sums] == [
        ("housing", 5, True, "a rule without weight suffices")
    ]


@pytest.mark.parametrize(
    ("then", "urgency", "acknowledge"),
    [
        ("{category: danger}", ("category danger",), ("category danger",)),
        ("{category: housing, urgency: today}", ("rule one",), ("category housing",)),
        ("{category: housing, acknowledge: none}", ("category housing",), ("rule one",)),
        ("{flags: no-acknowledgement}", ("category general",), ("flag no-acknowledgement",)),
    ],
)
def test_who_asked_for_it_is_told(then: str, urgency: tuple[str, ...], acknowledge: tuple[str, ...]) -> None:
    """R7: urgency and acknowledgement stand with the rules, categories and flags that asked for them."""
    told = explained("damp", rule("{words: [damp]}", then))
    assert (told.urgency, told.acknowledge) == (urgency, acknowledge)


def test_who_was_kept_out_is_told() -> None:
    """R7: a partner whom a rule or a flag keeps out stands there with what did it; so does a rule that stops others."""
    told = explained(
        "damp",
        rule("{words: [damp]}", "{category: danger, flags: 'not-to:police', never-route: street, stop: true}"),
        rule("{words: [damp]}", "{flags: child}", id_="two"),
    )
    assert told.kept_out == {"police": "flag not-to:police", "street": "rule one"}
    assert told.stopped == "one"


def test_what_rules_cannot_read_is_told() -> None:
    """R9: the built-in check for what rules cannot read is a hit like others, and the urgency is its."""
    told = explained("", rule("{words: [damp]}"), attachments=["scan.pdf"])
    assert [one.rule for one in told.hits] == ["built-in:unreadable"]
    assert told.urgency == ("built-in:unreadable",)


def test_a_near_miss_stands_with_what_failed() -> None:
    """R7: a rule that nearly fired stands there with the condition that failed and the words that matched."""
    (miss,) = explained("damp cheese", rule("{words: [damp], not: {words: [cheese]}}")).misses
    assert (miss.rule, miss.place, miss.failed) == ("one", "10-rules.yaml:2", "not: cheese")
    assert [span.text for span in miss.spans] == ["damp"]


def tree(told: Why) -> list[tuple[int, bool, str, str]]:
    return [(one.depth, one.held, one.text, " ".join(span.text for span in one.spans)) for one in told.lines]


def test_the_condition_is_told_line_by_line() -> None:
    """R7: of one rule, every line of its condition says whether it holds, in the words of the file."""
    when = (
        "{words: [damp*], not-near: {within: 1, words: [old]}, any: [{kind: list}, {regex: ['\\d+']}], language: [pl]}"
    )
    told = whys("Damp and 12 old things", when)
    assert not told.fired
    assert tree(told) == [
        (0, False, "all of these", ""),
        (1, True, "words: damp*", "Damp"),
        (2, True, "not near: old", "old"),
        (1, True, "any of these", ""),
        (2, False, "kind: list", ""),
        (2, True, "regex: \\d+", "12"),
        (1, False, "language: pl", ""),
    ]
    assert tree(whys("old damp", when))[1:3] == [(1, False, "words: damp*", "damp"), (2, False, "not near: old", "old")]


def test_words_far_apart_are_told() -> None:
    """R7: where words stand too far apart, or one group is missing, what stands there is told."""
    when = "{near: {within: 2, of: [[damp], [wall]]}}"
    assert tree(whys("damp on the whole wall", when)) == [(0, False, "within 2 words: damp + wall", "damp wall")]
    assert tree(whys("damp", when)) == [(0, False, "within 2 words: damp + wall", "damp")]
    assert tree(whys("damp wall", when)) == [(0, True, "within 2 words: damp + wall", "damp wall")]


def test_words_that_were_passed_over_are_told() -> None:
    """R7: words of a list for another language, and words in a field that is not read, are told."""
    lists = "lists: {wet: {pl: [wilgoc*]}}"
    book = rulebook(rule("{words: [$wet]}") + rule("{words: [mould]}", id_="two"), lists=lists)
    text = "the landlord says wilgoc and wilgoc again and we do not know what that is"
    facts = letter(text, forwarded=False, **{"full-text": "> the mould"})
    decision = decide(facts, book)
    one, two = (why(facts, book, decision, id_) for id_ in ("one", "two"))
    assert one is not None
    assert two is not None
    assert one.lines[0].note == "`wilgoc` stands there, but is of a list for another language"
    assert two.lines[0].note == "`mould` stands in the full-text, which is not read here"
    assert why(facts, book, decision, "three") is None


def test_a_rule_that_was_not_asked_is_told() -> None:
    """R7: where an earlier rule stopped the asking, a rule that would have fired names it."""
    book = rulebook(
        rule("{words: [damp]}", "{flags: child, stop: true}", id_="first") + rule("{words: [damp]}", id_="later")
    )
    facts = letter("damp")
    told = why(facts, book, decide(facts, book), "later")
    assert told is not None
    assert (told.fired, told.stopped, told.lines[0].held) == (False, "first", True)


WORDS = ["damp", "knife", "wall", "neighbour", "school", "noise", "flat", "boiler"]
some_words = st.lists(st.sampled_from([*WORDS, "dam*", "the wall"]), min_size=1, max_size=3)
near = st.fixed_dictionaries({"within": st.integers(1, 4), "of": st.lists(some_words, min_size=2, max_size=3)})
fields = st.sampled_from(["subject", "own-words", "full-text"])
regexes = st.sampled_from([["d[a-z]+p"], ["n.ise", "\\bwall"]])
leaves = (
    st.fixed_dictionaries({"words": some_words})
    | st.fixed_dictionaries({"words": some_words, "not-near": st.fixed_dictionaries({"words": some_words})})
    | st.fixed_dictionaries({"near": near})
    | st.fixed_dictionaries({"regex": regexes, "in": fields})
    | st.sampled_from([{"language": ["en"]}, {"kind": ["list"]}, {"length": {"over": 4}}, {"from": ["@example.org"]}])
)


def whole(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    keys, parts = st.sampled_from(["any", "all", "not"]), st.lists(inner, min_size=1, max_size=3)
    several = st.builds(lambda key, parts: {key: parts}, keys, parts)
    return several | st.builds(lambda one, part: one | {"not": [part]}, leaves, inner)


whens = st.recursive(leaves, whole, max_leaves=5)
thens = st.sampled_from(
    [
        {"category": "danger"},
        {"category": "hate", "weight": 6, "tags": ["race"]},
        {"category": "housing", "weight": 5, "times": 3},
        {"category": "hate", "urgency": "routine"},
        {"category": "street", "weight": -4},
        {"category": "unsolicited"},
        {"weights": {"hate": 6, "street": -3, "child": 5, "emergency": 7, "none": 4, "neutral": 6}, "times": 2},
        {"flags": ["child"], "urgency": "today", "route": ["housing"]},
        {"flags": ["not-to:police"]},
        {"never-route": ["officers", "police"], "acknowledge": "neutral"},
    ]
)
rules = st.lists(st.tuples(whens, thens, st.booleans()), min_size=1, max_size=6)
said = st.lists(st.sampled_from([*WORDS, "and", "the", "is", "in our"]), min_size=1, max_size=14).map(" ".join)
NOBODY_ELSE = "nobody else gets it"  # what triage, not the rules, lists to the officers (D6)
FALLBACKS = {"general", "built-in:unreadable", NOBODY_ELSE}
IDENTITY = Identity(frozenset({"cohesion@example.org"}))
ZONE = ZoneInfo("Europe/London")


def raised_only(then: dict[str, Any]) -> bool:
    return (
        "never-route" not in then
        and then.get("urgency") != "routine"
        and then.get("weight", 1) > 0
        and "weights" not in then
    )


def texts_of(made: list[tuple[dict[str, Any], dict[str, Any], bool]], text: str, subject: str) -> dict[str, str]:
    """Return the files of a rulebook in which every rule has the letter for an example that must match."""
    listed = [
        {
            "id": f"r{n}",
            "when": when,
            "then": then | ({"stop": True} if n == 3 and not (is_safety and raised_only(then)) else {}),
            "safety": is_safety and raised_only(then),
            "examples": {"match": [{"text": text, "subject": subject, "language": "en"}]},
        }
        for n, (when, then, is_safety) in enumerate(made)
    ]
    return files() | {"10-rules.yaml": json.dumps({"rules": listed})}


@settings(deadline=None)
@given(rules, said, said)
def test_nobody_disagrees(made: list[tuple[dict[str, Any], dict[str, Any], bool]], text: str, subject: str) -> None:
    """R2: live triage, what-if, `explain`, examples and golden letters say the same of any letter under any rules."""
    texts = texts_of(made, text, subject)
    tried = try_files(texts)
    book = tried.rulebook
    raw = f"From: resident@example.org\r\nTo: cohesion@example.org\r\nSubject: {subject}\r\n\r\n{text}\r\n"
    live = Sorter(book, IDENTITY, ZONE).triage(raw.encode())
    assume(live.own_words == text)
    assert live.read is not None
    account = explain(live.read.facts, book, live.decision)
    agree(live.read.facts, book, account)
    assert judge(live.read, book, told=Told.NOTHING).decision.categories == account.decision.categories
    shape = LetterShape.model_validate({"id": "a", "text": text, "subject": subject, "outcome": outcome(account)})
    as_golden = json.dumps({"letters": [shape.model_dump(mode="json", by_alias=True, exclude_unset=True)]})
    assert try_files(texts | {"golden.yaml": as_golden}).golden[0].differences == ()
    assert decide(golden.facts(shape), book).evidence == live.decision.evidence
    for one in tried.examples:
        rule_shape = next(rule for rule in book.program.rules if rule.id == one.rule)
        facts = examples.facts(rule_shape.examples.match[0])
        told = why(facts, book, decide(facts, book), one.rule)
        assert told is not None
        assert told.lines[0].held is one.passed


def agree(facts: Facts, book: Rulebook, account: Explanation) -> None:
    """Check an account against itself: which rules fired, what was assigned, and who asked for it."""
    fired = [one.rule for one in account.hits if not one.rule.startswith("built-in")]
    whole = {rule.id: why(facts, book, account.decision, rule.id) for rule in book.program.rules}
    assert {id_ for id_, told in whole.items() if told and told.fired} == set(fired)
    assert [one.rule for one in account.hits] == [one.rule for one in account.decision.evidence]
    assigned = [one.what for one in account.sums if one.assigned]
    assert tuple(one for one in assigned if one in book.categories) == account.decision.categories
    assert {one for one in assigned if one == "child"} <= set(account.decision.flags)
    assert account.decision.urgency is Urgency.ROUTINE or account.urgency
    assert account.acknowledge
    routed = {route.partner for route in account.decision.routes if route.why not in FALLBACKS}
    assert not routed & account.kept_out.keys()
    for one in account.hits:
        assert all(account.texts[span.field][span.start : span.end] == span.text for span in one.spans)


def outcome(account: Explanation) -> dict[str, Any]:
    decision = account.decision
    return {
        "categories": decision.categories,
        "tags": decision.tags,
        "flags": decision.flags,
        "urgency": decision.urgency,
        "acknowledge": decision.acknowledge,
        "partners": [route.partner for route in decision.routes if route.why != NOBODY_ELSE],
    }


def test_a_kept_rulebook_is_explained_the_same() -> None:
    """R5: a rulebook loaded from its kept files gives the same account."""
    book, facts = rulebook(rule("{words: [damp]}")), letter("damp")
    again = load_files(book.files)
    assert explain(facts, again, decide(facts, again)) == explain(facts, book, decide(facts, book))
