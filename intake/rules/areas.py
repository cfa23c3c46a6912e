"""Which places of `areas.yaml` a message names: asked by rules, and told of every message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from intake.errors import Problem
from intake.rules.conditions import Exclusion, Needs, Outcome, View, Words
from intake.rules.lexicon import Fields, Lexicon, Source
from intake.rules.shape import AreaShape

_DISTRICT = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Area:
    """One place as the file has it."""

    shape: AreaShape
    source: Source


@dataclass(frozen=True, slots=True)
class Named:
    """One of some places is named."""

    places: tuple[Words, ...]
    label: str

    @property
    def needs(self) -> Needs:
        """A word of one of the places."""
        return (frozenset(leaf for place in self.places for leaf in place.leaves),)

    def check(self, view: View) -> Outcome:
        """Hold where one is, on the words of all that are."""
        outcomes = [place.check(view) for place in self.places]
        if any(one.held for one in outcomes):
            return Outcome(True, tuple(found for one in outcomes if one.held for found in one.found))
        return Outcome(False, tuple(found for one in outcomes for found in one.found), 1, self.label)

    def holds(self, view: View) -> bool:
        """Hold where one is."""
        return any(place.holds(view) for place in self.places)


@dataclass(frozen=True, slots=True)
class Places:
    """Every area by the leaves that find it, in file order."""

    parts: tuple[tuple[str, Words], ...]  # (area id, its condition), in file order
    by_leaf: Mapping[int, tuple[int, ...]]  # leaf -> indexes of the parts that look for its words

    def named(self, view: View) -> tuple[str, ...]:
        """Return the ids of the areas that a message names, in file order."""
        found = view.findings.by_leaf.keys() & self.by_leaf.keys()
        asked = (self.parts[n] for n in sorted({n for leaf in found for n in self.by_leaf[leaf]}))
        return tuple(dict.fromkeys(id_ for id_, place in asked if place.check(view).held))


NOWHERE = Places((), {})


def every(areas: Iterable[Area], lexicon: Lexicon) -> Places:
    """Give every area leaves of its own in `lexicon`."""
    parts = tuple((area.shape.id, part) for area in areas for part in _parts(area, lexicon, None))
    by_leaf: dict[int, tuple[int, ...]] = {}
    for n, (_, part) in enumerate(parts):
        by_leaf |= {leaf: (*by_leaf.get(leaf, ()), n) for leaf in part.leaves}
    return Places(parts, by_leaf)


def any_of(areas: Iterable[Area], lexicon: Lexicon, fields: Fields, label: str) -> Named:
    """Return the condition that one of `areas` is named in `fields`."""
    return Named(tuple(part for area in areas for part in _parts(area, lexicon, fields)), label)


def faults(area: Area) -> Iterator[Problem]:
    """Yield what is wrong with the postcode districts of an area."""
    for n, district in enumerate(area.shape.postcodes):
        if not _DISTRICT.fullmatch(district):
            yield (area.source / "postcodes" / n).problem(f"`{district}` is not a postcode district such as NN4")


def _parts(area: Area, lexicon: Lexicon, fields: Fields) -> Iterator[Words]:
    shape, source = area.shape, area.source
    label = f"area: {shape.id}"
    exclusion = None
    if shape.not_near:
        leaves = lexicon.words(shape.not_near.words, source / "not-near" / "words", fields)
        exclusion = Exclusion(leaves, shape.not_near.within, f"{label}, not near")
    yield Words(lexicon.words((*shape.words, shape.name), source / "words", fields), label, exclusion)
    if shape.postcodes:
        yield Words(lexicon.regex(map(_postcode, shape.postcodes), source / "postcodes", fields), label)


def _postcode(district: str) -> str:
    """Return the expression that finds a postcode district, by itself or with the rest of a postcode."""
    return rf"\b{re.escape(district)}(?:\s?[0-9][a-z]{{2}})?\b"
