"""The long kill proof: `make soak`, or `python -m tests.soak`."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.servers.dovecot import Dovecot, missing
from tests.soak.deployed import postgresql_there
from tests.soak.soak import Plan, Result, Soak

EXAMPLES = """examples:
  make soak                                                     1,000 kills on SQLite, then 300 on PostgreSQL
  make soak SOAK="--kills 50 --database sqlite"                 a quick look
  python -m tests.soak --database postgresql --kills 300        two daemons on one database
  python -m tests.soak --kills 200 --database sqlite --seed 7   the same letters and fates as another run with 7

exit codes: 0 every promise held, 1 one was broken, 2 a server is missing"""
KILLS = {"sqlite": 1000, "postgresql": 300}
UNKNOWN_SHOWN = 20


def main() -> int:
    """Run it, print the tables; 1 where a promise was broken."""
    arguments = _arguments()
    console = Console()
    databases = [arguments.database] if arguments.database else list(KILLS)
    why = missing() or ("" if "postgresql" not in databases or postgresql_there() else "PostgreSQL is not installed")
    if why:
        console.print(f"{why}: nothing can be proven without it")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and the servers are stopped
    results = [
        _soak(Plan(arguments.kills or KILLS[one], one, arguments.seed), console, keep=arguments.keep)
        for one in databases
    ]
    for result in results:
        _print(result, console)
    return 1 if any(result.verdict.broken for result in results) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="Kill the daemon at every step and at random instants while letters arrive; nothing may be lost.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, metavar="N", help="kills per database (1000 on SQLite, 300 on PostgreSQL)")
    parser.add_argument("--database", choices=list(KILLS), help="only this one")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), metavar="S", help="of letters and fates")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep deployment, log and record here")
    return parser.parse_args()


def _soak(plan: Plan, console: Console, *, keep: Path | None) -> Result:
    folder = Path(tempfile.mkdtemp(prefix="intake-soak-"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    dovecot = Dovecot().start()
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task(f"{plan.database}, seed {plan.seed}", total=plan.kills)
            return Soak(plan, folder, dovecot, lambda done: progress.update(task, completed=done)).run()
    finally:
        dovecot.stop()
        if keep:
            shutil.copytree(folder, keep / plan.database, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _print(result: Result, console: Console) -> None:
    verdict, plan = result.verdict, result.plan
    kills = Table("killed", "times", "not reached in time", title=f"{plan.database}, seed {plan.seed}")
    for step in sorted(result.kills | result.missed):
        kills.add_row(step, str(result.kills[step]), str(result.missed[step] or ""))
    console.print(kills)
    daemons = "one daemon" if plan.database == "sqlite" else "two daemons"
    found = Table("after the last kill", "", title=f"{result.kills.total()} kills, {daemons}, {result.seconds:.0f} s")
    for name, figure in {
        "messages delivered": verdict.delivered,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "residents acknowledged": verdict.acknowledged,
        "acknowledged twice": verdict.acknowledged_twice,
        "never acknowledged, and no row says so": verdict.unacknowledged,
        "mails due to partners at once": verdict.routed,
        "of them lost": verdict.routed_lost,
        "sent again under the same Message-ID, and saying so": verdict.sent_again,
        "digest items, each in one digest": verdict.digest_items,
        "unknown rows, all listed": len(verdict.unknown),
    }.items():
        found.add_row(name, f"{figure:,}")
    console.print(found)
    for row in verdict.unknown[:UNKNOWN_SHOWN]:
        console.print(f"unknown: {row}", highlight=False)
    if more := len(verdict.unknown) - UNKNOWN_SHOWN:
        console.print(f"… and {more} more" if more > 0 else "", highlight=False)
    for sentence in verdict.broken:
        console.print(f"BROKEN: {sentence}", style="bold red", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
