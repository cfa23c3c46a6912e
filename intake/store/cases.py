"""Cases as people look at them: found by words, reference or address, and read with all that was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from intake.mail.message import Attachment
from intake.mail.values import (
    Acknowledge,
    Decision,
    Evidence,
    Kind,
    Language,
    NearMiss,
    Reason,
    Route,
    Triage,
    Urgency,
)
from intake.store import plain, tasks
from intake.store.packing import unpack
from intake.store.references import valid_reference
from intake.store.search import matching
from intake.store.tables import attachments, cases, message_categories, messages, outbox, raws, takings
from intake.store.tasks import Task


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was looked for."""

    reference: str  # of its case, "" where it has none
    message_id: int
    arrived_at: datetime
    subject: str
    from_name: str
    from_address: str
    kind: str
    category: str  # the main one
    urgency: str


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message of a case, with everything that was decided about it."""

    id: int
    arrived_at: datetime
    recorded_at: datetime
    date: datetime | None
    late: bool
    kind: str
    reason: Reason | None  # why it is of that kind
    subject: str
    from_name: str
    from_address: str
    reply_address: str | None
    header_id: str | None  # Message-ID without brackets
    language: str
    language_confidence: float
    own_words: str
    full_text: str
    categories: tuple[str, ...]  # main first
    tags: tuple[str, ...]
    flags: tuple[str, ...]
    areas: tuple[str, ...]
    urgency: str
    routes: tuple[Route, ...]
    evidence: tuple[Evidence, ...]
    near_misses: tuple[NearMiss, ...]
    rulebook: str
    acknowledge: str | None  # template; None: no answer
    acknowledge_reason: Reason
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    left_behind: str
    threading: Reason | None  # why it is in this case, or opened one beside the case that it names; None: it names none
    note_of: str | None  # the partner whose note it is (T3)
    seen_at: datetime | None  # when a person first opened or ticked it; None: nobody has (D6)
    seen_by: str | None  # who


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of ours, as the outbox has it."""

    id: int
    message_id: int | None  # of the message it is about
    kind: str  # acknowledgement, routed, digest
    partner: str | None
    recipient: str
    state: str
    queued_at: datetime
    sent_at: datetime | None
    attempts: int
    reason_code: str | None
    reason_detail: str | None


@dataclass(frozen=True, slots=True)
class Taking:
    """That somebody has taken a case on."""

    partner: str | None
    taken_by: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its messages, oldest first, and our mails about them."""

    id: int
    reference: str
    opened_at: datetime
    closed_at: datetime | None
    reopened_at: datetime | None
    may_belong_to: str | None  # the reference of the case that its first message names but did not join
    named_by: tuple[str, ...]  # references of the cases that name this one so
    taken: tuple[Taking, ...]
    tasks: tuple[Task, ...]  # what a person has to do about it, or has done
    messages: tuple[StoredMessage, ...]
    mails: tuple[Mail, ...]


def search(conn: Connection, query: str, limit: int) -> list[Hit]:
    """Return at most `limit` messages that bear every word of `query`, or that are of the case it names, newest first.

    `message 57` is what digests call one that has no case.
    Words in quotes stand side by side, `*` at the end is any ending, an address is looked for as it stands; case and
    diacritics make no difference. What bears no word finds nothing.
    """
    reference = valid_reference(query)
    if reference is not None:
        hits = _hits(conn, _hit_rows(limit).where(cases.c.reference == reference))
        if hits:
            return hits
    number = re.fullmatch(r"message ([0-9]{1,9})", query.strip())
    if number and (hits := _hits(conn, _hit_rows(limit).where(messages.c.id == int(number[1])))):
        return hits
    condition = matching(conn, query)
    return [] if condition is None else _hits(conn, _hit_rows(limit).where(condition))


def case(conn: Connection, reference: str) -> Case | None:
    """Return the case of that reference, however it is spelt; None where there is none, or it has a mistake."""
    row = conn.execute(select(cases).where(cases.c.reference == valid_reference(reference))).one_or_none()
    if row is None:
        return None
    of_case = select(messages).where(messages.c.case_id == row.id).order_by(messages.c.arrived_at, messages.c.id)
    stored = tuple(_message(conn, message) for message in conn.execute(of_case).all())
    return Case(
        id=row.id,
        reference=row.reference,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        reopened_at=row.reopened_at,
        may_belong_to=row.may_belong_to and conn.scalar(_references(cases.c.id == row.may_belong_to)),
        named_by=tuple(conn.scalars(_references(cases.c.may_belong_to == row.id))),
        taken=_takings(conn, row.id),
        tasks=tasks.of_case(conn, row.id),
        messages=stored,
        mails=_mails(conn, row.id),
    )


def reference(conn: Connection, case_id: int | None) -> str:
    """Return a case's reference; "" for none."""
    return conn.scalar(select(cases.c.reference).where(cases.c.id == case_id)) or ""


def message(conn: Connection, message_id: int) -> StoredMessage:
    """Return one stored message."""
    return _message(conn, conn.execute(select(messages).where(messages.c.id == message_id)).one())


