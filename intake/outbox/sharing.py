"""What a partner may have of a letter: its sharing level decides by a list of fields that may go (D4). Pure.

Nothing goes that its list does not name. A level is lowered where there is no valid agreement, and by what the sender
asks for: `anonymous` to redacted, `safe-contact` to contact withheld.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from intake.mail import redact
from intake.mail.redact import Kind, Writer
from intake.mail.values import Delivery, Route, Triage, Urgency
from intake.rules.rulebook import Partner, Rulebook, Sharing
from intake.rules.weigh import GENERAL, officers

AGREEMENT, ANONYMOUS, SAFE_CONTACT = "agreement", "anonymous", "safe-contact"  # what lowers a level

_COUNTS = frozenset({"reference", "urgency", "categories", "areas"})
_REDACTED = _COUNTS | {"flags", "arrived", "written", "language", "subject", "words", "attachments", "why", "asked_by"}
_CONTACT_WITHHELD = _REDACTED | {"photographs"}
MAY_GO = {
    Sharing.COUNTS: _COUNTS,
    Sharing.REDACTED: _REDACTED,
    Sharing.CONTACT_WITHHELD: _CONTACT_WITHHELD,
    Sharing.FULL: _CONTACT_WITHHELD | {"sender", "files", "original"},
}
TAKEN_OUT = {  # of the words that may go
    Sharing.COUNTS: frozenset(Kind),
    Sharing.REDACTED: frozenset(Kind),
    Sharing.CONTACT_WITHHELD: frozenset({Kind.WRITER, Kind.PHONE, Kind.EMAIL, Kind.BIRTH, Kind.NHS, Kind.INSURANCE}),
    Sharing.FULL: frozenset[Kind](),
}
_PLACES = frozenset({Kind.ADDRESS, Kind.POSTCODE})
_LOWEST = {ANONYMOUS: Sharing.REDACTED, SAFE_CONTACT: Sharing.CONTACT_WITHHELD}


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a partner gets one letter."""

    level: Sharing
    agreed: Sharing  # what its entry in partners.yaml says
    lowered_by: tuple[str, ...]  # why the level is lower: "agreement", "anonymous", "safe-contact"
    taken_out: frozenset[Kind]  # of the letter's words

    def has(self, name: str) -> bool:
        """Say whether that field may go."""
        return name in MAY_GO[self.level]


def terms(partner: Partner, rulebook: Rulebook, flags: Iterable[str], urgency: Urgency, day: date) -> Terms:
    """Return the terms on that day of the partnership's.

    What ends an agreement takes no emergency from the partners of `general`. Where somebody who asks not to be named
    writes of an emergency, those who may know the place still do: help must find the door.
    """
    is_emergency = urgency is Urgency.EMERGENCY
    known = partner.level(day)
    if is_emergency and partner.id in rulebook.categories[GENERAL].partners:
        known = partner.sharing
    asked = [one for one in (ANONYMOUS, SAFE_CONTACT) if one in flags and _LOWEST[one].care > known.care]
    level = max((known, *(_LOWEST[one] for one in asked)), key=lambda one: one.care)
    taken_out = TAKEN_OUT[level]
    if is_emergency and asked and known.care <= Sharing.CONTACT_WITHHELD.care:
        taken_out -= _PLACES
    lowered_by = (*([AGREEMENT] if known is not partner.sharing else []), *asked)
    return Terms(level, partner.sharing, lowered_by, taken_out)


def overseen(triage: Triage, rulebook: Rulebook, day: date) -> Triage:
    """Return the triage with an emergency that a partner may not read routed to the partners of `general`, too."""
    decision, partners = triage.decision, rulebook.partners
    if decision.urgency is not Urgency.EMERGENCY:
        return triage
    routes = {one.partner: one for one in decision.routes}
    now = [one for one, route in routes.items() if route.delivery is Delivery.NOW and one in partners]
    of = {one: terms(partners[one], rulebook, decision.flags, decision.urgency, day) for one in now}
    blind = next((one for one in now if not of[one].has("words")), None)
    for one in officers(rulebook, decision.flags) if blind else ():
        if one not in now:
            routes[one] = Route(one, Delivery.NOW, f"{blind} may not read it")
    return replace(triage, decision=replace(decision, routes=tuple(routes.values())))


def words(text: str, of: Terms, writer: Writer, parts: Iterable[tuple[int, int]] = ()) -> str:
    """Return a letter's words, or its subject, as far as they may go: "" where none may.

    Of `parts` only those stretches are told; what is personal in them is told by all that stands around them.
    """
    if not of.has("words"):
        return ""
    if parts:
        found = redact.find(text, of.taken_out, writer)
        text = " … ".join(redact.with_marks(text, found, *one) for one in parts)
    return redact.redact(text, of.taken_out, writer)
