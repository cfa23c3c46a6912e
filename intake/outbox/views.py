"""What templates are told of a letter: only plain values, shortened, and with every link taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from intake.mail.redact import NOBODY, Writer
from intake.mail.values import Urgency
from intake.outbox.enclosed import Enclosed, Enclosures, Original
from intake.outbox.quoting import one_line, safe, without_contact
from intake.outbox.shared import LINE, WORDS, Flag, Listed, Shared

FAULTS = 50  # that an alert names


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One message that a partner has not had yet."""

    message_id: int  # row id
    reference: str  # of its case, "" where it has none
    categories: tuple[str, ...]  # ids, main first
    urgency: Urgency
    arrived_at: datetime
    subject: str
    own_words: str
    formerly: str = ""  # the partner it was for, which left the rulebook or whose mail came back
    areas: tuple[str, ...] = ()  # ids of the places that it names
    flags: tuple[str, ...] = ()
    writer: Writer = NOBODY  # what is to be taken out of the words
    sender: str = ""  # what the spellings of who wrote it share; tells the hands of a campaign apart, never shown
    parts: tuple[tuple[int, int], ...] = ()  # stretches of the words that are told; none: all of them
    alarms: tuple[str, ...] = ()  # safety rules that fired, and on which words; never shown


@dataclass(frozen=True, slots=True)
class Ask:
    """Whom an emergency is put to."""

    address: str
    key: str = ""  # of the mail; "" of the first, which a routed mail has anyway
    untaken_since: datetime | None = None  # others were asked before; None: this is the first


@dataclass(frozen=True, slots=True)
class Taken:
    """What those who were asked are told when they need not act any more."""

    reference: str
    by: str  # the name of who took it; "" where the case was closed
    partner: str  # the name of theirs; "" where nobody knows
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Alert:
    """What whoever looks after the service must know; no resident's data."""

    topic: str  # what is unwell, or mended: "rules"
    title: str  # the subject
    sentence: str
    lines: tuple[str, ...]  # the faults, one each


def alert(told: Alert) -> Mapping[str, object]:
    """Return what the bodies of an alert know."""
    lines = [one_line(line)[:LINE] for line in told.lines[:FAULTS]]
    return {"sentence": told.sentence, "lines": lines, "more": len(told.lines) - len(lines)}


def taken(told: Taken, zone: ZoneInfo) -> Mapping[str, object]:
    """Return what the bodies of that mail know."""
    return {"by": one_line(safe(told.by, LINE)), "partner": told.partner, "at": when(told.at, zone)}


def routed(letter: Shared, enclosed: Enclosures, zone: ZoneInfo, ask: Ask | None) -> Mapping[str, object]:
    """Return what the bodies of a routed mail know: what is not in `letter` is not in them."""
    sender, original = letter.sender, enclosed.original
    return {
        "untaken_since": when(ask.untaken_since, zone) if ask else "",
        "level": letter.terms.level.value,
        "withheld": list(letter.terms.lowered_by),
        "ask": [{"name": one.name, "address": one.address} for one in letter.ask],
        "categories": list(letter.categories),
        "areas": list(letter.areas),
        "flags": [_flag(one) for one in letter.flags],
        "sender": {"name": _line(sender.name), "address": _line(" ".join(sender.addresses))} if sender else None,
        "written": when(letter.written, zone),
        "language": letter.language or "und",
        "subject": safe(letter.subject, LINE),
        "words": safe(letter.words, WORDS),
        "attachments": [_attachment(*pair) for pair in zip(letter.attachments, enclosed.each, strict=False)],
        "original": _original(original, zone) if original else None,
        "why": [{"rule": one.rule, "did": one.did, "words": [_line(each) for each in one.words]} for one in letter.why],
        "asked_by": letter.asked_by,
    }


def shown(text: str, limit: int, withheld: bool) -> str:
    """Return at most `limit` characters, with nothing that becomes a link, nor a contact where those are withheld."""
    return safe(without_contact(text) if withheld else text, limit)


def _line(text: str) -> str:
    return one_line(safe(text, LINE))


def _flag(flag: Flag) -> Mapping[str, object]:
    return {"id": flag.id, "value": flag.partner, "words": [_line(one) for one in flag.words]}


def _attachment(one: Listed, what: Enclosed) -> Mapping[str, str]:
    listed = {"name": _line(one.name), "type": _line(one.type), "size": _size(one.size)}
    return {**listed, "state": what.state, "file": what.name}


def _original(one: Original, zone: ZoneInfo) -> Mapping[str, str]:
    told = {"state": one.state, "name": one.name, "size": _size(one.size), "sha256": one.sha256}
    return {**told, "received": f"{one.received.astimezone(zone):%Y-%m-%d %H:%M:%S %z}"}


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{max(round(count / 1_000), 1)} KB"
    return f"{count / 1_000_000:.1f} MB"


def when(instant: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant as people read it: "Mon 2 March 2026, 09:00"; "" for none."""
    try:
        local = instant.astimezone(zone) if instant else None
    except OverflowError:  # the first or last day that Python knows
        local = instant
    if local is None:
        return ""
    return f"{local:%a} {local.day} {local:%B %Y, %H:%M}"


def age(span: timedelta) -> str:
    """Return how old something is, in words."""
    hours = int(span.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    count, unit = (hours, "hour") if hours < 48 else (hours // 24, "day")
    return f"{count} {unit}{'' if count == 1 else 's'}"
