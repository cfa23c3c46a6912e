"""A mail that is ready for the outbox: of what kind, how urgent, and how long it is worth sending."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from intake.errors import Problem
from intake.mail.values import Triage, Urgency

MailKind = Literal["acknowledgement", "routed", "digest", "late", "overview", "alert", "taken", "webhook"]

ACKNOWLEDGE_FOR = timedelta(hours=24)  # O7: an older acknowledgement says nothing true any more
TRY_FOR = timedelta(hours=48)  # O3
PRIORITY = {Urgency.EMERGENCY: 0, Urgency.TODAY: 2, Urgency.ROUTINE: 2}  # of routed mails; smaller goes first
PRIORITY_OF: Mapping[MailKind, int] = {"acknowledgement": 1, "alert": 2, "late": 2, "taken": 2}  # of the other kinds
LEAST = 3  # of digests


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail, ready for the outbox."""

    key: str  # what makes a second one impossible (O1)
    kind: MailKind
    recipient: str  # the one envelope recipient
    partner: str | None  # partner id; None for an acknowledgement
    message_id: int | None  # row id of the message it is about; None for a digest
    case_id: int | None
    header_id: str  # our Message-ID without brackets, the same at every attempt
    priority: int  # smaller goes first
    mail: bytes  # RFC 5322, CRLF, 7-bit
    envelope_from: str  # "" is the null path
    expires_at: datetime  # given up from then on
    problems: tuple[Problem, ...] = ()  # why the built-in template was used; an admin is told (O6)


def acknowledgement_key(triage: Triage) -> str:
    """Return what two messages share that may get one acknowledgement between them: sender and Message-ID (F3)."""
    told_by = triage.message_id or triage.content_key
    whom = (triage.reply_address or "").lower()
    return "ack:" + hashlib.sha256(f"{whom}\0{told_by}".encode("utf-8", "surrogatepass")).hexdigest()
