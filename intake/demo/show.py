"""The demo's table: a line or two for each letter when it is done, the others live below where there is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from intake.demo.follow import Mail, Progress, Sorted
from intake.demo.servers import Sent
from intake.mail.values import Kind

HEADINGS = (
    "sent\nkept",
    "letter\nkind, language",
    "sorted as\nurgency",
    "answered\nin, after",
    "passed on\nnow or digest",
)
CLOCK = 8  # columns
SHARES = (27, 22, 22, 29)  # of what is left of the width, in hundredths
URGENCY = {"emergency": "bold red", "today": "bold yellow"}
UNDER_WAY = 5  # letters shown live at once


class Board:
    """Prints each letter once it is settled. A context manager: the live part stands while its body runs."""

    def __init__(self, console: Console, total: int) -> None:
        """Take the console; a pipe or file gets plain lines."""
        self._console, self._total = console, total
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._printed: set[str] = set()

    def __enter__(self) -> Board:
        """Print the head of the table and begin to show."""
        table = _table(self._console.width)
        table.add_row(*(Text(heading, "bold") for heading in HEADINGS))
        self._console.print(table)
        self._console.rule(style="dim", characters="-")
        live: AbstractContextManager[object] = self._live or nullcontext()
        live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the live part away."""
        if self._live:
            self._live.stop()

    def update(self, letters: Sequence[Progress], sent: Sequence[Sent], now: datetime) -> None:
        """Print what is settled since the last time, and show the rest."""
        for one in letters:
            if one.settled(now) and one.posted.letter.file not in self._printed:
                self._printed.add(one.posted.letter.file)
                self._console.print(_rows(self._console.width, [one], sent, now))
        if self._live:
            open_ = [one for one in letters if one.posted.letter.file not in self._printed]
            count = f"{len(letters)} of {self._total} letters sent, {len(self._printed)} settled, {len(sent)} mails out"
            table = _rows(self._console.width, open_[-UNDER_WAY:], sent, now)
            self._live.update(Group(table, Text(count, "dim")))


def _table(width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=CLOCK)
    for share in SHARES:
        table.add_column(width=(width - CLOCK - len(SHARES)) * share // 100, overflow="fold")
    return table


def _rows(width: int, letters: Sequence[Progress], sent: Sequence[Sent], now: datetime) -> Table:
    table = _table(width)
    for one in letters:
        table.add_row(_time(one), _letter(one), _sorted_as(one), _answered(one, sent), _passed_on(one, now))
    return table


def _time(one: Progress) -> Text:
    at = one.posted.at
    text = Text(at.astimezone().strftime("%H:%M:%S"))
    if one.copies:
        seconds = max(0.0, (one.copies[0].kept_at - at).total_seconds())
        text.append(f"\n+{seconds:.2f} s", "dim")
    return text


def _letter(one: Progress) -> Text:
    text = Text(one.posted.letter.title)
    if one.sorted:
        kind = one.sorted.kind
        text.append(f"\n{kind}, {one.sorted.language}", "dim" if kind == Kind.PERSON else "cyan")
    if len(one.posted.uids) > 1:
        text.append(f"\n{len(one.posted.uids)} copies", "dim")
    return text


def _sorted_as(one: Progress) -> Text:
    if one.sorted is None:
        if any(copy.state == "quarantined" for copy in one.copies):
            return Text("quarantined", "bold red")
        return Text("kept" if one.copies else "on its way", "dim")
    text = Text(_words(one.sorted.category))
    return text.append(f"\n{one.sorted.urgency}", URGENCY.get(one.sorted.urgency, "dim"))


def _answered(one: Progress, sent: Sequence[Sent]) -> Text:
    if one.sorted is None:
        return Text()
    if one.answer is None:
        return Text(f"no: {_words(one.sorted.why)}", "magenta")
    if one.answer.sent_at is None:
        return Text(f"{one.sorted.template}\n{_words(one.answer.state)}", "dim")
    mail = next((mail for mail in sent if mail.header_id == one.answer.header_id), None)
    languages = mail.languages.replace(", ", "+") if mail else ""
    seconds = max(0.0, (one.answer.sent_at - one.posted.at).total_seconds())
    return Text(f"{one.sorted.template}\n", "green").append(f"{languages} {seconds:.1f} s", "dim")


def _passed_on(one: Progress, now: datetime) -> Text:
    if one.sorted is None:
        return Text()
    text = Text("\n").join(_routed(one.sorted, now))
    return text if text else Text("nobody", "dim")


def _routed(made: Sorted, now: datetime) -> list[Text]:
    lines = []
    mails = [mail for mail in made.mails if mail.kind == "routed"]
    if at_once := [mail for mail in mails if mail.state == "sent"]:
        lines.append(Text(f"now: {_partners(at_once)}", "bold"))
    if others := [mail for mail in mails if mail.state != "sent"]:
        lines.append(Text(f"{_words(others[0].state)}{_due(others[0], now)}: {_partners(others)}"))
    if made.digests:
        lines.append(Text(f"digest: {', '.join(map(_words, made.digests))}"))
    return lines


def _due(mail: Mail, now: datetime) -> str:
    return f" for {mail.due_at.astimezone():%a %H:%M}" if mail.due_at > now else ""


def _partners(mails: Sequence[Mail]) -> str:
    return ", ".join(_words(mail.partner or "") for mail in mails)


def _words(identifier: str) -> str:
    return identifier.replace("-", " ")
