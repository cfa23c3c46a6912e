"""The commands on what is quarantined, thin: parse arguments, call one function, print."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from intake import lookups
from intake.app import App
from intake.store.database import Database
from intake.terminal import CONFIG, ConfigPath, Json, example, listing, say

quarantine_app = typer.Typer(
    no_args_is_help=True,
    help="Messages that could not be sorted; nothing is lost.",
    epilog=example("intake quarantine list", "intake quarantine show 3 > message.eml"),
)
Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER", help="As `intake quarantine list` lists them.")]


@quarantine_app.command("list", epilog=example("intake quarantine list", "intake quarantine list --json"))
def quarantine_list(config: ConfigPath = CONFIG, as_json: Json = False) -> None:
    """List what could not be sorted, with the error."""
    app = App.open(config)
    listing(
        "Quarantine", app.zone, lookups.quarantined(app.database), "id arrived_at stage place error", as_json=as_json
    )


@quarantine_app.command("show", epilog=example("intake quarantine show 3 > message.eml"))
def quarantine_show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `intake quarantine list` lists them.")],
    config: ConfigPath = CONFIG,
) -> None:
    """Write the raw message to standard output. No virus scanner has seen it: open it with care."""
    sys.stdout.buffer.write(lookups.quarantined_raw(App.open(config).database, number))


@quarantine_app.command("release", epilog=example("intake quarantine release 3 4"))
def quarantine_release(numbers: Numbers, config: ConfigPath = CONFIG) -> None:
    """Hand messages back to be sorted again, at the service's next pass."""
    _each(numbers, config, lookups.release, "released")


@quarantine_app.command("dismiss", epilog=example("intake quarantine dismiss 3 4"))
def quarantine_dismiss(numbers: Numbers, config: ConfigPath = CONFIG) -> None:
    """Close what you have seen to yourself, in the mailbox or from `show`: it is not sorted, nor asked for again."""
    _each(numbers, config, lookups.dismiss, "dismissed")


def _each(numbers: list[int], config: Path, act: Callable[[Database, int], None], done: str) -> None:
    app = App.open(config)
    for number in numbers:
        act(app.database, number)
        say(f"{number} {done}")
