"""The benchmarks can be run: what takes hours is not, but a cheap one is, and every one tells how it is used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mailbox_corpus import corpus, patterns, rules, sieve
from tests.unit.rulebooks import rulebook

TOP = Path(__file__).parents[2]
SCRIPTS = ("pipeline", "triage", "latency", "growth", "memory", "many", "scale")


def run(*arguments: str) -> str:
    """Run one as `make bench` does; return what it printed."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_tells_how_it_is_used(name: str) -> None:
    """Every benchmark of `make bench` has a quick size, and prints its figures for people and for scripts."""
    told = run(f"benchmarks.{name}", "--help")
    assert {"--quick", "--json", "--into"} <= set(told.replace("[", " ").replace("]", " ").split())


def test_make_bench_runs_them_all() -> None:
    """`make bench` leaves none out."""
    makefile = (TOP / "Makefile").read_text("utf-8")
    (line,) = [one for one in makefile.splitlines() if one.startswith("BENCHMARKS")]
    assert set(SCRIPTS) <= set(line.partition(":=")[2].split())


def test_a_quick_run(tmp_path: Path) -> None:
    """A benchmark prints figures with their units, as JSON too, and puts them where it is told."""
    told = json.loads(run("benchmarks.scale", "--quick", "--json", "--into", str(tmp_path / "figures.json")))
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert told == kept
    assert all(one["value"] is not None and one["unit"] for one in kept["scale"]["figures"])


def test_the_corpus_is_the_same_each_time() -> None:
    """One seed gives one corpus, every message another sender's."""
    one, two = list(corpus(40)), list(corpus(40))
    assert one == two
    assert len({re.findall(rb"<resident\d+@", made.raw)[0] for made in one}) == 40
    assert {made.raw for made in corpus(5, seed=1)}.isdisjoint(made.raw for made in one)


def test_rules_and_sieve_say_the_same() -> None:
    """The rulebook has as many patterns as asked for, all different, and the Sieve script has each of them."""
    wanted = patterns(500)
    assert len(set(wanted)) == 500
    assert len(rulebook(rules(500)).program.rules) == 50
    script = sieve(500)
    assert all(f'"{one.rstrip("*")}"' in script for one in wanted)
