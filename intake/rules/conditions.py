"""Compiled conditions: each tells whether it holds of a message, on which words, and what failed otherwise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, chain, islice, pairwise
from typing import NamedTuple, Protocol

from intake.mail.values import Facts
from intake.rules.match import Findings, Found
from intake.rules.phrases import Leaves

MOST_WINDOWS = 20  # of words near each other, that one condition hands over
Needs = tuple[frozenset[int], ...]  # sets of leaves: of each, one must have found something


class Told(IntEnum):
    """How much is told of a decision beside what follows from it; each holds what is above it, and takes longer."""

    NOTHING = 0
    WORDS = 1  # the words on which rules fired
    NEAR_MISSES = 2  # the rules that nearly fired


class View(NamedTuple):
    """One message as conditions see it."""

    facts: Facts
    findings: Findings
    told: Told = Told.NEAR_MISSES


class Outcome(NamedTuple):
    """What one condition made of a message."""

    held: bool
    found: tuple[Found, ...] = ()  # the words that speak for it, also where another part of it failed
    failed: int = 0  # how many of its parts failed
    why: str = ""  # the first that failed, as the rule states it


class Condition(Protocol):
    """One node of a rule's `when`."""

    def check(self, view: View) -> Outcome:
        """Return whether it holds of `view`, with the words that speak for it."""
        ...

    def holds(self, view: View) -> bool:
        """Return the same without the words, which takes less time."""
        ...

    @property
    def needs(self) -> Needs:
        """What must have been found for it to hold; nothing where it can hold of a message without any word."""
        ...


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Words that take away what stands near them."""

    leaves: Leaves
    within: int  # words
    label: str

    def apart(self, view: View) -> Callable[[Found], bool]:
        """Return what tells whether a place stands apart from the excluding words, at the cost of one look-up."""
        places: dict[int, list[tuple[int, int]]] = {}
        for one in view.findings.of(self.leaves):
            places.setdefault(id(one.reading), []).append(one.words)
        known = {reading: _reach(sorted(words)) for reading, words in places.items()}

        def is_apart(one: Found) -> bool:
            firsts, furthest = known.get(id(one.reading), ((), ()))
            begin, end = one.words if firsts else (0, 0)
            before = bisect_right(firsts, end + self.within)
            return not before or begin - furthest[before - 1] > self.within

        return is_apart


def _reach(words: Sequence[tuple[int, int]]) -> tuple[Sequence[int], Sequence[int]]:
    """Return where each begins, in order, and how far the furthest of it and those before it reaches."""
    return [first for first, _ in words], list(accumulate((last for _, last in words), max))


@dataclass(frozen=True, slots=True)
class Words:
    """Any of some words, phrases or regular expressions."""

    leaves: Leaves
    label: str
    exclusion: Exclusion | None = None

    @property
    def needs(self) -> Needs:
        """One of the words."""
        return (frozenset(self.leaves),)

    def check(self, view: View) -> Outcome:
        """Hold where one was found and not excluded."""
        found = view.findings.of(self.leaves)
        if not found:
            return Outcome(False, (), 1, self.label)
        kept = list(filter(self.exclusion.apart(view), found)) if self.exclusion else found
        if not kept:
            return Outcome(False, tuple(found), 1, self.exclusion.label if self.exclusion else "")
        return Outcome(True, tuple(kept))

    def holds(self, view: View) -> bool:
        """Hold where one was found and not excluded."""
        return self.check(view).held if self.exclusion else view.findings.any(self.leaves)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Any of thousands of single words, each asked for as it stands."""

    words: frozenset[str]  # in normal form
    label: str
    needs: Needs = ()

    def check(self, view: View) -> Outcome:
        """Hold where one stands there."""
        found = view.findings.among(self.words)
        return Outcome(True, tuple(found)) if found else Outcome(False, (), 1, self.label)

    def holds(self, view: View) -> bool:
        """Hold where one stands there."""
        return self.check(view).held


