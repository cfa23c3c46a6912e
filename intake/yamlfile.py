"""YAML that people edit: plain data, the place of every key and value, and every fault at once in plain English.

Scalars are read as YAML 1.2's core schema has it (§10.3.2), so that `no` and `on` are words. Stricter still: a whole
number with a leading zero stays text (telephone numbers have one). Anchors, aliases, merge keys and tags are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from intake.errors import Problem, UserError

Where = tuple[str | int, ...]

LARGEST = 5_000_000  # bytes of UTF-8
MOST_NODES = 300_000  # keys, values, lists and mappings of one file
DEEPEST = 50  # lists and mappings within one another
NEAR = 2  # levels whose places are kept: those of rules, lists and settings
MOST_PROBLEMS = 100  # of one file; a page more helps nobody

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Mapping[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("+-.0123456789")  # how a number begins
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?")
_SYNTAX_HINTS = (
    ("tab character", "indent with spaces"),
    ("cannot start any token", "a text that begins with such a sign needs quotes; indent with spaces, not tabs"),
    ("mapping values are not allowed", "a text with a colon in it needs quotes; or the line is indented wrongly"),
    ("expected '-' indicator", "the line is indented wrongly, or a list and keys are mixed"),
    ("expected <block end>", "the line is indented wrongly"),
    ("could not find expected ':'", "a key is followed by a colon and a space"),
    ("found unexpected end of stream", "a quotation mark or bracket is not closed"),
    ("did not find expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("did not find expected node content", "a value is missing, or a bracket is not closed"),
)


Places = dict[Where, tuple[int, int]]  # path -> (line, column), from 1


@dataclass(frozen=True)
class Document:
    """One file as plain data with the places of all of it: those far down are read again when they are asked for."""

    file: str  # the name that faults are reported under
    data: Any  # dict, list, str, int, float, bool, None; None for an empty file
    raw: bytes = field(repr=False)
    near: Places = field(repr=False)  # of the values near the top

    def place(self, path: Where, *, key: bool = False) -> tuple[int, int]:
        """Return (line, column) of the value at `path`, or of its key; of the nearest known ancestor where unknown."""
        if not key and path in self.near:
            return self.near[path]
        values, keys = self._all
        if key and path in keys:
            return keys[path]
        return next((values[path[:n]] for n in range(len(path), -1, -1) if path[:n] in values), (1, 1))

    @cached_property
    def _all(self) -> tuple[Places, Places]:
        """The places of all values and keys: ten times the size of the data."""
        builder = _built(self.raw, self.file, DEEPEST)
        return builder.values, builder.keys

    @cached_property
    def hinted(self) -> set[Where]:
        """Where it was said what may have been meant: looking that up for thousands of faults would take minutes."""
        return set()

    def has(self, path: Where) -> bool:
        """Whether anything stands at `path`."""
        part = self.data
        for step in path:
            is_there = step in part if isinstance(part, dict) else isinstance(part, list) and step in range(len(part))
            if not is_there:
                return False
            part = part[step]
        return True

    def problem(self, path: Where, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """Return the fault `message` at the place of `path`."""
        return Problem(self.file, *self.place(path, key=key), message, hint)


def load_file(path: Path, file: str = "") -> Document:
    """Read `path`, reported as `file` or else by its name; raises UserError as `load` does, and if it is unreadable."""
    name = file or path.name
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise refused(name, [Problem(name, 0, 0, f"cannot be read: {error.strerror}")]) from None
    return load(decode(raw, name), name)


def decode(raw: bytes, file: str) -> str:
    """Return the text of a file's bytes, byte for byte; raises UserError where it is too large or not UTF-8."""
    if len(raw) > LARGEST:
        raise refused(file, [_too_large(file)])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refused(file, [Problem(file, line, 0, "is not UTF-8", "save the file as UTF-8")]) from None


def load(text: str, file: str) -> Document:
    """Read `text`, reported as `file`; raises UserError with every fault that can be told apart."""
    raw = text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    if len(raw) > LARGEST:
        raise refused(file, [_too_large(file)])
    builder = _built(raw, file, NEAR)
    if builder.problems:
        raise refused(file, _built(raw, file, DEEPEST).problems[:MOST_PROBLEMS])
    return Document(file, builder.data, raw, builder.values)


def _built(raw: bytes, file: str, deepest: int) -> _Builder:
    builder = _Builder(file, deepest)
    try:
        for event in yaml.parse(raw, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, raw, file))
    except _Enough:
        pass
    return builder


