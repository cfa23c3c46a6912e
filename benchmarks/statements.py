"""Which statements a piece of work sends to the database, what the planner makes of each, and how long each takes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from intake.store.database import Database

WIDE = 1000  # rows of a table: a smaller one may be read whole on PostgreSQL


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement that was sent."""

    text: str  # on one line
    milliseconds: float | None  # to read all that it finds; None: it writes
    scans: tuple[str, ...]  # steps of the plan that read a whole table or index


@contextmanager
def heard() -> Iterator[dict[str, Any]]:
    """Yield what fills with the statements that this process sends: text -> parameters of one time."""
    said: dict[str, Any] = {}

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement):
            said[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def planned(database: Database, said: dict[str, Any]) -> list[Planned]:
    """Ask the planner about each statement, and run those that only read; the slowest first."""
    found = []
    with database.read() as conn:
        cursor = conn.connection.driver_connection
        assert cursor is not None
        for statement, parameters in said.items():
            plan = _sqlite if database.is_sqlite else _postgresql
            scans = tuple(plan(cursor, statement, parameters))
            reads = re.match(r"\s*SELECT", statement) and "FOR UPDATE" not in statement
            taken = _timed(cursor, statement, parameters) if reads else None
            found.append(Planned(" ".join(statement.split()), taken, scans))
        conn.rollback()
    return sorted(found, key=lambda one: -(one.milliseconds or 0))


def _timed(cursor: Any, statement: str, parameters: Any) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        cursor.execute(statement, parameters).fetchall()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def _sqlite(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    """Yield the steps that scan a table or an index that is not partial: those hold what is open alone."""
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    partial = {row[0] for row in cursor.execute(indexes)}
    for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters):
        step = str(row[3])
        if step.startswith("SCAN ") and "CONSTANT ROW" not in step and not any(name in step for name in partial):
            yield step


def _postgresql(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    (told,) = cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()
    tree = json.loads(told) if isinstance(told, str) else told
    waiting = [tree[0]["Plan"]]
    while waiting:
        step = waiting.pop()
        waiting += step.get("Plans", [])
        if step["Node Type"] == "Seq Scan" and _wide(cursor, step["Relation Name"]):
            yield f"SCAN {step['Relation Name']}"


def _wide(cursor: Any, table: str) -> bool:
    (rows,) = cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table]).fetchone()
    return bool(rows > WIDE)