@dataclass(frozen=True, slots=True)
class Near:
    """One of each of several groups of words, at most `within` words apart, in any order."""

    groups: tuple[Leaves, ...]
    within: int
    label: str
    exclusion: Exclusion | None = None

    @property
    def needs(self) -> Needs:
        """One word of every group."""
        return tuple(frozenset(leaves) for leaves in self.groups)

    def check(self, view: View) -> Outcome:
        """Hold where such a group of words stands together; nearly, where all stand in one field but too far apart."""
        groups = [view.findings.of(leaves) for leaves in self.groups]
        if not all(groups):
            return Outcome(False, (), 2, self.label)
        windows = self._windows(groups)
        first = next(windows, None)
        if first is None:
            return Outcome(False, tuple(one for group in groups for one in group[:1]), 1, self.label)
        windows = chain((first,), windows)
        if self.exclusion:
            is_apart = self.exclusion.apart(view)
            windows = (window for window in windows if all(map(is_apart, window)))
        kept = tuple(one for window in islice(windows, MOST_WINDOWS) for one in window)
        return Outcome(True, kept) if kept else Outcome(False, first, 1, self.exclusion.label if self.exclusion else "")

    def holds(self, view: View) -> bool:
        """Hold where such a group of words stands together."""
        return self.check(view).held

    def _windows(self, groups: list[Sequence[Found]]) -> Iterator[tuple[Found, ...]]:
        members = [(*one.words, number, one) for number, group in enumerate(groups) for one in group]
        members.sort(key=lambda member: (member[3].reading.field, member[0], member[1], member[2]))
        latest: dict[int, tuple[int, int, int, Found]] = {}
        for member in members:
            first, _, number, found = member
            reach = first - self.within
            latest = {n: m for n, m in latest.items() if m[3].reading is found.reading and m[1] >= reach}
            latest[number] = member
            together = [one[3] for one in latest.values()]
            if len(latest) == len(groups) and _apart(list(latest.values())):
                yield tuple(together)
                latest = {}


def _apart(members: list[tuple[int, int, int, Found]]) -> bool:
    ordered = sorted(members, key=lambda member: member[:3])
    return all(before[1] < after[0] for before, after in pairwise(ordered))


@dataclass(frozen=True, slots=True)
class Test:
    """A question about the message that needs no words."""

    asks: Callable[[Facts], bool]
    label: str
    needs: Needs = ()

    def check(self, view: View) -> Outcome:
        """Hold where the answer is yes."""
        return Outcome(True) if self.asks(view.facts) else Outcome(False, (), 1, self.label)

    def holds(self, view: View) -> bool:
        """Hold where the answer is yes."""
        return self.asks(view.facts)


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold."""

    parts: tuple[Condition, ...]

    @property
    def needs(self) -> Needs:
        """What every part needs."""
        return tuple(leaves for part in self.parts for leaves in part.needs)

    def check(self, view: View) -> Outcome:
        """Hold where all do; otherwise count what failed, as far as two."""
        found: list[Found] = []
        failed, why = 0, ""
        for part in self.parts:
            outcome = part.check(view)
            found += outcome.found
            if outcome.failed:
                why = why or outcome.why
                failed += outcome.failed
                if failed > 1 or view.told < Told.NEAR_MISSES:
                    break
        return Outcome(not failed, tuple(found), failed, why)

    def holds(self, view: View) -> bool:
        """Hold where all do."""
        return all(part.holds(view) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    """One part at least must hold."""

    parts: tuple[Condition, ...]

    @property
    def needs(self) -> Needs:
        """Something that one of the parts needs, unless one needs nothing."""
        needed = [part.needs for part in self.parts]
        return (frozenset().union(*(min(one, key=len) for one in needed)),) if all(needed) else ()

    def check(self, view: View) -> Outcome:
        """Hold where one does, on the words of all that do; otherwise fail as the part that came nearest."""
        outcomes = [part.check(view) for part in self.parts]
        if any(outcome.held for outcome in outcomes):
            return Outcome(True, tuple(one for outcome in outcomes if outcome.held for one in outcome.found))
        nearest = min(outcomes, key=lambda outcome: (outcome.failed, not outcome.found))
        return nearest._replace(why=nearest.why if len(outcomes) == 1 or nearest.found else f"any of: {nearest.why}, …")

    def holds(self, view: View) -> bool:
        """Hold where one does."""
        return any(part.holds(view) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """No part may hold."""

    parts: tuple[Condition, ...]
    needs: Needs = ()

    def check(self, view: View) -> Outcome:
        """Hold where none does; fail once for each that does."""
        broken = [(part, outcome) for part in self.parts if (outcome := part.check(view)).held]
        if not broken:
            return Outcome(True)
        words = next((f": {one.found[0].span.text}" for _, one in broken if one.found), "")
        return Outcome(False, (), len(broken), f"not{words}")

    def holds(self, view: View) -> bool:
        """Hold where none does."""
        return not any(part.holds(view) for part in self.parts)
