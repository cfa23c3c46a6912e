"""What each condition of a rule holds of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from intake.rules.decide import decide
from tests.unit.rulebooks import files, fires, letter, rule, rulebook, sort


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ("{words: [damp]}", "Damp!", "dampness"),
        ("{words: [damp*]}", "dampness", "undamp"),
        ("{words: [black mould]}", "black -\n MOULD", "black and mould"),
        ("{phrases: [lock* the door*]}", "he locked the doors", "he locked a door"),
        ("{words: ['évict*']}", "EVICTED", "convict"),
        ("{words: [被骗]}", "我被骗了", "被人骗"),
        ("{words: [شرطة]}", "والشرطة هنا", "شر"),
        ("{near: {within: 3, of: [[bomb], [threat*]]}}", "threats of a bomb", "bomb in the film made threats"),
        ("{near: {within: 3, of: [[a1], [b1], [c1]]}}", "c1 x a1 b1", "c1 x x a1 b1"),
        ("{near: {within: 5, of: [[bomb*], [bombing, raid]]}}", "bomb raid", "bombing"),
        (
            "{words: [bomb], not-near: {within: 3, words: [film]}}",
            "the film was good. Then there was a bomb",
            "film bomb",
        ),
        ("{regex: ['section \\d+']}", "SECTION 21 notice", "section x"),
        ("{regex: ['pł\\pL+'], not-near: {within: 1, words: [nie]}}", "to płot", "nie płot"),
        ("{words: [dog], not: {words: [hot]}}", "a dog", "a hot dog"),
        ("{all: [{words: [dog]}, {words: [bark*]}]}", "dogs? a dog barks", "a dog"),
        ("{any: [{words: [dog]}, {words: [cat]}]}", "a cat", "a cow"),
        ("{not: [{words: [x1]}, {words: [x2]}]}", "x3", "x2"),
        ("{length: {under: 3}}", "two words", "now three words"),
        ("{length: {over: 5}}", "房东不修暖气天花板漏水", "你好吗"),
        ("{length: {over: 2, under: 5}}", "now three words", "two words"),
        ("{size: {over: 10}}", "more than ten", "ten"),
    ],
)
def test_conditions_on_words(when: str, yes: str, no: str) -> None:
    """R1: words, phrases, endings, nearness, exclusion, expressions, any, all, not."""
    assert fires(when, yes)
    assert not fires(when, no)


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ("{in: subject, words: [bins]}", {"subject": "Bins"}, {"text": "bins"}),
        ("{in: own-words, words: [bins]}", {"text": "bins"}, {"subject": "bins"}),
        ("{in: full-text, words: [bins]}", {"text": "x", "full-text": "bins"}, {"subject": "bins", "text": "x"}),
        ("{in: attachment-names, words: [notice]}", {"attachments": ["notice.pdf"]}, {"text": "notice"}),
        ("{in: subject, any: [{words: [a1]}, {in: own-words, words: [b1]}]}", {"text": "b1"}, {"text": "a1"}),
        ("{header: {X-Form: council}}", {"headers": {"X-Form": "The Council"}}, {"headers": {"X-Form": "x"}}),
        ("{header: {X-Form: ''}}", {"headers": {"X-Form": "any"}}, {}),
        ("{from: ['@example.org']}", {"from": "a@desk.example.org"}, {"from": "a@badexample.org"}),
        ("{from: [Ann@Example.org]}", {"from": "ann@example.org"}, {"from": "bob@example.org"}),
        ("{to: ['@example.net']}", {"to": "x@example.net"}, {"to": "x@example.org"}),
        ("{language: [pl, fa]}", {"text": "x", "language": "fa-AF"}, {"text": "x", "language": "pld"}),
        ("{attachment: ['image/*']}", {"attachments": ["a.JPG"]}, {"attachments": ["a.pdf"]}),
        ("{attachment: ['*.docx']}", {"attachments": ["a.docx"]}, {"attachments": ["a.pdf"]}),
        ("{attachment: any}", {"attachments": ["a.bin"]}, {}),
        ("{kind: [list, auto-reply]}", {"kind": "list"}, {"kind": "person"}),
        ("{received: {days: [sat, sun]}}", {"received": "2026-11-21 10:00"}, {"received": "2026-11-20 10:00"}),
        (
            "{received: {from: 22:00, to: 06:00}}",
            {"received": "2026-11-20 23:30"},
            {"received": "2026-11-20 12:00"},
        ),
    ],
)
def test_conditions_on_the_message(when: str, yes: dict[str, object], no: dict[str, object]) -> None:
    """R1: fields, headers, addresses, language, attachments, kind, time."""
    assert fires(when, **{"text": "", **yes})
    assert not fires(when, **{"text": "", **no})


def test_lists_areas_and_senders() -> None:
    """R1: named lists in words and in one another, areas by any of their names, lists of senders."""
    book = rulebook(
        rule("{words: [$home]}", id_="by-list")
        + rule("{area: [lings]}", id_="by-area")
        + rule("{sender-in: [trusted]}", id_="by-sender")
        + rule("{near: {within: 3, of: [[$home], [lost]]}}", id_="near-list"),
        lists="lists: {home: [flat, $more], more: {en: [bedsit], pl: [mieszkani*]}, trusted: ['@example.org']}",
        areas="areas: [{id: lings, name: Lings, words: [lings wood, NN3]}]",
    )

    def fired(text: str, **changes: object) -> list[str]:
        return [one.rule for one in decide(letter(text, **{"from": "x@example.com", **changes}), book).evidence]

    assert fired("my bedsit") == ["by-list"]
    assert fired("we lost the flat") == ["by-list", "near-list"]
    assert fired("near Lings Wood") == ["by-area"]
    assert fired("x", **{"from": "a@example.org"}) == ["by-sender"]
    assert book.languages == {"en", "pl"}


def test_words_of_a_language_are_looked_for_in_its_letters() -> None:
    """Lists hold several languages side by side: a French word is no evidence in an English letter, but for safety."""
    lists = "lists: {ache: {en: [pain], fr: [pain]}, bread: {fr: [pain]}}"
    book = rulebook(
        rule("{words: [$bread]}", id_="usual") + rule("{words: [$bread]}", id_="careful", safety=True), lists=lists
    )

    def fired(text: str, language: str) -> set[str]:
        return {one.rule for one in decide(letter(text, language=language), book).evidence}

    said = "the pain in my back is bad and I have not slept for a week now"
    assert fired(said, "en") == {"careful"}
    assert fired(f"{said} and nobody at the surgery will see me before next Thursday or Friday", "en") == set()
    assert fired(said, "fr") == {"usual", "careful"}
    assert fired(said, "und") == {"usual", "careful"}
    assert fired("pain", "en") == {"usual", "careful"}


def test_what_is_read_by_default() -> None:
    """P4: subject and own words; the rest where own words are missing or few above a forward; no reply's subject."""
    assert fires("{words: [damp]}", "x", subject="Damp")
    assert not fires("{words: [damp]}", "thanks", subject="Re: Damp")
    assert not fires("{words: [damp]}", "thanks", **{"full-text": "damp"}, forwarded=False)
    assert fires("{words: [damp]}", "please deal", **{"full-text": "damp"})
    assert not fires("{words: [damp]}", "word " * 30, **{"full-text": "damp"})
    assert fires("{words: [damp]}", "", subject="Re: damp", **{"full-text": "x"})


