"""The commands for admins who edit rules, thin like all commands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from intake import explain_shown, history_shown, period, workbench
from intake import rules_shown as shown
from intake import unmatched as unsorted
from intake.app import App
from intake.errors import Problem, UserError
from intake.rules.beside import Pair
from intake.rules.load import Trial, load_rulebook, try_folder
from intake.store import history
from intake.store.database import pending
from intake.store.history import Stretch
from intake.terminal import CONFIG, ConfigPath, Json, OptionalConfigPath, deployment, example, progress, say, say_json
from intake.triage import Sorter
from intake.usage import usage
from intake.whatif import Comparer

FAULTY = MOVED = 1  # exit codes

rules_app = typer.Typer(
    no_args_is_help=True,
    help="See what rules do before they do it, and why.",
    epilog=example("intake rules check", "intake rules explain letter.eml"),
)
RulesFolder = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", help="A rules folder; by default the deployment's.")
]
Since = Annotated[str, typer.Option(help="How far back: days, weeks, or a date (90d, 12w, 2026-09-01).")]


@rules_app.callback()
def _options() -> None:
    """Group the commands below."""


@rules_app.command(
    epilog=example("intake rules check", "intake rules check ../new-rules --json", one="there is a fault")
)
def check(folder: RulesFolder = None, config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """Find every fault of a rules folder, examples and golden letters included."""
    folder = _rules_folder(folder, config)
    trial, problems = _tried(folder, config)
    if as_json:
        say_json(_checked(trial, problems))
    elif problems or trial is None:
        say(shown.problems_text(problems, folder))
    else:
        say(shown.checked_text(trial))
    raise typer.Exit(FAULTY if problems else 0)


@rules_app.command(
    "test", epilog=example("intake rules test", "intake rules test ../new-rules --json", one="there is a fault")
)
def run_examples(folder: RulesFolder = None, config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """Run the examples beside the rules and the golden letters."""
    folder = _rules_folder(folder, config)
    trial, problems = _tried(folder, config)
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


@rules_app.command(
    epilog=example(
        "intake rules explain letter.eml",
        "intake rules explain CSP-7K4M-29Q --rule mould",
        "intake rules explain '<1@example.org>' --rules ../new-rules --json",
    )
)
def explain(
    what: Annotated[str, typer.Argument(metavar="MESSAGE", help="A file, a case reference, or a Message-ID.")],
    config: OptionalConfigPath = None,
    rule: Annotated[str | None, typer.Option(help="Tell of this rule why it fired or did not.")] = None,
    rules: Annotated[Path | None, typer.Option(help="The rules folder to explain by.")] = None,
    as_json: Json = False,
) -> None:
    """Tell why a message is sorted as it is: which rules fire on which words, which nearly do, and what adds up."""
    app = deployment(config)
    sorter = Sorter(load_rulebook(rules) if rules else app.rulebook, app.identity, app.zone)
    if os.path.exists(what):  # noqa: PTH110 (no error where a Message-ID is longer than any path)
        accounts = [workbench.of_file(Path(what), sorter, rule)]
    else:
        _ready(app)
        accounts = list(workbench.of_stored(app.database, what, sorter, rule))
    console = Console()
    for one in accounts:
        if as_json:
            say_json(explain_shown.account_object(one))
        else:
            told = explain_shown.account_text(one, app.zone, plain=not console.is_terminal)
            console.print(told, soft_wrap=not console.is_terminal)


@rules_app.command(epilog=example("intake rules schema", "intake rules schema ../new-rules/schema"))
def schema(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="By default schema/ in the rules.")] = None,
    config: ConfigPath = CONFIG,
) -> None:
    """Write JSON Schemas of the rule files, by which editors check and complete while you type."""
    for path in workbench.write_schemas(folder or App.open(config).config.paths.rules / "schema"):
        say(str(path))


@rules_app.command(
    epilog=example(
        "intake rules whatif ../new-rules", "intake rules whatif ../new-rules --since 12w", one="something would move"
    )
)
def whatif(
    other: Annotated[Path, typer.Argument(metavar="FOLDER", help="The other rules folder.")],
    config: ConfigPath = CONFIG,
    since: Since = "90d",
    limit: Annotated[int, typer.Option(min=0, help="How many of the messages that move are listed.")] = 50,
    as_json: Json = False,
) -> None:
    """Tell what the rules of another folder would make of the stored mail, before they are in force.

    Changes nothing.
    """
    app = App.open(config)
    after = load_rulebook(other)
    begin, stretch = _history(app, since)
    comparer = Comparer(Pair.of(app.rulebook, after), app.identity, app.zone, begin, limit)
    with progress("judging", stretch.messages) as step:
        tally = comparer.run(app.database, step)
    if as_json:
        say_json(history_shown.whatif_object(tally, comparer))
    else:
        Console().print(history_shown.whatif_text(tally, comparer))
    raise typer.Exit(MOVED if tally.moved else 0)


@rules_app.command(epilog=example("intake rules unmatched", "intake rules unmatched --since 2026-09-01 --json"))
def unmatched(config: ConfigPath = CONFIG, since: Since = "30d", as_json: Json = False) -> None:
    """Tell what no rule sorted lately, and which words set it apart: candidates for a rule."""
    app = App.open(config)
    begin, stretch = _history(app, since)
    with progress("reading", stretch.messages) as step:
        found = unsorted.unmatched(app.database, begin, step)
    if as_json:
        say_json(history_shown.unmatched_object(found, app.rulebook))
        return
    Console().print(history_shown.unmatched_text(found))
    if found.candidates:
        say(f"\nA rule to start from, for a file of your own:\n\n{unsorted.stub(found.candidates, app.rulebook)}")


@rules_app.command(epilog=example("intake rules stats", "intake rules stats --since 12w --json"))
def stats(config: ConfigPath = CONFIG, since: Since = "90d", as_json: Json = False) -> None:
    """Tell which rules never fire, which always fire together, and which have no examples."""
    app = App.open(config)
    begin, stretch = _history(app, since)
    with progress("counting", stretch.messages) as step:
        found = usage(app.database, app.rulebook, begin, step)
    if as_json:
        say_json(history_shown.usage_object(found))
    else:
        say(history_shown.usage_text(found, app.rulebook, begin, app.zone))


def _history(app: App, since: str) -> tuple[datetime, Stretch]:
    """Return since when, and what is stored since then. Raises UserError for another word than a time."""
    _ready(app)
    with app.database.read() as conn:
        begin = period.since(since, app.database.clock(conn), app.zone)
        return begin, history.stretch(conn, begin)


def _ready(app: App) -> None:
    if pending(app.database):
        raise UserError("the database is not of this version: `intake run` or `intake db upgrade` brings it there")


def _rules_folder(folder: Path | None, config: Path | None) -> Path:
    """Return the folder named, or the deployment's, or the shipped one where there is no config.yaml."""
    return deployment(config).config.paths.rules if folder is None else folder


def _tried(folder: Path, config: Path | None) -> tuple[Trial | None, Sequence[Problem]]:
    """Return the rulebook where its files are sound, and every fault. Raises UserError where there is no folder.

    Where there is a deployment, its templates must hold the folders that the rules answer from.
    """
    try:
        trial = try_folder(folder)
    except UserError as error:
        if not error.problems:
            raise
        return None, error.problems
    deployed = App.open(config or CONFIG) if config or CONFIG.is_file() else None
    unwritten = deployed.unwritten(trial.rulebook) if deployed else []
    return trial, [*trial.problems, *unwritten]


def _checked(trial: Trial | None, problems: Sequence[Problem]) -> dict[str, Any]:
    counts = {"version": trial.rulebook.version} | shown.counts_of(trial) if trial else {}
    return {"ok": not problems} | counts | {"problems": [asdict(one) for one in problems]}
