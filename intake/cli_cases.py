"""The commands that change a case, and those on addresses that mail came back from; thin like all commands."""

from __future__ import annotations

from typing import Annotated

import typer

from intake import casework
from intake.app import App
from intake.terminal import CONFIG, ConfigPath, Json, example, listing, say

case_app = typer.Typer(
    no_args_is_help=True, help="Close cases and open them again; addresses that our mail came back from."
)
References = Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="As `search` and our mails give them.")]


@case_app.command("close", epilog=example("intake case close CSP-7K4M-29Q"))
def case_close(references: References, config: ConfigPath = CONFIG) -> None:
    """Close cases. Nobody else can, least of all by mail; a resident who writes again opens the case again."""
    app = App.open(config)
    for one in references:
        say(f"{one}: {casework.close(app.database, one)}")


@case_app.command("reopen", epilog=example("intake case reopen CSP-7K4M-29Q"))
def case_reopen(references: References, config: ConfigPath = CONFIG) -> None:
    """Open closed cases again."""
    app = App.open(config)
    for one in references:
        say(f"{one}: {casework.reopen(app.database, one)}")


@case_app.command("dead", epilog=example("intake case dead", "intake case dead --json"))
def case_dead(config: ConfigPath = CONFIG, as_json: Json = False) -> None:
    """List the addresses that our mail came back from for good: they get no acknowledgement."""
    app = App.open(config)
    listing("Dead addresses", app.zone, casework.dead(app.database), "since detail address", as_json=as_json)


@case_app.command("revive", epilog=example("intake case revive ana@example.org"))
def case_revive(
    addresses: Annotated[list[str], typer.Argument(help="As `intake case dead` lists them.")],
    config: ConfigPath = CONFIG,
) -> None:
    """Take the mark away: the address may be answered again."""
    app = App.open(config)
    for one in addresses:
        casework.revive(app.database, one)
        say(f"{one} may be answered again")
