"""What the planner makes of the statements that a piece of work sent, and how long each takes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from intake.store.database import Database
from tests.plans import Said, scans

WIDE = 1000  # rows of a table: a smaller one may be read whole on PostgreSQL


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement that was sent."""

    text: str  # on one line
    milliseconds: float | None  # to read all that it finds; None: it writes
    scans: tuple[str, ...]  # steps of the plan that read a whole table or index


def planned(database: Database, said: Said) -> list[Planned]:
    """Ask the planner about each statement, and run those that only read; the slowest first."""
    found = []
    with database.read() as conn:
        connection = conn.connection.driver_connection
        assert connection is not None
        for statement, parameters in said.items():
            steps = scans(database, connection, statement, parameters)
            reads = re.match(r"\s*SELECT", statement) and "FOR UPDATE" not in statement
            taken = _timed(connection, statement, parameters) if reads else None
            whole = tuple(one.how for one in steps if _wide(database, connection, one.table))
            found.append(Planned(" ".join(statement.split()), taken, whole))
        conn.rollback()
    return sorted(found, key=lambda one: -(one.milliseconds or 0))


def _timed(connection: Any, statement: str, parameters: Any) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        connection.execute(statement, parameters).fetchall()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def _wide(database: Database, connection: Any, table: str) -> bool:
    """Tell whether a table is one to mind: SQLite's planner knows no numbers, so every one is."""
    if database.is_sqlite:
        return True
    (rows,) = connection.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table]).fetchone()
    return bool(rows > WIDE)
