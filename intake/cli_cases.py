"""The commands that change a case, and those on addresses that mail came back from; thin like all commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from intake import casework, lookups, period
from intake.app import App
from intake.errors import UserError
from intake.terminal import CONFIG, By, ConfigPath, Json, example, listing, say, who

ESCALATION_EXAMPLES = example("intake escalation", 'intake escalation police --at "2026-12-26 02:00"')
case_app = typer.Typer(
    no_args_is_help=True,
    help="What nobody has seen yet; taking and closing cases; addresses that our mail came back from.",
    epilog=example("intake case unseen", "intake case close CSP-7K4M-29Q"),
)
_REFERENCE = typer.Argument(metavar="REFERENCE", help="As `search` and our mails give them.")
References = Annotated[list[str], _REFERENCE]


@case_app.command("unseen", epilog=example("intake case unseen", "intake case unseen --json"))
def case_unseen(config: ConfigPath = CONFIG, as_json: Json = False) -> None:
    """List the messages that no person has opened or ticked, the oldest first; a backlog's come last."""
    app = App.open(config)
    columns = "reference recorded_at category urgency subject"
    listing("Unseen", app.zone, casework.unseen(app.database), columns, as_json=as_json)


@case_app.command("seen", epilog=example("intake case seen CSP-7K4M-29Q", "intake case seen --before 2026-03-01"))
def case_seen(
    references: Annotated[list[str] | None, _REFERENCE] = None,
    config: ConfigPath = CONFIG,
    by: By = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Everything that arrived before this day: a backlog.")
    ] = None,
) -> None:
    """Tick cases as seen by a person. `intake show` does so for what it prints.

    A partner's reply that a verdict vouches for ticks its case too. Where there is no such case, none is ticked.
    """
    if bool(references) == bool(before):
        raise UserError("name cases, or a day by --before")
    app = App.open(config)
    if before:
        count = casework.see_backlog(app.database, before.replace(tzinfo=app.zone), who(by))
        say(f"{count} messages ticked")
        return
    for line in casework.see(app.database, references or [], who(by)):
        say(line)


@case_app.command("tasks", epilog=example("intake case tasks", "intake case tasks --json"))
def case_tasks(config: ConfigPath = CONFIG, as_json: Json = False) -> None:
    """List who is to be reached safely by a person, because any answer could have harmed them; the oldest first."""
    app = App.open(config)
    listing("To reach safely", app.zone, casework.to_do(app.database), "reference opened_at urgency", as_json=as_json)


@case_app.command("done", epilog=example("intake case done CSP-7K4M-29Q --by Ann"))
def case_done(references: References, config: ConfigPath = CONFIG, by: By = None) -> None:
    """Tick off cases whose writers were reached safely, or cannot be. Where there is no such case, none is ticked."""
    app = App.open(config)
    for line in casework.finish(app.database, references, who(by)):
        say(line)


@case_app.command("take", epilog=example('intake case take CSP-7K4M-29Q --by "Pat Bell"'))
def case_take(
    references: References,
    by: Annotated[str, typer.Option("--by", help="The person who has taken it on.")],
    config: ConfigPath = CONFIG,
) -> None:
    """Say that a named person has taken cases on: their emergencies go to nobody else any more.

    A partner's vouched reply to our mail does the same. Those who were asked are told by the running service.
    """
    app = App.open(config)
    for one in references:
        say(f"{one}: {casework.take(app.database, one, who(by))}")


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
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="As `intake case dead` lists them.")],
    config: ConfigPath = CONFIG,
) -> None:
    """Take the mark away: the address may be answered again."""
    app = App.open(config)
    for one in addresses:
        casework.revive(app.database, one)
        say(f"{one} may be answered again")


def escalation(
    partner: Annotated[
        str | None, typer.Argument(metavar="PARTNER", help="Whose rota to show; an id of rules/partners.yaml.")
    ] = None,
    config: ConfigPath = CONFIG,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="At this time, or the end of this day; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the emergencies that nobody has taken, and who was asked; or who would be asked for a partner."""
    app = App.open(config)
    if partner is None:
        columns = "reference since partner asked_at state"
        listing("Emergencies", app.zone, lookups.escalations(app.database), columns, as_json=as_json)
        return
    when = period.until(at, app.zone) if at else datetime.now(UTC)
    rows = lookups.would_be_asked(app.rulebook, partner, when, app.zone)
    listing("Asked", app.zone, rows, "partner contact minutes", as_json=as_json)
