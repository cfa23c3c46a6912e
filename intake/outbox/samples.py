"""Made-up letters and digests that templates are tried on: between them, all that a mail may hold or lack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from intake.mail.message import Attachment
from intake.mail.values import (
    Acknowledge,
    Decision,
    Delivery,
    Evidence,
    Kind,
    Language,
    Reason,
    Route,
    Span,
    Triage,
    Urgency,
)
from intake.outbox.service import Links
from intake.outbox.views import FAULTS, Alert, DigestItem
from intake.rules.rulebook import Agreement, Category, Partner, Rulebook, Sharing
from intake.rules.weigh import GENERAL

NOW = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
REFERENCE = "CSP-7K4M-29Q"
PARTNER = Partner(
    "partner",
    "A partner",
    "partner@example.org",
    (0,),
    (time(7, 30),),
    sharing=Sharing.FULL,
    agreement=Agreement("An agreement", NOW.date()),
)

_CATEGORIES = {
    one: Category(one, f"Category {one}", "", Urgency.ROUTINE, (PARTNER.id,), 1, Acknowledge.STANDARD)
    for one in ("first", "second", GENERAL)
}
RULEBOOK = Rulebook("", _CATEGORIES, {PARTNER.id: PARTNER}, {}, frozenset(), None)

# The last is one that no template can know of; so is the language.
_FLAGS = (
    *("no-acknowledgement", "no-uniform", "deadline", "child", "vulnerable", "retaliation", "repeat-contact"),
    *("interpreter", "unreadable", "same-message-id", "infected", "unscanned"),
    *("not-to:partner", "complaint-about:partner", "another"),
)
_RARE = Language("tlh", 0.6)

_BARE = Triage(
    kind=Kind.PERSON,
    reason=None,
    subject="",
    from_name="",
    from_address="",
    reply_address=None,
    message_id=None,
    date=None,
    language=Language("und", 0.0),
    own_words="",
    full_text="",
    attachments=(),
    defects=(),
    decision=Decision(("first",), (), (), Urgency.ROUTINE, Acknowledge.STANDARD, (), (), (), ""),
    acknowledge="standard",
    acknowledge_reason=Reason("due", "a person wrote"),
    content_key="",
)
_WHY = (
    Evidence("rule", 3, (Span("own-words", 0, 5, "Words"),), ("category first", "urgency today")),
    Evidence("another-rule", 1, (), ("flag child",)),
)
_FULL = replace(
    _BARE,
    subject="A subject",
    from_name="A Resident",
    from_address="resident@example.org",
    reply_address="resident@example.org",
    date=NOW - timedelta(minutes=5),
    language=_RARE,
    own_words="Words\n\nof a letter",
    full_text="Words\n\nof a letter",
    attachments=(
        Attachment(0, "photo.jpg", "image/jpeg", 2_300_000, "", inline=False),
        Attachment(1, "letter.pdf", "application/pdf", 1_000, "", inline=False),
    ),
    decision=replace(
        _BARE.decision,
        categories=("first", "second"),
        flags=_FLAGS,
        areas=("somewhere", "elsewhere"),
        urgency=Urgency.EMERGENCY,
        routes=(Route(PARTNER.id, Delivery.NOW, "rule"),),
        evidence=_WHY,
    ),
)
_WITHHELD = [
    replace(_FULL, decision=replace(_FULL.decision, flags=flags, urgency=Urgency.TODAY))
    for flags in (("anonymous",), ("safe-contact",), ("anonymous", "safe-contact"))
]

_PLAIN = DigestItem(1, REFERENCE, ("first",), Urgency.ROUTINE, NOW, "", "")
_DIGEST = (
    _PLAIN,
    replace(_PLAIN, message_id=2, categories=("first", "second"), urgency=Urgency.TODAY, own_words="Words"),
    replace(
        _PLAIN,
        message_id=3,
        categories=("second",),
        urgency=Urgency.EMERGENCY,
        subject="A subject",
        formerly="another",
        areas=("somewhere",),
    ),
)

_LINK = "https://site.example.org/page"
LINKS = (Links(), Links(_LINK, _LINK, _LINK))

ACKNOWLEDGED = (_BARE, replace(_BARE, acknowledge="neutral"))
ROUTED = (_BARE, _FULL, *_WITHHELD)
DIGESTS: tuple[tuple[DigestItem, ...], ...] = ((), (_PLAIN,), _DIGEST)
_FAULT = Alert("topic", "A title", "A sentence.", ("file.yaml:3:5: a fault (a hint)",))
ALERTS = (_FAULT, replace(_FAULT, lines=_FAULT.lines * (FAULTS + 1)), replace(_FAULT, lines=()))
