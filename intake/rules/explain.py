"""Why a message was sorted as it was, and why a rule did or did not fire: an account of a decision. Pure (R7).

Nothing is decided here: the decision, the sums and the conditions are those of `decide`, `weigh` and `conditions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from intake.mail.values import Decision, Evidence, Facts, Span, Urgency
from intake.rules import conditions, weigh
from intake.rules.areas import Named
from intake.rules.conditions import Condition, View
from intake.rules.decide import look, recalled
from intake.rules.match import ATTACHMENT_NAMES, FULL_TEXT, OWN_WORDS, SUBJECT, UNKNOWN, Findings, Found
from intake.rules.normal import Reading
from intake.rules.phrases import Leaves
from intake.rules.program import Rule
from intake.rules.rulebook import Rulebook
from intake.rules.unreadable import RULE as UNREADABLE
from intake.rules.weigh import GENERAL, UNSOLICITED, Fired, Firings

MOST_SPANS = 12  # of one line of a condition


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired."""

    rule: str  # id
    name: str
    place: str  # file and line; "" of what is built in
    safety: bool
    weights: Mapping[str, int]  # what it counted for what: a category, a flag, an urgency, an acknowledgement
    effects: tuple[str, ...]  # "category housing", "flag child"
    counted: bool  # whether its tags, urgency and routes count: without a category, or with one that is assigned
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that nearly fired."""

    rule: str
    name: str
    place: str
    failed: str  # the condition that failed, as the rule states it
    spans: tuple[Span, ...]  # what did match


@dataclass(frozen=True, slots=True)
class Sum:
    """What the rules that fired add up to for a category, a flag, an urgency or an acknowledgement."""

    what: str
    weight: int
    threshold: int
    assigned: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The account of one decision."""

    decision: Decision
    read: tuple[str, ...]  # fields that rules read where they name none
    texts: Mapping[str, str]  # those and every field in which words were found; spans point into them
    hits: tuple[Hit, ...]  # in the order asked: safety rules first
    misses: tuple[Miss, ...]
    sums: tuple[Sum, ...]  # the categories assigned, main first, then the rest, the heaviest first
    urgency: tuple[str, ...]  # who asked for the urgency that it has: "rule x", "category y"
    acknowledge: tuple[str, ...]  # the same for the acknowledgement
    kept_out: Mapping[str, str]  # partners who were not to get it, and what says so
    stopped: str  # the rule that kept later ones from being asked, "" where none did


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a rule's condition."""

    depth: int  # 0: the whole `when`
    text: str  # in the words of the file: "words: damp*, mould", "not", "any of these"
    held: bool
    spans: tuple[Span, ...]  # words that speak for it, or that break it
    note: str  # why words that stand in the letter were passed over, "" otherwise


@dataclass(frozen=True, slots=True)
class Why:
    """Why one rule did or did not fire."""

    rule: str
    name: str
    place: str
    effects: tuple[str, ...]
    fired: bool
    stopped: str  # the rule that kept this one from being asked, "" where none did
    lines: tuple[Line, ...]


def explain(facts: Facts, rulebook: Rulebook, decision: Decision) -> Explanation:
    """Return the account of `decision`, which `rulebook` made of `facts`."""
    rules = {rule.id: rule for rule in rulebook.program.rules}
    fired = Firings(
        rulebook,
        (recalled(rules[one.rule], one.times, one.words)[0] for one in decision.evidence if one.rule in rules),
    )
    shown = chain((one.spans for one in decision.evidence), (one.spans for one in decision.near_misses))
    fields = {span.field for spans in shown for span in spans}
    read = look(facts, rulebook.program.matcher).findings.defaults
    return Explanation(
        decision=decision,
        read=tuple(field for field in _fields(facts) if field in read),
        texts={f: text for f, text in _fields(facts).items() if f in read or f in fields},
        hits=tuple(_hits(decision, fired)),
        misses=tuple(
            Miss(one.rule, rules[one.rule].name, rules[one.rule].place, one.failed, one.spans)
            for one in decision.near_misses
        ),
        sums=tuple(_sums(decision, fired)),
        urgency=_urgency(decision, fired),
        acknowledge=_askers(decision.acknowledge, weigh.acknowledgements(decision.categories, fired, decision.flags)),
        kept_out=weigh.kept_out(decision.categories, fired, decision.flags),
        stopped=_stopped(fired),
    )


def _fields(facts: Facts) -> dict[str, str]:
    names = ", ".join(one.name for one in facts.message.attachments)
    message = facts.message
    return {SUBJECT: message.subject, OWN_WORDS: facts.own.own, FULL_TEXT: message.text, ATTACHMENT_NAMES: names}


def _hits(decision: Decision, fired: Firings) -> Iterator[Hit]:
    counted = {rule.id for rule in weigh.counted(fired, decision.categories)}
    by_id = {one.rule.id: one for one in fired}
    for one in decision.evidence:
        if one.rule not in by_id:
            yield Hit(one.rule, "", "", safety=False, weights={}, effects=one.effects, counted=True, spans=())
            continue
        rule, weights = by_id[one.rule]
        is_counted = rule.id in counted
        yield Hit(rule.id, rule.name, rule.place, rule.safety, weights, one.effects, is_counted, one.spans)


def _stopped(fired: Iterable[Fired]) -> str:
    return next((one.rule.id for one in fired if one.rule.effects.stop), "")


