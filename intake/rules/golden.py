"""Runs the golden set: whole letters, kept beside the rules, that must have exactly the outcome given (R3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from intake.errors import Problem
from intake.mail.language import detect
from intake.mail.values import Decision, Facts
from intake.rules import examples
from intake.rules.compile import Known
from intake.rules.decide import decide
from intake.rules.lexicon import Source
from intake.rules.rulebook import Rulebook
from intake.rules.shape import GoldenFile, LetterShape, OutcomeShape
from intake.rules.unreadable import FLAG


class Difference(NamedTuple):
    """One key of an outcome that is not as it should be."""

    key: str  # "categories"
    should: str
    is_: str


class Letter(NamedTuple):
    """What became of one golden letter."""

    id: str
    number: int  # from 0, in the file
    differences: tuple[Difference, ...]  # none: it passed
    rules: tuple[str, ...]  # ids of those that fired


def run(rulebook: Rulebook, file: GoldenFile) -> Iterator[Letter]:
    """Yield what became of every golden letter, in the order of the file."""
    for number, letter in enumerate(file.letters):
        decision = decide(facts(letter), rulebook)
        fired = tuple(one.rule for one in decision.evidence)
        yield Letter(letter.id, number, tuple(_differences(letter.outcome, decision)), fired)


def facts(letter: LetterShape) -> Facts:
    """Return a golden letter as rules see a message; its language is detected where the letter names none."""
    made = examples.facts(letter)
    return made if letter.language else replace(made, language=detect(letter.text, letter.subject))


def _differences(should: OutcomeShape, decision: Decision) -> Iterator[Difference]:
    partners = [route.partner for route in decision.routes]
    if should.categories not in (None, decision.categories):
        yield Difference("categories", _listed(should.categories), _listed(decision.categories))
    sets = (("tags", should.tags, decision.tags), ("flags", should.flags, decision.flags))
    for key, wanted, found in (*sets, ("partners", should.partners, tuple(partners))):
        if wanted is not None and set(wanted) != set(found):
            yield Difference(key, _listed(sorted(set(wanted))), _listed(sorted(found)))
    for key, asked, made in (
        ("urgency", should.urgency, decision.urgency),
        ("acknowledge", should.acknowledge, decision.acknowledge),
    ):
        if asked is not None and asked != made:
            yield Difference(key, asked, made)


def _listed(names: Iterable[str] | None) -> str:
    return f"[{', '.join(names or ())}]"


def differences(source: Source, letter: Letter) -> Iterator[Problem]:
    """Yield every difference of a golden letter as a fault at its line; `source` is the file."""
    fired = ", ".join(letter.rules[:8]) + (", …" if len(letter.rules) > 8 else "")
    for key, should, is_ in letter.differences:
        place = source / "letters" / letter.number / "outcome" / key
        yield place.problem(f"golden letter `{letter.id}`: {key} should be {should}, is {is_}", f"fired: {fired}")


def faults(source: Source, file: GoldenFile, known: Known) -> Iterator[Problem]:
    """Yield every name in the golden file that no other file defines."""
    for number, letter in enumerate(file.letters):
        outcome, place = letter.outcome, source / "letters" / number / "outcome"
        named = (
            ("category", "categories", outcome.categories, known.categories.keys()),
            ("tag", "tags", outcome.tags, known.tags),
            ("flag", "flags", [one.partition(":")[0] for one in outcome.flags or ()], known.flags | {FLAG}),
            ("partner", "partners", outcome.partners, known.partners),
        )
        if not outcome.model_fields_set:
            yield place.problem("says nothing", "name categories, tags, flags, urgency, acknowledge or partners")
        for what, key, given, defined in named:
            yield from (
                (place / key / n).unknown(what, one, defined) for n, one in enumerate(given or ()) if one not in defined
            )
