"""What every contract suite may ask for."""

from __future__ import annotations

from tests.store_fixtures import (
    clock,
    database,
    empty_postgres,
    migrated_postgres,
    migrated_sqlite,
    postgres_database,
    postgres_server,
    postgres_url,
    sqlite_database,
    sqlite_url,
)

__all__ = [
    "clock",
    "database",
    "empty_postgres",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres_database",
    "postgres_server",
    "postgres_url",
    "sqlite_database",
    "sqlite_url",
]
