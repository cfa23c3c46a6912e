"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy spells in two places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert


def upsert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT that can say `on_conflict_do_update`."""
    return _insert(conn.dialect.name, table)


def insert_new(conn: Connection, table: Table, row: Mapping[str, object], *index: str) -> int | None:
    """Insert a row and return its id; None where one like it, by the columns of `index`, is there."""
    new: int | None = conn.scalar(_insert_new(conn.dialect.name, table, index), dict(row))
    return new


def adding(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return the INSERT that leaves out rows of which one like them is there: the same one each time."""
    return _adding(conn.dialect.name, table)


@cache
def _adding(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _insert_new(dialect: str, table: Table, index: tuple[str, ...]) -> ReturningInsert[Any]:
    insert = _insert(dialect, table).on_conflict_do_nothing(index_elements=index or None)
    return insert.returning(table.c.id)


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
