"""The page on reliability names what proves each of its lines."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "reliability.md").read_text("utf-8")
FAULTS = PAGE.partition("\n## Faults\n")[2].partition("\n## ")[0]
ROWS = [line for line in FAULTS.splitlines() if line.startswith("|") and not re.match(r"\|(-|\s*fault\s*\|)", line)]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_there_are_rows() -> None:
    """H2, F5 to F8, O3: the table has a line for each fault that the requirements and their tests know."""
    assert len(ROWS) > 35
    assert all(len(row.strip("|").split("|")) == 4 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.strip("| ").partition(" |")[0])
def test_every_row_is_proven(row: str) -> None:
    """H2: each line of the table names at least one test."""
    assert NAMED.search(row.rpartition("|")[0].rpartition("|")[2])


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))), ids=str)
def test_every_test_exists(file: str, name: str) -> None:
    """H2: each test that the page names is there."""
    tree = ast.parse((TOP / "tests" / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_no_fault_is_left_out() -> None:
    """H2: each test of a fault stands in the page."""
    there = {
        (f"faults/{path.name}", node.name)
        for path in (TOP / "tests" / "faults").glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert there - set(NAMED.findall(FAULTS)) == {("faults/test_faults_smtp.py", "test_nothing_wrong")}
