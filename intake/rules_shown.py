"""What the commands for rules show to a person: faults with their lines, and tables of examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from intake.errors import Problem
from intake.reports import count, printable
from intake.rules.load import Trial

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what ends a line of YAML (1.2 §5.4, and what 1.1 had besides)
_BEFORE, _AFTER = 60, 40  # characters of a long line that are shown around a fault


def problems_text(problems: Iterable[Problem], folder: Path) -> str:
    """Return every fault with its line of the file in `folder`, a caret under the place, and the hint."""
    return "\n".join(line for problem in problems for line in _problem(problem, folder))


def _problem(problem: Problem, folder: Path) -> Iterator[str]:
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    yield printable(f"{place}: {problem.message}")
    if problem.line:
        yield from _excerpt(folder / problem.file, problem.line, problem.column)
    if problem.hint:
        yield printable(f"    hint: {problem.hint}")


def _excerpt(path: Path, line: int, column: int) -> Iterator[str]:
    try:
        lines = _BREAK.split(path.read_text("utf-8", errors="replace").removeprefix("\ufeff"))
    except OSError:
        return
    if line > len(lines) or not lines[line - 1].strip():
        return
    start = max(0, column - 1 - _BEFORE)
    shown = printable(lines[line - 1])
    cut = shown[start : column + _AFTER] if len(shown) > _BEFORE + _AFTER else shown
    start = start if len(shown) > _BEFORE + _AFTER else 0
    yield f"    {cut}"
    if column:
        yield "    " + " " * cell_len(cut[: column - 1 - start]) + "^"


def counts_of(trial: Trial) -> dict[str, int]:
    """Return how many files, rules, examples, golden letters and languages a rulebook has."""
    return {
        "files": len(trial.rulebook.files),
        "rules": len(trial.rulebook.program.rules),
        "examples": len(trial.examples),
        "golden": len(trial.golden),
        "languages": len(trial.rulebook.languages),
    }


def checked_text(trial: Trial) -> str:
    """Return what was checked, for a person."""
    things = {"golden": "golden letter"}
    parts = [count(number, things.get(key, key[:-1])) for key, number in counts_of(trial).items()]
    return f"No fault in {', '.join(parts[:-1])} and {parts[-1]}."


def examples_table(trial: Trial) -> Table:
    """Return how many examples of every rule pass."""
    table = Table(title="Examples that pass", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("rule")
    table.add_column("match", justify="right")
    table.add_column("no match", justify="right")
    tally = Counter((one.rule, one.kind, one.passed) for one in trial.examples)
    for rule in trial.rulebook.program.rules:
        cells = []
        for kind in ("match", "no-match"):
            passed, failed = tally[rule.id, kind, True], tally[rule.id, kind, False]
            cells.append(Text(f"{passed}/{passed + failed}", "bold red" if failed else "" if passed else "dim"))
        table.add_row(Text(rule.id), *cells)
    return table


def tested_text(trial: Trial) -> str:
    """Return in a sentence how many examples and golden letters pass."""
    failed = sum(not one.passed for one in trial.examples) + sum(bool(one.differences) for one in trial.golden)
    tried = f"{count(len(trial.examples), 'example')}, {count(len(trial.golden), 'golden letter')}"
    return f"{tried}: {failed} failed." if failed else f"{tried}: all pass."


def tested(trial: Trial) -> dict[str, Any]:
    """Return what became of every example and golden letter, ready for JSON."""
    return {
        "rules": {
            rule.id: [one._asdict() for one in trial.examples if one.rule == rule.id]
            for rule in trial.rulebook.program.rules
        },
        "letters": {
            one.id: {"passed": not one.differences, "differences": [two._asdict() for two in one.differences]}
            for one in trial.golden
        },
    }
