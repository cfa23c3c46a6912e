"""Exit codes: the table in docs/running.md and what each command's help tells are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from intake.cli import main_app
from intake.terminal import EXITS

PAGE = (Path(__file__).parents[2] / "docs" / "running.md").read_text("utf-8").partition("## Exit codes")[2]
PAGE = PAGE.partition("\n## ")[0]
ONES = dict(re.findall(r"^\| `(intake [a-z ]+)` \| (.+) \|$", PAGE, re.M))
CODES = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.M))


def commands(name: str = "intake", found: Any = None) -> Iterator[tuple[str, Any]]:
    """Yield every group and command below `found`, by what a person types."""
    found = get_command(main_app) if found is None else found
    for word, one in getattr(found, "commands", {}).items():
        yield f"{name} {word}", one
        yield from commands(f"{name} {word}", one)


EVERY = dict(commands())


@pytest.mark.parametrize("name", EVERY)
def test_help_tells_examples_and_exit_codes(name: str) -> None:
    """Every command and group has an example of its own, and tells the exit codes that the page tells."""
    text = re.sub(r"\[/?bold\]", "", EVERY[name].epilog or "")
    examples, _, codes = text.partition("Exit codes: ")
    assert f"\n  {name}" in examples
    assert dict(re.findall(r"(\d+) ([^;]+)", codes)) == {
        "0": CODES["0"],
        **({"1": ONES[name]} if name in ONES else {}),
        **{str(code): meaning for code, meaning in EXITS.items()},
    }


def test_the_page_tells_what_they_mean() -> None:
    """The page has each code, in the words of the help, and names no command that is not there."""
    assert set(CODES) == {"0", "1", "2", "75", "130"}
    assert all(CODES[str(code)].startswith(f"{meaning}:") for code, meaning in EXITS.items())
    assert set(ONES) <= set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_placeholders_are_one_style(name: str) -> None:
    """What a person fills in stands in capitals, once, whatever the command."""
    arguments = [one for one in EVERY[name].params if one.param_type_name == "argument"]
    assert all(re.fullmatch("[A-Z]+", one.metavar or "") for one in arguments)
    assert all(one.help for one in arguments)


@pytest.mark.parametrize("name", EVERY)
def test_help_tells_no_codes_elsewhere(name: str) -> None:
    """Exit codes are told in one place of a command's help."""
    assert not re.search(r"exit code|ends with \d", EVERY[name].help or "", re.I)
