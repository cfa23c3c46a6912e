"""The commands on what is to be sent, thin: parse arguments, call one function, print."""

from __future__ import annotations

from typing import Annotated

import typer

from intake import casework, lookups
from intake.app import App
from intake.errors import UserError
from intake.terminal import CONFIG, By, ConfigPath, Json, example, listing, say, who

outbox_app = typer.Typer(
    invoke_without_command=True,
    help="List what is to be sent and what became of it; close what did not go out, or have it sent again.",
    epilog=example("intake outbox", "intake outbox --state unknown --json", "intake outbox close 12 --by 'Ana Pop'"),
)
Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER", help="As `intake outbox` lists them.")]


@outbox_app.callback()
def outbox(
    context: typer.Context,
    config: ConfigPath = CONFIG,
    state: Annotated[str | None, typer.Option(help="Only this state: queued, sending, unknown, given-up …")] = None,
    as_json: Json = False,
) -> None:
    """List what is to be sent and what became of it; by default all that is neither sent nor closed."""
    if context.invoked_subcommand is not None:
        if any(str(context.get_parameter_source(one)).endswith("COMMANDLINE") for one in context.params):
            raise UserError(f"options of `intake outbox {context.invoked_subcommand}` stand after it")
    else:
        app = App.open(config)
        columns = "id kind state partner reference queued_at reason_detail"
        listing("Outbox", app.zone, lookups.outbox(app.database, state), columns, as_json=as_json)


@outbox_app.command("close", epilog=example("intake outbox close 12 13 --by 'Ana Pop'"))
def outbox_close(numbers: Numbers, config: ConfigPath = CONFIG, by: By = None) -> None:
    """Close mails that were given up, or may or may not have arrived: `status` counts them no longer.

    Nothing is sent. Their text is not kept any longer.
    """
    app = App.open(config)
    for number in numbers:
        casework.close_mail(app.database, number, who(by))
        say(f"{number} closed")


@outbox_app.command("retry", epilog=example("intake outbox retry 12 --by 'Ana Pop'"))
def outbox_retry(numbers: Numbers, config: ConfigPath = CONFIG, by: By = None) -> None:
    """Have such mails sent again, to the address that they had, when the service next sends.

    Where it may have arrived, a mail to a partner says that it may be a second copy; a resident may get two answers.
    """
    app = App.open(config)
    for number in numbers:
        casework.send_again(app.database, number, who(by))
        say(f"{number} will be sent again")
