"""The commands, thin: parse arguments, call one function, print."""

from __future__ import annotations

import io
import shlex
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from intake import __version__, casework, lookups, reports, starter
from intake.app import App
from intake.cli_cases import ESCALATION_EXAMPLES, case_app, escalation
from intake.cli_digest import digest_app
from intake.cli_outbox import outbox_app
from intake.cli_quarantine import quarantine_app
from intake.cli_rules import rules_app
from intake.cli_share import share_app
from intake.cli_templates import templates_app
from intake.cli_upkeep import RECONCILE_EXAMPLES, RESTORED_EXAMPLES, reconcile, restored
from intake.errors import Temporary, UserError
from intake.logs import log_to_stderr
from intake.terminal import (
    CONFIG,
    By,
    ConfigPath,
    Json,
    OptionalConfigPath,
    deployment,
    example,
    listing,
    progress,
    say,
    say_json,
    who,
)

USER, TEMPORARY, UNWELL = 2, 75, 1  # exit codes; 75 is EX_TEMPFAIL of sysexits
RUN_ONE = "a part of the service did not end in time"

main_app = typer.Typer(
    name="intake",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Reads a public mailbox, sorts each message by rules, answers the sender and passes it to the right partner.",
    epilog="First steps: [bold]intake init mydir[/bold], edit mydir/config.yaml, [bold]cd mydir && intake run[/bold]. "
    "To see it work on this machine alone: [bold]intake demo[/bold].",
)
db_app = typer.Typer(
    no_args_is_help=True, help="The database.", epilog=example("intake db upgrade", "intake db restored")
)
main_app.add_typer(outbox_app, name="outbox")
main_app.add_typer(quarantine_app, name="quarantine")
main_app.add_typer(case_app, name="case")
main_app.add_typer(digest_app, name="digest")
main_app.add_typer(share_app, name="share")
main_app.add_typer(db_app, name="db")
main_app.add_typer(rules_app, name="rules")
main_app.add_typer(templates_app, name="templates")
db_app.command(epilog=RESTORED_EXAMPLES)(restored)


def main() -> None:
    """Run the command line; faults that a person can mend end with a sentence and exit code 2, no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        main_app(prog_name="intake")
    except UserError as error:
        _fail(str(error), USER)
    except Temporary as error:
        _fail(str(error), TEMPORARY)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror), USER)


def _fail(error: str, code: int) -> None:
    sys.stderr.write(f"intake: {reports.printable(error)}\n")
    raise SystemExit(code)


@contextmanager
def _stop_signals() -> Any:
    """Turn SIGTERM and SIGINT into the event that is yielded, for as long as the block runs."""
    stop = threading.Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@main_app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Take the options that stand before a command."""


@main_app.command(epilog=example("intake init mydir"))
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to lay it down; made if it is not there.")],
) -> None:
    """Lay down config.yaml, rules/ and templates/ for a new deployment."""
    for path in starter.init(folder):
        say(str(path))
    say(
        f"Next: edit {folder / 'config.yaml'} (what must change is marked CHANGE) and the addresses in "
        f"{folder / 'rules' / 'partners.yaml'}, then `cd {shlex.quote(str(folder))}`, `intake status`, `intake run`."
    )