def refused(file: str, problems: list[Problem]) -> UserError:
    """Return what to raise for a file with these faults, in the order of its lines."""
    return UserError(f"{file} cannot be used", sorted(problems, key=lambda one: (one.line, one.column)))


def _too_large(file: str) -> Problem:
    return Problem(file, 0, 0, f"is larger than {LARGEST // 1_000_000} MB", "split it into several files")


def _syntax(error: yaml.YAMLError, raw: bytes, file: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        before = raw[: error.position]
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        return Problem(
            file, before.count(b"\n") + 1, column, "holds a control character", "delete it and type it again"
        )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = getattr(error, "problem", None) or "is not YAML"
    return Problem(file, line, column, said, next((hint for key, hint in _SYNTAX_HINTS if key in said), ""))


class _Enough(Exception):
    """Reading on would only cost time."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is being read."""

    path: Where
    data: list[Any] | dict[str, Any]
    key: str | None = None  # the key whose value comes next
    skipping: bool = False  # the value of a refused key comes next


class _Builder:
    """Takes parser events, without recursion, and builds data, and places as far down as `deepest`."""

    def __init__(self, file: str, deepest: int) -> None:
        self.file = file
        self.data: Any = None
        self.values: Places = {}
        self.keys: Places = {}
        self._deepest = deepest
        self.problems: list[Problem] = []
        self._stack: list[_Frame] = []
        self._documents = 0
        self._nodes = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._fault(event, "begins a second document", "remove the line `---`")
                raise _Enough
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()

    def _node(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._fault(event, f"holds more than {MOST_NODES} keys and values", "split it into several files")
            raise _Enough
        self._refuse_tricks(event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.data, dict) and frame.key is None and not frame.skipping:
            if isinstance(event, yaml.CollectionStartEvent):
                self._fault(event, "a key must be text", "a text that begins with [ or { needs quotes")
                raise _Enough
            self._key(event, frame)
            return
        value = self._value(event)
        path = self._put(frame, value, event)
        if isinstance(event, yaml.CollectionStartEvent):
            self._stack.append(_Frame(path, value))
            if len(self._stack) > DEEPEST:
                self._fault(event, f"is nested deeper than {DEEPEST} levels")
                raise _Enough

    def _refuse_tricks(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, "aliases (*name) are not allowed", "write it out, or put a text with * in quotes")
        elif event.anchor:
            self._fault(event, "anchors (&name) are not allowed", "write it out, or put a text with & in quotes")
        elif event.tag is not None:
            self._fault(event, "tags (!name) are not allowed", "a text that begins with ! needs quotes")

    def _key(self, event: Any, frame: _Frame) -> None:
        key = getattr(event, "value", "")
        path = (*frame.path, key)
        frame.skipping = True
        if isinstance(event, yaml.AliasEvent):
            return
        if event.style in (None, "") and not isinstance(_resolve(key), str):
            self._fault(event, f"the key {quoted(key)} must be text", "put it in quotes")
        elif key == "<<":
            self._fault(event, "merge keys (<<) are not allowed", "write it out")
        elif key in frame.data:
            first = f"first on line {self.keys[path][0]}" if path in self.keys else ""
            self._fault(event, f"the key {quoted(key)} stands here twice", first)
        else:
            frame.key, frame.skipping = key, False
            if len(path) <= self._deepest:
                self.keys[path] = _place(event)

    def _value(self, event: Any) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _resolve(event.value) if event.style in (None, "") else event.value
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        return [] if isinstance(event, yaml.SequenceStartEvent) else None

    def _put(self, frame: _Frame | None, value: Any, event: Any) -> Where:
        path: Where
        if frame is None:
            path, self.data = (), value
        elif isinstance(frame.data, list):
            path = (*frame.path, len(frame.data))
            frame.data.append(value)
        elif frame.skipping:
            frame.skipping = False
            return (*frame.path, "")
        else:
            key, frame.key = frame.key or "", None
            path = (*frame.path, key)
            frame.data[key] = value
        if len(path) <= self._deepest:
            self.values[path] = _place(event)
        return path

    def _fault(self, event: Any, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, *_place(event), message, hint))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Enough


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _resolve(value: str) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    if value[0] not in _NUMERIC:
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _FLOAT.fullmatch(value) else value


def quoted(value: object) -> str:
    """Return what stands in a file as faults quote it: between backticks, cut where it is long."""
    text = str(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"
