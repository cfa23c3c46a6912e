"""What rules cannot read is for a person, today (R9): this says which messages those are."""

from __future__ import annotations

from collections.abc import Callable

from intake.mail.budget import BEYOND
from intake.mail.message import UNREAD
from intake.mail.values import Evidence, Facts, Kind
from intake.rules import normal
from intake.rules.rulebook import Rulebook

RULE = "built-in:unreadable"  # what evidence calls it; no rule of a file can have a colon in its id
FLAG = "unreadable"
_CONCERNED = frozenset({Kind.PERSON, Kind.LIST, Kind.SPOOFED})
_CLOSED = frozenset({"encrypted", "rights-managed"})
_ENOUGH = 4  # words that a language can be told by
_SURE = 0.5  # confidence below which a language is not believed


def unreadable(facts: Facts, rulebook: Rulebook, *, is_sorted: bool) -> Evidence | None:
    """Return why rules cannot read a message, None where they can; `is_sorted` tells that some did."""
    if facts.kind not in _CONCERNED:
        return None
    found = next((why for check in _CHECKS if (why := check(facts))), "")
    if not found and not is_sorted:
        found = _language(facts, rulebook)
    return Evidence(RULE, 0, (), (f"flag {FLAG}", "urgency today", f"because {found}")) if found else None


def _protected(facts: Facts) -> str:
    return f"the message is {facts.message.protection}" if facts.message.protection in _CLOSED else ""


def _only_attachments(facts: Facts) -> str:
    if facts.message.attachments and not normal.words(facts.own.own[:1000]):
        return "it has attachments and no words of its own"
    return ""


def _broken(facts: Facts) -> str:
    message = facts.message
    is_raw = any(defect.startswith(UNREAD) for defect in message.defects)
    return "its text could not be read" if is_raw or (message.defects and not message.text.strip()) else ""


def _too_long(facts: Facts) -> str:
    return "it is longer than what rules read" if len(facts.own.own or facts.message.text) > normal.LONGEST else ""


def _beyond(facts: Facts) -> str:
    return BEYOND if BEYOND in facts.message.defects else ""


_CHECKS: tuple[Callable[[Facts], str], ...] = (_protected, _only_attachments, _broken, _too_long, _beyond)


def _language(facts: Facts, rulebook: Rulebook) -> str:
    count = len(normal.words(facts.own.own[:2000]))
    base = facts.language.tag.split("-", 1)[0].lower()
    if count < _ENOUGH or (base in rulebook.languages and (facts.language.confidence >= _SURE or count < 2 * _ENOUGH)):
        return ""
    return f"no rule speaks its language ({facts.language.tag})"
