"""Walks the rules of one message: what fired and on which words, what nearly did, and what follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from intake.mail.values import Decision, Evidence, Facts, NearMiss, Span, Urgency
from intake.rules import weigh
from intake.rules.conditions import Outcome, Told, View
from intake.rules.match import ATTACHMENT_NAMES, FULL_TEXT, OWN_WORDS, SUBJECT, UNKNOWN, Found, Matcher, Spoken
from intake.rules.normal import Reading
from intake.rules.program import Program, Rule
from intake.rules.rulebook import Rulebook
from intake.rules.unreadable import FLAG, RULE, unreadable
from intake.rules.weigh import GENERAL, UNSOLICITED, Fired, Firings

SHORT_NOTE = 15  # words above a forwarded letter that leave the matter to it (P4)
SURE, FEW = 0.9, 8  # a language is not in doubt from this confidence on, and with more than so many words
CERTAIN, MANY = 0.97, 25  # the same for safety rules
MOST_SPANS = 12  # of one piece of evidence
MOST_NEAR_MISSES = 20
_Place = TypeVar("_Place", Span, Found)
_REPLY = re.compile(r"\s*(re|aw|sv|odp|ynt|vs|rif|ref|antw|отв|відп|回复|答复|رد)(\[\d+\])?\s*[:：]", re.IGNORECASE)


def decide(facts: Facts, rulebook: Rulebook, *, told: Told = Told.NEAR_MISSES) -> Decision:
    """Return what `rulebook` makes of a message: the same for the same arguments, bounded in time."""
    program: Program = rulebook.program
    fired: list[Fired] = []
    evidence: list[Evidence] = []
    near_misses: list[NearMiss] = []
    view = look(facts, program.matcher, told)
    for rule, outcome in asked(program, view):
        if outcome.held:
            one, why = fires(rule, outcome, _spans(outcome.found) if told else ())
            fired.append(one)
            evidence.append(why)
            if rule.effects.stop:
                break
        elif told is Told.NEAR_MISSES and _is_near(rule, outcome) and len(near_misses) < MOST_NEAR_MISSES:
            near_misses.append(NearMiss(rule.id, outcome.why, _spans(outcome.found)))
    areas = program.places.named(view)
    return conclude(facts, Firings(rulebook, fired), tuple(evidence), tuple(near_misses), areas)


def _is_near(rule: Rule, outcome: Outcome) -> bool:
    """Whether one thing only kept a rule from firing; of thousands of words (`by-word`) some stand in every letter."""
    return outcome.failed == 1 and bool(outcome.found) and rule.effects.by_word is None


def look(facts: Facts, matcher: Matcher, told: Told = Told.NEAR_MISSES) -> View:
    """Return a message with everything in it that any condition looks for."""
    readings, defaults = readings_of(facts, matcher.read)
    return View(facts, matcher.search(readings, defaults, spoken_in(facts, defaults)), told)


def spoken_in(facts: Facts, defaults: frozenset[str]) -> Spoken:
    """Return the language whose words count; in doubt about few words, and about the rest of a forwarded letter."""
    if FULL_TEXT in defaults:
        return UNKNOWN
    tag, length = facts.language.tag.split("-", 1)[0].lower(), len(facts.own.own.split(maxsplit=MANY))
    return Spoken(
        tag if facts.language.confidence >= SURE and length > FEW else "",
        tag if facts.language.confidence >= CERTAIN and length > MANY else "",
    )


def readings_of(facts: Facts, chosen: frozenset[str]) -> tuple[list[Reading], frozenset[str]]:
    """Return the fields that rules read, and which of them are read by default (P4).

    By default that is subject and own words: the full text in place of the own words where there are none, or few
    above a forwarded letter; not the subject of a reply, which repeats somebody else's words. `chosen` are the fields
    that conditions name.
    """
    message, own = facts.message, facts.own.own
    length = len(own.split(maxsplit=SHORT_NOTE + 1))
    has_rest = length == 0 or (facts.own.forwarded and length <= SHORT_NOTE)
    defaults = {FULL_TEXT if has_rest else OWN_WORDS}
    if length == 0 or not _REPLY.match(message.subject):
        defaults.add(SUBJECT)
    names = ", ".join(one.name for one in message.attachments)
    texts = ((SUBJECT, message.subject), (OWN_WORDS, own), (FULL_TEXT, message.text), (ATTACHMENT_NAMES, names))
    return [Reading(name, text) for name, text in texts if text and name in defaults | chosen], frozenset(defaults)


def asked(program: Program, view: View) -> Iterator[tuple[Rule, Outcome]]:
    """Yield, in order, every rule that could hold of `view` or, where that is told, nearly, with what it made of it."""
    found = set(view.findings.by_leaf)
    is_near_told = view.told is Told.NEAR_MISSES
    asking = program.asking if is_near_told else program.triggers
    indexes = {n for leaf in found for n in asking.get(leaf, ())}.union(program.blind)
    missing = int(is_near_told)  # of what a rule needs; one more, and it did not even nearly hold
    for index in sorted(indexes):
        if sum(map(found.isdisjoint, program.needs[index])) <= missing:
            rule = program.rules[index]
            needs_words = view.told or rule.effects.counts_words
            yield rule, rule.when.check(view) if needs_words else Outcome(rule.when.holds(view))


def fires(rule: Rule, outcome: Outcome, spans: tuple[Span, ...] = ()) -> tuple[Fired, Evidence]:
    """Return what a rule that holds counts, and the evidence of it with the places of its words."""
    times = 1
    words: tuple[str, ...] = ()
    if rule.effects.by_word:
        words = tuple(sorted({one.normal for one in outcome.found} & rule.effects.by_word.rows.keys()))
    else:
        times = _times(rule, outcome)
    return recalled(rule, times, words, spans)


def recalled(rule: Rule, times: int, words: tuple[str, ...], spans: tuple[Span, ...] = ()) -> tuple[Fired, Evidence]:
    """Return the same of a rule that held, from how often it counted and the words that counted by themselves."""
    fired = Fired(rule, rule.effects.weigh_words(words) if rule.effects.by_word else rule.effects.weigh(times))
    weight = fired.weights.get(rule.effects.category or "", 0)
    return fired, Evidence(rule.id, weight, spans, rule.told, times, words)


def _times(rule: Rule, outcome: Outcome) -> int:
    """Return how often a rule counts: once for every different word, as far as it says; not for one within another."""
    if rule.effects.times == 1 or len(outcome.found) <= 1:
        return 1
    kept: list[Found] = []
    for one in sorted(outcome.found, key=lambda one: (one.reading.field, one.verbatim, one.start, -one.end)):
        if (
            not kept
            or kept[-1].reading is not one.reading
            or kept[-1].verbatim is not one.verbatim
            or one.end > kept[-1].end
        ):
            kept.append(one)
    return max(1, min(len({one.normal for one in kept}), rule.effects.times))


def _spans(found: Sequence[Found]) -> tuple[Span, ...]:
    """Return the first places of `found` in order, without those that lie within another."""
    if len(found) == 1:
        return (found[0].span,)
    if any(one.verbatim for one in found):  # others count words, and are to be told beside them
        return tuple(_outermost(one.span for one in found))
    return tuple(one.span for one in _outermost(found))


def _outermost(places: Iterable[_Place]) -> list[_Place]:
    kept: list[_Place] = []
    for one in sorted(set(places), key=lambda one: (one.field, one.start, -one.end)):
        if not kept or kept[-1].field != one.field or one.end > kept[-1].end:
            kept.append(one)
        if len(kept) == MOST_SPANS:
            break
    return kept


def conclude(
    facts: Facts,
    fired: Firings,
    evidence: tuple[Evidence, ...],
    near_misses: tuple[NearMiss, ...] = (),
    areas: tuple[str, ...] = (),
) -> Decision:
    """Return what follows from the rules that fired, in their order."""
    rulebook = fired.rulebook
    categories = weigh.categories(facts, fired)
    flags = weigh.flags(fired)
    urgency = weigh.urgency(categories, fired)
    routes = weigh.routes(facts, categories, fired, flags)
    closed = unreadable(facts, rulebook, is_sorted=categories != (GENERAL,)) if categories != (UNSOLICITED,) else None
    if closed:
        evidence, flags = (*evidence, closed), (*flags, FLAG)
        urgency = max(urgency, Urgency.TODAY, key=lambda one: one.rank)
        routes = {**dict.fromkeys(weigh.officers(rulebook, flags), RULE), **routes}
    return Decision(
        categories=categories,
        tags=weigh.tags(categories, fired),
        flags=flags,
        urgency=urgency,
        acknowledge=weigh.acknowledge(categories, fired, flags),
        routes=weigh.delivered(facts, routes, urgency, fired),
        evidence=evidence,
        near_misses=near_misses,
        areas=areas,
        rulebook=rulebook.version,
    )
