"""The admins' pages can be copied: every piece of YAML in them is a rulebook that loads."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from intake.rules.load import load_files, load_rulebook
from tests import dangers

TOP = Path(__file__).parents[2]
BESIDE = ("categories", "partners", "lists", "areas")  # what pieces stand beside: the shipped files that hold no rules
BLOCK = re.compile(r"^( *)```yaml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    text = (TOP / "docs" / page).read_text("utf-8")
    return [dedent(found[2]) for found in BLOCK.finditer(text)]


def shipped() -> dict[str, str]:
    return {f"{name}.yaml": (TOP / "rules" / f"{name}.yaml").read_text("utf-8") for name in BESIDE}


def put(files: dict[str, str], block: str) -> dict[str, str]:
    """Return `files` with a piece put where its first line says, or into a rule file of its own."""
    named = re.match(r"# (\w+\.yaml)\n", block)
    if named is None:
        whole = re.match(r"(rules|lists):", block)
        return files | {"80-ours.yaml": block if whole else f"rules:\n{block}"}
    name, before = named[1], files.get(named[1], "")
    if not before or block.split("\n")[1].startswith(name.removesuffix(".yaml")):
        return files | {name: block}
    if name == "categories.yaml":
        return files | {name: before.replace("\nflags:", f"\n{block}\nflags:", 1)}
    return files | {name: f"{before}\n{block}"}


STEPS = 3  # pieces of the walk-through, which stand together
PIECES = [("rules.md", number) for number in range(len(blocks("rules.md")))]
PIECES += [("rules-cookbook.md", number) for number in range(STEPS, len(blocks("rules-cookbook.md")))]


@pytest.mark.parametrize(("page", "number"), PIECES)
def test_every_piece_can_be_copied(page: str, number: int) -> None:
    """R3: each piece of YAML on the admins' pages loads beside the shipped files, and its examples pass."""
    block = blocks(page)[number]
    files = put(shipped(), block)
    assert any(block in text for text in files.values())
    load_files(files)


def test_the_walk_through() -> None:
    """A category, a partner and a rule, added as the cookbook's first steps say, make one rulebook that loads."""
    partner, category, rule = blocks("rules-cookbook.md")[:STEPS]
    files = put(put(put(shipped(), partner), category), rule)
    book = load_files(files)
    assert book.categories["allotments"].partners == ("allotments",)
    assert book.partners["allotments"].digest_days == (0,)


def test_there_are_twenty_tasks() -> None:
    """The cookbook has twenty tasks, numbered in order, each with something to copy."""
    parts = re.split(r"^## (\d+)\. ", (TOP / "docs" / "rules-cookbook.md").read_text("utf-8"), flags=re.MULTILINE)
    assert [int(number) for number in parts[1::2]] == list(range(1, 21))
    assert all(BLOCK.search(part) for part in parts[2::2])


def test_the_language_fits_on_two_pages() -> None:
    """Two printed pages hold the whole language."""
    assert len((TOP / "docs" / "rules.md").read_text("utf-8").splitlines()) <= 110


def test_the_page_on_dangers_is_up_to_date() -> None:
    """R10: docs/dangers.md lists every shipped safety rule, as it is now."""
    page = dangers.PAGE.read_text("utf-8")
    book = load_rulebook(TOP / "rules")
    assert all(f"`{rule.id}`" in page and rule.name in page for rule in book.program.rules if rule.safety)
    assert page == dangers.written(page, book), "out of date: run `python -m tests.dangers`"


def test_every_safety_rule_says_what_it_is_for() -> None:
    """R3: a safety rule has a name, letters that it must match and letters that it must not."""
    for rule in load_rulebook(TOP / "rules").program.rules:
        if rule.safety:
            assert rule.name, rule.id
            assert rule.examples.match, rule.id
            assert rule.examples.no_match, rule.id
