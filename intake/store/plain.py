"""Evidence, near misses and routes as JSON keeps them, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from intake.mail.values import Delivery, Evidence, NearMiss, Route, Span
from intake.store.columns import storable


def plain(value: Any) -> Any:
    """Return nested values as JSON knows them: a value's fields as an object, every sequence as an array."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    names = _names(value.__class__)
    return {name: plain(getattr(value, name)) for name in names} if names else value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def evidence(rows: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """Give the rules that fired back."""
    return tuple(Evidence(row["rule"], row["weight"], spans(row["spans"]), tuple(row["effects"])) for row in rows)


def near_misses(rows: Iterable[Mapping[str, Any]]) -> tuple[NearMiss, ...]:
    """Give the rules that nearly fired back."""
    return tuple(NearMiss(row["rule"], row["failed"], spans(row["spans"])) for row in rows)


def routes(rows: Iterable[Mapping[str, Any]]) -> tuple[Route, ...]:
    """Give the routes back."""
    return tuple(Route(row["partner"], Delivery(row["delivery"]), row["why"]) for row in rows)


def spans(rows: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Give the places back."""
    return tuple(Span(**row) for row in rows)
