"""What a partner would get of a case: the mail itself, made by the code that makes it live, and what it holds back."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP

from intake.errors import UserError
from intake.mail.redact import Kind
from intake.mail.values import Triage
from intake.outbox import lasting
from intake.outbox.compose import Composer
from intake.outbox.enclosed import as_it_came
from intake.outbox.mime import attached, bodies
from intake.outbox.sharing import AGREEMENT, MAY_GO, Terms
from intake.rules.rulebook import Partner, Rulebook, Sharing
from intake.rules.weigh import barred
from intake.store import cases
from intake.store.database import Database

FIELDS = {  # what may be held back, in words and in the order that it is told
    "sender": "who wrote it, and their address",
    "subject": "the subject",
    "words": "the words",
    "flags": "what must be heeded",
    "why": "the rules that fired, and on which words",
    "written": "when it was written",
    "language": "its language",
    "attachments": "that it has attachments",
    "photographs": "photographs",
    "files": "other attachments",
    "original": "the letter as it came",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """The mail that a partner would get about a case's first message."""

    reference: str
    partner: str  # its id
    level: str
    held_back: dict[str, str]  # field -> why
    taken_out: tuple[str, ...]  # kinds of personal data that are taken out of the words
    subject: str  # of the mail
    text: str
    html: str
    attached: tuple[str, ...]  # names of the files that go


def preview(database: Database, composer: Composer, rulebook: Rulebook, reference: str, partner_id: str) -> Preview:
    """Return what that partner would get now; nothing is sent or kept.

    Raises UserError where there is no such case or partner, or the partner is kept out of it (D8); Temporary.
    """
    partner = rulebook.partner(partner_id)
    with database.read() as conn:
        case = cases.case(conn, reference)
        if case is None or not case.messages:
            raise UserError(f"there is no case {reference}")
        stored, now = case.messages[0], database.clock(conn)
        triage, source = lasting.as_triage(conn, stored), as_it_came(conn, stored)
    if flag := barred(flag for one in case.messages for flag in one.flags).get(partner_id):
        raise UserError(f"{partner.name} gets nothing of {case.reference}: flag {flag}")
    mail = composer.routed(triage, case.reference, partner, rulebook, stored.id, case.id, now, source=source).mail
    return _made(case.reference, partner, composer.terms(triage, partner, rulebook, now), triage, mail)


def _made(reference: str, partner: Partner, of: Terms, triage: Triage, mail: bytes) -> Preview:
    text, html = bodies(mail)
    return Preview(
        reference=reference,
        partner=partner.id,
        level=of.level.value,
        held_back={field: _why(field, partner, of) for field in FIELDS if _is_held(field, partner, of, triage)},
        taken_out=_taken_out(of),
        subject=str(message_from_bytes(mail, policy=SMTP)["Subject"]),
        text=text,
        html=html,
        attached=tuple(one.name for one in attached(mail)),
    )


def _taken_out(of: Terms) -> tuple[str, ...]:
    marks = (one.mark.strip("[]") for one in Kind if one in of.taken_out and of.has("words"))
    return tuple(dict.fromkeys(marks))


def _is_held(field: str, partner: Partner, of: Terms, triage: Triage) -> bool:
    there = {
        "original": partner.evidential,
        "attachments": triage.attachments,
        "photographs": triage.attachments,
        "files": triage.attachments,
        "flags": triage.decision.flags,
    }
    return not of.has(field) and bool(there.get(field, True))


def _why(field: str, partner: Partner, of: Terms) -> str:
    if field not in MAY_GO[partner.sharing]:
        return f"sharing: {partner.sharing}"
    said = "no valid agreement" if AGREEMENT in of.lowered_by else ""
    asked = ", ".join(one for one in of.lowered_by if one != AGREEMENT and of.level is not Sharing.COUNTS)
    return said or f"flag {asked}"


def shown(found: Preview) -> str:
    """Return the preview in words."""
    held = [f"- {FIELDS[field]} ({why})" for field, why in found.held_back.items()]
    lines = [
        f"What {found.partner} would get of {found.reference}, at the level {found.level}.",
        *(["Held back:", *held] if held else ["Nothing is held back."]),
        *([f"Taken out of the words: {', '.join(found.taken_out)}"] if found.taken_out else []),
        *([f"Attached: {', '.join(found.attached)}"] if found.attached else []),
    ]
    return "\n".join([*lines, "", f"Subject: {found.subject}", "", found.text])
