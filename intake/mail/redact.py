"""Takes personal data out of text: a mark such as "[phone number]" stands where it stood. Pure, in linear time.

Redacting twice changes nothing more. Names are found as far as they can be told, not all of them (docs/sharing.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from intake.mail import redact_names, redact_numbers
from intake.mail.personal import NOBODY, Flat, Found, Kind, Writer, flat
from intake.mail.redact_names import Token

__all__ = ["NOBODY", "Found", "Kind", "Writer", "find", "redact", "with_marks"]

_PASSES = 4  # a mark may part what looked like one thing into two
_AHEAD = 500  # characters that are read beyond a limit, so that nothing is cut in two

# Of places that overlap, the kind found first names the whole.
_NUMBERS: tuple[tuple[frozenset[Kind], Callable[[str], Iterator[Found]]], ...] = (
    (frozenset({Kind.EMAIL}), redact_numbers.mails),
    (frozenset({Kind.LINK}), redact_numbers.links),
    (frozenset({Kind.BIRTH}), redact_numbers.births),
    (frozenset({Kind.POSTCODE, Kind.INSURANCE, Kind.PLATE}), redact_numbers.codes),
    (frozenset({Kind.PHONE, Kind.NHS}), redact_numbers.numbers),
    (frozenset({Kind.ADDRESS}), redact_numbers.addresses),
)
_NAMES: tuple[tuple[frozenset[Kind], Callable[[str, Sequence[Token]], Iterator[Found]]], ...] = (
    (frozenset({Kind.WRITER}), redact_names.signed),
    (frozenset({Kind.WRITER, Kind.NAME}), redact_names.introduced),
    (frozenset({Kind.NAME}), redact_names.known),
)


def redact(text: str, kinds: AbstractSet[Kind], writer: Writer = NOBODY, limit: int | None = None) -> str:
    """Return `text` with marks in place of what is of these kinds; at most what stood within the first `limit`."""
    return redacted(text, partial(find, kinds=kinds, writer=writer), limit)


def redacted(text: str, find_in: Callable[[str], tuple[Found, ...]], limit: int | None = None) -> str:
    """Return `text` with marks in place of what `find_in` finds; at most what stood within the first `limit`.

    `find_in` takes a text, which may hold marks already, and gives places in it, in order; none overlaps another.
    """
    if limit is not None and len(text) > limit:
        found = tuple(one for one in find_in(text[: limit + _AHEAD]) if one.start < limit)
        text = with_marks(text, found, 0, max([limit, *(one.end for one in found)]))
    for _ in range(_PASSES):
        found = find_in(text)
        if not found:
            break
        text = with_marks(text, found, 0, len(text))
    return text


def find(text: str, kinds: AbstractSet[Kind], writer: Writer = NOBODY) -> tuple[Found, ...]:
    """Return the places of what is of these kinds, in order; none overlaps another."""
    if not kinds:
        return ()
    plain = flat(text)
    found = [one for one in _all(plain, kinds, writer) if one.kind in kinds]
    merged: list[Found] = []
    for one in sorted(found, key=lambda each: each.start):  # stable: of two that begin together the first counts
        start, end = plain.original(one.start, one.end)
        if merged and start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(end, merged[-1].end))
        else:
            merged.append(Found(start, end, one.kind))
    return tuple(merged)


def with_marks(text: str, found: Sequence[Found], start: int, end: int) -> str:
    """Return that stretch of `text` with marks for what was found in it, or reaches into it."""
    pieces: list[str] = []
    place, last = start, ""
    for one in found:
        if one.end <= start or one.start >= end:
            continue
        between = text[place : max(one.start, place)]
        if not (one.kind.mark == last and not between.strip(" -.'’")):  # "Ana Pop" is one name
            pieces += [between, one.kind.mark]
        place, last = one.end, one.kind.mark
    return "".join([*pieces, text[min(place, end) : end] if place < end else ""])


def _all(plain: Flat, kinds: AbstractSet[Kind], writer: Writer) -> Iterator[Found]:
    for which, look in _NUMBERS:
        if which & kinds:
            yield from look(plain.text)
    if kinds & {Kind.NAME, Kind.WRITER}:
        words = redact_names.tokens(plain.text)
        if Kind.WRITER in kinds:
            yield from redact_names.written(plain.text, words, writer)
        for which, search in _NAMES:
            if which & kinds:
                yield from search(plain.text, words)
