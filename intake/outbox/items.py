"""Stored messages -> the items that digests and lists tell of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, func, literal, select

from intake.mail.addresses import address_key
from intake.mail.redact import Writer
from intake.mail.values import Urgency
from intake.outbox import lasting
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Rulebook
from intake.store.search import words
from intake.store.tables import cases, digest_items, message_categories, messages

WORDS = 5_000  # characters of a message that are looked at: for its excerpt, and for what says nearly the same
AT_ONCE = 500  # rows that are read ahead
NAMED = (  # what items are made of but for their words
    *(messages.c[name] for name in ("id", "urgency", "arrived_at", "subject", "areas", "flags")),
    *(messages.c[name] for name in ("from_name", "from_address", "reply_address")),
)
LISTED = (*NAMED, func.substr(messages.c.own_words, 1, WORDS, type_=Text).label("own_words"))


def of_digest(conn: Connection, which: ColumnElement[bool], rulebook: Rulebook) -> list[DigestItem]:
    """Return the items of the digest rows that `which` says, by message."""
    rows = conn.execute(
        select(*LISTED, messages.c.evidence, digest_items.c.formerly, cases.c.reference)
        .join(digest_items, digest_items.c.message_id == messages.c.id)
        .outerjoin(cases, cases.c.id == messages.c.case_id)
        .where(which)
        .order_by(messages.c.id),
        execution_options={"yield_per": AT_ONCE},
    )
    ids = select(digest_items.c.message_id).where(which)
    ranked, said = _categories(conn, ids), _said(conn, ids)
    safety = rulebook.safety
    return [replace(_item(row, ranked[row.id], said), alarms=_alarms(row.evidence, safety)) for row in rows]


def of_messages(conn: Connection, ids: Sequence[int], worded: int) -> list[DigestItem]:
    """Return the items of those messages, by id; only about the first `worded` bear words: a backlog may be large."""
    found: list[DigestItem] = []
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        columns = LISTED if start < worded else (*NAMED, literal("").label("own_words"))
        rows = conn.execute(
            select(*columns, literal("").label("formerly"), cases.c.reference)
            .outerjoin(cases, cases.c.id == messages.c.case_id)
            .where(messages.c.id.in_(some))
            .order_by(messages.c.id)
        ).all()
        ranked, said = _categories(conn, some), _said(conn, some)
        found += [_item(row, ranked[row.id], said) for row in rows]
    return found


def _alarms(evidence: Iterable[Mapping[str, Any]], safety: Collection[str]) -> tuple[str, ...]:
    """Return which safety rules fired, and on which words: it sets a letter apart from its fellows (D7)."""
    fired = [one for one in evidence if one["rule"] in safety]
    said = {f"{one['rule']}: {' '.join(words(span['text']))}" for one in fired for span in one["spans"]}
    return tuple(sorted(said | {one["rule"] for one in fired}))


def _categories(conn: Connection, ids: Sequence[int] | Select[tuple[int]]) -> dict[int, list[str]]:
    """Return the categories of each of those messages, main first."""
    found: dict[int, list[str]] = {}
    ranked = (
        select(message_categories.c.message_id, message_categories.c.category)
        .where(message_categories.c.message_id.in_(ids))
        .order_by(message_categories.c.message_id, message_categories.c.rank)
    )
    for message_id, category in conn.execute(ranked):
        found.setdefault(message_id, []).append(category)
    return found


def _said(conn: Connection, ids: Sequence[int] | Select[tuple[int]]) -> dict[str, set[str]]:
    """Return what holds of the cases of those messages."""
    return lasting.of_cases(conn, cases.c.id.in_(select(messages.c.case_id).where(messages.c.id.in_(ids))))


def _item(row: Any, categories: Sequence[str], said: Mapping[str, Collection[str]]) -> DigestItem:
    """Return a row as what mails list: the columns of `LISTED`, the case's `reference`, and `formerly`."""
    return DigestItem(
        message_id=row.id,
        reference=row.reference or "",
        categories=tuple(categories),
        urgency=Urgency(row.urgency),
        arrived_at=row.arrived_at,
        subject=row.subject,
        own_words=row.own_words,
        formerly=row.formerly or "",
        areas=tuple(row.areas or ()),
        flags=tuple(sorted({*row.flags, *said.get(row.reference, ())})),
        writer=Writer(row.from_name, tuple(one for one in (row.from_address, row.reply_address) if one)),
        sender=address_key(row.reply_address or row.from_address) or f"message {row.id}",
    )
