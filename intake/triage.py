"""Raw bytes -> what was read; that and a rulebook -> Triage. Pure: one evaluator for live mail and what-if (R2)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from intake.mail.language import detect
from intake.mail.message import Attachment, Message
from intake.mail.parse import attachment_content, parse
from intake.mail.screen import screen
from intake.mail.text import own_words, unwrap_links
from intake.mail.values import (
    MACHINES,
    Acknowledge,
    Decision,
    Delivery,
    Facts,
    Identity,
    Kind,
    Read,
    Reason,
    Route,
    Screening,
    Triage,
)
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.rulebook import Rulebook
from intake.rules.weigh import officers

_TAGS = re.compile(r"\[[^\]]{0,40}\]")  # what gateways and lists put into subjects: "[EXTERNAL]"
FORWARDS = 5  # attached letters that are read at most
DUE = Reason("due", "a person wrote, and nothing speaks against an answer")
LATE = Reason("late", "it was first seen 48 hours or more after it arrived, or came by an import or around a restore")
UNSOLICITED = Reason("rules", "the rules took it for unsolicited mail")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rulebook makes of a message that was read."""

    decision: Decision
    kind: Kind
    reason: Reason | None  # why it is of that kind
    acknowledge: str | None  # template; None: no answer
    acknowledge_reason: Reason


@dataclass(frozen=True, slots=True)
class Sorter:
    """What triage needs beside the message; made once, shared by every thread."""

    rulebook: Rulebook
    identity: Identity
    zone: ZoneInfo  # the partnership's: rules about hours and days are read in it

    def triage(
        self,
        raw: bytes,
        arrived: datetime | None = None,
        *,
        late: bool = False,
        told: Told = Told.NEAR_MISSES,
    ) -> Triage:
        """Decide everything about one message.

        `arrived` is an aware instant, or None where only the Date header can tell. `late` (F11) silences the answer.
        """
        found = self.read(raw, arrived, late)
        judged, message, own = judge(found, self.rulebook, told=told), found.facts.message, found.facts.own.own
        return Triage(
            kind=judged.kind,
            reason=judged.reason,
            subject=message.subject,
            from_name=message.author.name,
            from_address=message.author.address,
            reply_address=found.screening.reply_to,
            message_id=message.message_id,
            date=message.date,
            language=found.facts.language,
            own_words=own,
            full_text=message.text,
            attachments=message.attachments,
            defects=message.defects,
            decision=judged.decision,
            acknowledge=judged.acknowledge,
            acknowledge_reason=judged.acknowledge_reason,
            content_key=content_key(message, own, raw),
            read=found,
        )

    def read(self, raw: bytes, arrived: datetime | None, late: bool) -> Read:
        """Return what is to be judged of one message; the arguments are those of `triage`."""
        return read(raw, self.identity, self.zone, arrived, late=late)


def read(raw: bytes, identity: Identity, zone: ZoneInfo, arrived: datetime | None, *, late: bool) -> Read:
    """Return what is to be judged of one message; the arguments are `Sorter`'s and those of `Sorter.triage`."""
    message = parse(raw)
    message = replace(message, text=unwrap_links(message.text))
    screening = screen(message, identity)
    own = own_words(message.text, identity, message.subject)
    if forwards := _forwards(raw, message):
        message = replace(message, text="\n\n".join([message.text, *forwards]))
        own = replace(own, forwarded=True)
    language = detect(own.own or message.text, message.subject)
    local = arrived.astimezone(zone) if arrived else None
    return Read(Facts(message, screening.kind, own, language, local), screening, late)


def judge(found: Read, rulebook: Rulebook, *, told: Told = Told.NEAR_MISSES) -> Judged:
    """Return what `rulebook` makes of what was read."""
    return judged(found, rulebook, decide(found.facts, rulebook, told=told))


def judged(found: Read, rulebook: Rulebook, decision: Decision) -> Judged:
    """Return what follows, for a message that was read, from what `rulebook` decided about it."""
    screening = found.screening
    decision = _listed(decision, screening, rulebook)
    kind, reason = _kind(screening, decision)
    template, why = _acknowledgement(screening, decision, late=found.late)
    return Judged(decision, kind, reason, template, why)


def _listed(decision: Decision, screening: Screening, rulebook: Rulebook) -> Decision:
    """Have what nobody would get, and no machine is proven to have written, listed to the officers (D6)."""
    if decision.routes or screening.kind in MACHINES:
        return decision
    listed_to = officers(rulebook, decision.flags)
    routes = tuple(Route(partner, Delivery.DIGEST, "nobody else gets it") for partner in listed_to)
    return replace(decision, routes=routes)


