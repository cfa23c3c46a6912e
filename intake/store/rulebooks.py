"""Rulebooks: every version that ever decided something can be read again, and what each process goes by (R5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, select, update

from intake.errors import Problem
from intake.store.packing import pack, unpack
from intake.store.tables import rulebook_states as states
from intake.store.tables import rulebooks
from intake.store.upsert import adding, upsert

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RuleFault:
    """Why the files of the rules folder cannot be used."""

    message: str  # one sentence
    problems: tuple[Problem, ...]  # in file order
    since: datetime  # since when the files have been faulty

    def __str__(self) -> str:
        """Print the sentence, then a line a fault."""
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


@dataclass(frozen=True, slots=True)
class RulebookState:
    """What one process goes by."""

    worker: str  # the process: host and number
    version: str  # of the rulebook in force
    since: datetime  # when it came into force, in whichever process
    seen_at: datetime  # when the process last said that it lives
    fault: RuleFault | None  # of the files; None: they are what is in force


def keep_rulebook(conn: Connection, version: str, files: Mapping[str, str], now: datetime) -> None:
    """Keep the files (name -> text) of a rulebook under its version, once."""
    if conn.scalar(select(exists().where(rulebooks.c.version == version))):
        return
    row = {"version": version, "files": _packed(files), "first_used_at": now}
    conn.execute(adding(conn, rulebooks), row)


def _packed(files: Mapping[str, str]) -> bytes:
    return pack(json.dumps(dict(files)).encode("ascii"))


def rulebook(conn: Connection, version: str) -> dict[str, str] | None:
    """Return the files of that version (name -> text), None where it was never used."""
    packed = conn.scalar(select(rulebooks.c.files).where(rulebooks.c.version == version))
    if packed is None:
        return None
    files: dict[str, str] = json.loads(unpack(packed))
    return files


def take_up(conn: Connection, version: str, files: Mapping[str, str], now: datetime) -> datetime:
    """Keep a rulebook that comes into force; return since when it is, which a restart does not change.

    Of files that no version depends on, such as the rota, the last ones in force are kept.
    """
    last = conn.execute(_latest()).one_or_none()
    keep_rulebook(conn, version, files, now)
    if rulebook(conn, version) != dict(files):
        conn.execute(update(rulebooks).where(rulebooks.c.version == version).values(files=_packed(files)))
    if last and last.version == version and last.in_force_at is not None:
        since: datetime = last.in_force_at
        return since
    since = max(now, last.used_at + MOMENT) if last else now  # the last one, also where the clock was set back
    conn.execute(update(rulebooks).where(rulebooks.c.version == version).values(in_force_at=since))
    return since


def last_used(conn: Connection) -> dict[str, str] | None:
    """Return the files (name -> text) of the rulebook that was in force last; None where none ever was."""
    last = conn.execute(_latest()).one_or_none()
    return None if last is None else rulebook(conn, last.version)


def say(conn: Connection, state: RulebookState) -> None:
    """Record what a process goes by, in place of what it said before."""
    fault = state.fault and {"message": state.fault.message, "problems": [asdict(one) for one in state.fault.problems]}
    row = {
        "version": state.version,
        "since": state.since,
        "seen_at": state.seen_at,
        "fault": fault,
        "faulted_at": state.fault and state.fault.since,
    }
    insert = upsert(conn, states).values(worker=state.worker, **row)
    conn.execute(insert.on_conflict_do_update(index_elements=[states.c.worker], set_=row))


def said(conn: Connection) -> list[RulebookState]:
    """Return what every process said last, by its name."""
    return [_state(row) for row in conn.execute(select(states).order_by(states.c.worker))]


def forget(conn: Connection, before: datetime) -> None:
    """Forget processes that have not been seen since."""
    conn.execute(delete(states).where(states.c.seen_at < before))


def _latest() -> Select[Any]:
    used_at = func.coalesce(rulebooks.c.in_force_at, rulebooks.c.first_used_at)
    columns = (rulebooks.c.version, rulebooks.c.in_force_at, used_at.label("used_at"))
    return select(*columns).order_by(used_at.desc()).limit(1)


def _state(row: Any) -> RulebookState:
    fault = None
    if row.fault is not None:
        problems = tuple(Problem(**one) for one in row.fault["problems"])
        fault = RuleFault(row.fault["message"], problems, row.faulted_at)
    return RulebookState(row.worker, row.version, row.since, row.seen_at, fault)
