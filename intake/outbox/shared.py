"""A letter as far as one partner may have it: all that a template can show of it (D4). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from intake.mail import redact
from intake.mail.redact import Found, Writer
from intake.mail.values import Evidence, Span, Triage, Urgency
from intake.outbox.sharing import Terms
from intake.rules.match import ATTACHMENT_NAMES, FULL_TEXT, OWN_WORDS, SUBJECT
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import officers

WORDS = 20_000  # characters of a letter
LINE = 300  # characters of a subject, a name or a sentence
RULES = 10  # that are named
WORDS_OF_A_RULE = 8
_SENTENCES = 2  # that are told of a flag
_READ = 250_000  # characters of a text in which places are looked up: more than rules read
_SPOKEN = frozenset({"safe-contact", "no-uniform", "deadline"})  # flags whose words are told with them
_JOINT = re.compile(r"[_+]|-(?=[^\W\d])|(?<=[^\W\d_])-")  # one character that stands for a space in a file's name
_STOP = re.compile(r"[.!?…。！？।؟\n]")


@dataclass(frozen=True, slots=True)
class Flag:
    """What must be heeded."""

    id: str  # "safe-contact"
    partner: str  # the name of the partner that it names; "" for none
    words: tuple[str, ...]  # the sentences that say so, where they may go


@dataclass(frozen=True, slots=True)
class Why:
    """A rule that fired."""

    rule: str  # its name; its id where it has none
    did: tuple[str, ...]  # "Dark streets", "urgent today"
    words: tuple[str, ...]  # that it fired on


@dataclass(frozen=True, slots=True)
class Listed:
    """An attachment, as the mail names it."""

    name: str
    type: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Shared:
    """What goes of one letter to one partner; what may not go is empty, and stays so whatever a template asks for."""

    terms: Terms
    urgency: Urgency
    categories: tuple[str, ...]  # names, main first
    areas: tuple[str, ...]  # names
    ask: tuple[Partner, ...]  # who has the whole letter, where this partner has not
    flags: tuple[Flag, ...] = ()
    sender: Writer | None = None
    written: datetime | None = None
    language: str = ""  # BCP 47
    subject: str = ""
    words: str = ""
    attachments: tuple[Listed, ...] = ()
    why: tuple[Why, ...] = ()
    asked_by: str = ""  # the name of the rule or category that routed it here


def shared(triage: Triage, of: Terms, partner: Partner, rulebook: Rulebook) -> Shared:
    """Return what goes: of the fields that `of` lets go, the words without what it takes out."""
    letter = _Letter(triage, of, partner, rulebook)
    made = {name: make() for name, make in letter.makers().items() if of.has(name)}
    return Shared(
        terms=of,
        urgency=triage.decision.urgency,
        categories=tuple(rulebook.category_name(one) for one in triage.decision.categories),
        areas=rulebook.area_names(triage.decision.areas),
        ask=() if of.has("words") else _officers(triage, partner, rulebook),
        **made,  # type: ignore[arg-type]
    )


def _officers(triage: Triage, partner: Partner, rulebook: Rulebook) -> tuple[Partner, ...]:
    ids = officers(rulebook, triage.decision.flags)
    return tuple(rulebook.partners[one] for one in ids if one != partner.id)


class _Letter:
    """A letter from which fields are taken."""

    def __init__(self, triage: Triage, of: Terms, partner: Partner, rulebook: Rulebook) -> None:
        self._triage, self._of, self._partner, self._rulebook = triage, of, partner, rulebook
        self._writer = writer_of(triage)
        # Words are told as they stand and by what rules fired on in them.
        self._find: Callable[[str], tuple[Found, ...]] = cache(
            partial(redact.find, kinds=of.taken_out, writer=self._writer)
        )

    def makers(self) -> Mapping[str, Callable[[], object]]:
        """Return what makes each field but those that every level lets go."""
        decision = self._triage.decision
        return {
            "flags": lambda: tuple(self._flag(one) for one in decision.flags),
            "sender": lambda: Writer(self._triage.from_name, self._writer.addresses[:1]),
            "written": lambda: self._triage.date,
            "language": lambda: self._triage.language.tag,
            "subject": lambda: self._redacted(self._triage.subject, LINE),
            "words": lambda: self._redacted(self._words(), WORDS),
            "attachments": self._attachments,
            "why": lambda: tuple(self._why(*one) for one in self._telling()[:RULES]),
            "asked_by": self._asked_by,
        }

    def _redacted(self, text: str, limit: int) -> str:
        return redact.redacted(text, self._find, limit) if self._of.taken_out else text[: limit + 1]

    def _words(self) -> str:
        """Return the sender's own words; the whole text where there are none, or rules fired on the rest of it."""
        triage = self._triage
        read_on = any(span.field == FULL_TEXT for one in triage.decision.evidence for span in one.spans)
        return triage.full_text if read_on or not triage.own_words.strip() else triage.own_words

    def _attachments(self) -> tuple[Listed, ...]:
        return tuple(Listed(self._name(one.name), one.type, one.size) for one in self._triage.attachments)

    def _name(self, name: str) -> str:
        return self._redacted(_JOINT.sub(" ", name) if self._of.taken_out else name, LINE)

    def _flag(self, flag: str) -> Flag:
        name, _, value = flag.partition(":")
        partner = self._rulebook.partners.get(value)
        said = self._sentences(name) if name in _SPOKEN else []
        return Flag(name, partner.name if partner else value, tuple(said))

    def _sentences(self, flag: str) -> list[str]:
        """Return the sentences on which rules set that flag: first of rules that do nothing else."""
        asking = [
            one
            for one in self._triage.decision.evidence
            if any(effect == f"flag {flag}" or effect.startswith(f"{flag} +") for effect in one.effects)
        ]
        spans = [span for one in sorted(asking, key=lambda one: len(one.effects)) for span in one.spans]
        said = dict.fromkeys(self._sentence(one) for one in spans[: 4 * _SENTENCES])
        return list(said)[:_SENTENCES]

    def _sentence(self, span: Span) -> str:
        text = self._text(span.field)
        if text[span.start : span.end] != span.text:
            return self._place(span)
        before = list(_STOP.finditer(text, max(0, span.start - LINE // 2), span.start))
        after = _STOP.search(text, span.end, span.end + LINE // 2)
        start = before[-1].end() if before else max(0, span.start - LINE // 2)
        return self._place(Span(span.field, start, after.end() if after else span.end + LINE // 2, ""), whole=True)

    def _place(self, span: Span, *, whole: bool = False) -> str:
        """Return the words at that place, as far as they may go; what reaches into a name or number is one."""
        text = self._text(span.field)
        if not whole and text[span.start : span.end] != span.text:  # the text was not kept as it was read
            return self._redacted(span.text, LINE)
        found = self._find(_JOINT.sub(" ", text) if span.field == ATTACHMENT_NAMES else text)
        return redact.with_marks(text, found, span.start, min(span.end, len(text))).strip()

    def _text(self, field: str) -> str:
        triage = self._triage
        if field == ATTACHMENT_NAMES:
            return ", ".join(one.name for one in triage.attachments)
        return {SUBJECT: triage.subject, OWN_WORDS: triage.own_words}.get(field, triage.full_text)[:_READ]

    def _asked_by(self) -> str:
        why = next((one.why for one in self._triage.decision.routes if one.partner == self._partner.id), "")
        return self._rulebook.category_name(why) if why in self._rulebook.categories else self._name_of(why)

    def _telling(self) -> list[tuple[Evidence, tuple[str, ...]]]:
        """Leave out rules that did nothing for what was decided; safety rules come first, then what counts most."""
        safe = self._rulebook.safety
        told = [(one, did) for one in self._triage.decision.evidence if (did := self._did(one))]
        return sorted(told, key=lambda one: (one[0].rule not in safe, -abs(one[0].weight)))

    def _why(self, evidence: Evidence, did: tuple[str, ...]) -> Why:
        words = dict.fromkeys(self._place(span) for span in evidence.spans)
        return Why(self._name_of(evidence.rule), did, tuple(words)[:WORDS_OF_A_RULE])

    def _name_of(self, rule: str) -> str:
        return self._rulebook.rule_names.get(rule, rule)

    def _did(self, evidence: Evidence) -> tuple[str, ...]:
        """Return in words what a rule did for what was decided; of what it weighs, only what it speaks for."""
        return tuple(dict.fromkeys(said for effect in evidence.effects if (said := self._effect(effect))))

    def _effect(self, effect: str) -> str:
        name, _, value = effect.partition(" ")
        decision = self._triage.decision
        if value.startswith("-") and value[1:].isdigit():
            return ""
        if value.startswith("+") and value[1:].isdigit():
            name, value = ("category", name) if name in self._rulebook.categories else ("", name)
        if name == "category":
            return self._rulebook.category_name(value) if value in decision.categories else ""
        if value in {"today", "emergency"}:
            return {"today": "urgent today", "emergency": "emergency"}[value]
        if not name:
            return f"flag {value}" if value in decision.flags else ""
        return effect if name in {"tag", "flag", "urgency"} else ""


def writer_of(triage: Triage) -> Writer:
    """Return who wrote, as far as the header says."""
    return Writer(triage.from_name, tuple(one for one in (triage.reply_address, triage.from_address) if one))
