"""Turns that transactions take, by name: for what no row stands for yet."""

from __future__ import annotations

from sqlalchemy import Connection, Text, bindparam, func, select

_TURN = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))


def take_turn(conn: Connection, name: str) -> None:
    """Wait for every other transaction that took this turn, and keep it until ours ends.

    On SQLite whoever writes is alone already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_TURN, {"name": name})