@main_app.command(
    epilog=example("intake run", "intake run --once --json", "intake run -c /srv/intake/config.yaml", one=RUN_ONE)
)
def run(
    config: ConfigPath = CONFIG,
    once: Annotated[bool, typer.Option("--once", help="Do one full pass, print a summary and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Run the service until it is stopped (Ctrl-C or SIGTERM). Logs JSON lines to standard error."""
    log_to_stderr()
    app = App.open(config)
    with _stop_signals() as stop:
        if not once:
            raise typer.Exit(0 if app.run(stop) else UNWELL)
        summary = app.run_once(stop)
    if as_json:
        say_json(asdict(summary))
    else:
        say(reports.summary_text(summary))
    raise typer.Exit((USER if summary.mend else TEMPORARY) if summary.faults else 0)


@main_app.command("import", epilog=example("intake import old-mail.mbox", "intake import /var/mail/Maildir"))
def import_(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Maildirs, mbox files, .eml files or folders of them.")
    ],
    config: ConfigPath = CONFIG,
    as_json: Json = False,
) -> None:
    """Take in a backlog from files: sorted, found by `search`, listed in digests, and never acknowledged."""
    app = App.open(config)
    sizes = {path: app.import_size(path) for path in paths}
    for path, size in sizes.items():
        with progress(f"{path.name}: taking in", size) as kept, progress(f"{path.name}: sorting", size) as sorted_:
            done = app.import_files(path, kept, sorted_)
        if as_json:
            say_json(asdict(done))
        else:
            say(reports.imported_text(done, size))


@main_app.command(epilog=example("intake triage letter.eml", "intake triage --json letters/ > sorted.jsonl"))
def triage(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Messages as files, globs, or folders of .eml files.")
    ],
    config: OptionalConfigPath = None,
    as_json: Json = False,
) -> None:
    """Sort messages without storing or sending anything: what would become of them, and why.

    Uses the shipped configuration where there is no config.yaml.
    """
    files = reports.message_files(paths)
    app = deployment(config)
    with progress("sorting", len(files)) as step:
        for one in app.sort_files(files):
            step(1)
            if as_json:
                say_json(one)
            else:
                say(reports.triage_text(one))


@main_app.command(epilog=example("intake status", "intake status --json", one="something wants attention"))
def status(config: ConfigPath = CONFIG, as_json: Json = False) -> None:
    """Tell how the service is: mailboxes, rules, inbox, outbox, quarantine, and what was never set.

    Mails that did not go out count until somebody closes them (`intake outbox close`).
    """
    app = App.open(config)
    health = app.health()
    if as_json:
        say_json(health.as_object())
    else:
        say(reports.health_text(health, app.zone))
    raise typer.Exit(UNWELL if health.unwell else 0)


@db_app.command("upgrade", epilog=example("intake db upgrade"))
def db_upgrade(config: ConfigPath = CONFIG) -> None:
    """Bring the database to this version; `intake run` does so by itself."""
    applied = App.open(config).upgrade()
    say("\n".join(f"applied {one}" for one in applied) or "up to date")


@main_app.command(epilog=example("intake search fireworks", "intake search CSP-7K4M-29Q --json"))
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words, an address, or a case reference.")],
    config: ConfigPath = CONFIG,
    as_json: Json = False,
) -> None:
    """Find stored messages."""
    app = App.open(config)
    found = lookups.search(app.database, " ".join(words))
    listing("Found", app.zone, found, "reference arrived_at category subject", as_json=as_json)


@main_app.command(epilog=example("intake show CSP-7K4M-29Q", "intake show CSP-7K4M-29Q --raw > letter.eml"))
def show(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="The case reference, as `search` and our mails give it.")
    ],
    config: ConfigPath = CONFIG,
    raw: Annotated[bool, typer.Option("--raw", help="Write the case's first message as it came.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show a case: what was written, what was decided and why, and what was sent.

    What it prints counts as opened by whoever ran it; with --json nothing does, as a program may be reading.
    """
    app = App.open(config)
    case = lookups.case(app.database, reference)
    if as_json and not raw:
        say_json(asdict(case))
        return
    if raw:
        sys.stdout.buffer.write(lookups.raw_of(app.database, case.messages[0].id))
    else:
        say(reports.case_text(case, app.zone))
    casework.opened(app.database, [one.id for one in (case.messages[:1] if raw else case.messages)], who(by))


main_app.command(epilog=RECONCILE_EXAMPLES)(reconcile)
main_app.command(epilog=ESCALATION_EXAMPLES)(escalation)


@main_app.command(epilog=example("intake demo", "intake demo --dir mydemo", one="a letter is not accounted for"))
def demo(folder: Annotated[Path, typer.Option("--dir", help="Made anew.")] = Path("demo-run")) -> None:
    """Show the whole job on this machine: a loopback mailbox, some thirty letters, and the real service."""
    try:
        from intake.demo.run import run_demo  # noqa: PLC0415 (its servers are an extra)
    except ModuleNotFoundError as error:
        raise UserError(f"the demo needs {error.name}: pip install 'public-mailbox-intake[demo]'") from None
    raise typer.Exit(run_demo(folder, Console()))
