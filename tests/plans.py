"""Which statements a piece of work sends to the database, and which of them read a whole table or index."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

from intake.store.database import Database

Said = dict[str, Any]  # statement -> parameters of one time

SMALL = frozenset({"mailbox_states", "rulebook_states", "rulebooks"})  # tables that do not grow with the messages
_LOOKS = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT\b.*\bSELECT)\b", re.DOTALL)


class Scan(NamedTuple):
    """A step of a plan that reads a whole table, or an index that is not partial: those hold what is open alone."""

    table: str
    how: str


@contextmanager
def heard() -> Iterator[Said]:
    """Yield what fills with the statements that this process sends, but for those that insert and look for nothing."""
    said: Said = {}

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if _LOOKS.match(statement):
            said[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def whole(database: Database, said: Said) -> dict[str, list[Scan]]:
    """Return the statements that would read all of a table that is not small, with how."""
    with database.transaction() as conn, conn.begin_nested() as asking:
        connection = conn.connection.driver_connection
        assert connection is not None
        if not database.is_sqlite:
            _forget_size(connection)
        found = {text: scans(database, connection, text, asked) for text, asked in said.items()}
        asking.rollback()
    grown = {text: [step for step in steps if step.table not in SMALL] for text, steps in found.items()}
    return {text: steps for text, steps in grown.items() if steps}


def _forget_size(connection: Any) -> None:
    """Let PostgreSQL's planner know nothing of the few rows that are there, and shun what is cheap for few alone."""
    ours = "(SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')"
    connection.execute(f"DELETE FROM pg_statistic WHERE starelid IN {ours}")
    connection.execute(f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid IN {ours}")
    for dear in ("seqscan", "mergejoin", "hashjoin"):  # a table of few rows is read whole unless that is made dear
        connection.execute(f"SET LOCAL enable_{dear} = off")


def scans(database: Database, connection: Any, statement: str, parameters: Any) -> list[Scan]:
    """Return what the planner would read whole; `connection` is the driver's."""
    return list((_sqlite if database.is_sqlite else _postgresql)(connection, statement, parameters))


def _sqlite(connection: Any, statement: str, parameters: Any) -> Iterator[Scan]:
    partial = _names(connection, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
    steps = [str(row[3]).split() for row in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
    made = {words[1] for words in steps if words[0] in {"CO-ROUTINE", "MATERIALIZE"}}  # by the statement itself
    for words in steps:
        if words[0] == "SCAN" and words[1:] != ["CONSTANT", "ROW"] and partial.union(made).isdisjoint(words):
            known_as = re.search(rf"\b(?:FROM|JOIN)\s+(\w+) AS {re.escape(words[1])}\b", statement)
            yield Scan(known_as[1] if known_as else words[1], " ".join(words))


def _postgresql(connection: Any, statement: str, parameters: Any) -> Iterator[Scan]:
    partial = _names(connection, "SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL")
    (told,) = connection.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()
    waiting = [(json.loads(told) if isinstance(told, str) else told)[0]["Plan"]]
    while waiting:
        step = waiting.pop()
        waiting += step.get("Plans", [])
        by_index = step["Node Type"] in {"Index Scan", "Index Only Scan"} and step["Index Name"] not in partial
        if step["Node Type"] == "Seq Scan" or (by_index and _finds_nothing(step)):
            yield Scan(step["Relation Name"], f"{step['Node Type']} of {step.get('Index Name', step['Relation Name'])}")


def _finds_nothing(step: dict[str, Any]) -> bool:
    """Tell whether a step follows an index from one end, and looks at each row: for max() it says IS NOT NULL."""
    condition = step.get("Index Cond")
    return condition is None or ("Filter" in step and str(condition).endswith("IS NOT NULL)"))


def _names(connection: Any, query: str) -> set[str]:
    return {row[0] for row in connection.execute(query).fetchall()}
