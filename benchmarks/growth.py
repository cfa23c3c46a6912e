"""Measure what a long history costs: the same work on a database of 1,000 messages and on one of 1,000,000, in turn.

On SQLite, and on PostgreSQL with its own defaults (fsync on). The history is some letters that the pipeline stored,
copied under other keys over five years (`benchmarks/stored.py`). Measured: `intake run --once` over letters that have
just come, less what it takes on an empty mailbox, which is the start-up; `status`; the fullest digest; searches; and
what-if over a range of days. Then every statement that was sent is given to the planner of the large database: those
that scan a table, or take long, are listed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, text

from benchmarks.figures import Figure, alternating, options, say, seconds, tell
from benchmarks.statements import planned
from benchmarks.stored import MARK, fresh, multiply
from benchmarks.whatif import ANOTHER
from intake import lookups, previews
from intake.app import App
from intake.rules.beside import Pair
from intake.rules.load import load_files
from intake.store import history, ledger
from intake.store.tables import deliveries, digest_items
from intake.whatif import Comparer
from tests.plans import heard
from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import missing as no_dovecot
from tests.servers.postgres import Postgres, make_database, programs
from tests.servers.smtp_sink import SmtpSink
from tests.walk.deployment import PASSWORD_ENV, Deployment

FIRST = 250  # letters that the pipeline stores, and that are copied
SMALL, LARGE = "small", "large"
SLOW = 20.0  # milliseconds: a statement that takes longer is listed


@dataclass
class Aged:
    """A deployment whose database holds a history."""

    deployment: Deployment
    server: Dovecot
    size: int  # messages

    def __post_init__(self) -> None:
        """Know how it is reached."""
        self.letters = 0

    @property
    def app(self) -> App:
        """The application, opened anew."""
        return App.open(self.deployment.config)

    def mailbox(self, numbers: range) -> None:
        """Read another mailbox from now on, with those letters in it."""
        user = self.server.user()
        fresh(self.server.maildir(user), numbers, self.server.base.stat())
        config = self.deployment.config.read_text("utf-8")
        before = next(line for line in config.splitlines() if line.startswith("    user: "))
        self.deployment.edit((before, f"    user: {user}"))

    def take_in(self, count: int) -> float:
        """Return the seconds of one pass over so many new letters."""
        self.letters += count
        self.mailbox(range(self.letters + FIRST, self.letters + FIRST + count))
        said: list[str] = []
        taken = seconds(lambda: said.append(self.deployment.call("run", "--once", "--json", seconds=7200)))
        assert json.loads(said[0].splitlines()[0])["triaged"] == count, said
        return taken


def aged(server: Dovecot, sink: SmtpSink, folder: Path, url: str | None, size: int) -> Aged:
    """Return a deployment with a history of so many messages, on the database at `url` (None: SQLite)."""
    user = server.user()
    fresh(server.maildir(user), range(FIRST), server.base.stat())
    deployment = Deployment(folder, server.password)
    os.environ[PASSWORD_ENV] = server.password  # for what runs in this process
    deployment.connect(imap=server.port, user=user, smtp=sink.port)
    if url:
        deployment.edit(("url: sqlite:///intake.db", f"url: {url}"))
    deployment.once()
    one = Aged(deployment, server, size)
    database = one.app.database
    began = seconds(lambda: multiply(database, size))
    database.close()
    say(f"{size} messages in {folder.name}: {began:.0f} s")
    return one


def asked(one: Aged) -> Iterator[tuple[str, float]]:
    """Yield (what, milliseconds) of what people and polls ask; the median of five is the caller's."""
    app = one.app
    with app.database.read() as conn:
        items = conn.execute(select(digest_items.c.partner).where(digest_items.c.digest_id.is_(None))).scalars().all()
    partner = max(set(items), key=items.count)
    works: dict[str, Callable[[], object]] = {
        "status": app.health,
        f"digest with {items.count(partner)} items": lambda: digest(app, partner),
        "search, a rare word": lambda: lookups.search(app.database, f"{MARK}1"),
        "search, a common word": lambda: lookups.search(app.database, "the"),
        "search, two common words": lambda: lookups.search(app.database, "please council"),
    }
    for what, work in works.items():
        work()  # what is loaded at the first time is start-up
        yield what, sorted(seconds(work) for _ in range(5))[2] * 1000
    app.database.close()


def digest(app: App, partner: str) -> object:
    """Write the digest that the partner would get now."""
    return previews.digest(app.database, app.composer, app.rulebook, partner, None)


def held(one: Aged) -> int:
    """Return the bytes that its database takes."""
    database = one.app.database
    if database.path is not None:
        return database.path.stat().st_size
    with database.read() as conn:
        found = conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    database.close()
    return int(found)