def _askers(level: object, asked: Iterable[tuple[object, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(who for what, who in asked if what == level and who))


def _urgency(decision: Decision, fired: Firings) -> tuple[str, ...]:
    asked = weigh.urgencies(decision.categories, fired)
    if any(one.rule == UNREADABLE for one in decision.evidence):
        asked.append((Urgency.TODAY, UNREADABLE))
    return _askers(decision.urgency, asked)


def _sums(decision: Decision, fired: Firings) -> Iterator[Sum]:
    rulebook, sums = fired.rulebook, fired.sums
    margins = {one.id: sums.get(one.id, 0) - one.threshold for one in rulebook.categories.values()}
    held = GENERAL in margins and margins[GENERAL] == max(margins.values())
    rest = sorted(sums.keys() - set(decision.categories), key=lambda id_: (-sums[id_], id_))
    for id_ in (*decision.categories, *rest):
        category, weight = rulebook.categories.get(id_), sums.get(id_, 0)
        threshold = category.threshold if category else rulebook.threshold
        is_assigned = id_ in decision.categories or id_ in fired.reached
        if is_assigned:
            said = _assigned(id_, weight, threshold, fired)
        else:
            said = _left_out(id_, weight, threshold, decision, held=held)
        yield Sum(id_, weight, threshold, is_assigned, said)


def _assigned(id_: str, weight: int, threshold: int, fired: Firings) -> str:
    if weight >= threshold:
        return "reaches its threshold"
    if id_ == GENERAL:
        return "nothing else is assigned"
    if id_ == UNSOLICITED and not weight:
        return "the mail server's verdict"
    if id_ in fired.safe_categories:
        return "safety rules alone reach its threshold"
    if id_ in fired.sure_categories:
        return "a rule without weight suffices"
    return "nothing reaches its threshold, and this falls least short of it"


def _left_out(id_: str, weight: int, threshold: int, decision: Decision, *, held: bool) -> str:
    """Return why a category is not assigned; `held` where `general` is the furthest past its threshold."""
    if weight < threshold:
        return "short of its threshold"
    if decision.categories == (UNSOLICITED,):
        return "driven out by unsolicited"
    if id_ == UNSOLICITED:
        return "a safety rule fired, or another category comes first"
    if id_ == GENERAL:
        return "stands only where nothing else is assigned"
    return "general is further past its threshold" if held else "too far behind the first"


def why(facts: Facts, rulebook: Rulebook, decision: Decision, rule_id: str) -> Why | None:
    """Return why that rule did or did not fire, None where there is no such rule."""
    rules: tuple[Rule, ...] = rulebook.program.rules
    number = next((n for n, rule in enumerate(rules) if rule.id == rule_id), None)
    if number is None:
        return None
    rule = rules[number]
    lines = tuple(_tree(facts, rulebook).lines(rule.when, 0))
    before = {one.id for one in rules[:number]}
    stopped = _stopped(Fired(one, {}) for one in rules if one.id in before & _fired(decision.evidence))
    return Why(rule.id, rule.name, rule.place, rule.effects.told(), lines[0].held and not stopped, stopped, lines)


def _fired(evidence: Iterable[Evidence]) -> set[str]:
    return {one.rule for one in evidence}


def _tree(facts: Facts, rulebook: Rulebook) -> _Tree:
    matcher, fields = rulebook.program.matcher, _fields(facts)
    view = look(facts, matcher)
    readings = [Reading(field, text) for field, text in fields.items() if text]
    in_doubt = matcher.search(readings, view.findings.defaults, UNKNOWN)
    return _Tree(view, in_doubt, matcher.search(readings, frozenset(fields), UNKNOWN))


@dataclass(frozen=True, slots=True)
class _Tree:
    """Walks one condition over one letter."""

    view: View
    in_doubt: Findings  # what would be found if the letter's language were in doubt
    everywhere: Findings  # and if every field were read by default

    def lines(self, condition: Condition, depth: int) -> Iterator[Line]:
        """Yield the condition, then its parts."""
        outcome = condition.check(self.view)
        match condition:
            case conditions.All() | conditions.Any() | conditions.Not():
                names = {
                    conditions.All: "all of these",
                    conditions.Any: "any of these",
                    conditions.Not: "none of these",
                }
                yield Line(depth, names[type(condition)], outcome.held, (), "")
                for part in condition.parts:
                    yield from self.lines(part, depth + 1)
            case conditions.Words() | conditions.Near():
                yield from self._words(condition, depth, is_held=outcome.held)
            case Named():
                groups = [place.leaves for place in condition.places]
                yield Line(depth, condition.label, outcome.held, _spans(outcome.found), self._note(groups))
            case conditions.Vocabulary():
                yield Line(depth, condition.label, outcome.held, _spans(outcome.found), "")
            case conditions.Test():
                yield Line(depth, condition.label, outcome.held, (), "")
            case _:
                raise TypeError(f"no account is known of {type(condition).__name__}")

    def _words(self, condition: conditions.Words | conditions.Near, depth: int, *, is_held: bool) -> Iterator[Line]:
        groups = [condition.leaves] if isinstance(condition, conditions.Words) else condition.groups
        found = [one for leaves in groups for one in self.view.findings.of(leaves)]
        yield Line(depth, condition.label, is_held, _spans(found), self._note(groups))
        exclusion = condition.exclusion
        if exclusion and replace(condition, exclusion=None).check(self.view).held:
            near = self.view.findings.of(exclusion.leaves)
            yield Line(depth + 1, exclusion.label, is_held, _spans(near), "")

    def _note(self, groups: Iterable[Leaves]) -> str:
        """Say why words that stand in the letter were passed over."""
        for leaves in groups:
            if self.view.findings.of(leaves):
                continue
            if passed := self.in_doubt.of(leaves):
                return f"`{passed[0].span.text}` stands there, but is of a list for another language"
            if passed := self.everywhere.of(leaves):
                return f"`{passed[0].span.text}` stands in the {passed[0].reading.field}, which is not read here"
        return ""


def _spans(found: Iterable[Found]) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(one.span for one in found))[:MOST_SPANS]
