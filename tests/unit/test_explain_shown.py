"""How an account of a decision is shown in a terminal."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from intake.errors import UserError
from intake.explain_shown import account_text, foremost
from intake.mail.values import Identity
from intake.triage import Sorter
from intake.workbench import of_file
from tests.unit.rulebooks import rule, rulebook

ZONE = ZoneInfo("Europe/London")
BOOK = rulebook(
    rule("{words: [damp, black mould]}", "{category: housing, weights: {child: 4}}", id_="wet")
    + rule("{words: [blue], not-near: {words: [cheese]}}", "{category: street}", id_="cheesy")
)


def shown(folder: Path, text: str, subject: str = "x", asked: str | None = None, *, plain: bool = True) -> str:
    path = folder / "letter.eml"
    head = f"From: a@example.org\r\nTo: cohesion@example.org\r\nSubject: {subject}\r\n"
    path.write_bytes(f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode())
    account = of_file(path, Sorter(BOOK, Identity(frozenset({"cohesion@example.org"})), ZONE), asked)
    told = account_text(account, ZONE, plain=plain)
    if not plain:
        return repr([(told.plain[span.start : span.end], str(span.style)) for span in told.spans])
    return told.plain.replace("\u2068", "").replace("\u2069", "")


def test_words_are_marked_where_they_stand(tmp_path: Path) -> None:
    """R7: what rules fired on is marked in the letter, and what nearly made one fire in another way."""
    told = shown(tmp_path, "the black mould and the damp\nblue on cheese", "the damp")
    assert "  the »damp«\n" in told
    assert "  the »black mould« and the »damp«\n  ›blue‹ on cheese\n" in told
    coloured = shown(tmp_path, "the damp, blue on cheese", plain=False)
    assert "('damp', 'bold reverse')" in coloured
    assert "('blue', 'underline')" in coloured


def test_the_account_stands_below(tmp_path: Path) -> None:
    """R7: hits with weights, near misses with what failed, sums against thresholds, and what follows."""
    told = shown(tmp_path, "the damp and blue on cheese")
    for line in (
        "  wet  10-rules.yaml:2\n      child +4; housing +10\n      damp\n",
        "  cheesy  10-rules.yaml:3\n      fails at not near: cheese\n      blue\n",
        "  housing    10 of 10: reaches its threshold\n  child       4 of 10: short of its threshold\n",
        "  to          housing (digest, because of housing)",
    ):
        assert line in told


def test_of_many_weights_theforemost_are_told() -> None:
    """R7: of a rule that counts for very much, what it did for the assigned stands, and its greatest other weights."""
    weights = {"child": 1} | {f"flag-{number}": 10 + number for number in range(9)}
    assert list(foremost(weights, {"child"})) == ["child", *(f"flag-{number}" for number in range(2, 9))]
    assert foremost({"child": 1}, ()) == {"child": 1}


def test_one_rule_is_told_line_by_line(tmp_path: Path) -> None:
    """R7: asked about one rule, every line of its condition stands with a tick or a cross; an unknown one is named."""
    told = shown(tmp_path, "blue on cheese", asked="cheesy")
    assert "did not fire\n" in told
    assert "      ✗ words: blue   blue\n        ✗ not near: cheese   cheese\n" in told
    with pytest.raises(UserError, match="there is no rule `chesy`: did you mean `cheesy`"):
        shown(tmp_path, "x", asked="chesy")


def test_a_letter_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """R7: control characters and bidi overrides of a letter become spaces; its words stay within their line."""
    hostile = "damp\x1b[31m \u202egnp.exe \u2066x\u2028y الرطوبة damp"
    path = tmp_path / "letter.eml"
    path.write_bytes(f"From: a@example.org\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{hostile}".encode())
    told = account_text(of_file(path, Sorter(BOOK, Identity(frozenset()), ZONE), None), ZONE, plain=False).plain
    assert not set(told) & set("\x1b\u202e\u2066\u2028")
    assert told.count("\u2068") == told.count("\u2069")
    assert all(line.count("\u2068") == line.count("\u2069") for line in told.split("\n"))


def test_long_letters_are_shortened_around_the_words(tmp_path: Path) -> None:
    """R7: a flood of text without a match is left out; what stands beside a match is shown."""
    told = shown(tmp_path, "a " * 5000 + "here is damp again" + " b" * 5000)
    assert "here is »damp« again" in told
    assert told.count("[…]") == 2
    assert len(told) < 3000
