"""YAML that people edit: plain data, places, and every fault at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from intake.errors import Problem, UserError
from intake.yamlfile import LARGEST, Where, load, load_file
from intake.yamlshape import validate


def problems(text: str) -> list[Problem]:
    with pytest.raises(UserError) as caught:
        load(text, "f.yaml")
    return list(caught.value.problems)


def test_words_stay_words() -> None:
    """Only true and false are booleans; no, on, times, dates and telephone numbers stay text (YAML 1.2 core)."""
    text = (
        "a: no\nb: on\nc: true\nd: 07:30\ne: 2026-01-31\nf: 07700900123\ng: 12\nh: 1.5\ni: ~\nj:\nk: 'true'\nl: 1e5\n"
    )
    assert load(text, "f").data == {
        "a": "no", "b": "on", "c": True, "d": "07:30", "e": "2026-01-31", "f": "07700900123",
        "g": 12, "h": 1.5, "i": None, "j": None, "k": "true", "l": "1e5",
    }  # fmt: skip


def test_every_key_and_value_has_its_place() -> None:
    """A place is the line and column, from 1, of a value or its key, else of the nearest thing around it."""
    document = load("rules:\n  - id: one\n    then: {flags: [child, x]}\n", "f")
    assert document.place(("rules", 0, "id")) == (2, 9)
    assert document.place(("rules", 0, "id"), key=True) == (2, 5)
    assert document.place(("rules", 0, "then", "flags", 1)) == (3, 27)
    assert document.place(("rules", 0, "then", "urgency")) == (3, 11)
    assert document.place(("nothing",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\n\tb: 2\n", 2, 1, "found a tab character"),
        ("a: [1, 2\nb: 3\n", 2, 2, "did not find expected"),
        ("a: b: c\n", 1, 5, "mapping values"),
        ("a: 'x\n", 2, 1, "found unexpected end"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key `a` stands here twice"),
        ("a: &x 1\n", 1, 4, "anchors"),
        ("b: *x\n", 1, 4, "aliases"),
        ("<<: {a: 1}\n", 1, 1, "merge keys"),
        ("a: !!python/object 1\n", 1, 4, "tags"),
        ("a: ! x\n", 1, 4, "tags"),
        ("1: a\n", 1, 1, "the key `1` must be text"),
        ("true: a\n", 1, 1, "the key `true` must be text"),
        ("[a]: 1\n", 1, 1, "a key must be text"),
        ("a: 1\n---\nb: 2\n", 2, 1, "begins a second document"),
        ("a: x\x07y\n", 1, 5, "holds a control character"),
        ("a: \ud800\n", 1, 4, "holds a control character"),
    ],
)
def test_faults_have_their_place(text: str, line: int, column: int, message: str) -> None:
    """R4: what cannot be used is told with its line and column."""
    first = problems(text)[0]
    assert (first.file, first.line, first.column) == ("f.yaml", line, column)
    assert first.message.startswith(message)


def test_faults_come_all_at_once() -> None:
    """R4: one reading shows every fault that can be told apart, in file order."""
    assert [one.line for one in problems("a: &x 1\na: 2\nb: *x\n3: 4\n")] == [1, 2, 3, 4]


def test_bombs_are_refused() -> None:
    """R8: aliases that explode, deep nesting and huge files are refused before they cost anything."""
    bomb = "a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a]\n" for n in range(1000))
    assert len(problems(bomb)) == 100
    assert problems("[" * 100_000)[0].message == "is nested deeper than 50 levels"
    assert problems("x: " + "{a: " * 60)[0].message == "is nested deeper than 50 levels"
    assert problems("a: " + "x" * LARGEST)[0].message == "is larger than 5 MB"


def test_what_editors_add_is_no_fault() -> None:
    """A byte order mark and Windows line endings change nothing."""
    document = load("\ufeffa: 1\r\nb: [x]\r\n", "f")
    assert document.data == {"a": 1, "b": ["x"]}
    assert document.place(("b", 0)) == (2, 5)


def test_files_are_read_and_named(tmp_path: Path) -> None:
    """A file that is missing, too large or not UTF-8 is told by its name."""
    (tmp_path / "good.yaml").write_bytes("\ufeffa: é\n".encode())
    assert load_file(tmp_path / "good.yaml").data == {"a": "é"}
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (LARGEST + 1))
    for name, line, message in (
        ("latin.yaml", 2, "is not UTF-8"),
        ("large.yaml", 0, "is larger than 5 MB"),
        ("none.yaml", 0, "cannot be read: No such file or directory"),
    ):
        with pytest.raises(UserError) as caught:
            load_file(tmp_path / name)
        assert [(one.file, one.line, one.message) for one in caught.value.problems] == [(name, line, message)]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    colour: Literal["red", "green"] = "red"
    at: time = time(7)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(1, ge=1, le=65535)
    words: tuple[str, ...] | str = ()
    by_name: dict[str, Inner] = Field(default_factory=dict, alias="by-name")
    several: tuple[Inner, ...] = ()


def test_shape_faults_are_told_in_english() -> None:
    """R4: unknown keys, missing keys, wrong kinds and wrong choices, each with place and hint, all at once."""
    text = "port: 0\nprot: 1\nwords: 3\nby-name:\n  a: {name: 9, colour: gren, at: later}\nseveral:\n  - {nam: x}\n"
    with pytest.raises(UserError) as caught:
        validate(load(text, "f"), Outer)
    assert [str(one) for one in caught.value.problems] == [
        "f:1:7: must be greater than or equal to 1",
        "f:2:1: unknown key `prot` (did you mean `port`?)",
        "f:3:8: must be a list or text, not `3` (put it in quotes)",
        "f:5:13: must be text, not `9` (put it in quotes)",
        "f:5:24: `gren` is not one of: red, green (did you mean `green`?)",
        "f:5:34: must be a time such as 07:30, not `later`",
        "f:7:5: `name` is missing",
        "f:7:6: unknown key `nam` (did you mean `name`?)",
    ]


def test_whole_document_of_the_wrong_kind() -> None:
    """A list where keys are wanted is one fault; an empty file is an empty mapping."""
    with pytest.raises(UserError, match="must be a group of"):
        validate(load("- a\n", "f"), Outer)
    assert validate(load("# nothing\n", "f"), Outer) == Outer()


@given(st.text(max_size=400))
def test_any_text_gives_data_or_faults(text: str) -> None:
    """R8: whatever somebody types gives a document or a list of faults, never another error."""
    try:
        document = load(text, "f")
    except UserError as error:
        told: object = error.problems
    else:
        told = document.place(()) >= (1, 1)
    assert told


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-10_000, 10_000) | st.text(st.characters(codec="ascii", min_codepoint=32)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz-", min_size=1).filter(lambda key: key.strip("-")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_like)
def test_what_is_written_is_read(data: object) -> None:
    """Plain data written in quotes is read back as it was, and every value has a place inside the text."""
    text = json.dumps(data, indent=1)
    document = load(text, "f")
    assert document.data == data
    lines = text.split("\n")
    for path, value in paths(data):
        line, column = document.place(path)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(value)[:1]), path
        assert document.has(path)
        assert not document.has((*path, "Q"))


def paths(value: object, path: Where = ()) -> Iterator[tuple[Where, object]]:
    yield path, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        yield from paths(part, (*path, step))
