"""Old rulebooks: every version that ever decided something can be read again (R5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, exists, select

from intake.store.packing import pack, unpack
from intake.store.tables import rulebooks
from intake.store.upsert import upsert


def keep_rulebook(conn: Connection, version: str, files: Mapping[str, str], now: datetime) -> None:
    """Keep the files (name -> text) of a rulebook under its version, once."""
    if conn.scalar(select(exists().where(rulebooks.c.version == version))):
        return
    row = {"version": version, "files": pack(json.dumps(dict(files)).encode("ascii")), "first_used_at": now}
    conn.execute(upsert(conn, rulebooks).values(row).on_conflict_do_nothing())


def rulebook(conn: Connection, version: str) -> dict[str, str] | None:
    """Return the files of that version (name -> text), None where it was never used."""
    packed = conn.scalar(select(rulebooks.c.files).where(rulebooks.c.version == version))
    if packed is None:
        return None
    files: dict[str, str] = json.loads(unpack(packed))
    return files