def what_if(one: Aged, days: int) -> Iterator[Figure]:
    """Yield the rate of what-if over the last days."""
    app = one.app
    after = load_files({**app.rulebook.files, "99-benchmark.yaml": ANOTHER})
    with app.database.read() as conn:
        since = app.database.clock(conn) - timedelta(days=days)
        count = history.stretch(conn, since).messages
    comparer = Comparer(Pair.of(app.rulebook, after), app.identity, app.zone, since, 50)
    taken = seconds(lambda: comparer.run(app.database, lambda _: None))
    app.database.close()
    yield Figure(f"what-if over {days} days", count / taken, "messages/s", f"wanted: 5,000; {count} messages")


def plans(one: Aged) -> Iterator[Figure]:
    """Yield the statements of a pass and of what people ask that scan, or take long."""
    one.mailbox(range(10**6, 10**6 + 20))
    app = one.app
    with app.database.read() as conn:
        place = (deliveries.c[name] for name in ("mailbox", "folder", "uidvalidity"))
        folder = conn.execute(select(*place).order_by(deliveries.c.id).limit(1)).one()
    with heard() as said:
        app.run_once(threading.Event())
        ledger.StoredLedger(app.database).known(*folder)  # all of whose messages are still in it
        app.health()
        for partner in app.rulebook.partners:
            digest(app, partner)
        lookups.search(app.database, f"{MARK}1")
        lookups.case(app.database, lookups.search(app.database, f"{MARK}1")[0]["reference"])
    found = planned(app.database, said)
    app.database.close()
    yield Figure("statements that were looked at", len(found))
    for statement in found:
        if statement.scans or (statement.milliseconds or 0) > SLOW:
            why = "; ".join(statement.scans) or "no scan"
            yield Figure(f"statement: {statement.text[:160]}", statement.milliseconds, "ms", why)


def compare(small: Aged, large: Aged, letters: int, rounds: int, days: int) -> Iterator[Figure]:
    """Yield what both take, in turn, and the ratios."""
    works: dict[str, Callable[[], float]] = {}
    for name, one in ((SMALL, small), (LARGE, large)):
        works[f"{name}, empty"] = lambda one=one: one.take_in(0)  # type: ignore[misc]
        works[name] = lambda one=one: one.take_in(letters)  # type: ignore[misc]
    found = alternating(works, rounds)
    costs = {name: (found[name] - found[f"{name}, empty"]) / letters * 1000 for name in (SMALL, LARGE)}
    for name, one in ((SMALL, small), (LARGE, large)):
        yield Figure(f"cost a message at {one.size}", costs[name], "ms")
    yield Figure("cost a message, large / small", costs[LARGE] / costs[SMALL], "x", "wanted: at most 1.2")
    for name, one in ((SMALL, small), (LARGE, large)):
        yield Figure(f"start-up at {one.size}", found[f"{name}, empty"], "s", "a pass over an empty mailbox")
    for (what, before), (also, after) in zip(asked(small), asked(large), strict=True):
        yield Figure(f"{what} at {small.size}", before, "ms")
        yield Figure(f"{also} at {large.size}", after, "ms")
    yield Figure("size of a message", held(large) / large.size, "bytes", "raw mail and indexes included")
    yield from what_if(large, days)
    yield Figure("retention batch", None, note="retention is not built yet")


def engines(
    server: Dovecot, sink: SmtpSink, base: Path, size: int, stack: ExitStack
) -> Iterator[tuple[str, Aged, Aged]]:
    """Yield (engine, small, large), each made when it is asked for."""
    for name in (SMALL, LARGE):
        (base / name).mkdir()
    yield "SQLite", *(aged(server, sink, base / name / "sqlite", None, n) for name, n in ((SMALL, 1000), (LARGE, size)))
    shutil.rmtree(base / LARGE / "sqlite")
    folder = programs()
    if folder is None:
        say("PostgreSQL is not installed: not measured")
        return
    running = stack.enter_context(Postgres(folder, settings=()))
    urls = [
        make_database(running.url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        for _ in range(2)
    ]
    made = zip((SMALL, LARGE), urls, (1000, size), strict=True)
    yield "PostgreSQL", *(aged(server, sink, base / name / "postgresql", url, n) for name, url, n in made)


def main() -> None:
    """Print the figures."""
    parser = options(__doc__ or "", "growth")
    parser.add_argument("--messages", type=int, help="of the large history; 1,000,000 by default; quick: 20,000")
    parser.add_argument("--rounds", type=int, help="5 by default; quick: 1")
    given = parser.parse_args()
    if no_dovecot():
        sys.exit(f"not measured: {no_dovecot()}")
    size, rounds = given.messages or (20_000 if given.quick else 1_000_000), given.rounds or (1 if given.quick else 5)
    letters, days = (40, 400) if given.quick else (500, 60)
    server, found = Dovecot().start(), []
    try:
        with tempfile.TemporaryDirectory() as base, SmtpSink() as sink, ExitStack() as stack:
            for engine, small, large in engines(server, sink, Path(base), size, stack):
                made = [*compare(small, large, letters, rounds, days), *plans(large)]
                found += [Figure(f"{engine}: {one.what}", one.value, one.unit, one.note) for one in made]
            tell(given, found)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
