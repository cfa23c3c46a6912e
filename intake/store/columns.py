"""What columns are made of, on SQLite and PostgreSQL alike: names, ids, text from outside, instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TextClause,
    TypeDecorator,
    and_,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself for INTEGER only
Key = String(96).with_variant(String(96, collation="C"), "postgresql")  # sorted by its bytes, so that `begins` holds


def partial_index(name: str, *columns: str, where: TextClause) -> Index:
    """Return an index of those rows alone; on SQLite it serves what says so in the same words, without parameters."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Choose the rows whose `Key` begins with `prefix` (not empty), as a range that its index serves."""
    return and_(column >= prefix, column < prefix[:-1] + chr(ord(prefix[-1]) + 1))


UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes neither NUL nor a lone surrogate


def storable(value: str) -> str:
    """Return the text with U+FFFD for every character that no database takes."""
    try:
        value.encode()  # far less work than to look for surrogates
    except UnicodeEncodeError:
        return UNSTORABLE.sub("\ufffd", value)
    return value.replace("\0", "\ufffd")


class Words(TypeDecorator[str]):
    """Text that came from outside: what cannot be stored of it is marked, never a reason to fail (P5)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy)
        """Mark NUL and lone surrogates."""
        return None if value is None else storable(value)


class Utc(TypeDecorator[datetime]):
    """An aware instant; SQLite keeps it as naive UTC text, which sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy)
        """Refuse naive times, which mean nothing: ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy)
        """Give the instant its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
