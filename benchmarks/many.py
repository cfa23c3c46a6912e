"""Time one `intake run` against two on one PostgreSQL, straight and through a transaction-pooling proxy.

Two mailboxes with the mix of `benchmarks/mailbox_corpus.py` wait when the services start; the time runs from the first
message that is kept to the last that is recorded, by the database's clock. Each service is pinned to a core of its own
(taskset), which its children inherit; the database and the mail server run on all cores, as far as two cores let one
part them, so that on a machine with two cores the services share theirs with both. No SMTP server answers: mails are
composed and queued, not sent. PostgreSQL has its own defaults (fsync on).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

import psycopg
from sqlalchemy import URL

from benchmarks.figures import Figure, alternating, options, tell
from benchmarks.first_start import wait_for
from benchmarks.mailbox_corpus import rules
from benchmarks.peers import Mailboxes
from tests.servers.dovecot import free_ports
from tests.servers.dovecot import missing as no_dovecot
from tests.servers.postgres import Pooler, Postgres, drop_database, make_database, programs
from tests.unit.rulebooks import lay_down
from tests.walk.deployment import Deployment

SECOND = """  - name: second
    host: 127.0.0.1
    port: {port}
    tls: none
    user: {user}
    password-env: INTAKE_IMAP_PASSWORD
    folder: INBOX
    since: all
    poll-seconds: 30

smtp:
"""
POOL = 20  # sessions that the proxy opens: as many as two services use at once


class Field:
    """What a round runs in: mailboxes, and a PostgreSQL."""

    def __init__(self, mailboxes: Mailboxes, postgres: Postgres, folder: Path) -> None:
        """Each round's deployment is made in `folder`."""
        self._mailboxes, self._postgres, self._folder = mailboxes, postgres, folder
        self._rounds = 0

    def run(self, processes: int, *, pooled: bool) -> float:
        """Return messages a second of so many processes together."""
        url = make_database(self._postgres.url)
        half = self._mailboxes.messages // 2
        users = [self._mailboxes.user(half), self._mailboxes.user(half, half)]
        with Pooler(url, size=POOL) if pooled else nullcontext(url) as reached:
            with self._services(self._deployment(users, reached), processes):
                wait_for(lambda: _recorded(url) == 2 * half)
            rate = 2 * half / _taken(url)
        drop_database(url, self._postgres.url)
        for user in users:
            self._mailboxes.forget(user)
        return rate

    def _deployment(self, users: list[str], url: URL) -> Deployment:
        self._rounds += 1
        server, (smtp,) = self._mailboxes.server, free_ports(1)
        made = Deployment(self._folder / f"round-{self._rounds}", server.password)
        lay_down(made.folder / "rules", rules(500))
        made.connect(imap=server.port, user=users[0], smtp=smtp)
        named = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        made.edit(("url: sqlite:///intake.db", f'url: "{named}"'))
        made.edit(("\nsmtp:\n", SECOND.format(port=server.port, user=users[1])))
        made.call("db", "upgrade")
        return made

    @contextmanager
    def _services(self, made: Deployment, processes: int) -> Iterator[None]:
        taskset = shutil.which("taskset")
        cores = sorted(os.sched_getaffinity(0))
        started = []
        for number in range(processes):
            process = made.start("run")
            started.append(process)
            if taskset:
                core = str(cores[number % len(cores)])
                subprocess.run([taskset, "-a", "-c", "-p", core, str(process.pid)], check=True, capture_output=True)
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


def _ask(url: URL, query: str) -> tuple[object, ...]:
    with psycopg.connect(url.render_as_string(hide_password=False)) as conn:
        row = conn.execute(query).fetchone()  # type: ignore[call-overload]
    assert row is not None
    return tuple(row)


def _recorded(url: URL) -> int:
    (found,) = _ask(url, "SELECT count(*) FROM deliveries WHERE state = 'recorded'")
    assert isinstance(found, int)
    return found


def _taken(url: URL) -> float:
    query = "SELECT (SELECT min(first_seen_at) FROM deliveries), (SELECT max(recorded_at) FROM messages)"
    first, last = _ask(url, query)
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return (last - first).total_seconds()


def main() -> None:
    """Print rates and ratios."""
    parser = options(__doc__ or "", "many")
    parser.add_argument("--messages", type=int, help="of both mailboxes; 4,000 by default; quick: 60")
    parser.add_argument("--rounds", type=int, help="5 by default; quick: 1")
    given = parser.parse_args()
    folder = programs()
    if no_dovecot() or folder is None:
        sys.exit(f"not measured: {no_dovecot() or 'PostgreSQL is not installed'}")
    messages, rounds = given.messages or (60 if given.quick else 4000), given.rounds or (1 if given.quick else 5)
    with tempfile.TemporaryDirectory() as base, ExitStack() as stack:
        mailboxes = stack.enter_context(Mailboxes(messages))
        field = Field(mailboxes, stack.enter_context(Postgres(folder, settings=())), Path(base))
        works = {"one": lambda: field.run(1, pooled=False), "two": lambda: field.run(2, pooled=False)}
        if Pooler.program:
            works["one, pooled"] = lambda: field.run(1, pooled=True)
            works["two, pooled"] = lambda: field.run(2, pooled=True)
        found = alternating(works, rounds)
    figures = [Figure(name, rate, "messages/s") for name, rate in found.items()]
    figures.append(Figure("two / one", found["two"] / found["one"], "x", "wanted: 1.6 where cores allow"))
    if Pooler.program:
        ratio = found["two, pooled"] / found["one, pooled"]
        figures.append(Figure("two / one, pooled", ratio, "x", "wanted: 1.6 where cores allow"))
    else:
        figures.append(Figure("two / one, pooled", None, note="PgBouncer is not installed"))
    tell(given, figures)


if __name__ == "__main__":
    main()
