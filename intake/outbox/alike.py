"""Texts that say nearly the same, told from all others in time that grows with their number alone (D7).

A text is taken as the set of its runs of three words (shingles); how alike two texts are is the share of runs that
they have in common (Broder, "On the resemblance and containment of documents", 1997). To compare each text with few
others, the smallest hash in each of 64 bins is kept of its runs (one permutation hashing; Li, Owen and Zhang, 2012),
and only a text that agrees in some four neighbouring bins is looked at. What is then grouped was compared in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

from intake.store.search import words

ALIKE = 0.7  # share of runs in common from which two texts say nearly the same
SHORTEST = 12  # words; what is shorter ("please see the attached") says too little to be the same
LONGEST = 1_000  # words of a text that are looked at
_BINS, _BAND = 64, 4
_EMPTY = 2**64  # larger than the hash of any run
_PER_WORD = 64  # characters that are read for each word at most: nobody writes longer ones throughout

Sketch = tuple[int, ...]


def alike(texts: Sequence[str]) -> list[list[int]]:
    """Return the indexes of texts in groups that say nearly the same as the first of their group, in order.

    Each text is in one group; one that is like no other, or too short, is alone in its own.
    """
    groups: list[list[int]] = []
    firsts: dict[tuple[int, Sketch], int] = {}  # band -> the first group that has it
    sketches: list[Sketch] = []  # of each group's first text
    for index, text in enumerate(texts):
        runs = shingles(text)
        sketch = _sketch(runs) if runs else ()
        group = _nearest(sketch, firsts, sketches)
        if group is not None and resemblance(runs, shingles(texts[groups[group][0]])) >= ALIKE:
            groups[group].append(index)
            continue
        groups.append([index])
        sketches.append(sketch)
        for band in _bands(sketch):
            firsts.setdefault(band, len(groups) - 1)
    return groups


def shingles(text: str) -> frozenset[int]:
    """Return the hashes of a text's runs of words, however its words are spelt; none of a text that is too short."""
    found = words(text[: LONGEST * _PER_WORD])[:LONGEST]
    if len(found) < SHORTEST:
        return frozenset()
    hashes = list(map(_hash, found))
    return frozenset(map(hash, zip(hashes, hashes[1:], hashes[2:], strict=False)))  # of numbers: the same in every run


@lru_cache(16_384)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=7).digest())


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the share of runs that two texts have in common, 0 to 1."""
    return len(one & other) / (len(one | other) or 1)


def _sketch(runs: frozenset[int]) -> Sketch:
    bins = [_EMPTY] * _BINS
    for run in runs:
        place, value = run % _BINS, run // _BINS
        bins[place] = min(bins[place], value)
    return tuple(bins)


def _bands(sketch: Sketch) -> Iterator[tuple[int, Sketch]]:
    for start in range(0, len(sketch), _BAND):
        band = sketch[start : start + _BAND]
        if any(value != _EMPTY for value in band):
            yield start, band


def _nearest(sketch: Sketch, firsts: dict[tuple[int, Sketch], int], sketches: Sequence[Sketch]) -> int | None:
    """Return the group whose first text agrees in most bins, of those that share a band; None where none does."""
    candidates = {firsts[band] for band in _bands(sketch) if band in firsts}
    return max(candidates, key=lambda group: (_agreement(sketch, sketches[group]), -group), default=None)


def _agreement(one: Sketch, other: Sketch) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))
