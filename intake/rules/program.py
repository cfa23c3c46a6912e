"""What a loaded rulebook is walked by: rules with compiled conditions, safety rules first, and the one matcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intake.mail.values import Acknowledge, Urgency
from intake.rules.areas import NOWHERE, Places
from intake.rules.conditions import Condition, Needs
from intake.rules.match import Matcher
from intake.rules.shape import ExamplesShape


@dataclass(frozen=True, slots=True)
class WordWeights:
    """What thousands of words count for dozens of things, as a table: sums over it cost little."""

    rows: Mapping[str, int]  # word in normal form -> its row
    ids: tuple[str, ...]  # of the columns
    table: NDArray[np.int16]  # words by ids

    @classmethod
    def of(cls, weights: Mapping[str, Mapping[str, int]]) -> WordWeights:
        """Make the table of what each word counts for each id."""
        ids = tuple(dict.fromkeys(id_ for counts in weights.values() for id_ in counts))
        table = np.array([[counts.get(id_, 0) for id_ in ids] for counts in weights.values()], dtype=np.int16)
        return cls({word: n for n, word in enumerate(weights)}, ids, table)

    def sums(self, words: Iterable[str]) -> Mapping[str, int]:
        """Return what different words count together, for each id where that is not 0."""
        rows = [self.rows[word] for word in words if word in self.rows]
        sums = self.table[rows].sum(axis=0, dtype=np.int64).tolist()
        return {id_: weight for id_, weight in zip(self.ids, sums, strict=True) if weight}


@dataclass(frozen=True, slots=True)
class Effects:
    """What a rule does when it fires."""

    category: str | None
    weights: Mapping[str, int]  # category, flag, urgency or acknowledgement -> what it counts for that
    by_word: WordWeights | None  # what words count, each once
    sure: bool  # whether the rule suffices alone for its category, having no weight
    times: int  # each different word found counts, up to so many
    tags: tuple[str, ...]
    flags: tuple[str, ...]
    urgency: Urgency | None
    route: tuple[str, ...]
    never_route: tuple[str, ...]
    acknowledge: Acknowledge | None
    stop: bool

    @property
    def counts_words(self) -> bool:
        """Whether it matters which words were found."""
        return self.times > 1 or self.by_word is not None

    def told(self, most: int | None = None) -> tuple[str, ...]:
        """Return the effects in the words of the rule files: "category housing", "flag child", "child +20".

        Of `weights`, the `most` heaviest are told, in their order; all, where that is not given.
        """
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
        weights = {id_: weight for id_, weight in self.weights.items() if id_ != self.category}
        heavy = sorted(weights, key=lambda id_: -abs(weights[id_]))[:most]
        return (*told, *(f"{id_} {weight:+}" for id_, weight in weights.items() if id_ in heavy))

    def weigh(self, times: int) -> Mapping[str, int]:
        """Return what the rule counts for each of `weights` when it counts so often."""
        return self.weights if times == 1 else {id_: weight * times for id_, weight in self.weights.items()}

    def weigh_words(self, words: Iterable[str]) -> Mapping[str, int]:
        """Return what the rule counts for each of `weights` and, by the different `words` found, of `by_word`."""
        sums = dict(self.weights)
        for id_, weight in (self.by_word.sums(words) if self.by_word else {}).items():
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
    told: tuple[str, ...]  # the effects in words, as evidence keeps them: of many weights the heaviest
    examples: ExamplesShape


@dataclass(frozen=True, slots=True)
class Program:
    """All rules in the order they are asked: safety rules, then the others, each in the order of their files."""

    rules: tuple[Rule, ...]
    matcher: Matcher
    asking: Mapping[int, Sequence[int]]  # leaf -> indexes of the rules that look for its words
    triggers: Mapping[int, Sequence[int]]  # leaf -> indexes of the rules that cannot hold without it or one beside it
    needs: tuple[Needs, ...]  # of each rule, the rarest first
    blind: tuple[int, ...]  # indexes of those that need nothing
    places: Places = NOWHERE  # what tells which areas a message names
