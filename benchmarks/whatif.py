"""Time what-if over a stored history of 100,000 messages, on SQLite.

    python -m benchmarks.whatif [--messages N] [--keep FOLDER]

The messages are the letters of `tests/letters`, with their sentences and some of their words shuffled and the headers
that real mail bears; they are stored as triage would store them. The other rulebook is the shipped one with one more
rule. Printed: seconds, messages a second and processor time; beside them what reading and unpacking the rows alone
takes in one process, what judging by one rulebook does, and all of it. `--keep` leaves the database there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from intake.mail.values import Identity, Read
from intake.rules.beside import Pair
from intake.rules.conditions import Told
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store import history
from intake.store.columns import storable
from intake.store.database import Database, upgrade
from intake.store.facts import columns, encode
from intake.store.plain import plain
from intake.store.tables import cases, message_categories, messages, raws
from intake.triage import judge, read
from intake.whatif import Comparer
from tests.letters.render import MAILBOX, letters, render

RULES = Path(__file__).resolve().parents[1] / "rules"
ZONE = ZoneInfo("Europe/London")
US = Identity(frozenset({MAILBOX}))
START = datetime(2026, 1, 1, tzinfo=UTC)
ANOTHER = """
rules:
  - id: benchmark
    name: One rule more
    when: {words: [bus*, bench*, 'street light*']}
    then: {category: neighbourhood, weight: 30, flags: vulnerable}
"""


def shuffled(one: Read, chance: random.Random, number: int) -> Read:
    """Return another letter of the same words: sentences in another order, one word in ten dropped or doubled."""
    sentences = re.split(r"(?<=[.!?])\s+", one.facts.own.own)
    chance.shuffle(sentences)
    words = [word for word in " ".join(sentences).split() for _ in range(chance.choice((1,) * 18 + (0, 2)))]
    own, message = " ".join(words), one.facts.message
    text = message.text.replace(one.facts.own.own, own) if one.facts.own.own else message.text
    message = replace(message, text=text, headers=(*message.headers, *headers(chance, number)))
    return replace(one, facts=replace(one.facts, message=message, own=replace(one.facts.own, own=own)))


def headers(chance: random.Random, number: int) -> Iterator[tuple[str, str]]:
    """Yield what servers on the way add: some two kilobytes, a good part of it signatures."""
    for hop in range(4):
        yield "received", f"from mx{hop}.example.net (192.0.2.{hop}) by mx{hop + 1}.example.net id {number:x}.{hop}"
    for name in ("dkim-signature", "arc-seal", "arc-message-signature"):
        yield name, f"v=1; a=rsa-sha256; d=example.net; s=s1; b={chance.randbytes(192).hex()}"
    yield "content-type", 'text/plain; charset="utf-8"'
    yield "mime-version", "1.0"


def made(count: int) -> Iterator[tuple[int, Read]]:
    """Yield so many letters with their numbers."""
    chance = random.Random(1)
    known = [read(render(one), US, ZONE, START, late=False) for one in letters()]
    for number in range(1, count + 1):
        yield number, shuffled(known[number % len(known)], chance, number)


def fill(database: Database, count: int) -> None:
    """Store the letters, with the columns that what-if never reads filled in by rote."""
    upgrade(database)
    with ProcessPoolExecutor(initializer=load, initargs=(RULES,)) as pool, database.transaction() as conn:
        conn.execute(raws.insert(), {"hash": "0" * 64, "size": 0, "data": b"", "kept_at": START})
        for batch in batches(made(count), 5000):
            conn.execute(cases.insert(), [{"id": n, "reference": f"CSP-{n:08d}", "opened_at": START} for n, _ in batch])
            sorted_by = pool.map(evidence, [one for _, one in batch], chunksize=250)
            rows = [row(number, one) | found for (number, one), found in zip(batch, sorted_by, strict=True)]
            conn.execute(messages.insert(), rows)
            mains = [{"message_id": number, "rank": 0, "category": "general"} for number, _ in batch]
            conn.execute(message_categories.insert(), mains)


_rulebook: list[Rulebook] = []  # of a process: one


def load(rules: Path) -> None:
    """Load the rulebook for this process."""
    _rulebook.append(load_rulebook(rules))


def evidence(one: Read) -> dict[str, Any]:
    """Return what sorting the letter by the shipped rules leaves of them."""
    book = _rulebook[0]
    return {"rulebook": book.version, "evidence": plain(judge(one, book).decision.evidence)}


def row(number: int, one: Read) -> dict[str, Any]:
    """Return one message's row."""
    held = {
        name: storable(value) if isinstance(value, str) else value for name, value in columns(one)._asdict().items()
    }
    rote: dict[str, Any] = dict.fromkeys(("kind", "from_name", "urgency", "acknowledge_code", "acknowledge_detail"), "")
    rote |= {key: [] for key in ("tags", "flags", "routes", "near_misses", "defects")}
    at = START + timedelta(minutes=number)
    ids = {"id": number, "case_id": number, "raw_hash": "0" * 64, "arrived_at": at, "recorded_at": at}
    return held | rote | ids | {"facts": encode(one), "content_key": hashlib.sha256(b"%d" % number).hexdigest()}


def batches(items: Iterable[tuple[int, Read]], size: int) -> Iterator[list[tuple[int, Read]]]:
    """Yield lists of so many."""
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def timed(work: Callable[[], Any]) -> float:
    """Return seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def processor() -> float:
    """Return the seconds of processor time that this process and its ended children have had."""
    return sum(os.times()[:4])


def shares(database: Database, comparer: Comparer) -> None:
    """Print what each part costs a message, in one process, over some thousands of them."""
    ids, reread = range(1, 5001), lambda *_: NotImplemented
    with database.read() as conn:
        found = list(history.pasts(conn, ids, START, ZONE, reread))
        reading = timed(lambda: list(history.pasts(conn, ids, START, ZONE, reread)))
    judging = timed(lambda: [judge(one.read, comparer.pair.before, told=Told.NOTHING) for one in found])
    whole = timed(lambda: comparer.chunk(database, ids))
    for name, seconds in (("read and unpack", reading), ("judge by one rulebook", judging), ("all", whole)):
        print(f"  {name:<24}{seconds / len(found) * 1e6:>8.0f} µs a message")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        path = (given.keep or Path(made)) / "history.sqlite"
        database = Database(f"sqlite:///{path}")
        if not path.exists():
            print(f"storing {given.messages} messages: {timed(lambda: fill(database, given.messages)):.0f} s")
        before = load_rulebook(RULES)
        after = load_files({**before.files, "99-benchmark.yaml": ANOTHER})
        comparer = Comparer(Pair.of(before, after), US, ZONE, START, 50)
        began, used = time.perf_counter(), processor()
        tally = comparer.run(database, lambda _: None)
        seconds, used = time.perf_counter() - began, processor() - used
        print(
            f"what-if on {os.cpu_count()} cores: {seconds:.1f} s, {tally.messages / seconds:.0f} messages/s, ", end=""
        )
        print(f"{tally.moved} of {tally.messages} moved; the database has {path.stat().st_size / 1e6:.0f} MB")
        print(f"processor time: {used:.1f} s, {used / tally.messages * 1e6:.0f} µs a message, starting included")
        print("in one process:")
        shares(database, comparer)
        database.close()


if __name__ == "__main__":
    main()
