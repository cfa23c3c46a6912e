"""Made-up letters and digests that templates are tried on: between them, all that a mail may hold or lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from itertools import product

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
from intake.outbox.beside import Beside
from intake.outbox.chart import Week
from intake.outbox.enclosed import (
    ATTACHED,
    INFECTED,
    KEPT,
    KIND,
    LARGE,
    METADATA,
    STRIPPED,
    UNSCANNED,
    Enclosed,
    Enclosures,
    Original,
)
from intake.outbox.service import Links
from intake.outbox.shared import Shared, shared
from intake.outbox.sharing import terms
from intake.outbox.views import FAULTS, Alert, Ask, DigestItem, Taken
from intake.rules.rulebook import Agreement, Category, Partner, Rulebook, Sharing
from intake.rules.weigh import GENERAL
from intake.store.tasks import Task

NOW = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
REFERENCE = "CSP-7K4M-29Q"
PARTNER = Partner(
    "partner",
    "Westshire Police",
    "partner@example.org",
    (0,),
    (time(7, 30),),
    sharing=Sharing.FULL,
    agreement=Agreement("An agreement", NOW.date()),
)

_NAMES = {"first": "Street lighting", "second": "Antisocial behaviour"}
_CATEGORIES = {
    one: Category(one, _NAMES.get(one, "Anything else"), "", Urgency.ROUTINE, (PARTNER.id,), 1, Acknowledge.STANDARD)
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
    attachments=tuple(Attachment(n, "photo.jpg", "image/jpeg", 2_300_000 >> n, "", inline=False) for n in range(8)),
    decision=replace(
        _BARE.decision,
        categories=("first", "second"),
        flags=_FLAGS,
        areas=("Mill Lane", "Lings"),
        urgency=Urgency.EMERGENCY,
        routes=(Route(PARTNER.id, Delivery.NOW, "rule"),),
        evidence=_WHY,
    ),
)
_TYPICAL = replace(
    _FULL,
    subject="Lights out in the alley behind Mill Lane",
    from_name="Rosa Petrescu",
    language=Language("en", 1.0),
    own_words="Hello,\n\nThe lights in the alley behind Mill Lane have been out for two weeks. Yesterday a group stood "
    "there again and shouted at my daughter when she came home from school. She is twelve, and afraid to go that way."
    "\n\nCould somebody mend the lights, and could an officer look in at half past three tomorrow?"
    "\n\nYours faithfully\nRosa Petrescu\n07700 900123",
    decision=replace(
        _FULL.decision,
        categories=("second", "first"),
        flags=("child", "deadline"),
        routes=(Route(PARTNER.id, Delivery.NOW, "second"),),
        urgency=Urgency.TODAY,
        evidence=(
            Evidence("shouted-at", 3, (Span("own-words", 0, 7, "shouted"),), ("category second", "urgency today")),
            Evidence("dark-streets", 2, (Span("own-words", 0, 10, "lights"),), ("category first",)),
            Evidence(
                "a-child", 1, (Span("own-words", 0, 6, "daughter"), Span("own-words", 0, 6, "twelve")), ("flag child",)
            ),
        ),
    ),
)
_WITHHELD = [
    replace(_FULL, decision=replace(_FULL.decision, flags=flags, urgency=Urgency.TODAY))
    for flags in (("anonymous",), ("safe-contact",), ("anonymous", "safe-contact"))
]

_PLAIN = DigestItem(1, REFERENCE, ("first",), Urgency.ROUTINE, NOW - timedelta(hours=20), "", "")
_DIGEST = (
    replace(_PLAIN, own_words="The lamp outside number 4 has been flickering since Friday. Thank you for looking."),
    replace(
        _PLAIN,
        message_id=2,
        categories=("first", "second"),
        urgency=Urgency.TODAY,
        own_words="Nobody has collected the glass in the playground, and children play there barefoot.",
    ),
    replace(
        _PLAIN,
        message_id=3,
        categories=("second",),
        urgency=Urgency.EMERGENCY,
        subject="Fireworks through the letter box, again tonight",
        formerly="another",
        areas=("Lings",),
    ),
)

_LINK = "https://site.example.org/page"
LINKS = (Links(), Links(_LINK, _LINK, _LINK))

ACKNOWLEDGED = (_BARE, replace(_BARE, acknowledge="neutral"))
_TASKS = (Task(REFERENCE, "today", NOW - timedelta(hours=3), None, None, ()),)
WEEKS = tuple(Week(NOW.date() - timedelta(weeks=ago), 3 * ago, bool(ago)) for ago in reversed(range(8)))
DIGESTS: tuple[tuple[tuple[DigestItem, ...], Beside], ...] = (
    (_DIGEST, Beside(WEEKS, _DIGEST, 2)),
    ((), Beside()),
    ((_PLAIN,), Beside(WEEKS, tasks=_TASKS)),
    (tuple(replace(_PLAIN, message_id=n, own_words="word " * 20, sender=str(n)) for n in range(9)), Beside()),
)
_WEEK = {
    "weeks": ["23 Feb", "16 Feb", "9 Feb", "2 Feb"],
    "totals": [61, 43, None, 40],
    "categories": [{"name": "Dark streets", "counts": [24, 8, 9, 7]}, {"name": "Noise", "counts": [None, 5, 7, 6]}],
    "areas": [{"name": "Lings", "counts": [12, 9, None, 7]}],
    "languages": [{"name": "en", "counts": [40, 30, 31, 28]}, {"name": "pl", "counts": [9, 6, None, 5]}],
    "moved": [{"name": "Dark streets", "last": 24, "before": [8, 9, 7], "up": True}],
    "unanswered": {"count": 12, "none": False, "weeks": 3},
}
_QUIET = {"totals": [None] * 4, "categories": [], "areas": [], "languages": [], "moved": []}
OVERVIEWS: tuple[Mapping[str, object], ...] = (
    _WEEK,
    {**_WEEK, **_QUIET, "unanswered": {"count": None, "none": False, "weeks": 0}},
    {**_WEEK, **_QUIET, "unanswered": {"count": None, "none": True, "weeks": 0}},
)
_FAULT = Alert(
    "topic",
    "The rules cannot be used",
    "What was saved is not in force; the rules before it are.",
    ("10-housing.yaml:3:5: `mouldy` is no category (did you mean `mould`?)",),
)
_STATES = (ATTACHED, STRIPPED, KEPT, INFECTED, UNSCANNED, KIND, METADATA, LARGE)
_LETTER = Original(ATTACHED, f"{REFERENCE}-original.eml", 1_000, sha256(b"").hexdigest(), NOW)
ALERTS = (_FAULT, replace(_FAULT, lines=_FAULT.lines * (FAULTS + 1)), replace(_FAULT, lines=()))
ASKS = (None, Ask(PARTNER.address), Ask(PARTNER.address, "key", NOW))
TAKEN = (
    Taken(REFERENCE, "A person", PARTNER.name, NOW),
    Taken(REFERENCE, "A person", "", NOW),
    Taken(REFERENCE, "", "", None),
)


def routed() -> Iterator[tuple[Shared, Enclosures]]:
    """Yield letters as far as partners of every level may have them, with attachments that came to every end."""
    each = tuple(Enclosed(state, f"{REFERENCE}-1.jpg") for state in _STATES)
    levels = [*product((_TYPICAL, _FULL, _BARE), Sharing), *((one, Sharing.FULL) for one in _WITHHELD)]
    for number, (letter, sharing) in enumerate(levels):
        partner = replace(PARTNER, sharing=sharing, agreement=None if letter is _BARE else PARTNER.agreement)
        of = terms(partner, RULEBOOK, letter.decision.flags, letter.decision.urgency, NOW.date())
        original = replace(_LETTER, state=_STATES[number % len(_STATES)])
        files = each[:2] if letter is _TYPICAL else each
        yield shared(letter, of, PARTNER, RULEBOOK), Enclosures(files, original if sharing is Sharing.FULL else None)