def _forwards(raw: bytes, message: Message) -> list[str]:
    """Return the texts of letters forwarded as attachments, of those within them, too: the nearest ones first.

    What a bounce or a receipt returns is none.
    """
    texts: list[str] = []
    holders = [(raw, message)]
    for holder, outer in holders:
        for one in () if outer.content_type == "multipart/report" else outer.attachments:
            if _is_letter(one) and len(texts) < FORWARDS:
                within = attachment_content(holder, one.index)
                found = parse(within)
                texts.append(unwrap_links(found.text))
                holders.append((within, found))
    return texts


def _is_letter(attachment: Attachment) -> bool:
    return attachment.type in ("message/rfc822", "message/global") or attachment.name.lower().endswith(".eml")


def content_key(message: Message, own: str, raw: bytes) -> str:
    """Return what copies of one message share, whatever happened to their headers and MIME on the way (F3).

    SHA-256, hexadecimal, of Message-ID, sender, date, subject without tags, own words with white space folded, and
    attachments' content. Where there are no own words, all of the text and the images in it count; where neither a
    Message-ID nor a date tells letters apart, only equal bytes are copies.
    """
    words = own.split()
    parts = [
        message.message_id or "",
        message.author.key,
        message.date.isoformat() if message.date else "",
        " ".join(_TAGS.sub("", message.subject).split()).casefold(),
        " ".join(words or message.text.split()),
        *sorted(attachment.sha256 for attachment in message.attachments if not (attachment.inline and words)),
    ]
    if not message.message_id and not message.date:
        parts.append(hashlib.sha256(raw).hexdigest())
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _kind(screening: Screening, decision: Decision) -> tuple[Kind, Reason | None]:
    if screening.kind is Kind.PERSON and decision.categories[0] == "unsolicited":
        return Kind.UNSOLICITED, UNSOLICITED
    return screening.kind, screening.reason


def _acknowledgement(screening: Screening, decision: Decision, *, late: bool) -> tuple[str | None, Reason]:
    """Return (template or None, why); silence wins, and of two reasons for it the first in this order is told."""
    if screening.silence:
        return None, screening.silence
    if decision.acknowledge is Acknowledge.NONE:
        return None, UNSOLICITED if decision.categories[0] == "unsolicited" else _by_rules(decision)
    if late:
        return None, LATE
    return decision.acknowledge.value, DUE if decision.acknowledge is Acknowledge.STANDARD else _by_rules(decision)


def is_to_be_reached(triage: Triage) -> bool:
    """Tell whether a person must see to how its writer is reached: by the rules any answer could harm (promise 3)."""
    unsafe = triage.decision.acknowledge is Acknowledge.NONE and triage.decision.categories[0] != "unsolicited"
    return unsafe and triage.kind not in {*MACHINES, Kind.UNSOLICITED}


def _by_rules(decision: Decision) -> Reason:
    rules = [one.rule for one in decision.evidence if any(effect.startswith("acknowledge") for effect in one.effects)]
    return Reason("rules", f"asked for by {', '.join(rules) or 'the category ' + decision.categories[0]}")


def as_object(triage: Triage) -> dict[str, Any]:
    """Return what `intake triage --json` prints of one message, ready for JSON."""
    decision = triage.decision
    return {
        "kind": triage.kind.value,
        "reason": _reason(triage.reason),
        "subject": triage.subject,
        "from": triage.from_address,
        "date": triage.date.isoformat() if triage.date else None,
        "language": triage.language.tag,
        "categories": list(decision.categories),
        "tags": list(decision.tags),
        "flags": list(decision.flags),
        "areas": list(decision.areas),
        "urgency": decision.urgency.value,
        "urgent": decision.urgency.rank > 0,
        "routes": [{"partner": r.partner, "delivery": r.delivery.value, "why": r.why} for r in decision.routes],
        "acknowledge": {"template": triage.acknowledge, "reason": _reason(triage.acknowledge_reason)},
        "own_words": triage.own_words,
        "attachments": [{"name": a.name, "type": a.type, "size": a.size} for a in triage.attachments],
        "defects": list(triage.defects),
        "evidence": [
            {"rule": e.rule, "effects": list(e.effects), "words": [s.text for s in e.spans]} for e in decision.evidence
        ],
    }


def _reason(reason: Reason | None) -> dict[str, str] | None:
    return {"code": reason.code, "detail": reason.detail} if reason else None