def test_arrival_comes_before_the_date_header() -> None:
    """Hours are read of the arrival in the partnership's time zone, and of the Date header where nobody knows it."""
    at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    assert fires("{received: {from: 22:00, to: 06:00}}", "x", arrived=at, received="2026-11-20 12:00")
    assert not fires("{received: {from: 22:00, to: 06:00}}", "x")


def test_evidence_points_at_the_words() -> None:
    """R7: every hit has its words and their place in the original text."""
    found = sort("On Monday: «DÄMP» and more damp", rule("{words: [damp]}")).evidence[0]
    assert [(one.field, one.start, one.text) for one in found.spans] == [
        ("own-words", 12, "DÄMP"),
        ("own-words", 27, "damp"),
    ]
    assert found.effects == ("category housing",)


@pytest.mark.parametrize(
    ("when", "text", "why"),
    [
        ("{words: [bomb], not: {words: [film]}}", "the film was a bomb", "not: film"),
        ("{words: [bomb], not-near: {within: 9, words: [film]}}", "the film was a bomb", "not near: film"),
        ("{near: {within: 1, of: [[bomb], [threat]]}}", "bomb, they say, a threat", "within 1 words: bomb + threat"),
        ("{words: [bomb], kind: [list]}", "bomb", "kind: list"),
        ("{words: [bomb], length: {under: 2}}", "a bomb", "length: under 2"),
    ],
)
def test_near_misses_say_what_failed(when: str, text: str, why: str) -> None:
    """R7: a rule of which all but one condition held is told, with that condition and the words that spoke for it."""
    decision = sort(text, rule(when))
    assert decision.evidence == ()
    assert [(one.rule, one.failed) for one in decision.near_misses] == [("one", why)]
    assert decision.near_misses[0].spans


def test_far_misses_are_not_told() -> None:
    """R7: a rule of which two conditions failed did not nearly fire."""
    assert sort("bomb", rule("{words: [bomb], kind: [list], length: {over: 9}}")).near_misses == ()


def test_a_word_list_of_any_length_is_one_search() -> None:
    """R8: 20,000 words in a list are found as one is."""
    listed = ", ".join(f"word{n}" for n in range(20_000))
    book = rulebook(rule("{words: [$many]}"), lists=f"lists: {{many: [{listed}]}}")
    assert [one.text for one in decide(letter("Word19999, word7"), book).evidence[0].spans] == ["Word19999", "word7"]


def test_names_of_files_are_kept() -> None:
    """R5: a rulebook keeps the text of its files, and can be loaded from them again."""
    made = files(rule("{words: [damp]}"))
    book = rulebook(rule("{words: [damp]}"))
    assert dict(book.files) == made
