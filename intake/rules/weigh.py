"""What the rules that fired add up to: categories, urgency, routes and acknowledgement. Pure.

What safety rules ask for is a floor: other rules add to it and take nothing away (R10).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from intake.mail.values import WRITTEN_BY_MACHINES, Acknowledge, Delivery, Facts, Kind, Route, Urgency
from intake.rules.compile import PARTNER_FLAGS, RAISED
from intake.rules.program import Rule
from intake.rules.rulebook import Rulebook

GENERAL, UNSOLICITED = "general", "unsolicited"  # the two categories that every rulebook has
ADDED_UP = "weights that add up"
SILENCE = "no-acknowledgement"  # the flag that silences the answer
_UNROUTED = frozenset({Kind.BOUNCE, Kind.OWN})


class Fired(NamedTuple):
    """A rule that fired."""

    rule: Rule
    weights: Mapping[str, int]  # what it counted for what: a category, a flag, an urgency, an acknowledgement


class Firings:
    """All rules that fired on one message, in order, and what a rulebook's thresholds make of them together."""

    def __init__(self, rulebook: Rulebook, fired: Iterable[Fired]) -> None:
        """Take the rules that fired, and the rulebook that judges what they add up to."""
        self.rulebook = rulebook
        self._fired = tuple(fired)

    def __iter__(self) -> Iterator[Fired]:
        """Yield the rules that fired, in order."""
        return iter(self._fired)

    @cached_property
    def sums(self) -> Mapping[str, int]:
        """What they add up to for each category, flag, urgency and acknowledgement they name."""
        sums: dict[str, int] = defaultdict(int)
        for one in self._fired:
            for id_, weight in one.weights.items():
                sums[id_] += weight
        return dict(sums)

    @cached_property
    def safety(self) -> Firings:
        """The safety rules among them."""
        return Firings(self.rulebook, (one for one in self._fired if one.rule.safety))

    @cached_property
    def reached(self) -> tuple[str, ...]:
        """What but categories the weights add up to, of all rules or of the safety rules alone (R10)."""
        known, least, safe = self.rulebook.categories, self.rulebook.threshold, self.safety.sums
        others = ((id_, weight) for id_, weight in self.sums.items() if id_ not in known)
        return tuple(id_ for id_, weight in others if weight >= least or safe.get(id_, 0) >= least)

    @property
    def raised(self) -> list[Urgency | Acknowledge]:
        """The urgencies and acknowledgements that weights add up to."""
        return [one for one in RAISED if one in self.reached]

    @cached_property
    def safe_categories(self) -> frozenset[str]:
        """The categories that safety rules assign by themselves."""
        known, sums = self.rulebook.categories, self.safety.sums.items()
        return frozenset(id_ for id_, weight in sums if id_ in known and weight >= known[id_].threshold)

    @cached_property
    def sure_categories(self) -> frozenset[str]:
        """The categories that rules without weight assign by themselves, whatever others count against them."""
        return frozenset(one.rule.effects.category or "" for one in self._fired if one.rule.effects.sure)

    @cached_property
    def alarmed(self) -> bool:
        """Whether a safety rule sorted the message or made it urgent, or such rules add up to that."""
        if any(one.rule.effects.category or one.rule.effects.urgency for one in self.safety):
            return True
        return bool(self.safe_categories) or any(isinstance(one, Urgency) for one in self.safety.raised)


def categories(facts: Facts, fired: Firings) -> tuple[str, ...]:
    """Return the categories assigned, the furthest past its threshold first; of equals the more urgent, then by file.

    Those are kept that a safety rule or a rule without weight asks for, and of the others those no further than the
    rulebook's `apart` behind the first. Where there are none, of those that something spoke for the one that falls
    least short is taken, if by no more than `lean`. `unsolicited` drives out all others unless a safety rule fired;
    `general` stands where it is the first or there is no other.
    """
    rulebook, sums = fired.rulebook, fired.sums
    margins = {one.id: sums.get(one.id, 0) - one.threshold for one in rulebook.categories.values()}
    firm = fired.safe_categories | fired.sure_categories
    ranked = sorted(margins, key=lambda id_: (-margins[id_], -rulebook.categories[id_].urgency.rank))
    first = margins[ranked[0]]
    least = 0 if rulebook.apart is None else max(0, first - rulebook.apart)
    assigned = [id_ for id_ in ranked if id_ in firm or margins[id_] >= least]
    if not assigned and rulebook.lean is not None:
        assigned = [id_ for id_ in ranked if sums.get(id_, 0) > 0 and margins[id_] >= -rulebook.lean][:1]
    is_pest = facts.kind is Kind.UNSOLICITED or UNSOLICITED in firm or assigned[:1] == [UNSOLICITED]
    if is_pest and not fired.alarmed:
        return (UNSOLICITED,)
    if assigned[:1] == [GENERAL]:
        assigned = [id_ for id_ in assigned if id_ in firm]
    return tuple(id_ for id_ in assigned if id_ not in (GENERAL, UNSOLICITED)) or (GENERAL,)


def flags(fired: Firings) -> tuple[str, ...]:
    """Return the flags that rules set, then those that weights add up to."""
    added = (id_ for id_ in fired.reached if id_ not in RAISED)
    return tuple(dict.fromkeys((*(flag for one in fired for flag in one.rule.effects.flags), *added)))


def counted(fired: Firings, assigned: Iterable[str]) -> list[Rule]:
    """Return the rules whose tags, urgency and routes count: without a category, or with one that is assigned."""
    known = frozenset(assigned)
    return [one.rule for one in fired if one.rule.effects.category is None or one.rule.effects.category in known]


