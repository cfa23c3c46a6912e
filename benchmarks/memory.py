"""Measure the memory of all of the daemon's processes together: quiet, over a backlog, and with one huge message.

What is counted is PSS: memory that several processes share counts once (Linux; /proc/PID/smaps_rollup). The daemon runs
as an operator starts it, with the shipped rules, on SQLite. The huge message comes twice: once larger than
`limits.message-mb`, so that only its text is fetched, and once within a raised limit, so that all of it is.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure, options, tell
from benchmarks.first_start import Memory, fill, huge, rows, tree, wait_for
from tests.letters.render import letters, render
from tests.servers.control import control
from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import missing as no_dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.walk.deployment import Deployment

POLLED = "SELECT polled_at FROM mailbox_states WHERE mailbox = 'main'"


class Proportional(Memory):
    """Counts what is shared once; knows the number of processes, too."""

    def now(self) -> int:
        """Return what they take now, in bytes."""
        return sum(proportional(pid) for pid in tree(self.pid))

    def processes(self) -> int:
        """Return how many there are."""
        return len(list(tree(self.pid)))


def proportional(pid: int) -> int:
    """Return a process's PSS in bytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@contextmanager
def daemon(
    server: Dovecot, sink: SmtpSink, folder: Path, *, backlog: int = 0, limit: int = 50
) -> Iterator[tuple[Deployment, Proportional, str]]:
    """Run the service on a mailbox with so many old letters; yield (deployment, memory, user)."""
    user = server.user()
    deployment = Deployment(folder, server.password)
    deployment.edit(("message-mb: 50", f"message-mb: {limit}"))
    fill(server, user, backlog)
    deployment.connect(imap=server.port, user=user, smtp=sink.port)
    process = deployment.start("run")
    memory = Proportional(process)
    try:
        yield deployment, memory, user
    finally:
        memory.stop()
        process.terminate()
        process.wait(30)


def quiet(server: Dovecot, sink: SmtpSink, base: Path, pause: float) -> Iterator[Figure]:
    """Measure after one letter was answered, and the daemon has nothing to do."""
    with daemon(server, sink, base / "quiet") as (deployment, memory, user):
        wait_for(lambda: rows(deployment, POLLED))
        with control(server, user) as staff:
            staff.deliver(render(letters()[0]))
        wait_for(lambda: rows(deployment, "SELECT 1 FROM messages"))
        time.sleep(pause)
        yield Figure("quiet", memory.now() / 1e6, "MB", "wanted: at most 250, all processes")
        yield Figure("processes of a quiet daemon", memory.processes())


def backlog(server: Dovecot, sink: SmtpSink, base: Path, count: int) -> Iterator[Figure]:
    """Measure while a backlog is taken in, and afterwards."""
    with daemon(server, sink, base / "backlog", backlog=count) as (deployment, memory, _):
        wait_for(lambda: rows(deployment, POLLED))
        wait_for(lambda: not rows(deployment, "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"))
        yield Figure("peak over a backlog", memory.peak / 1e6, "MB", f"{count} letters")
        time.sleep(3)
        yield Figure("after the backlog", memory.now() / 1e6, "MB")


def large(server: Dovecot, sink: SmtpSink, base: Path, megabytes: int, limit: int) -> Iterator[Figure]:
    """Measure what one huge message adds."""
    with daemon(server, sink, base / f"limit-{limit}", limit=limit) as (deployment, memory, user):
        wait_for(lambda: rows(deployment, POLLED))
        with control(server, user) as staff:
            staff.deliver(render(letters()[0]))
            wait_for(lambda: rows(deployment, "SELECT 1 FROM messages"))
            time.sleep(3)
            before, memory.peak = memory.now(), 0
            staff.deliver(huge(megabytes))
            wait_for(lambda: rows(deployment, "SELECT 1 FROM messages WHERE id = 2"))
            time.sleep(3)
        what = f"a message of {megabytes} MB adds, limit {limit} MB"
        yield Figure(what, (memory.peak - before) / 1e6, "MB", "wanted: at most 150")


def main() -> None:
    """Print the figures."""
    parser = options(__doc__ or "", "memory")
    parser.add_argument("--backlog", type=int, help="letters; 50,000 by default; quick: 300")
    parser.add_argument("--large", type=int, help="MB; 100 by default; quick: 10")
    given = parser.parse_args()
    if no_dovecot():
        sys.exit(f"not measured: {no_dovecot()}")
    count, megabytes = given.backlog or (300 if given.quick else 50_000), given.large or (10 if given.quick else 100)
    server = Dovecot().start()
    try:
        with tempfile.TemporaryDirectory() as base, SmtpSink() as sink:
            found = list(quiet(server, sink, Path(base), 2 if given.quick else 20))
            found += backlog(server, sink, Path(base), count)
            found += large(server, sink, Path(base), megabytes, megabytes // 2)
            tell(given, [*found, *large(server, sink, Path(base), megabytes, 2 * megabytes)])
    finally:
        server.stop()


if __name__ == "__main__":
    main()
