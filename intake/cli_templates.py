"""The commands for admins who edit the templates of our mails, thin like all commands."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intake import browser
from intake.proofs import Proofs
from intake.rules_shown import problems_text
from intake.terminal import Json, OptionalConfigPath, deployment, example, say, say_json

FAULTY = 1  # exit code

templates_app = typer.Typer(
    no_args_is_help=True,
    help="See the mails that templates write, and their faults.",
    epilog=example("intake templates check", "intake templates preview routed"),
)


@templates_app.callback()
def _options() -> None:
    """Group the commands below."""


@templates_app.command("list", epilog=example("intake templates list", "intake templates list --json"))
def list_(config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """List the mails that we send, and the languages that each can be written in."""
    for kind in Proofs(deployment(config).config).kinds():
        if as_json:
            say_json(asdict(kind))
        else:
            say(f"{kind.mail}: {', '.join(kind.languages)}")


@templates_app.command(
    epilog=example("intake templates check", "intake templates check --json", one="there is a fault")
)
def check(config: OptionalConfigPath = None, as_json: Json = False) -> None:
    """Write every mail in every language from made-up letters, and tell every fault with its file and line.

    With one `intake run` refuses to start; while it runs, the mail goes out by the template that came with the program.
    """
    settings = deployment(config).config
    problems, kinds = Proofs(settings).faults(), Proofs(settings).kinds()
    if as_json:
        say_json({"ok": not problems, "mails": len(kinds), "problems": [asdict(one) for one in problems]})
    elif problems:
        say(problems_text(problems, settings.paths.templates))
    else:
        languages = {tag for kind in kinds for tag in kind.languages} - {"und"}
        say(f"No fault in {len(kinds)} mails and {len(languages)} languages.")
    raise typer.Exit(FAULTY if problems else 0)


@templates_app.command(
    epilog=example(
        "intake templates preview routed",
        "intake templates preview acknowledgement --language pl",
        "intake templates preview digest --png digest.png",
        "intake templates preview acknowledgement-neutral --language ur --text",
    )
)
def preview(  # noqa: PLR0913, PLR0917 (one option each)
    mail: Annotated[str, typer.Argument(metavar="MAIL", help="The folder of the mail, as `templates list` names it.")],
    config: OptionalConfigPath = None,
    language: Annotated[str, typer.Option(help="What stands before the English: pl, ur …")] = "en",
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture of it here.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the HTML part here.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the subject and the text part.")] = False,
) -> None:
    """Show a mail made from a made-up letter: in the browser, or as a picture, a page or text. Sends nothing."""
    rendered = Proofs(deployment(config).config).proof(mail, language)
    if text:
        say(f"Subject: {rendered.subject}\n\n{rendered.text}")
    if html:
        html.write_text(rendered.html, "utf-8")
        say(str(html))
    if png:
        browser.picture(rendered.html, png)
        say(str(png))
    if not (text or html or png):
        file, opened = browser.show(rendered.html)
        say(f"{file}" if opened else f"no browser could be opened: {file} holds the page")
