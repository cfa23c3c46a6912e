"""The commands for admins who edit rules, thin like all commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from intake import app as composition
from intake import rules_shown as shown
from intake.app import App
from intake.errors import Problem, UserError
from intake.rules.load import Trial, try_folder
from intake.terminal import CONFIG, Json, OptionalConfigPath, example, say, say_json

FAULTY = 1  # exit code

rules_app = typer.Typer(no_args_is_help=True, help="See what rules do before they do it, and why.")
RulesFolder = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", help="A rules folder; by default the deployment's.")
]


@rules_app.callback()
def _options() -> None:
    """Group the commands below."""


@rules_app.command(epilog=example("intake rules check", "intake rules check ../new-rules --json"))
def check(folder: RulesFolder = None, config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """Find every fault of a rules folder, examples and golden letters included. Exit code 1 where there is one."""
    folder = _rules_folder(folder, config)
    trial, problems = _tried(folder)
    if as_json:
        say_json(_checked(trial, problems))
    elif problems or trial is None:
        say(shown.problems_text(problems, folder))
    else:
        say(shown.checked_text(trial))
    raise typer.Exit(FAULTY if problems else 0)


@rules_app.command("test", epilog=example("intake rules test", "intake rules test ../new-rules --json"))
def run_examples(folder: RulesFolder = None, config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """Run the examples beside the rules and the golden letters. Exit code 1 where one fails."""
    folder = _rules_folder(folder, config)
    trial, problems = _tried(folder)
    if as_json:
        say_json(_checked(trial, problems) | (shown.tested(trial) if trial else {}))
    else:
        if trial:
            Console().print(shown.examples_table(trial))
        if problems:
            say(shown.problems_text(problems, folder))
        if trial:
            say(shown.tested_text(trial))
    raise typer.Exit(FAULTY if problems else 0)


def _rules_folder(folder: Path | None, config: Path | None) -> Path:
    """Return the folder named, or the deployment's, or the shipped one where there is no config.yaml."""
    if folder is not None:
        return folder
    if config is not None or CONFIG.is_file():
        return App.open(config or CONFIG).config.paths.rules
    sys.stderr.write("intake: there is no config.yaml here: the shipped rules\n")
    return composition.defaults() / "rules"


def _tried(folder: Path) -> tuple[Trial | None, Sequence[Problem]]:
    """Return the rulebook where its files are sound, and every fault. Raises UserError where there is no folder."""
    try:
        trial = try_folder(folder)
    except UserError as error:
        if not error.problems:
            raise
        return None, error.problems
    return trial, trial.problems


def _checked(trial: Trial | None, problems: Sequence[Problem]) -> dict[str, Any]:
    counts = {"version": trial.rulebook.version} | shown.counts_of(trial) if trial else {}
    return {"ok": not problems} | counts | {"problems": [asdict(one) for one in problems]}
