"""Values that tests hand to the outbox: a service, a rulebook, a composer, and what is read out of a mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from zoneinfo import ZoneInfo

from intake.mail.values import Acknowledge, Urgency
from intake.outbox.compose import Composer
from intake.outbox.outgoing import Outgoing
from intake.outbox.service import Service
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Agreement, Category, Partner, Rulebook, Sharing

TEMPLATES = Path(__file__).parents[1] / "templates"
LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
SERVICE = Service("Westshire Safety Partnership", "cohesion@example.org", LONDON, "example.org")
AGREED = Agreement("DSA-1", date(2099, 12, 31))
POLICE = Partner(
    "police",
    "Westshire Police",
    "police@example.net",
    (0, 1, 2, 3, 4),
    (time(7, 30),),
    sharing=Sharing.FULL,
    agreement=AGREED,
)
COUNCIL = replace(POLICE, id="council", name="Westshire Council", address="council@example.net")
REFERENCE = "CSP-7K4M-29Q"
NAMES = {
    "street-lighting": "Dark streets",
    "general": "Anything else",
    "hate-incident": "Hate incident",
    "safeguarding": "Safeguarding",
}


def rulebook() -> Rulebook:
    """Return a rulebook of four categories and two partners, without rules."""
    categories = {
        one: Category(one, name, "", Urgency.ROUTINE, ("police",), 1, Acknowledge.STANDARD)
        for one, name in NAMES.items()
    }
    return Rulebook("b" * 64, categories, {"police": POLICE, "council": COUNCIL}, {}, frozenset({"en"}), None)


def composer(templates: Path = TEMPLATES, service: Service = SERVICE) -> Composer:
    """Return a composer."""
    return Composer(templates, service)


def outgoing(number: int = 1, kind: str = "routed", **changes: object) -> Outgoing:
    """Return a mail of that kind with keys and recipient of its own."""
    made = Outgoing(
        key=f"{kind}:{number}",
        kind=kind,  # type: ignore[arg-type]
        recipient=f"someone{number}@example.net",
        partner=None if kind == "acknowledgement" else "police",
        message_id=None,
        case_id=None,
        header_id=f"{number:040x}@example.org",
        priority={"acknowledgement": 1, "routed": 2, "digest": 3}[kind],
        mail=f"Subject: {kind} {number}\r\nMessage-ID: <{number:040x}@example.org>\r\n\r\nText {number}\r\n".encode(),
        envelope_from="cohesion@example.org",
        expires_at=NOW + timedelta(hours=24 if kind == "acknowledgement" else 48),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def item(number: int = 1, **changes: object) -> DigestItem:
    """Return something for a digest."""
    arrived = NOW - timedelta(hours=number)
    made = DigestItem(
        number, f"CSP-0000-{number:03}", ("general",), Urgency.ROUTINE, arrived, f"About {number}", f"Words {number}"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def read(mail: bytes) -> EmailMessage:
    """Return the mail as a program of a recipient reads it."""
    return message_from_bytes(mail, policy=SMTP)
