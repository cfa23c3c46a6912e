"""Conditions on what a message is rather than what it says: sender, language, attachments, size, time, kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any

from intake.mail.message import Address
from intake.mail.values import Facts
from intake.rules.conditions import Test
from intake.rules.normal import words
from intake.rules.shape import ConditionShape, HoursShape, RangeShape
from intake.yamlshape import DAYS


def of(shape: ConditionShape, senders: tuple[str, ...]) -> Iterator[Test]:
    """Yield a test for each such key of `shape`; `senders` are the entries of its `sender-in` lists."""
    listed = senders if shape.sender_in is not None else None
    keys: tuple[tuple[Any, Callable[[Any], Test]], ...] = (
        (shape.header, _header),
        (shape.from_, lambda wanted: _author("from", wanted)),
        (listed, lambda wanted: _author("sender-in", wanted)),
        (shape.to, _recipient),
        (shape.language, _language),
        (shape.attachment, _attachment),
        (shape.size, lambda wanted: _range("size", wanted, _size)),
        (shape.length, lambda wanted: _range("length", wanted, _length)),
        (shape.received, _received),
        (shape.kind, lambda kinds: Test(partial(_is_of_kind, frozenset(kinds)), f"kind: {', '.join(kinds)}")),
    )
    return (make(wanted) for wanted, make in keys if wanted is not None)


def _header(wanted: Mapping[str, str]) -> Test:
    texts = tuple((name.lower(), text.casefold()) for name, text in wanted.items())
    return Test(partial(_bears, texts), "header: " + ", ".join(f"{name} {text}".strip() for name, text in texts))


def _bears(texts: Iterable[tuple[str, str]], facts: Facts) -> bool:
    return all(any(text in value.casefold() for value in facts.message.all(name)) for name, text in texts)


def _is_of_kind(kinds: frozenset[str], facts: Facts) -> bool:
    return facts.kind in kinds


def _author(key: str, wanted: tuple[str, ...]) -> Test:
    forms = frozenset(one.lower() for one in wanted)
    return Test(partial(_is_from, forms), f"{key}: {', '.join(wanted[:3])}")


def _is_from(forms: frozenset[str], facts: Facts) -> bool:
    return _is_one_of(facts.message.author, forms)


def _recipient(wanted: tuple[str, ...]) -> Test:
    forms = frozenset(one.lower() for one in wanted)
    return Test(partial(_is_to, forms), f"to: {', '.join(wanted)}")


def _is_to(forms: frozenset[str], facts: Facts) -> bool:
    return any(_is_one_of(one, forms) for one in facts.message.to + facts.message.cc)


def _is_one_of(address: Address, forms: frozenset[str]) -> bool:
    """Whether `address`, its `@domain` or an `@domain` above that is among `forms`."""
    if address.key in forms:
        return True
    labels = address.domain.split(".")
    return any("@" + ".".join(labels[n:]) in forms for n in range(len(labels)))


def _language(tags: tuple[str, ...]) -> Test:
    forms = tuple(f"{tag.lower()}-" for tag in tags)
    return Test(partial(_is_in, forms), f"language: {', '.join(tags)}")


def _is_in(forms: tuple[str, ...], facts: Facts) -> bool:
    return f"{facts.language.tag.lower()}-".startswith(forms)


def _attachment(globs: tuple[str, ...]) -> Test:
    forms = tuple(("*" if glob == "any" else glob).lower() for glob in globs)
    return Test(partial(_holds, forms), f"attachment: {', '.join(globs)}")


def _holds(forms: tuple[str, ...], facts: Facts) -> bool:
    return any(
        fnmatchcase(one.type if "/" in form else one.name.lower(), form)
        for one in facts.message.attachments
        for form in forms
    )


def _range(key: str, shape: RangeShape, measure: Callable[[Facts], int]) -> Test:
    parts = [f"{name} {value}" for name, value in (("over", shape.over), ("under", shape.under)) if value is not None]
    return Test(partial(_is_within, shape.over, shape.under, measure), f"{key}: {', '.join(parts)}")


def _is_within(over: int | None, under: int | None, measure: Callable[[Facts], int], facts: Facts) -> bool:
    value = measure(facts)
    return (over is None or value > over) and (under is None or value < under)


def _size(facts: Facts) -> int:
    return len(facts.message.text.encode("utf-8", "replace")) + sum(one.size for one in facts.message.attachments)


def _length(facts: Facts) -> int:
    return _count(facts.own.own)


@lru_cache(maxsize=1)  # several rules ask this of one message after the other
def _count(own: str) -> int:
    """Count words; of a language that puts no spaces between them, characters."""
    return len(own.split() if own.isascii() else words(own))


def _received(shape: HoursShape) -> Test:
    days = frozenset(DAYS.index(day) for day in shape.days)
    label = f"received: {', '.join(shape.days)} {shape.from_:%H:%M} to {shape.to:%H:%M}"
    return Test(partial(_came, days, shape.from_, shape.to), label)


def _came(days: frozenset[int], start: time, end: time, facts: Facts) -> bool:
    at = facts.arrived or facts.message.date
    return at is not None and at.weekday() in days and _between(at, start, end)


def _between(at: datetime, start: time, end: time) -> bool:
    """Whether the wall clock of `at` is from `start` to before `end`, over midnight where `end` is the earlier."""
    clock = at.time().replace(tzinfo=None)
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end
