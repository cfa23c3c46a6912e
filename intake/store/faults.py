"""What a database's errors mean: wait (Temporary), mend something (UserError), or a fault of ours (None)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.errors import IntakeError, Temporary, UserError

Meaning = tuple[type[IntakeError], str]

SET_UP = "the database has not been set up for this version: run `intake db upgrade`"

# https://www.sqlite.org/rescode.html, primary codes
SQLITE: Mapping[int, Meaning] = {
    sqlite3.SQLITE_BUSY: (Temporary, "the database is locked by another program"),
    sqlite3.SQLITE_LOCKED: (Temporary, "the database is locked"),
    sqlite3.SQLITE_PROTOCOL: (Temporary, "the database is locked by another program"),
    sqlite3.SQLITE_FULL: (Temporary, "the database's disk is full"),
    sqlite3.SQLITE_IOERR: (Temporary, "the database's disk does not read or write"),
    sqlite3.SQLITE_NOMEM: (Temporary, "the database has no memory left"),
    sqlite3.SQLITE_READONLY: (Temporary, "the database is read-only: its file, its folder or its disk"),
    sqlite3.SQLITE_CANTOPEN: (Temporary, "the database's file cannot be opened"),
    sqlite3.SQLITE_PERM: (UserError, "the database's file must not be used by this user"),
    sqlite3.SQLITE_AUTH: (UserError, "the database's file must not be used by this user"),
    sqlite3.SQLITE_NOTADB: (UserError, "the database's file is not an SQLite database"),
    sqlite3.SQLITE_CORRUPT: (UserError, "the database's file is damaged: restore it from a backup"),
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html, whole codes before their classes
POSTGRESQL: Mapping[str, Meaning] = {
    "25006": (Temporary, "the database is read-only"),
    "53100": (Temporary, "the database's disk is full"),
    "53300": (Temporary, "the database has too many connections"),
    "55P03": (Temporary, "the database is locked by another program"),
    "42501": (UserError, "the database's user may not do this"),
    "3D000": (UserError, "the database does not exist on that server"),
    "42P01": (UserError, SET_UP),
    "42703": (UserError, SET_UP),
    "08": (Temporary, "the connection to the database was lost"),
    "25P03": (Temporary, "the database ended a transaction that took too long"),
    "25P04": (Temporary, "the database ended a transaction that took too long"),
    "28": (UserError, "the database refuses the user or the password"),
    "40": (Temporary, "the database asks for the transaction to be done again"),
    "53": (Temporary, "the database is short of resources"),
    "57": (Temporary, "the database was stopped or is starting"),
    "58": (Temporary, "the database has trouble with its system"),
}

# While connecting, libpq tells words only (in the server's language: where they are others, it is Temporary).
REFUSED = ("authentication failed", "no pg_hba.conf entry", "does not exist", "no password supplied")


def fault(error: SQLAlchemyError) -> IntakeError | None:
    """Return what to raise for an error of the database, or None where it is a fault of ours and shall be seen."""
    meaning = _meaning(error)
    return meaning[0](meaning[1]) if meaning else None


def _meaning(error: SQLAlchemyError) -> Meaning | None:
    if isinstance(error, PoolTimeout):
        return Temporary, "every connection to the database is busy"
    if not isinstance(error, DBAPIError):
        return None
    return _sqlite(error.orig) if isinstance(error.orig, sqlite3.Error) else _postgresql(error)


def _sqlite(error: sqlite3.Error) -> Meaning | None:
    if str(error).startswith(("no such table", "no such column")):
        return UserError, SET_UP
    return SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)


def _postgresql(error: DBAPIError) -> Meaning | None:
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])
    if error.connection_invalidated:
        return POSTGRESQL["08"]
    return _connecting(str(error.orig)) if isinstance(error, OperationalError) else None


def _connecting(words: str) -> Meaning:
    told = " ".join(words.split())
    kind = UserError if any(word in told for word in REFUSED) else Temporary
    return kind, f"the database cannot be reached: {told}"
