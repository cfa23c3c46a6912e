"""Writes the tables of docs/dangers.md from the shipped safety rules: `python -m tests.dangers`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from intake.rules.load import load_rulebook
from intake.rules.program import Rule
from intake.rules.rulebook import Rulebook

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "dangers.md"
TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", re.DOTALL)
LONGEST = 130  # characters of a letter that the page quotes


def tables(book: Rulebook) -> str:
    """Return a table for each file: of every safety rule what it notices, what it does, and one letter it fires on."""
    by_file: dict[str, list[Rule]] = {}
    for rule in book.program.rules:
        if rule.safety:
            by_file.setdefault(rule.place.partition(":")[0], []).append(rule)
    return "".join(line for file, rules in by_file.items() for line in _table(file, rules))


def _table(file: str, rules: list[Rule]) -> Iterator[str]:
    yield f"\n### `{file}`\n\n| notices | does | for instance |\n|---|---|---|\n"
    for rule in rules:
        cells = (f"{rule.name} (`{rule.id}`)", ", ".join(rule.told), _letter(rule))
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _letter(rule: Rule) -> str:
    text = " ".join((rule.examples.match[0].text or rule.examples.match[0].subject).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]} …"


def written(page: str, book: Rulebook) -> str:
    """Return the page with the tables of that rulebook."""
    return TABLES.sub(lambda _: f"{tables(book)}\n", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8"), load_rulebook(TOP / "rules")), "utf-8")
