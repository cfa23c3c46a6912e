"""Mails for the tests of screening, written by hand and read by the parser."""

from __future__ import annotations

from intake.mail.message import Message
from intake.mail.parse import parse
from intake.mail.screen import screen
from intake.mail.values import Identity, Screening

US = Identity(addresses=frozenset({"cohesion@example.org"}))
PLAIN = {
    "Return-Path": "<pat@example.net>",
    "From": "Pat Elm <pat@example.net>",
    "To": "cohesion@example.org",
    "Subject": "Lamps in Elm Road",
    "Message-ID": "<1@example.net>",
}


def mail(text: str = "The lamps are dark.\n", **fields: str | None) -> Message:
    """A person's plain letter with these fields put in, replaced or (None) left out; `_` in a name stands for `-`."""
    named = {name.replace("_", "-").lower(): value for name, value in fields.items()}
    header = {name: named.pop(name.lower(), value) for name, value in PLAIN.items()} | named
    lines = [f"{name}: {value}" for name, value in header.items() if value is not None]
    return parse("\r\n".join([*lines, "", text]).encode())


def screened(text: str = "The lamps are dark.\n", identity: Identity = US, **fields: str | None) -> Screening:
    """What screening makes of such a letter."""
    return screen(mail(text, **fields), identity)


def outcome(found: Screening) -> tuple[str, str | None]:
    """Kind, and the code of why it is not answered."""
    return found.kind.value, found.silence.code if found.silence else None
