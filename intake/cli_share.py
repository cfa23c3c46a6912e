"""The command that shows what partners get; thin like all commands."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intake import share
from intake.app import App
from intake.terminal import CONFIG, ConfigPath, Json, example, say, say_json

_EXAMPLES = ("intake share preview CSP-7K4M-29Q police", "intake share preview CSP-7K4M-29Q nhs --html nhs.html")
share_app = typer.Typer(no_args_is_help=True, help="What partners may have of a case.", epilog=example(_EXAMPLES[0]))


@share_app.command("preview", epilog=example(*_EXAMPLES))
def share_preview(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="As `search` and our mails give it.")],
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's id in rules/partners.yaml.")],
    config: ConfigPath = CONFIG,
    html: Annotated[Path | None, typer.Option("--html", help="Write the HTML part here.")] = None,
    as_json: Json = False,
) -> None:
    """Show the mail that a partner would get about a case's first message, and what it holds back, and why.

    Nothing is sent. It is refused where a flag keeps the partner out of the case.
    """
    app = App.open(config)
    found = share.preview(app.database, app.composer, app.rulebook, reference, partner)
    if html:
        html.write_text(found.html, "utf-8")
    if as_json:
        say_json(asdict(found))
    else:
        say(share.shown(found) + (f"\nHTML: {html}" if html else ""))
