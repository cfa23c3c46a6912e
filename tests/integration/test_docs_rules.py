"""The admins' pages can be copied: every piece of YAML in them is a rulebook that loads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from intake.mail.language import detect
from intake.mail.values import Acknowledge, Decision, Urgency
from intake.rules import examples
from intake.rules.decide import decide
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import Rulebook
from intake.rules.shape import ExampleShape
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


OURS = [made for block in blocks("rules-cookbook.md") if (made := put({}, block).get("80-ours.yaml"))]
COOKBOOK = {rule["id"]: rule["then"] for made in OURS for rule in yaml.safe_load(made)["rules"]}
LONG = {"long-letter": ExampleShape(text="word " * 900, language="en")}  # what no example holds


@pytest.fixture(scope="module")
def cookbook() -> Rulebook:
    """Every shipped rule file, and every piece of the cookbook that holds rules."""
    files = {path.name: path.read_text("utf-8") for path in (TOP / "rules").glob("*.yaml")}
    for piece in blocks("rules-cookbook.md")[: STEPS - 1]:
        files = put(files, piece)
    return load_files(files | {f"80-{number}.yaml": made for number, made in enumerate(OURS)})


@pytest.mark.parametrize("name", COOKBOOK)
def test_every_task_does_what_it_says(cookbook: Rulebook, name: str) -> None:
    """R3: beside all shipped rules a task's letters get what its rule asks for: the category first, partner, flag."""
    (rule,) = (one for one in cookbook.program.rules if one.id == name)
    letters = [*rule.examples.match, *([LONG[name]] if name in LONG else [])]
    assert letters
    for letter in letters:
        facts = examples.facts(letter)
        known = facts.language if facts.language.tag != "und" else detect(letter.text, letter.subject)
        heeds(COOKBOOK[name], decide(replace(facts, language=known), cookbook))


def heeds(then: dict[str, Any], decision: Decision) -> None:
    """Assert that a decision has what a rule asks for; a weak sign promises no category."""
    partners = {route.partner for route in decision.routes}
    if "category" in then and then.get("weight", 100) >= 30:
        assert decision.categories[0] == then["category"] or decision.urgency is Urgency.EMERGENCY
    assert Urgency(then.get("urgency", "routine")).rank <= decision.urgency.rank
    assert {then["route"]} <= partners if "route" in then else True
    assert then.get("never-route") not in partners
    flags = then.get("flags", [])
    assert set([flags] if isinstance(flags, str) else flags) <= set(decision.flags)
    assert decision.acknowledge is Acknowledge.NONE or then.get("acknowledge") != "none"
    assert all(one in (*decision.categories, decision.urgency, *decision.flags) for one in then.get("weights", {}))


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