def as_triage(stored: StoredMessage) -> Triage:
    """Return what was decided about a stored message as it was decided; what was read is left out."""
    decision = Decision(
        categories=stored.categories,
        tags=stored.tags,
        flags=stored.flags,
        urgency=Urgency(stored.urgency),
        acknowledge=Acknowledge(stored.acknowledge or Acknowledge.NONE),
        routes=stored.routes,
        evidence=stored.evidence,
        near_misses=stored.near_misses,
        rulebook=stored.rulebook,
        areas=stored.areas,
    )
    made: dict[str, Any] = {
        "kind": Kind(stored.kind),
        "message_id": stored.header_id,
        "language": Language(stored.language, stored.language_confidence),
        "decision": decision,
        "content_key": "",
        "read": None,
    }
    same = {field.name: getattr(stored, field.name) for field in fields(Triage) if field.name not in made}
    return Triage(**same, **made)


def named(conn: Connection, name: str) -> list[tuple[str, StoredMessage]]:
    """Return the messages of the case of that reference, or with that Message-ID, oldest first, each with its case."""
    reference = None if "@" in name else valid_reference(name)
    header_id = name.strip().removeprefix("<").removesuffix(">")
    found = (
        select(messages, cases.c.reference)
        .outerjoin(cases, cases.c.id == messages.c.case_id)
        .where(cases.c.reference == reference if reference else messages.c.header_id == header_id)
        .order_by(messages.c.arrived_at, messages.c.id)
    )
    return [(row.reference or "", _message(conn, row)) for row in conn.execute(found).all()]


def raw(conn: Connection, message_id: int) -> bytes:
    """Return a message as it came."""
    found = select(raws.c.data).join(messages, messages.c.raw_hash == raws.c.hash).where(messages.c.id == message_id)
    return unpack(conn.execute(found).scalar_one())


def _hit_rows(limit: int) -> Select[Any]:
    """Select `Hit`'s fields in their order."""
    main = (message_categories.c.message_id == messages.c.id) & (message_categories.c.rank == 0)
    found = messages.c
    return (
        select(
            func.coalesce(cases.c.reference, ""),
            found.id,
            found.arrived_at,
            found.subject,
            found.from_name,
            found.from_address,
        )
        .add_columns(found.kind, message_categories.c.category, found.urgency)
        .outerjoin(cases, cases.c.id == found.case_id)
        .join(message_categories, main)
        .order_by(found.arrived_at.desc(), found.id.desc())
        .limit(limit)
    )


def _hits(conn: Connection, rows: Select[Any]) -> list[Hit]:
    return [Hit(*row) for row in conn.execute(rows)]


def _message(conn: Connection, row: Row[Any]) -> StoredMessage:
    made: dict[str, Any] = {
        "reason": Reason(row.reason_code, row.reason_detail) if row.reason_code else None,
        "acknowledge_reason": Reason(row.acknowledge_code, row.acknowledge_detail),
        "categories": _categories(conn, row.id),
        "threading": Reason(row.threading_code, row.threading_detail) if row.threading_code else None,
        "attachments": _attachments(conn, row.id),
        "tags": tuple(row.tags),
        "flags": tuple(row.flags),
        "areas": tuple(row.areas or ()),
        "defects": tuple(row.defects),
        "routes": plain.routes(row.routes),
        "evidence": plain.evidence(row.evidence),
        "near_misses": plain.near_misses(row.near_misses),
    }
    stored = {field.name: getattr(row, field.name) for field in fields(StoredMessage) if field.name not in made}
    return StoredMessage(**stored, **made)


def _references(which: ColumnElement[bool]) -> Select[Any]:
    return select(cases.c.reference).where(which).order_by(cases.c.id)


def _takings(conn: Connection, case_id: int) -> tuple[Taking, ...]:
    columns = (takings.c[field.name] for field in fields(Taking))
    of_case = select(*columns).where(takings.c.case_id == case_id).order_by(takings.c.id)
    return tuple(Taking(**row) for row in conn.execute(of_case).mappings())


def _categories(conn: Connection, message_id: int) -> tuple[str, ...]:
    of_message = select(message_categories.c.category).where(message_categories.c.message_id == message_id)
    return tuple(conn.scalars(of_message.order_by(message_categories.c.rank)))


def _attachments(conn: Connection, message_id: int) -> tuple[Attachment, ...]:
    columns = (attachments.c[field.name] for field in fields(Attachment))
    of_message = select(*columns).where(attachments.c.message_id == message_id).order_by(attachments.c.index)
    return tuple(Attachment(**row) for row in conn.execute(of_message).mappings())


def _mails(conn: Connection, case_id: int) -> tuple[Mail, ...]:
    columns = (outbox.c[field.name] for field in fields(Mail))
    of_case = select(*columns).where(outbox.c.case_id == case_id).order_by(outbox.c.id)
    return tuple(Mail(**row) for row in conn.execute(of_case).mappings())
