"""Cases as people look at them: found by words, reference or address, and read with all that was sent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from intake.mail.message import Attachment
from intake.mail.values import Evidence, NearMiss, Reason, Route
from intake.store import plain
from intake.store.packing import unpack
from intake.store.references import valid_reference
from intake.store.search import matching
from intake.store.tables import attachments, cases, message_categories, messages, outbox, raws


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was looked for."""

    reference: str
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
class Case:
    """A case with its messages, oldest first, and our mails about them."""

    id: int
    reference: str
    opened_at: datetime
    closed_at: datetime | None
    messages: tuple[StoredMessage, ...]
    mails: tuple[Mail, ...]


def search(conn: Connection, query: str, limit: int) -> list[Hit]:
    """Return at most `limit` messages that bear every word of `query`, or that are of the case it names, newest first.

    Words in quotes stand side by side, `*` at the end is any ending, an address is looked for as it stands; case and
    diacritics make no difference. What bears no word finds nothing.
    """
    reference = valid_reference(query)
    if reference is not None:
        hits = _hits(conn, _hit_rows(limit).where(cases.c.reference == reference))
        if hits:
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
    return Case(row.id, row.reference, row.opened_at, row.closed_at, stored, _mails(conn, row.id))


def named(conn: Connection, name: str) -> list[tuple[str, StoredMessage]]:
    """Return the messages of the case of that reference, or with that Message-ID, oldest first, each with its case."""
    reference = None if "@" in name else valid_reference(name)
    header_id = name.strip().removeprefix("<").removesuffix(">")
    found = (
        select(messages, cases.c.reference)
        .join(cases, cases.c.id == messages.c.case_id)
        .where(cases.c.reference == reference if reference else messages.c.header_id == header_id)
        .order_by(messages.c.arrived_at, messages.c.id)
    )
    return [(row.reference, _message(conn, row)) for row in conn.execute(found).all()]


def raw(conn: Connection, message_id: int) -> bytes:
    """Return a message as it came."""
    found = select(raws.c.data).join(messages, messages.c.raw_hash == raws.c.hash).where(messages.c.id == message_id)
    return unpack(conn.execute(found).scalar_one())


def _hit_rows(limit: int) -> Select[Any]:
    """Select `Hit`'s fields in their order."""
    main = (message_categories.c.message_id == messages.c.id) & (message_categories.c.rank == 0)
    found = messages.c
    return (
        select(cases.c.reference, found.id, found.arrived_at, found.subject, found.from_name, found.from_address)
        .add_columns(found.kind, message_categories.c.category, found.urgency)
        .join(cases, cases.c.id == found.case_id)
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
