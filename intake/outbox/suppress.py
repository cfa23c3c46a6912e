"""Which numbers may be told of people: none below five, and none from which one below five can be reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5


@dataclass(frozen=True, slots=True)
class Told:
    """A list of numbers as it may be told; None for what is withheld."""

    counts: tuple[int | None, ...]
    total: int | None


def told(counts: Sequence[int]) -> Told:
    """Return parts of a whole, and the whole, as they may be told.

    Parts below five are withheld. Where what is withheld comes to fewer than five together, which the whole would
    give away, the smallest other part is withheld too (complementary suppression); where there is none, the whole is.
    So each part that is withheld may be none at all, or five and more, for all that a reader can reckon.
    """
    withheld = {n for n, count in enumerate(counts) if count < FEWEST}
    together = sum(counts[n] for n in withheld)
    if 0 < together < FEWEST:
        others = [n for n in range(len(counts)) if n not in withheld]
        if not others:
            return Told((None,) * len(counts), None)
        withheld.add(min(others, key=lambda n: (counts[n], n)))
    total = sum(counts)
    shown = tuple(None if n in withheld else count for n, count in enumerate(counts))
    return Told(shown, total if total >= FEWEST else None)


def alone(counts: Sequence[int]) -> tuple[int | None, ...]:
    """Return numbers that are no parts of a whole, since one message may count in several or in none."""
    return tuple(count if count >= FEWEST else None for count in counts)
