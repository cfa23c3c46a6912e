"""What a loaded rulebook is walked by: rules with compiled conditions, safety rules first, and the one matcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intake.mail.values import Acknowledge, Urgency
from intake.rules.areas import NOWHERE, Places
from intake.rules.conditions import Condition
from intake.rules.match import Matcher
from intake.rules.shape import ExamplesShape


@dataclass(frozen=True, slots=True)
class Effects:
    """What a rule does when it fires."""

    category: str | None
    weights: Mapping[str, int]  # category, flag, urgency or acknowledgement -> what it counts for that
    by_word: Mapping[str, Mapping[str, int]]  # word in normal form -> what it counts for, once
    sure: bool  # whether the rule suffices alone for its category, having no weight
    times: int  # each different word found counts, up to so many
    tags: tuple[str, ...]
    flags: tuple[str, ...]
    urgency: Urgency | None
    route: tuple[str, ...]
    never_route: tuple[str, ...]
    acknowledge: Acknowledge | None
    stop: bool

    def told(self) -> tuple[str, ...]:
        """Return the effects in the words of the rule files: "category housing", "flag child"."""
        single = (
            ("category", self.category),
            ("urgency", self.urgency),
            ("acknowledge", self.acknowledge),
            ("stop", "true" if self.stop else None),
        )
        several = (
            ("tag", self.tags),
            ("flag", self.flags),
            ("route", self.route),
            ("never-route", self.never_route),
        )
        told = [f"{name} {value}" for name, value in single if value is not None]
        told += [f"{name} {value}" for name, values in several for value in values]
        return (*told, *(f"{id_} {weight:+}" for id_, weight in self.weights.items() if id_ != self.category))

    def weigh(self, times: int) -> Mapping[str, int]:
        """Return what the rule counts for each of `weights` when it counts so often."""
        return self.weights if times == 1 else {id_: weight * times for id_, weight in self.weights.items()}

    def weigh_words(self, words: Iterable[str]) -> Mapping[str, int]:
        """Return what the rule counts for each of `weights` and, by the different `words` found, of `by_word`."""
        sums = dict(self.weights)
        for word in words:
            for id_, weight in self.by_word.get(word, {}).items():
                sums[id_] = sums.get(id_, 0) + weight
        return sums


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be asked."""

    id: str
    name: str
    place: str  # file and line: "10-danger.yaml:12"
    safety: bool
    when: Condition
    effects: Effects
    told: tuple[str, ...]  # the effects in words
    examples: ExamplesShape


@dataclass(frozen=True, slots=True)
class Program:
    """All rules in the order they are asked: safety rules, then the others, each in the order of their files."""

    rules: tuple[Rule, ...]
    matcher: Matcher
    asking: Mapping[int, Sequence[int]]  # leaf -> indexes of the rules that look for its words
    blind: tuple[int, ...]  # indexes of rules that may hold where no word was found
    places: Places = NOWHERE  # what tells which areas a message names
