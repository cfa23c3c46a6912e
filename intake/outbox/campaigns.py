"""Digest items -> entries: many letters that say nearly the same are one of them, a counted one (D7).

A letter of such a campaign stands by itself where rules made something else of it than of its fellows: another category
or urgency, another flag, or other words that a safety rule fired on. It is then shown by what it says of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from intake.outbox.alike import alike
from intake.outbox.views import DigestItem
from intake.store.search import words

FEWEST = 5  # people who must have written it
COMPARED = 5_000  # items of a digest that are compared with each other: the most urgent, then the oldest
_SENTENCE = re.compile(r"(?<=[.!?。！？؟۔।])\s*(?=\S)|\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is listed as one."""

    items: tuple[DigestItem, ...]  # one; of a campaign all, the oldest first
    fellows: int = 0  # letters that say nearly the same, which are listed elsewhere

    @property
    def first(self) -> DigestItem:
        """The oldest."""
        return self.items[0]

    @property
    def urgency(self) -> int:
        """How urgent it is; of a campaign every letter is."""
        return self.first.urgency.rank

    def order(self) -> tuple[int, datetime, int]:
        """Return what lists are sorted by: the most urgent first, then the oldest."""
        return -self.urgency, self.first.arrived_at, self.first.message_id


def entries(items: Sequence[DigestItem]) -> list[Entry]:
    """Return all items, each in one entry: the most urgent first, then the oldest."""
    ordered = sorted(items, key=lambda one: (-one.urgency.rank, one.arrived_at, one.message_id))
    compared, rest = ordered[:COMPARED], ordered[COMPARED:]
    found = [Entry((item,)) for item in rest]
    for indexes in alike([one.own_words for one in compared]):
        found += _entries([compared[index] for index in indexes])
    return sorted(found, key=Entry.order)


def _entries(letters: Sequence[DigestItem]) -> Iterator[Entry]:
    """Yield the entries of letters that say nearly the same."""
    if not _are_many(letters):
        yield from (Entry((item,)) for item in letters)
        return
    parts: dict[object, list[DigestItem]] = {}
    for item in sorted(letters, key=lambda one: (one.arrived_at, one.message_id)):
        parts.setdefault((item.categories[0], item.urgency, item.flags, item.alarms, item.formerly), []).append(item)
    usual = max(parts.values(), key=len)[0].own_words
    for part in parts.values():
        if _are_many(part):
            yield Entry(tuple(part), len(letters) - len(part))
        else:
            yield from (Entry((_by_its_own(item, usual),), len(letters) - 1) for item in part)


def _are_many(letters: Sequence[DigestItem]) -> bool:
    return len({one.sender for one in letters}) >= FEWEST


def _by_its_own(item: DigestItem, usual: str) -> DigestItem:
    """Return the item as told by the sentences that the usual letter does not have; whole where it has no others."""
    known = {tuple(words(usual[start:end])) for start, end in _sentences(usual)}
    text = item.own_words
    return replace(item, parts=tuple(one for one in _sentences(text) if tuple(words(text[slice(*one)])) not in known))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence begins and ends."""
    ends = [(0, 0), *(one.span() for one in _SENTENCE.finditer(text)), (len(text), len(text))]
    yield from ((start, end) for (_, start), (end, _) in pairwise(ends) if text[start:end].strip())
