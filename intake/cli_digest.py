"""The commands that show what partners get on schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intake import period, previews
from intake.app import App
from intake.terminal import CONFIG, ConfigPath, example, say

digest_app = typer.Typer(
    no_args_is_help=True, help="What partners get on schedule.", epilog=example("intake digest preview police")
)

At = Annotated[
    str | None, typer.Option("--at", help="As of the end of that day, or 2026-12-01T07:30: past or to come.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the HTML part here, to open in a browser.")]


@digest_app.command(
    "preview",
    epilog=example("intake digest preview police", "intake digest preview nhs --at 2026-12-01 --html nhs.html"),
)
def preview(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's id in rules/partners.yaml.")],
    config: ConfigPath = CONFIG,
    at: At = None,
    html: Html = None,
) -> None:
    """Show the digest that a partner would get, or would have got, without sending anything."""
    app = App.open(config)
    until = period.until(at, app.zone) if at else None
    _show(previews.digest(app.database, app.composer, app.rulebook, partner, until), html)


@digest_app.command("overview", epilog=example("intake digest overview", "intake digest overview --at 2026-11-30"))
def overview(config: ConfigPath = CONFIG, at: At = None, html: Html = None) -> None:
    """Show the week in numbers as partners with `overview` get it, without sending anything."""
    app = App.open(config)
    until = period.until(at, app.zone) if at else None
    _show(previews.overview(app.database, app.composer, app.rulebook, until), html)


def _show(seen: previews.Preview, html: Path | None) -> None:
    say(seen.text)
    for name in seen.attached:
        say(f"Attached: {name}")
    if html:
        html.write_text(seen.page, "utf-8")
        say(f"HTML: {html}")
