"""The least that a service of imapclient, mail-parser and SQLAlchemy can do: what bounds any pipeline made of them.

Every message is fetched, read by mail-parser in as many processes as there are cores, as we hand it over (without its
large bodies), and kept in SQLite with `synchronous=FULL`, fifty in a transaction. Nothing is sorted, screened,
threaded, indexed or answered.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import mailparser
from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, Table, Text, create_engine, func, insert, select
from sqlalchemy import text as sql

from benchmarks.figures import seconds
from benchmarks.peers import Mailboxes, fetched
from intake.mail.mime import prepare

AHEAD = 4  # batches that are read while others are fetched
Row = dict[str, object]

MESSAGES = Table(
    "messages",
    MetaData(),
    Column("uid", Integer, primary_key=True),
    Column("raw", LargeBinary),
    *(Column(name, Text) for name in ("message_id", "sender", "subject", "body")),
)


def least(mailboxes: Mailboxes, file: Path) -> float:
    """Return the seconds in which every message is fetched, read and kept in the SQLite file, which is made anew."""
    user = mailboxes.user(old=True)
    file.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{file}")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        pool.submit(_read, []).result()  # processes are up before the clock starts
        taken = seconds(lambda: _take_in(mailboxes, user, engine, pool))
    with engine.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(MESSAGES)) == mailboxes.messages
    engine.dispose()
    mailboxes.forget(user)
    return taken


def _take_in(mailboxes: Mailboxes, user: str, engine: Engine, pool: ProcessPoolExecutor) -> None:
    with engine.connect() as conn:
        conn.execute(sql("PRAGMA journal_mode=WAL"))
        conn.execute(sql("PRAGMA synchronous=FULL"))
        MESSAGES.metadata.create_all(conn)
        conn.commit()
        waiting: deque[Future[list[Row]]] = deque()
        with mailboxes.client(user) as client:
            client.select_folder("INBOX", readonly=True)
            for found in fetched(client, ["BODY.PEEK[]"]):
                waiting.append(pool.submit(_read, [(uid, data[b"BODY[]"]) for uid, data in found.items()]))
                if len(waiting) > AHEAD:
                    conn.execute(insert(MESSAGES), waiting.popleft().result())
                    conn.commit()
        for one in waiting:
            conn.execute(insert(MESSAGES), one.result())
            conn.commit()


def _read(batch: Sequence[tuple[int, bytes]]) -> list[Row]:
    """Return the rows of raw messages."""
    return [_row(uid, raw) for uid, raw in batch]


def _row(uid: int, raw: bytes) -> Row:
    mail = mailparser.parse_from_bytes(prepare(raw).skeleton)
    kept = {"message_id": mail.message_id, "sender": mail.from_, "subject": mail.subject, "body": mail.body}
    return {name: str(value).encode("utf-8", "replace").decode() for name, value in kept.items()} | {
        "uid": uid,
        "raw": raw,
    }
