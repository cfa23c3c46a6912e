"""R2 as a whole: live triage, what is kept of it, what-if, `explain` and the examples of rules never disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.values import Facts, Identity
from intake.rules import examples
from intake.rules.beside import Counted, Pair
from intake.rules.decide import decide
from intake.rules.explain import explain, why
from intake.rules.rulebook import Rulebook
from intake.rules.shape import ExampleShape, ExamplesShape
from intake.store.columns import storable
from intake.store.facts import Columns, columns, decode, encode
from intake.store.plain import plain
from intake.triage import Sorter, judge, judged
from tests.unit.strategies import encoded_word, mail, part
from tests.unit.test_beside import Base, Rules, bare, bases, book, rules, said

ZONE = ZoneInfo("Europe/London")
US = Identity(frozenset({"cohesion@example.org"}))
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
marks = st.sampled_from(["", "", "Auto-Submitted: auto-replied\r\n", "List-Id: <x.example.org>\r\n"])


@settings(max_examples=60)
@given(rules, rules, st.tuples(bases, bases), st.tuples(said, said, marks), st.booleans())
def test_no_two_ever_disagree(
    one: Rules, other: Rules, of: tuple[Base, Base], parts: tuple[str, str, str], late: bool
) -> None:
    """R2: of any letter, any two rulebooks and all who judge by them, each tells of a rulebook what the others tell."""
    subject, text, mark = parts
    raw = mail(part(text, "utf-8", "quoted-printable"), encoded_word(subject, "utf-8", "Q"), more=mark)
    before, after = book(one, of[0]), book(one + other, of[1])
    live = {each.version: Sorter(each, US, ZONE).triage(raw, AT, late=late) for each in (before, after)}
    found = live[before.version].read
    assert found is not None
    kept = decode(encode(found), Columns(*map(_stored, columns(found))), AT.astimezone(ZONE))
    pair = Pair.of(before, after)
    counted = plain(live[before.version].decision.evidence)
    recalled = [Counted(one["rule"], one["times"], tuple(one["words"])) for one in counted]
    assert pair.decide(kept.facts, recalled) == pair.decide(kept.facts)
    for each, guessed in zip((before, after), pair.decide(kept.facts), strict=True):
        triage = live[each.version]
        again = judge(kept, each)
        assert again.decision == triage.decision
        for verdict in (again, judged(kept, each, guessed)):
            assert (verdict.kind, verdict.reason) == (triage.kind, triage.reason)
            assert (verdict.acknowledge, verdict.acknowledge_reason) == (triage.acknowledge, triage.acknowledge_reason)
            assert bare(verdict.decision) == bare(triage.decision)
        _explained(found.facts, each)
        _tested(found.facts, each)


def _stored(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def _explained(facts: Facts, book: Rulebook) -> None:
    """Check that `explain` tells of every rule what `decide` does."""
    decision = decide(facts, book)
    fired = [one.rule for one in decision.evidence if ":" not in one.rule]
    account = explain(facts, book, decision)
    assert account.decision == decision
    assert [hit.rule for hit in account.hits if ":" not in hit.rule] == fired
    for rule in book.program.rules:
        told = why(facts, book, decision, rule.id)
        assert told is not None
        assert told.fired == (rule.id in fired)


def _tested(facts: Facts, book: Rulebook) -> None:
    """Check that the same letter as an example passes where the rule fires, unless another one stopped it."""
    kind, language = facts.kind, facts.language.tag
    shape = ExampleShape(text=facts.own.own, subject=facts.message.subject, language=language, kind=kind)
    asked = examples.facts(shape)
    decision = decide(asked, book)
    for rule in book.program.rules:
        told = why(asked, book, decision, rule.id)
        assert told is not None
        tried = replace(rule, examples=ExamplesShape(match=(shape,)))
        (outcome,) = examples.run(replace(book.program, rules=(tried,)))
        assert told.stopped or outcome.passed == (rule.id in {one.rule for one in decision.evidence})
