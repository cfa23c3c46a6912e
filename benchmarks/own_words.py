"""Part labelled letters and the text bodies of a corpus into own words and the rest, and compare with the truth.

    python benchmarks/own_words.py [--letters FOLDER] [--mails FOLDER] [--misses]

The letters (default: tests/letters/dev, `*.jsonl`) say what the sender newly wrote and in which language; own words
count as right where 95 % of their characters agree. The mails (default: ../shared/mails beside the checkout) are
asked only where a project's own tests say what the reply is; where there are none it says so. No text is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from intake.mail.html import html_to_text
from intake.mail.language import detect
from intake.mail.text import own_words
from intake.mail.values import Identity

LETTERS = Path(__file__).resolve().parents[1] / "tests" / "letters" / "dev"
MAILS = Path(__file__).resolve().parents[2] / "shared" / "mails"
US = Identity(addresses=frozenset({"cohesion@example.org"}))
ENOUGH = 0.95


@dataclass(frozen=True)
class Figure:
    """How many were right."""

    name: str
    right: int
    of: int
    microseconds: float  # each
    wrong: tuple[str, ...]  # ids

    @property
    def share(self) -> float:
        """The share that is right."""
        return self.right / self.of

    def __str__(self) -> str:
        """One line of a table."""
        return f"{self.name:44}{self.right:>6} of {self.of:<6}{self.share:>8.2%}{self.microseconds:>8.0f} µs each"


def letters(folder: Path) -> list[dict[str, Any]]:
    """Return the labelled letters, in the order of their files."""
    lines = (line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines())
    return [json.loads(line) for line in lines]


def of_letters(folder: Path) -> list[Figure]:
    """Measure own words of plain and of HTML bodies, and the language of the own words."""
    read = letters(folder)
    return [
        _figure("own words of plain letters", read, lambda one: _is_own(one, one["body"])),
        _figure(
            "own words of HTML letters",
            [one for one in read if one.get("html")],
            lambda one: _is_own(one, html_to_text(one["html"])),
        ),
        _figure("language of own words", read, _is_language),
    ]


def of_mails(folder: Path) -> list[Figure]:
    """Measure own words where the tests of other projects say what the reply of a body is."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    known = [entry | {"text": _text(folder, entry)} for entry in map(json.loads, lines) if _tells_reply(entry)]
    return [_figure("replies of other projects' tests", known, _is_reply)]


def _figure(name: str, read: Iterable[dict[str, Any]], is_right: Callable[[dict[str, Any]], bool]) -> Figure:
    read = list(read)
    begun = time.perf_counter()
    wrong = tuple(one["id"] for one in read if not is_right(one))
    return Figure(name, len(read) - len(wrong), len(read), (time.perf_counter() - begun) / len(read) * 1e6, wrong)


def _is_own(letter: dict[str, Any], text: str) -> bool:
    found = own_words(text, US, letter["subject"]).own
    return not letter["own_words"] or alike(letter["own_words"], found)


def _is_language(letter: dict[str, Any]) -> bool:
    found = detect(letter["own_words"] or letter["body"], letter["subject"])
    return found.tag.partition("-")[0] == letter["language"].partition("-")[0]


def alike(wanted: str, found: str) -> bool:
    """Tell whether two texts agree in 95 % of their characters, whatever their white space."""
    wanted, found = " ".join(wanted.split()), " ".join(found.split())
    return wanted == found or SequenceMatcher(None, wanted, found, autojunk=False).ratio() >= ENOUGH


def _tells_reply(entry: dict[str, Any]) -> bool:
    tells = {"reply_text", "reply_contains", "reply_not_contains"} & set(entry["expect"])
    return entry["format"] == "text-body" and entry["truth_basis"] in {"test", "expected"} and bool(tells)


def _text(folder: Path, entry: dict[str, Any]) -> str:
    return (folder / entry["path"]).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def _is_reply(entry: dict[str, Any]) -> bool:
    found, expect = " ".join(own_words(entry["text"], US).own.split()), entry["expect"]
    return (
        ("reply_text" not in expect or alike(expect["reply_text"], found))
        and all(" ".join(part.split()) in found for part in expect.get("reply_contains", []))
        and not any(" ".join(part.split()) in found for part in expect.get("reply_not_contains", []))
    )


def main(arguments: list[str]) -> int:
    """Print the figures."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--letters", type=Path, default=LETTERS)
    options.add_argument("--mails", type=Path, default=MAILS)
    options.add_argument("--misses", action="store_true", help="name what ours gets wrong")
    chosen = options.parse_args(arguments)
    detect("the first call loads the identifier")
    figures = of_letters(chosen.letters)
    if (chosen.mails / "manifest.jsonl").exists():
        figures += of_mails(chosen.mails)
    else:
        print(f"there is no corpus of real messages at {chosen.mails}: replies were not compared")
    for figure in figures:
        print(figure)
        if chosen.misses:
            print(*(f"    {id_}" for id_ in figure.wrong), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
