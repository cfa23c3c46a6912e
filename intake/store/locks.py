"""Turns that transactions take, by name: for what no row stands for yet."""

from __future__ import annotations

from sqlalchemy import Connection, func, select


def take_turn(conn: Connection, name: str) -> None:
    """Wait for every other transaction that took this turn, and keep it until ours ends.

    On SQLite whoever writes is alone already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
