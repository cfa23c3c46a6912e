"""What a file that people edit must hold, checked by pydantic: each fault in plain English, with place and hint."""

from __future__ import annotations

import datetime
import re
import types
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import pydantic
from pydantic_core import ErrorDetails

from intake.errors import Problem
from intake.yamlfile import MOST_PROBLEMS, Document, Where, quoted, refused

Model = TypeVar("Model", bound=pydantic.BaseModel)

MOST_COMPARED = 500  # names among which the one that was meant is looked for

_KINDS = {  # what pydantic wanted, by its error type
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a group of `key: value` lines",
    "mapping_type": "a group of `key: value` lines",
    "model_type": "a group of `key: value` lines",
    "model_attributes_type": "a group of `key: value` lines",
    "time_type": "a time such as 07:30",
    "time_parsing": "a time such as 07:30",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
}


def validate(document: Document, model: type[Model]) -> Model:
    """Return the document as `model`; an empty one counts as an empty mapping. Raises UserError with every fault."""
    try:
        return model.model_validate({} if document.data is None else document.data)
    except pydantic.ValidationError as error:
        raise refused(document.file, list(islice(faults(document, error, model), MOST_PROBLEMS))) from None


def faults(document: Document, error: pydantic.ValidationError, model: Any, at: Where = ()) -> Iterator[Problem]:
    """Yield every fault of `error`, raised for the part of `document` at `at`, with its place and a hint."""
    by_path: dict[Where, list[ErrorDetails]] = {}
    for one in error.errors(include_url=False):
        by_path.setdefault(_path(document, (*at, *one["loc"]), one["type"]), []).append(one)
    for path, errors in by_path.items():
        wanted = list(dict.fromkeys(_KINDS[one["type"]] for one in errors if one["type"] in _KINDS))
        if wanted:
            given = errors[0]["input"]
            hint = "put it in quotes" if "text" in wanted and isinstance(given, int | float) else ""
            yield document.problem(path, f"must be {' or '.join(wanted)}, not {_described(given)}", hint)
        for one in errors:
            if one["type"] not in _KINDS:
                yield _explained(document, path, one, _known_keys(model, path[len(at) : -1]))


def _path(document: Document, loc: Iterable[int | str], kind: str) -> Where:
    """Drop from pydantic's `loc` what is not of the file: the names of a union's members."""
    path: Where = ()
    loc = tuple(loc)
    for n, step in enumerate(loc):
        if document.has((*path, step)) or (kind == "missing" and n == len(loc) - 1):
            path = (*path, step)
    return path


def _explained(document: Document, path: Where, error: ErrorDetails, known: tuple[str, ...]) -> Problem:
    given, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            return document.problem(path[:-1], f"`{path[-1]}` is missing")
        case "extra_forbidden":
            hint = meant(path[-1], known) or (f"known here: {', '.join(known)}" if known else "")
            return document.problem(path, f"unknown key {quoted(path[-1])}", hint, key=True)
        case "literal_error" | "enum":
            choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            message = f"{quoted(given)} is not one of: {', '.join(choices)}"
            return document.problem(path, message, meant(given, choices))
        case "too_short" | "string_too_short":
            return document.problem(path, "must not be empty")
        case "value_error" | "assertion_error":
            return document.problem(path, str(context.get("error", error["msg"])))
    said = error["msg"].removeprefix("Input should be ").removeprefix("Value should be ")
    return document.problem(path, f"must be {said}" if said != error["msg"] else said)


def meant(given: object, known: Iterable[str]) -> str:
    """Return "did you mean `x`?" for the nearest of `known`, "" where none is near."""
    near = get_close_matches(str(given), _nearest(str(given), list(known)), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def _nearest(given: str, known: list[str]) -> list[str]:
    """Return those that are compared: of a great many the neighbours by alphabet, as comparing takes its time."""
    if len(known) <= MOST_COMPARED:
        return known
    known.sort()
    at = bisect_left(known, given)
    return known[max(0, at - MOST_COMPARED // 2) : at + MOST_COMPARED // 2]


def _clock_time(value: object) -> object:
    """Take H:MM and HH:MM only: pydantic would read 8.30 as seconds."""
    found = re.fullmatch(_CLOCK, value) if isinstance(value, str) else None
    if found is None and not isinstance(value, datetime.time):
        raise ValueError(f"must be a time such as 07:30, not {_described(value)}")
    return datetime.time(int(found[1]), int(found[2])) if found else value


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
_CLOCK = "([01]?[0-9]|2[0-3]):([0-5][0-9])"
_AS_TEXT = pydantic.WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$"})
ClockTime = Annotated[datetime.time, pydantic.BeforeValidator(_clock_time), _AS_TEXT]  # wall clock, 24 hours


def _known_keys(model: Any, path: Where) -> tuple[str, ...]:
    models = [model]
    for step in path:
        models = [inner for one in models for inner in _inside(one, step)]
    return tuple(name for one in _unwrapped(models) if _is_model(one) for name in _fields(one))


def _inside(kind: Any, step: str | int) -> Iterator[Any]:
    for one in _unwrapped([kind]):
        if _is_model(one):
            if str(step) in (known := _fields(one)):
                yield known[str(step)]
        elif get_args(one):
            yield get_args(one)[-1 if isinstance(step, str) or get_origin(one) is dict else 0]


def _fields(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _unwrapped(kinds: Iterable[Any]) -> Iterator[Any]:
    for kind in kinds:
        if get_origin(kind) in (Union, types.UnionType):
            yield from _unwrapped(get_args(kind))
        elif get_origin(kind) is Annotated:
            yield from _unwrapped(get_args(kind)[:1])
        else:
            yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _described(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a group of `key: value` lines"
        case list():
            return "a list"
    return quoted(value)
