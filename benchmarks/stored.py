"""Fill a database with a long history fast: what the real pipeline stored of some letters, copied under other keys.

Each copy lies further in the past than the one before; its digests were had, its mails were sent, and somebody has seen
it. Columns are told by their names and types, so a table that gets a new one need not be taught here.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select, text

from intake.store import search
from intake.store.database import Database
from intake.store.references import new_reference
from intake.store.tables import (
    attachments,
    cases,
    deliveries,
    digest_items,
    digests,
    message_categories,
    messages,
    metadata,
    outbox,
    raws,
    thread_ids,
)
from tests.letters.render import letters, render

COPIED = (raws, cases, messages, message_categories, attachments, deliveries, outbox, digest_items, thread_ids)
DRAWN = frozenset({"hash", "raw_hash", "content_key", "id_key", "header_id", "uid", "key", "id_hash", "sha256"})
SENDERS = frozenset({"from_address", "reply_address", "recipient", "recipient_key"})
BATCH = 2000  # messages that are inserted at once
YEARS = 5  # of history
SEED = 5
MARK = "historymark"  # with the number of the copy: a word that one message in many bears


class Shift(NamedTuple):
    """How a copy differs from what it is made of."""

    step: int  # between the ids of two copies
    apart: timedelta  # between their times
    references: Iterator[str]  # for their cases


def fresh(folder: Path, numbers: range, owner: os.stat_result) -> None:
    """Write letters as a Maildir that came just now, each of another resident."""
    known = letters()
    (folder / "cur").mkdir(parents=True)
    now = time.time()
    for number in numbers:
        one = known[number % len(known)]
        raw = render(one | {"id": f"{one['id']}-{number}", "from_address": f"resident{number}@example.net"})
        path = folder / "cur" / f"{int(now)}.M{number:07d}P1.mx,S={len(raw)}:2,"
        path.write_bytes(raw)
        os.utime(path, (now - 60, now - 60))
    for path in (folder.parent, folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def multiply(database: Database, wanted: int) -> int:
    """Copy all that is stored until there are so many messages; return how many there are.

    The first messages are those that the pipeline has just stored, and stay as they are.
    """
    with database.transaction() as conn:
        had = {table: [dict(row) for row in conn.execute(select(table)).mappings()] for table in COPIED}
        step = max((row["id"] for rows in had.values() for row in rows if "id" in row), default=0)
        past = _digests(conn, {row["partner"] for row in had[digest_items]})
        words = [(row["id"], _words(row)) for row in had[messages]]
    count = len(had[messages])
    copies = max(0, wanted // count - 1)
    taken = {row["reference"] for row in had[cases]}
    shift = Shift(step, timedelta(days=365 * YEARS) / max(1, copies), _references(taken))
    for some in _some(range(1, copies + 1), max(1, BATCH // count)):
        with database.transaction() as conn:
            for table in COPIED:
                rows = [_copy(table, row, copy, shift) for copy in some for row in had[table]]
                if table is digest_items:
                    rows = [row | {"digest_id": past[row["partner"]]} for row in rows]
                if rows:
                    conn.execute(table.insert(), rows)
            _index(conn, [(id_ + copy * step, f"{kept} {MARK}{copy}") for copy in some for id_, kept in words])
    _number(database)
    return count * (copies + 1)


def _references(taken: set[str]) -> Iterator[str]:
    """Yield references that are not taken, none twice."""
    chance, drawn = random.Random(SEED), set(taken)
    while True:
        if (one := new_reference(chance)) not in drawn:
            drawn.add(one)
            yield one


def _copy(table: Table, row: dict[str, Any], copy: int, shift: Shift) -> dict[str, Any]:
    made = {column.name: _changed(column.name, row[column.name], copy, shift.apart) for column in table.columns}
    for column in table.columns:
        whose = column.name == "id" or any(key.column.name == "id" for key in column.foreign_keys)
        if whose and row[column.name] is not None:
            made[column.name] = row[column.name] + copy * shift.step
    if table is cases:
        made["reference"] = next(shift.references)
    if table is messages:
        made["seen_at"] = made["recorded_at"]
    if table is outbox:
        made |= {"state": "sent", "sent_at": made["queued_at"], "mail": None, "claimed_by": None}
    return made


def _changed(name: str, value: Any, copy: int, apart: timedelta) -> Any:
    if isinstance(value, datetime):
        return value - copy * apart
    if not isinstance(value, str):
        return value
    if name in DRAWN:
        return _drawn(value, copy)
    return f"c{copy}.{value}" if name in SENDERS and value.endswith("example.net") else value


def _drawn(value: str, copy: int) -> str:
    return hashlib.sha256(f"{copy} {value}".encode()).hexdigest()


def _digests(conn: Connection, partners: Iterable[str]) -> dict[str, int]:
    """Return the id of an old digest of each partner."""
    old = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    rows = [{"partner": one, "slot": old, "made_at": old, "items": 1} for one in sorted(partners)]
    if rows:
        conn.execute(digests.insert(), rows)
    return {row.partner: row.id for row in conn.execute(select(digests)) if row.slot == old}


def _words(row: dict[str, Any]) -> str:
    said = (row["subject"], row["from_name"], row["from_address"], row["reply_address"] or "", row["full_text"])
    return " ".join(search.words("\n".join(said)))


def _index(conn: Connection, found: Sequence[tuple[int, str]]) -> None:
    sqlite = conn.dialect.name == "sqlite"
    into = search.INTO_SQLITE if sqlite else search.INTO_POSTGRESQL
    conn.execute(into, [{"id": id_, "words": said if sqlite else _vector(said)} for id_, said in found])


def _vector(said: str) -> str:
    return " ".join(f"'{word}':{place}" for place, word in enumerate(said.split(), 1))


def _number(database: Database) -> None:
    """Let the next ids follow the largest, and the planner know how much there is, as autovacuum would."""
    if database.is_sqlite:
        return
    with database.transaction() as conn:
        for table in metadata.sorted_tables:
            if "id" in table.columns:
                largest = conn.scalar(select(func.max(table.c.id))) or 1
                conn.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {largest})"))
        conn.execute(text("ANALYZE"))


def _some(items: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
