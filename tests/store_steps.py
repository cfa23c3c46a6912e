"""What the service does with the store, one step at a time, each in its own transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, text

from intake.mailbox.source import Fetched
from intake.store.claims import Claimed, claim
from intake.store.database import Database
from intake.store.ledger import keep
from intake.store.recording import Recorded, batched, record
from intake.store.tables import deliveries, messages
from tests.store_values import triage

LEASE = timedelta(minutes=5)


def kept(database: Database, *batch: Fetched) -> list[int]:
    """Keep a batch; return the deliveries that wait."""
    with database.transaction() as conn:
        return keep(conn, batch, database.clock(conn))


def claimed(database: Database, worker: str = "one", limit: int = 100) -> list[Claimed]:
    """Claim what waits."""
    with database.transaction() as conn:
        return claim(conn, worker, database.clock(conn), LEASE, limit)


def recorded(database: Database, one: Claimed, content: str = "one", **changes: object) -> Recorded:
    """Record a claim as a letter of that content."""
    with database.transaction() as conn, batched(conn, one) as batch:
        return record(batch, one, triage(content, **changes), database.clock(conn))


def states(database: Database) -> dict[str, str]:
    """Return each UID's state."""
    with database.read() as conn:
        return {row.uid: row.state for row in conn.execute(select(deliveries.c.uid, deliveries.c.state))}


def count(database: Database, table: str) -> int:
    """Count a table's rows."""
    with database.read() as conn:
        return conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def stored(database: Database, message_id: int) -> dict[str, object]:
    """Return a message's row."""
    with database.read() as conn:
        row = conn.execute(select(messages).where(messages.c.id == message_id)).mappings().one()
        return dict(row)


def in_threads(*tasks: Callable[[], object]) -> None:
    """Run all at the same time; raise the first error."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        try:
            barrier.wait()
            task()
        except BaseException as error:  # noqa: BLE001 (raised below, in the test's own thread)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
