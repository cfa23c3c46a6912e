"""The commands that check a deployment and set it right after a restore, thin like all commands."""

from __future__ import annotations

from typing import Annotated

import typer

from intake.app import App
from intake.errors import UserError
from intake.mailbox.imap_settings import ImapSettings
from intake.reconcile import reconcile as compared
from intake.reconcile_shown import account_object, account_text
from intake.terminal import CONFIG, ConfigPath, Json, example, progress, say, say_json

UNPROVEN = 1  # exit code
RECONCILE_ONE = "a message has no outcome, or two"

RECONCILE_EXAMPLES = example(
    "intake reconcile", "intake reconcile --mailbox main --json > outcomes.json", one=RECONCILE_ONE
)
RESTORED_EXAMPLES = example("intake db restored")


def reconcile(
    config: ConfigPath = CONFIG,
    mailbox: Annotated[str | None, typer.Option(help="Only this one, by its name in config.yaml.")] = None,
    as_json: Json = False,
) -> None:
    """Compare the mailbox with the ledger: every message and its one outcome.

    It changes nothing and may run beside the service: it opens a second connection to the mailbox, for a short while.
    """
    app = App.open(config)
    proven = True
    for settings in _mailboxes(app, mailbox):
        account = compared(settings, app.database, progress)
        proven = proven and account.proven
        if as_json:
            say_json(account_object(account))
        else:
            say(account_text(account, app.zone))
    raise typer.Exit(0 if proven else UNPROVEN)


def _mailboxes(app: App, name: str | None) -> list[ImapSettings]:
    """Return how the configured mailboxes are reached, or the one named. Raises UserError where there is none."""
    known = {one.name: one for one in app.config.mailboxes}
    if name is not None and name not in known:
        raise UserError(f"`{name}` is no mailbox of config.yaml; there are: {', '.join(known)}")
    return [app.connections.imap(one) for one in known.values() if name in (None, one.name)]


def restored(config: ConfigPath = CONFIG) -> None:
    """Say that the database, or the whole machine, was restored from a backup: nobody is to be answered twice.

    What is in the mailbox now and was not known is sorted and never acknowledged. The service must not be running.
    It finds out by itself where only the database was restored; where all files were, nobody else can tell.
    """
    app = App.open(config)
    app.database.hold_alone()
    app.upgrade()
    with app.database.transaction() as conn:
        doubted = app.restores.declare(conn, app.database.clock(conn))
    say(f"mail that is there now will not be acknowledged; mails that waited and may have gone out already: {doubted}")
