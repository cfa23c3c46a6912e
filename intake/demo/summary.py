"""The demo's last words: what became of the letters, what did not become of them, and where to look."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from intake.demo.folder import Folder
from intake.demo.follow import Progress
from intake.demo.post import LETTERS
from intake.demo.servers import Sent

STOPPED = (
    "\nThe service has stopped with its servers: in some minutes `status` will say that the mailbox is not polled."
)
EMERGENCY = "10-smoke"  # the letter that the last line explains


@dataclass(frozen=True, slots=True)
class Outcome:
    """The demo once it is over."""

    letters: Sequence[Progress]  # those that were posted
    sent: Sequence[Sent]
    waiting: Mapping[str, int]  # partner -> items for its next digest
    exit_code: int  # of the service
    errors: int  # that it logged
    seconds: float  # from the start of the servers to the end of the service

    def faults(self) -> list[str]:
        """Say what is missing or wrong, a sentence each; nothing when every letter is accounted for."""
        now = datetime.now(UTC)
        found = [f"{one.posted.letter.title}: {fault}" for one in self.letters for fault in one.faults(now)]
        if unposted := len(LETTERS) - len(self.letters):
            found.append(f"{unposted} letters were never sent")
        if self.exit_code:
            found.append(f"the service ended with exit code {self.exit_code}")
        if self.errors:
            found.append(f"the service logged {self.errors} errors")
        return found


def show_summary(outcome: Outcome, folder: Folder, console: Console) -> int:
    """Print it; return the exit code of the demo."""
    faults = outcome.faults()
    console.print()
    if faults:
        console.print(Text("Not every letter is accounted for:", "bold red"))
        console.print("\n".join(f"  - {fault}" for fault in faults), markup=False)
        console.print(f"\nThe service's log: {folder.log}, which ends:", markup=False)
        last = folder.log.read_text("utf-8", "replace").splitlines()[-5:]
        console.print("\n".join(f"  {line}" for line in last), markup=False, highlight=False, soft_wrap=True)
        console.print(f"How it is: {_command()} status --config {folder.config}", markup=False)
        return 1
    count = len(outcome.letters)
    console.print(
        Text(f"All {count} letters are accounted for, {outcome.seconds:.0f} s after the start.", "bold green")
    )
    console.print(_listed(_figures(outcome)))
    console.print(Text("\nWhere to look", "bold"))
    console.print(_listed(_places(outcome, folder)))
    console.print(Text("\nWhat to ask it", "bold"))
    console.print("\n".join(_commands(outcome, folder)), markup=False, highlight=False, soft_wrap=True)
    console.print(STOPPED, markup=False, highlight=False)
    return 0


def _listed(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(f"  {name}"), Text(text))
    return table


def _figures(outcome: Outcome) -> list[tuple[str, str]]:
    made = [one.sorted for one in outcome.letters if one.sorted]
    copies = sum(copy.state == "duplicate" for one in outcome.letters for copy in one.copies)
    answered = [one for one in outcome.letters if one.answer]
    silent = Counter(one.why for one in made if one.template is None)
    urgency = Counter(one.urgency for one in made)
    routed = [mail for one in made for mail in one.mails if mail.kind == "routed" and mail.state == "sent"]
    kinds = Counter(one.kind for one in made)
    return [
        ("kept", f"{len(made)} messages ({_counts(kinds)}); {copies} more recognised as a copy"),
        ("urgency", _counts(urgency)),
        ("answered", f"{len(answered)} people, each once"),
        ("not answered", f"{silent.total()} ({_counts(silent)})"),
        ("passed on at once", f"{len(routed)} mails to {len({mail.partner for mail in routed})} partners"),
        ("for digests", f"{_counts(outcome.waiting)}"),
    ]


def _counts(counted: Mapping[str, int]) -> str:
    pairs = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {name.replace('-', ' ')}" for name, count in pairs) or "none"


def _places(outcome: Outcome, folder: Folder) -> list[tuple[str, str]]:
    answers = {one.answer.header_id for one in outcome.letters if one.answer}
    example = next((mail.path for mail in outcome.sent if mail.header_id in answers), folder.sent)
    return [
        (f"{len(outcome.sent)} mails that went out", str(folder.sent)),
        ("one acknowledgement", str(example)),
        ("everything kept", str(folder.path / "intake.db")),
        ("the service's log", str(folder.log)),
        ("rules, templates", f"{folder.path / 'rules'}, {folder.path / 'templates'}"),
    ]


def _commands(outcome: Outcome, folder: Folder) -> list[str]:
    partner = max(outcome.waiting, key=lambda name: outcome.waiting[name], default="police")
    commands = ("status", f"digest preview {partner}", f"triage {_letter()}")
    return [f"  {_command()} {command} -c {folder.config}" for command in commands]


def _letter() -> Path:
    return _near(Path(str(files("intake.demo"))) / "letters" / f"{EMERGENCY}.eml")


def _near(path: Path) -> Path:
    """The shorter of the absolute and the relative path."""
    return min(path, Path(os.path.relpath(path)), key=lambda one: len(str(one)))


def _command() -> str:
    """How to call `intake` from here: by its name where that is this one, else by its path."""
    beside = Path(sys.executable).with_name("intake")
    found = shutil.which("intake")
    return "intake" if found and Path(found).resolve() == beside.resolve() else str(_near(beside))
