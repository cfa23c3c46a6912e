"""The stored messages as a whole: what rules read of each, what became of it, and the words that tell some apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select

from intake.mail.values import Kind, Read, Reason
from intake.store.cases import raw
from intake.store.facts import Columns, decode
from intake.store.recording import NEVER_ANSWERED
from intake.store.tables import cases, message_categories, messages

AT_ONCE = 100  # rows that are read ahead
_HELD = tuple(messages.c[name] for name in Columns._fields)

Reread = Callable[[bytes, datetime, bool], Read]  # raw bytes, when they arrived, whether late


class Stretch(NamedTuple):
    """The messages that arrived since some instant."""

    messages: int
    first: int  # the smallest id
    last: int  # the largest


class Past(NamedTuple):
    """One stored message as it was read when it came."""

    id: int
    arrived_at: datetime
    read: Read
    rulebook: str  # version of the one that sorted it; "" of what an older version of this program stored
    evidence: Sequence[Mapping[str, Any]]  # what that left: its rules that fired, as objects


class Letter(NamedTuple):
    """One stored message with its words."""

    category: str  # the main one
    reference: str
    language: str
    from_name: str
    from_address: str
    reply_address: str | None  # of the person behind a web form
    subject: str
    own_words: str


class Fired(NamedTuple):
    """What one message was sorted by."""

    rulebook: str  # version
    rules: tuple[str, ...]  # ids of those that fired


def stretch(conn: Connection, since: datetime) -> Stretch:
    """Return how many messages arrived since then, and between which ids they are."""
    found = select(func.count(), func.min(messages.c.id), func.max(messages.c.id)).where(_arrived(since))
    count, first, last = conn.execute(found).one()
    return Stretch(count, first or 0, last or 0)


def pasts(conn: Connection, ids: range, since: datetime, zone: ZoneInfo, reread: Reread) -> Iterator[Past]:
    """Yield the messages of those ids that arrived since then, by id, a few in memory at once.

    What an older version stored is read again from its raw bytes by `reread`.
    """
    found = (
        select(messages.c.id, messages.c.arrived_at, messages.c.acknowledge_code, messages.c.rulebook)
        .add_columns(messages.c.evidence, messages.c.facts, *_HELD)
        .where(messages.c.id >= ids.start, messages.c.id < ids.stop, _arrived(since))
        .order_by(messages.c.id)
    )
    for id_, arrived, code, version, evidence, packed, *held in _stream(conn, found):
        columns = Columns(*held)
        if packed is None:
            read = reread(raw(conn, id_), arrived, columns.late)
        else:
            read = decode(packed, columns, arrived.astimezone(zone))
        never = NEVER_ANSWERED.get(code)
        yield Past(id_, arrived, _silenced(read, never) if never else read, version if packed else "", evidence)


def named(conn: Connection, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return (case reference, subject) of each of those messages."""
    of_case = cases.c.id == messages.c.case_id
    found = select(messages.c.id, func.coalesce(cases.c.reference, ""), messages.c.subject).outerjoin(cases, of_case)
    told: dict[int, tuple[str, str]] = {}
    waiting = iter(ids)
    while some := list(islice(waiting, AT_ONCE)):  # a statement holds only so many
        rows = conn.execute(found.where(messages.c.id.in_(some)))
        told |= {id_: (reference, subject) for id_, reference, subject in rows}
    return told


def letters(conn: Connection, since: datetime, without: Iterable[Kind]) -> Iterator[Letter]:
    """Yield the messages that arrived since then, the newest first, but for partners' notes and those of some kinds."""
    found = (
        select(message_categories.c.category, func.coalesce(cases.c.reference, ""))
        .add_columns(*(messages.c[name] for name in Letter._fields[2:]))
        .join(messages, messages.c.id == message_categories.c.message_id)
        .outerjoin(cases, cases.c.id == messages.c.case_id)
        .where(message_categories.c.rank == 0, _arrived(since))
        .where(messages.c.kind.not_in([kind.value for kind in without]), messages.c.note_of.is_(None))
        .order_by(messages.c.arrived_at.desc(), messages.c.id.desc())
    )
    return (Letter(*row) for row in _stream(conn, found))


def fired(conn: Connection, since: datetime) -> Iterator[Fired]:
    """Yield by which rules of which rulebook each message that arrived since then was sorted."""
    found = select(messages.c.rulebook, messages.c.evidence).where(_arrived(since)).order_by(messages.c.id)
    for version, evidence in _stream(conn, found):
        yield Fired(version, tuple(dict.fromkeys(one["rule"] for one in evidence)))


def assigned(conn: Connection, since: datetime) -> Mapping[str, int]:
    """Return how many messages that arrived since then have each category, main or not."""
    found = (
        select(message_categories.c.category, func.count().label("messages"))
        .join(messages, messages.c.id == message_categories.c.message_id)
        .where(_arrived(since))
        .group_by(message_categories.c.category)
    )
    return {row.category: row.messages for row in conn.execute(found)}


def _silenced(read: Read, why: Reason) -> Read:
    """Return what its place has silenced as it is: not to be answered, whatever rules make of it (F3, T2, T3)."""
    return replace(read, screening=replace(read.screening, silence=why))


def _arrived(since: datetime) -> Any:
    return messages.c.arrived_at >= since


def _stream(conn: Connection, found: Select[Any]) -> Iterator[Any]:
    return iter(conn.execute(found, execution_options={"yield_per": AT_ONCE}))
