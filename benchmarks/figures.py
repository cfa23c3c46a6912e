"""What every benchmark does alike: options, rounds that alternate, figures as a table, as JSON and in a file."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that a benchmark found."""

    what: str
    value: float | None  # None: not measured
    unit: str = ""
    note: str = ""  # what was wanted, or why it was not measured


def options(doc: str, name: str) -> argparse.ArgumentParser:
    """Return the parser of a benchmark's command line, with what all of them know."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(name=name)
    parser.add_argument(
        "--quick", action="store_true", help="a small size, to see that it works: its figures mean little"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    parser.add_argument("--into", type=Path, metavar="FILE", help="also put the figures into this JSON file")
    return parser


def tell(given: argparse.Namespace, figures: Sequence[Figure]) -> None:
    """Print the figures, and put them beside those of other benchmarks where that was asked for."""
    made = {
        "at": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores",
        "quick": given.quick,
        "figures": [asdict(one) for one in figures],
    }
    if given.into:
        held = json.loads(given.into.read_text("utf-8")) if given.into.exists() else {}
        given.into.write_text(json.dumps(held | {given.name: made}, indent=1, sort_keys=True) + "\n", "utf-8")
    print(json.dumps({given.name: made}) if given.json else table(figures))


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines."""
    width = max((len(one.what) for one in figures), default=0)
    return "\n".join(
        f"{one.what:<{width}}  {_number(one.value):>12} {one.unit:<12} {one.note}".rstrip() for one in figures
    )


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def alternating(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Do all the works in turn, so many times; return the median of what each returned."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            found[name].append(work())
            say(f"round {number + 1}: {name}: {found[name][-1]:.2f}")
    return {name: median(values) for name, values in found.items()}


def say(sentence: str) -> None:
    """Tell how far it is, beside the figures."""
    os.write(2, f"{sentence}\n".encode())


def seconds(work: Callable[[], Any]) -> float:
    """Return how long it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
