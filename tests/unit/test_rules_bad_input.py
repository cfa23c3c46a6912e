"""What people save by mistake or malice: each is a clear fault or handled, in bounded time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from intake.errors import UserError
from intake.rules.decide import decide
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import Rulebook
from intake.yamlfile import MOST_PROBLEMS
from tests.unit.rulebooks import CATEGORIES, PARTNERS, files, letter, rule, rulebook

GOOD = files(rule("{words: [damp]}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rules folder without fault."""
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def faults(folder: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        load_rulebook(folder)
    return [str(one) for one in caught.value.problems]


def faults_of(**others: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        load_files(GOOD | {f"{name}.yaml": text for name, text in others.items()})
    return [str(one) for one in caught.value.problems]


def sorts(book: Rulebook, text: str = "damp") -> bool:
    return decide(letter(text), book).categories == ("housing",)


def test_what_editors_and_systems_add_is_no_fault(folder: Path) -> None:
    """R4: a byte order mark, Windows line endings, hidden and other files are no fault."""
    for name, text in GOOD.items():
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    for name in (".10-rules.yaml.swp", "10-rules.yaml~", "#10-rules.yaml#", "notes.txt", "schema.json"):
        (folder / name).write_bytes(b"\xff{")
    (folder / "schema").mkdir()
    assert sorts(load_rulebook(folder))


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "rules: []\n", "\ufeff", "rules:\n"])
def test_empty_files_hold_no_rules(text: str) -> None:
    """R4: an empty file, or one of comments alone, holds nothing and is no fault, but for a key without a value."""
    if text == "rules:\n":
        assert faults_of(more=text) == ["more.yaml:1:7: must be a list, not empty"]
    else:
        assert sorts(load_files(GOOD | {"more.yaml": text}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules:\n\t- id: two\n", "more.yaml:2:1: found character that cannot start any token (a text that begins"),
        ("rules: []\nrules: []\n", "more.yaml:2:1: the key `rules` stands here twice (first on line 1)"),
        ("rules: &a [*a, *a]\n", "more.yaml:1:8: anchors (&name) are not allowed"),
        ("rules: " + "[" * 60 + "]" * 60, "more.yaml:1:57: is nested deeper than 50 levels"),
        ("rules: [" + "x, " * 400_000 + "]", "more.yaml:1:900000: holds more than 300000 keys and values"),
        ("# " + "x" * 5_000_000, "more.yaml: is larger than 5 MB (split it into several files)"),
        ("just a text", "more.yaml:1:1: must be a group of `key: value` lines, not `just a text`"),
        ("- id: two\n", "more.yaml:1:1: must be a group of `key: value` lines, not a list"),
        ("rules: [{id: one, when: {words: [x1]}, then: {flags: child}}]", "there is already one called `one`"),
    ],
)
def test_what_cannot_be_read_is_one_clear_fault(text: str, expected: str) -> None:
    """R4: tabs, duplicate keys, bombs, depth, size and the wrong kind of file are told in their place."""
    first, *_ = faults_of(more=text)
    assert expected in first


def test_files_that_cannot_be_read_are_told(folder: Path) -> None:
    """R4: bytes that are not UTF-8, a folder called like a file, and a dangling link are faults, all at once."""
    (folder / "a.yaml").write_bytes(b"rules: []\n# caf\xe9\n")
    (folder / "b.yaml").mkdir()
    (folder / "c.yaml").symlink_to(folder / "none")
    (folder / "d.yaml").write_bytes("rules: []".encode("utf-16"))
    assert faults(folder) == [
        "a.yaml:2: is not UTF-8 (save the file as UTF-8)",
        "b.yaml: is a folder, not a file (give the folder another name)",
        "c.yaml: cannot be read: No such file or directory",
        "d.yaml:1: is not UTF-8 (save the file as UTF-8)",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(folder: Path) -> None:
    """R4: a file that the service may not read is a fault."""
    (folder / "10-rules.yaml").chmod(0)
    assert faults(folder) == ["10-rules.yaml: cannot be read: Permission denied"]


def test_a_pipe_is_no_file(folder: Path) -> None:
    """R8: what is no regular file is refused rather than waited for."""
    os.mkfifo(folder / "pipe.yaml")
    assert faults(folder) == ["pipe.yaml: cannot be read: it is not a file"]


def test_a_huge_file_is_not_read(folder: Path) -> None:
    """R8: of a file of 50 MB no more is read than shows that it is too large."""
    with (folder / "huge.yaml").open("wb") as stream:
        stream.truncate(50_000_000)
    assert faults(folder) == ["huge.yaml: is larger than 5 MB (split it into several files)"]


def test_a_hundred_thousand_words_load() -> None:
    """R8: a list of 100,000 entries loads, and every word of it is found."""
    entries = "".join(f"    - word{number}\n" for number in range(100_000))
    book = rulebook(rule("{words: [$many]}"), lists=f"lists:\n  many:\n{entries}")
    assert sorts(book, "they said word99999 to me")
    assert not sorts(book, "they said word100000 to me")


def test_very_many_faults_are_told_in_part() -> None:
    """R8: of a file with very many faults the first hundred are told, beside those of other files, and how many."""
    entries = "".join("    - '-'\n" for _ in range(2000))
    with pytest.raises(UserError, match=r"2001 faults, of which the first of each file") as caught:
        load_files(GOOD | {"lists.yaml": f"lists:\n  many:\n{entries}", "more.yaml": "lists: {a: $b}"})
    assert [one.file for one in caught.value.problems] == ["lists.yaml"] * 100 + ["more.yaml"]


def test_lists_within_lists_are_bounded() -> None:
    """R8: lists that hold one another double nothing, are refused below 20 levels, and tell a circle."""
    doubled = "".join(f"  a{n}: [$a{n + 1}, $a{n + 1}]\n" for n in range(19))
    assert sorts(rulebook(rule("{words: [$a0]}"), lists=f"lists:\n{doubled}  a19: [damp]\n"))
    deep = "".join(f"  a{n}: [$a{n + 1}]\n" for n in range(2000))
    assert "deeper than 20 levels" in faults_of(lists=f"lists:\n{deep}  a2000: [damp]\n")[0]
    assert any("holds itself" in one for one in faults_of(lists="lists: {a: [$b], b: [$c], c: [$a]}"))


def test_expressions_that_are_too_large_are_refused() -> None:
    """R8: an expression, or all together, too large to be searched for is a fault at its place, told once."""
    (found,) = faults_of(more="rules: [{id: two, when: {regex: ['a{5000}']}, then: {flags: child}}]")
    assert "the expression cannot be read: invalid repetition size" in found
    many = ", ".join(f"'w{number} \\pL{{200}}x'" for number in range(300))
    found = faults_of(more=f"rules:\n{rule(f'{{regex: [{many}]}}', id_='two')}")
    assert len(found) == 1
    assert "too large to be searched for together (shorten repetitions such as {200})" in found[0]


def test_a_partner_without_address_and_a_category_for_nobody_are_told() -> None:
    """R4: a partner who cannot be written to and a category that nobody gets are faults in their lines."""
    without = PARTNERS.replace(", address: police@partners.example.org", "")
    assert faults_of(partners=without) == ["partners.yaml:3:5: `address` is missing"]
    nobody = CATEGORIES.replace("name: Street, partners: [street]", "name: Street, partners: []")
    assert faults_of(categories=nobody) == ["categories.yaml:7:42: nobody would get what is `street` (name a partner)"]


def test_file_names_of_any_bytes_have_a_version(folder: Path) -> None:
    """R5: a file name that is not UTF-8 is a name like others."""
    Path(os.fsdecode(os.fsencode(folder) + b"/20-caf\xe9.yaml")).write_text("rules: []")
    assert sorts(load_rulebook(folder))


@pytest.mark.parametrize(
    ("name", "text", "rule_text"),
    [
        ("partners", "partners: [{id: police}]", "{words: [x1]}, then: {route: officers, flags: 'not-to:police'}"),
        ("categories", "categories: 3", "{words: [x1]}, then: {category: housing, weights: {child: 2}, tags: race}"),
        ("areas", "areas: [{id: lings, nam: Lings}]", "{area: [lings]}, then: {category: housing}"),
        ("lists", "lists: [", "{words: [$many], sender-in: [desks]}, then: {category: housing}"),
    ],
)
def test_one_fault_does_not_hide_or_cause_others(name: str, text: str, rule_text: str) -> None:
    """R4: beside a file that cannot be read, faults of the others are told, but not that its names are unknown."""
    rules = f"rules:\n  - {{id: two, when: {rule_text}}}\n  - {{id: three, when: {{}}, then: {{}}}}\n"
    found = faults_of(**{name: text, "more": rules})
    assert {one.split(":")[0] for one in found} == {f"{name}.yaml", "more.yaml"}
    assert [one.partition(": ")[2].split(" (")[0] for one in found if one.startswith("more")] == [
        "there is no condition here: it would hold of every message",
        "does nothing",
    ]


def test_thousands_of_unknown_names() -> None:
    """R8, R4: what was meant is looked up for as many faults as are told, among few names: not for all among all."""
    names = range(3_000)
    lists = "lists:\n" + "".join(f"  list-{one:05}: {{en: [word{one}]}}\n" for one in names)
    words = ", ".join(f"$list-{one:05}x" for one in names)
    text = f"{lists}rules:\n  - {{id: one, when: {{words: [{words}]}}, then: {{category: housing}}}}\n"
    with pytest.raises(UserError) as caught:
        load_files(files() | {"90-many.yaml": text})
    assert len(caught.value.problems) == MOST_PROBLEMS
    assert all(one.hint.startswith("did you mean `$list-") for one in caught.value.problems)
