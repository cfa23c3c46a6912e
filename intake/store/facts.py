"""What rules read of a message, packed beside the columns that hold the rest, so that it can be judged again (R6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from intake.mail.message import Address, Attachment, Message
from intake.mail.values import Facts, Kind, Language, OwnWords, Read, Reason, Screening
from intake.store.columns import storable
from intake.store.packing import pack, unpack

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Columns(NamedTuple):
    """What the columns of `messages` hold of it."""

    subject: str
    own_words: str
    full_text: str
    from_address: str
    language: str
    language_confidence: float
    date: datetime | None
    late: bool


def columns(found: Read) -> Columns:
    """Return what the columns will hold, before `storable` has marked what no database takes."""
    facts, message = found.facts, found.facts.message
    texts = (message.subject, facts.own.own, message.text, message.author.address)
    return Columns(*texts, facts.language.tag, facts.language.confidence, message.date, found.late)


def encode(found: Read) -> bytes:
    """Pack what judging reads and no column holds exactly; `decode` gives it back."""
    message, screening = found.facts.message, found.screening
    texts = columns(found)[:4]
    value = {
        "headers": message.headers,
        "to": [(one.name, one.address) for one in message.to],
        "cc": [(one.name, one.address) for one in message.cc],
        "attachments": [(one.name, one.type, one.size) for one in message.attachments],
        "defects": message.defects,
        "protection": message.protection,
        "forwarded": found.facts.own.forwarded,
        "kind": screening.kind,
        "reason": screening.reason and (screening.reason.code, screening.reason.detail),
        "silence": screening.silence and (screening.silence.code, screening.silence.detail),
        "texts": [None if storable(text) == text else text for text in texts],
    }
    return pack(_JSON.encode(value).encode("utf-8", "surrogatepass"))


def decode(packed: bytes, held: Columns, arrived: datetime) -> Read:
    """Return what was read; `arrived` is in the partnership's time zone. What judging never reads is left empty."""
    value = json.loads(unpack(packed).decode("utf-8", "surrogatepass"))
    exact = (kept if text is None else text for text, kept in zip(value["texts"], held[:4], strict=True))
    subject, own, full_text, author = exact
    screening = Screening(Kind(value["kind"]), _reason(value["reason"]), _reason(value["silence"]), None)
    message = Message(
        headers=tuple([(name, content) for name, content in value["headers"]]),
        subject=subject,
        from_=(Address("", author),),
        sender=None,
        reply_to=(),
        to=_addresses(value["to"]),
        cc=_addresses(value["cc"]),
        return_path=None,
        date=held.date,
        message_id=None,
        in_reply_to=(),
        references=(),
        content_type="",
        content_type_parameters=(),
        text=full_text,
        html="",
        plain=True,
        attachments=tuple(
            Attachment(index, name, type_, size, "", inline=False)
            for index, (name, type_, size) in enumerate(value["attachments"])
        ),
        part_types=(),
        defects=tuple(value["defects"]),
        protection=value["protection"],
    )
    language = Language(held.language, held.language_confidence)
    facts = Facts(message, screening.kind, OwnWords(own, value["forwarded"]), language, arrived)
    return Read(facts, screening, held.late)


def _addresses(pairs: Iterable[Sequence[Any]]) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in pairs)


def _reason(pair: Sequence[str] | None) -> Reason | None:
    return Reason(*pair) if pair else None
