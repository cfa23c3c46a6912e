"""What every command shares: its options, the deployment they name, and how things are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from intake import reports, starter
from intake.app import App
from intake.errors import UserError

_CONFIG = typer.Option("--config", "-c", envvar="INTAKE_CONFIG", help="The deployment's config.yaml.", show_envvar=True)
ConfigPath = Annotated[Path, _CONFIG]
OptionalConfigPath = Annotated[Path | None, _CONFIG]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; without it the user of this machine.")]
CONFIG = Path("config.yaml")
_GAP, _ROOM = 2, 30  # between the columns of a table, and for its last one at least
EXITS = {2: "a person must mend something", 75: "a server or the database did not answer"}  # of every command


def deployment(config: Path | None) -> App:
    """Return the deployment, or the shipped one where there is no config.yaml. Raises UserError with every fault."""
    if config is None and not CONFIG.is_file():
        sys.stderr.write("intake: there is no config.yaml here: the shipped rules\n")
        config = starter.shipped() / "config.yaml"
    return App.open(config or CONFIG)


def who(by: str | None) -> str:
    """Return the name of whoever runs the command. Raises UserError where the machine knows none."""
    try:
        name = (by if by is not None else getuser()).strip()
    except (OSError, KeyError):
        name = ""
    if not name:
        raise UserError("say who you are: --by NAME")
    return name


def example(*lines: str, one: str = "") -> str:
    """Return what stands below a command's help: examples, and exit codes; `one` says what 1 means, if anything."""
    examples = "Examples:\n\n" + "\n\n".join(f"  [bold]{line}[/bold]" for line in lines)
    codes = {0: "done", **({1: one} if one else {}), **EXITS}
    return f"{examples}\n\nExit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in codes.items())


def say(text: str) -> None:
    """Print a line, or several."""
    sys.stdout.write(text + "\n")


def say_json(value: Any) -> None:
    """Print one value as a line of JSON."""
    say(json.dumps(value, ensure_ascii=False, default=str))


def table_of(title: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str], zone: ZoneInfo) -> None:
    """Print the named columns; the last one takes what room there is, and some where there is none."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, _GAP, 0, 0))
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=column != columns[-1], overflow="fold")
    cells = [[reports.cell(row[column], zone) for column in columns] for row in rows]
    for row in cells:
        table.add_row(*map(Text, row))
    *others, _ = zip(columns, *cells, strict=True)
    needed = sum(max(map(cell_len, one)) + _GAP for one in others) + _ROOM
    Console(width=max(Console().width, needed)).print(table)


@contextmanager
def progress(what: str, total: int) -> Any:
    """Yield a function that takes the number of messages just done; the bar goes to standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def listing(title: str, zone: ZoneInfo, rows: Sequence[Mapping[str, object]], columns: str, *, as_json: bool) -> None:
    """Print every row: all of it as JSON, or the named columns as a table."""
    if as_json:
        for row in rows:
            say_json(row)
    elif rows:
        table_of(title, rows, columns.split(), zone)
    else:
        say(f"{title}: nothing")
