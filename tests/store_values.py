"""Values that tests hand to the store, complete but for what a test is about."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from intake.mail.message import Attachment
from intake.mail.values import (
    Acknowledge,
    Decision,
    Delivery,
    Evidence,
    Kind,
    Language,
    NearMiss,
    Reason,
    Route,
    Span,
    Triage,
    Urgency,
)
from intake.mailbox.source import Fetched, Place
from tests.store_fixtures import START

SPAN = Span("own-words", 3, 9, "street")


def place(uid: int | str = 1, *, mailbox: str = "public", folder: str = "INBOX", uidvalidity: int = 7) -> Place:
    """Return a place of the mailbox `public`."""
    return Place(mailbox, folder, uidvalidity, str(uid))


def fetched(uid: int | str = 1, raw: bytes | None = None, *, arrived: datetime = START) -> Fetched:
    """Return a message that arrived at `arrived`; its bytes are its own unless given."""
    return Fetched(place(uid), b"Subject: %s\r\n\r\n" % str(uid).encode() if raw is None else raw, arrived)


def faulty(uid: int | str = 1, *, arrived: datetime = START) -> Fetched:
    """Return what the server did not hand over."""
    return Fetched(place(uid), b"", arrived, fault="the server said OK and sent no message")


def triage(content: str = "one", **changes: object) -> Triage:
    """Return the triage of a letter from a resident; letters of the same `content` are copies."""
    made = Triage(
        kind=Kind.PERSON,
        reason=None,
        subject=f"About {content}",
        from_name="Ana Pop",
        from_address="Ana.Pop@example.org",
        reply_address="ana.pop@example.org",
        message_id=f"{content}@mail.example.org",
        date=START - timedelta(minutes=1),
        language=Language("en", 0.97),
        own_words=f"Our street, about {content}",
        full_text=f"Our street, about {content}\n> as you wrote",
        attachments=(Attachment(0, "photo.jpg", "image/jpeg", 1234, "a" * 64, inline=False),),
        defects=("charset 'x-foo' is unknown; read as windows-1252",),
        decision=decision(),
        acknowledge="standard",
        acknowledge_reason=Reason("due", "a person wrote"),
        content_key=hashlib.sha256(content.encode()).hexdigest(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def decision() -> Decision:
    """Return a decision with something of everything."""
    return Decision(
        categories=("street-lighting", "general"),
        tags=("night",),
        flags=("child", "not-to:fire"),
        urgency=Urgency.TODAY,
        acknowledge=Acknowledge.STANDARD,
        routes=(Route("council", Delivery.NOW, "dark-street"), Route("police", Delivery.DIGEST, "general")),
        evidence=(Evidence("dark-street", 3, (SPAN,), ("category street-lighting",)),),
        near_misses=(NearMiss("film", "not near: film", (SPAN, SPAN)),),
        rulebook="b" * 64,
        areas=("lings",),
    )
