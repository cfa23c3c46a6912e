"""What templates are told of a letter: only plain values, shortened, and with every link taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from intake.mail.message import Attachment
from intake.mail.redact import NOBODY, Writer
from intake.mail.values import Decision, Evidence, Triage, Urgency
from intake.outbox.quoting import one_line, safe, without_contact
from intake.rules.rulebook import Partner, Rulebook

WORDS = 20_000  # characters of a letter that a routed mail quotes
LINE = 300  # characters of a subject or a name
RULES = 20  # rules that a routed mail names
WORDS_OF_A_RULE = 8
FAULTS = 50  # that an alert names

_DEFENCES = ("anonymous", "safe-contact")  # flags that withhold who wrote


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
    alarms: tuple[str, ...] = ()  # safety rules that fired, and on which words; never shown


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


def routed(triage: Triage, partner: Partner, rulebook: Rulebook, zone: ZoneInfo) -> Mapping[str, object]:
    """Return what the bodies of a routed mail know."""
    flags = [flag.partition(":")[::2] for flag in triage.decision.flags]
    withheld = [name for name, _ in flags if name in _DEFENCES]
    return {
        "categories": [category_name(one, rulebook) for one in triage.decision.categories],
        "areas": area_names(triage.decision.areas, rulebook),
        "flags": [{"id": name, "value": _partner_name(value, rulebook)} for name, value in flags],
        "withheld": withheld,
        "sender": None if withheld else _sender(triage),
        "written": when(triage.date, zone),
        "language": triage.language.tag,
        "subject": shown(triage.subject, LINE, bool(withheld)),
        "words": shown(_words(triage), WORDS, bool(withheld)),
        "attachments": [_attachment(one) for one in triage.attachments],
        "why": [_why(one, bool(withheld)) for one in _telling(triage.decision)[:RULES]],
        "asked_by": next((route.why for route in triage.decision.routes if route.partner == partner.id), ""),
    }


def category_name(category: str, rulebook: Rulebook) -> str:
    """Return the category's name; its id where the rulebook does not know it any more."""
    return rulebook.categories[category].name if category in rulebook.categories else category


def area_names(areas: Sequence[str], rulebook: Rulebook) -> list[str]:
    """Return the areas' names; the id of one that the rulebook does not know any more."""
    return [rulebook.areas.get(one, one) for one in areas]


def _words(triage: Triage) -> str:
    """Return the sender's own words; the whole text where there are none, or where rules fired on the rest of it."""
    read_on = any(span.field == "full-text" for one in triage.decision.evidence for span in one.spans)
    return triage.full_text if read_on or not triage.own_words.strip() else triage.own_words


def shown(text: str, limit: int, withheld: bool) -> str:
    """Return at most `limit` characters, with nothing that becomes a link, nor a contact where those are withheld."""
    return safe(without_contact(text) if withheld else text, limit)


def _sender(triage: Triage) -> Mapping[str, str]:
    return {
        "name": one_line(safe(triage.from_name, LINE)),
        "address": one_line(safe(triage.reply_address or triage.from_address, LINE)),
    }


def _telling(decision: Decision) -> list[Evidence]:
    """Leave out rules that did no more than weigh for a category which was not assigned."""
    assigned = {f"category {one}" for one in decision.categories}
    return [
        one
        for one in decision.evidence
        if any(not effect.startswith("category ") or effect in assigned for effect in one.effects)
    ]


def _why(evidence: Evidence, withheld: bool) -> Mapping[str, object]:
    words = dict.fromkeys(one_line(shown(span.text, LINE, withheld)) for span in evidence.spans)
    return {"rule": evidence.rule, "effects": evidence.effects, "words": list(words)[:WORDS_OF_A_RULE]}


def _partner_name(value: str, rulebook: Rulebook) -> str:
    return rulebook.partners[value].name if value in rulebook.partners else value


def _attachment(attachment: Attachment) -> Mapping[str, str]:
    return {
        "name": one_line(safe(attachment.name, LINE)),
        "type": one_line(safe(attachment.type, LINE)),
        "size": _size(attachment.size),
    }


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