def tags(assigned: Iterable[str], fired: Firings) -> tuple[str, ...]:
    """Return the tags of the rules that count."""
    return tuple(dict.fromkeys(tag for rule in counted(fired, assigned) for tag in rule.effects.tags))


def urgency(assigned: Iterable[str], fired: Firings) -> Urgency:
    """Return the highest urgency of the categories assigned and of the rules that name one."""
    return max((level for level, _ in urgencies(assigned, fired)), key=lambda level: level.rank)


def urgencies(assigned: Iterable[str], fired: Firings) -> list[tuple[Urgency, str]]:
    """Return every urgency that is asked for, and by whom: "category housing", "rule mould".

    A category is as urgent as it says, unless rules that counted for it say otherwise (then as the highest of them).
    """
    assigned = tuple(assigned)
    rules = [(rule, rule.effects.urgency) for rule in counted(fired, assigned)]
    asked = [(Urgency.ROUTINE, "")]
    for id_ in assigned:
        said = [(level, f"rule {rule.id}") for rule, level in rules if level and rule.effects.category == id_]
        asked += said
        if not said or id_ in fired.safe_categories:
            asked.append((fired.rulebook.categories[id_].urgency, f"category {id_}"))
    asked += [(level, f"rule {rule.id}") for rule, level in rules if level and rule.effects.category is None]
    safety = (one.rule for one in fired.safety)
    asked += [(rule.effects.urgency, f"rule {rule.id}") for rule in safety if rule.effects.urgency]
    return asked + [(one, ADDED_UP) for one in fired.raised if isinstance(one, Urgency)]


def acknowledge(assigned: Iterable[str], fired: Firings, flags: Iterable[str]) -> Acknowledge:
    """Return the most careful of what the categories, the rules and the flag `no-acknowledgement` ask for."""
    return max((answer for answer, _ in acknowledgements(assigned, fired, flags)), key=lambda one: one.care)


def acknowledgements(assigned: Iterable[str], fired: Firings, flags: Iterable[str]) -> list[tuple[Acknowledge, str]]:
    """Return every acknowledgement that is asked for, and by whom, as `urgencies` does."""
    asked = [(fired.rulebook.categories[id_].acknowledge, f"category {id_}") for id_ in assigned]
    rules = (one.rule for one in fired)
    asked += [(rule.effects.acknowledge, f"rule {rule.id}") for rule in rules if rule.effects.acknowledge is not None]
    asked += [(one, ADDED_UP) for one in fired.raised if isinstance(one, Acknowledge)]
    return asked + ([(Acknowledge.NONE, f"flag {SILENCE}")] if SILENCE in flags else [])


def routes(facts: Facts, assigned: Sequence[str], fired: Firings, flags: Iterable[str]) -> dict[str, str]:
    """Return the partners who get the message, each with the category or rule that asked for it.

    `never-route` takes out what no safety rule asked for; `not-to` and `complaint-about` take out whatever they name
    (D8). Where nobody is left, the partners of `general` get it. What is unsolicited goes only
    where safety rules send it.
    """
    if facts.kind in _UNROUTED:
        return {}
    is_pest = tuple(assigned) == (UNSOLICITED,)
    rules = counted(fired.safety if is_pest else fired, assigned)
    rulebook = fired.rulebook
    wanted = {} if is_pest else {p: id_ for id_ in reversed(assigned) for p in rulebook.categories[id_].partners}
    wanted |= {partner: rule.id for rule in rules for partner in rule.effects.route if partner not in wanted}
    if is_pest and not wanted:
        return {}
    out = kept_out(assigned, fired, flags)
    left = {partner: why for partner, why in wanted.items() if partner not in out}
    return left or dict.fromkeys(officers(rulebook, flags), GENERAL)


def kept_out(assigned: Iterable[str], fired: Firings, flags: Iterable[str]) -> dict[str, str]:
    """Return the partners who are not to get the message, each with what says so: "rule x", "flag not-to:police"."""
    rules = counted(fired, assigned)
    safe = _safe_partners(fired) if any(rule.effects.never_route for rule in rules) else set()
    never = {p: f"rule {rule.id}" for rule in rules for p in rule.effects.never_route if p not in safe}
    return never | {partner: f"flag {flag}" for partner, flag in barred(flags).items()}


def _safe_partners(fired: Firings) -> set[str]:
    by_category = {p for id_ in fired.safe_categories for p in fired.rulebook.categories[id_].partners}
    return by_category | {p for one in fired.safety for p in one.rule.effects.route}


def barred(flags: Iterable[str]) -> dict[str, str]:
    """Return the partners that flags take out, each with its flag."""
    parted = ((flag, *flag.split(":", 1)) for flag in flags if ":" in flag)
    return {value: flag for flag, name, value in parted if name in PARTNER_FLAGS}


def officers(rulebook: Rulebook, flags: Iterable[str]) -> tuple[str, ...]:
    """Return the partners of `general` but for whom flags take out; the first other one where they take out all."""
    blocked = barred(flags)
    free = tuple(partner for partner in rulebook.categories[GENERAL].partners if partner not in blocked)
    others = tuple(partner for partner in rulebook.partners if partner not in blocked)
    return free or others[:1]


def delivered(facts: Facts, wanted: Mapping[str, str], level: Urgency, fired: Firings) -> tuple[Route, ...]:
    """Return routes: now for what is urgent, but of a machine's or a list's mail only where a safety rule fired."""
    is_now = level is not Urgency.ROUTINE and (facts.kind not in WRITTEN_BY_MACHINES or fired.alarmed)
    delivery = Delivery.NOW if is_now else Delivery.DIGEST
    return tuple(Route(partner, delivery, why) for partner, why in wanted.items())
