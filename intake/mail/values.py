"""The values that travel between triage, store and outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intake.mail.message import Attachment, Message


class Kind(StrEnum):
    """What a message is: a person's, or which machine's."""

    PERSON = "person"
    AUTO_REPLY = "auto-reply"  # out of office, auto-responder, vacation
    AUTOMATIC = "automatic"  # other machine mail: auto-generated, calendar replies, recalls, read receipts
    BOUNCE = "bounce"  # a delivery status, RFC 3464 or one that is not
    LIST = "list"  # RFC 2369/2919 headers, Precedence: bulk
    OWN = "own"  # what we sent came back, or one of our own addresses
    SPOOFED = "spoofed"  # a trusted verdict says the sender is not who it claims
    UNSOLICITED = "unsolicited"  # spam by a trusted verdict, or by the rules


MACHINES = frozenset({Kind.BOUNCE, Kind.OWN, Kind.AUTO_REPLY, Kind.AUTOMATIC})  # proven automatic (D6)
WRITTEN_BY_MACHINES = frozenset({Kind.AUTO_REPLY, Kind.AUTOMATIC, Kind.LIST})  # and not about a mail that failed


class Urgency(StrEnum):
    """How soon a person must see it. Ordered by `rank`."""

    ROUTINE = "routine"
    TODAY = "today"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        """0 routine, 1 today, 2 emergency."""
        return _RANKS[self]


class Acknowledge(StrEnum):
    """How a resident is answered, the less careful first."""

    STANDARD = "standard"
    NEUTRAL = "neutral"
    NONE = "none"

    @property
    def care(self) -> int:
        """0 standard, 1 neutral, 2 none."""
        return _CARE[self]


_RANKS = {one: n for n, one in enumerate(Urgency)}
_CARE = {one: n for n, one in enumerate(Acknowledge)}


class Delivery(StrEnum):
    """When a partner gets a message."""

    NOW = "now"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is not answered, or how a message was screened. Stored and shown."""

    code: str  # stable and typed by hyphens: "auto-submitted", "list-header", "blind-copy"
    detail: str  # one sentence for a person; header names and values of machines, never a resident's words


@dataclass(frozen=True, slots=True)
class Screening:
    """What screening made of a message."""

    kind: Kind
    reason: Reason | None  # why it is not a person's; None for Kind.PERSON
    silence: Reason | None  # why no acknowledgement may go out; None: one may
    reply_to: str | None  # the one address an answer would go to (S11); None: there is none


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text that rules read."""

    field: str  # "subject", "own-words", "full-text", "attachment-names"
    start: int  # code points from the start of that field's original text
    end: int
    text: str  # the words as they stand there


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that fired, and the words it fired on."""

    rule: str  # the rule's id
    weight: int
    spans: tuple[Span, ...]
    effects: tuple[str, ...]  # what it did, in rule words: "category hate-incident", "urgency today"
    times: int = 1  # how often its weights counted: once for each different word, as far as the rule says
    words: tuple[str, ...] = ()  # the different words that counted by themselves, in normal form


@dataclass(frozen=True, slots=True)
class NearMiss:
    """One rule that nearly fired, and the condition that failed."""

    rule: str
    failed: str  # the condition as the rule states it, in words: "not near: film"
    spans: tuple[Span, ...]  # what did match


@dataclass(frozen=True, slots=True)
class Route:
    """A partner who gets a message, and when."""

    partner: str  # partner id
    delivery: Delivery
    why: str  # rule id or category that asked for it


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules made of a message: data only, nothing is done yet."""

    categories: tuple[str, ...]  # main first, never empty
    tags: tuple[str, ...]
    flags: tuple[str, ...]  # "child", "safe-contact"; with a value as "not-to:police"
    urgency: Urgency
    acknowledge: Acknowledge
    routes: tuple[Route, ...]
    evidence: tuple[Evidence, ...]
    near_misses: tuple[NearMiss, ...]
    rulebook: str  # content hash of the rulebook that decided
    areas: tuple[str, ...] = ()  # ids of the places that it names


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A text parted into what the sender newly wrote and the rest."""

    own: str  # verbatim part of the text: no quotes, signature block, disclaimer, banner or forward
    forwarded: bool  # the rest holds a forwarded letter: rules read it too where `own` is short


@dataclass(frozen=True, slots=True)
class Language:
    """A language and how sure we are."""

    tag: str  # BCP 47: "en", "fa-AF", "zh-Hans"; "und" where there is nothing to judge by
    confidence: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Intermediary:
    """A machine that writes for people: a web form, voicemail-to-mail, a partner's forwarding desk (S10)."""

    address: str  # From address in lower case, or "@domain"
    sender: str  # where the real sender stands: a header ("reply-to"), a line ("text: e-mail"), "none"; lower case


@dataclass(frozen=True, slots=True)
class GatewayVerdict:
    """How a mail gateway marks what it takes for forged, or for spam (S5)."""

    header: str  # in lower case
    begins: str  # what the header's value then begins with, in lower case
    forged: bool  # False: spam


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are, as far as reading a mail must know. All addresses in lower case."""

    addresses: frozenset[str]  # the published address and its aliases
    lists: frozenset[str] = frozenset()  # lists and groups through which mail reaches us
    plus_forms: bool = True  # name+anything@domain is name@domain
    silent: frozenset[str] = frozenset()  # aliases to which mail is never answered (S8)
    intermediaries: tuple[Intermediary, ...] = ()
    banners: tuple[str, ...] = ()  # regular expressions of gateway banners beside the built-in ones (P4)
    authserv_id: str | None = None  # whose Authentication-Results count (S5); None: nobody's
    microsoft_365: bool = False  # whether the verdicts that Microsoft 365 writes count (S5)
    gateways: tuple[GatewayVerdict, ...] = ()  # and those of a gateway before the mailbox
    hostnames: frozenset[str] = frozenset()  # domains of the Message-IDs that we make


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules read of one message."""

    message: Message
    kind: Kind
    own: OwnWords
    language: Language
    arrived: datetime | None  # in the partnership's time zone; None where nobody knows (then the Date header serves)


@dataclass(frozen=True, slots=True)
class Read:
    """All that a rulebook judges of one message: the store keeps it, so that another one can judge it later (R6)."""

    facts: Facts
    screening: Screening
    late: bool  # first seen so late that nobody is answered (F11)


@dataclass(frozen=True, slots=True)
class Triage:
    """Everything decided about one message; the store records it, the outbox composes from it."""

    kind: Kind
    reason: Reason | None  # why it is of that kind
    subject: str
    from_name: str
    from_address: str
    reply_address: str | None  # the one address an answer goes to (S11)
    message_id: str | None  # RFC 5322 Message-ID without brackets
    date: datetime | None
    language: Language
    own_words: str
    full_text: str
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    decision: Decision
    acknowledge: str | None  # name of the template folder's variant: "standard", "neutral"; None: no answer
    acknowledge_reason: Reason  # why this one, or why none
    content_key: str  # what copies of one message share (F3): SHA-256 of sender, date, own words, attachments
    read: Read | None = None  # what it was decided on; None only in samples
