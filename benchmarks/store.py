"""Time the store on both databases: keeping, claiming, recording, searching, counting.

    python -m benchmarks.store [--messages N]

SQLite lies in a temporary folder and waits for the disk at every commit (synchronous=FULL); PostgreSQL is started
apart, with its own defaults (fsync on). Prints messages a second, and milliseconds for what is asked.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from intake.mailbox.source import Fetched
from intake.store.cases import search
from intake.store.claims import claim
from intake.store.database import Database, upgrade
from intake.store.ledger import keep, known
from intake.store.recording import batched, record
from intake.store.state import counts
from tests.servers.postgres import Postgres, programs
from tests.store_fixtures import START
from tests.store_values import fetched, triage

LEASE = timedelta(minutes=5)
WORDS = [f"word{number}" for number in range(3000)]


def letter(number: int) -> Fetched:
    """Return a message of about 4 KB."""
    return fetched(number, text(number, 600).encode())


def text(seed: int, length: int) -> str:
    """Return so many words."""
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def keeping(database: Database, numbers: range, batch: int) -> None:
    """Keep letters, `batch` a transaction."""
    for start in range(numbers.start, numbers.stop, batch):
        with database.transaction() as conn:
            keep(conn, [letter(number) for number in range(start, min(start + batch, numbers.stop))], START)


def recording(database: Database, batch: int) -> None:
    """Claim 50 at a time and record them, `batch` a transaction."""
    while True:
        with database.transaction() as conn:
            claims = claim(conn, "one", START, LEASE, 50)
        if not claims:
            return
        for start in range(0, len(claims), batch):
            some = claims[start : start + batch]
            with database.transaction() as conn, batched(conn, *some) as together:
                for one in some:
                    made = triage(one.place.uid, own_words=(words := text(one.delivery_id, 250)), full_text=words)
                    record(together, one, made, START)


def rates(database: Database, messages: int) -> Iterator[tuple[str, float]]:
    """Yield (what, messages a second) for 1, 10 and 50 a transaction."""
    for turn, batch in enumerate((1, 10, 50)):
        numbers = range(turn * messages, (turn + 1) * messages)
        yield f"keep, {batch} a transaction", messages / seconds(lambda: keeping(database, numbers, batch))  # noqa: B023 (called at once)
        yield f"record, {batch} a transaction", messages / seconds(lambda: recording(database, batch))  # noqa: B023


def seconds(work: Callable[[], object]) -> float:
    """Return how long it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def asked(database: Database) -> Iterator[tuple[str, float]]:
    """Yield (what, milliseconds) for what people and polls ask."""
    with database.read() as conn:
        yield "known()", 1000 * seconds(lambda: known(conn, ("public", "INBOX", 7), START))
        yield "counts()", 1000 * seconds(lambda: counts(conn, START))
        yield "search, a rare word", 1000 * seconds(lambda: search(conn, "word7 word8 word9", 20))
        yield "search, a common word", 1000 * seconds(lambda: search(conn, "about", 20))


@contextmanager
def databases() -> Iterator[dict[str, Database]]:
    """Set both up, empty; PostgreSQL where it is installed."""
    folder = programs()
    with tempfile.TemporaryDirectory() as base:
        found = {"SQLite": Database(f"sqlite:///{Path(base) / 'intake.sqlite'}")}
        if folder is None:
            yield found
            return
        with Postgres(folder, settings=()) as server:
            yield found | {"PostgreSQL": Database(server.url.render_as_string())}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000, help="for each figure")
    messages = parser.parse_args().messages
    with databases() as found:
        for name, database in found.items():
            upgrade(database)
            for what, rate in rates(database, messages):
                print(f"{name:12}{what:28}{rate:8.0f} messages/s")
            for what, milliseconds in asked(database):
                print(f"{name:12}{what:28}{milliseconds:8.1f} ms with {3 * messages} messages")
            database.close()


if __name__ == "__main__":
    main()
