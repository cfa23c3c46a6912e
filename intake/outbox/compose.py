"""What was decided about a message -> the mails it causes: acknowledgement, routed mails, digests; and alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from intake.errors import Problem
from intake.mail.threading import OF_MAIL
from intake.mail.tokens import RESIDENT, Tokens
from intake.mail.values import Acknowledge, Triage, Urgency
from intake.outbox.beside import NOTHING, Beside
from intake.outbox.chart import picture
from intake.outbox.contents import CHART, Teller
from intake.outbox.enclosed import Source, enclosures
from intake.outbox.listing import Reader, listed
from intake.outbox.mime import File, Head, assemble
from intake.outbox.outgoing import (
    ACKNOWLEDGE_FOR,
    LEAST,
    PRIORITY,
    PRIORITY_OF,
    TRY_FOR,
    MailKind,
    Outgoing,
    acknowledgement_key,
)
from intake.outbox.service import Service
from intake.outbox.shared import shared
from intake.outbox.sharing import Terms, terms
from intake.outbox.table import table
from intake.outbox.templates import Contents, Context, Rendered, Templates
from intake.outbox.views import Alert, Ask, DigestItem, Taken
from intake.rules.rulebook import ANSWERS, Partner, Rulebook

LOCAL_PART = 64  # octets before the `@` (RFC 5321 §4.5.3.1.1)
# RFC 3834 §5; the second keeps Exchange's own automatic answers away, but lets bounces come.
_ANSWER = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "OOF, AutoReply, RN, NRN"}


class Composer:
    """Writes our mails."""

    def __init__(self, templates_dir: Path, service: Service) -> None:
        """Take the admins' templates; nothing is read yet."""
        self.templates = Templates(templates_dir)
        self._service = service
        self._teller = Teller(service)

    @property
    def zone(self) -> ZoneInfo:
        """The partnership's time zone."""
        return self._service.time_zone

    @property
    def tokens(self) -> Tokens:
        """What signs the mails about a case."""
        return self._service.tokens

    def acknowledgement(  # noqa: PLR0913, PLR0917 (what it answers, from which templates, and where it is kept)
        self,
        triage: Triage,
        reference: str,
        message_id: int,
        case_id: int | None,
        now: datetime,
        answers: Mapping[Acknowledge, str] = ANSWERS,
    ) -> Outgoing:
        """Answer the resident. Raises ValueError where `triage` says that nobody is to be answered.

        `answers` has the template folder of each way to answer; one that fails gives way to the built-in of that way.
        But for the reference and the language, nothing in it depends on what was written (promise 3).
        """
        if not (triage.acknowledge and triage.reply_address):
            raise ValueError("this message is not to be acknowledged")
        rendered = self.templates.render(self._teller.acknowledgement(triage, reference, answers))
        draft = self._draft(acknowledgement_key(triage), "acknowledgement", triage.reply_address, now)
        token = self._token(draft, reference)
        draft = replace(
            self._of_case(draft, token, message_id, case_id),
            envelope_from="" if self._service.null_sender else self._service.address,
            expires_at=now + ACKNOWLEDGE_FOR,
        )
        head = replace(self._head(draft, now, token), others=_ANSWER)
        if triage.acknowledge == "standard":
            head = replace(head, in_reply_to=triage.message_id)
        else:
            head = replace(head, sender_name="", thread=None)
        return self._written(draft, head, rendered)

    def routed(  # noqa: PLR0913, PLR0917 (what it is about, for whom, and where it is kept)
        self,
        triage: Triage,
        reference: str,
        partner: Partner,
        rulebook: Rulebook,
        message_id: int,
        case_id: int | None,
        now: datetime,
        *,
        again: bool = False,
        source: Source | None = None,
        ask: Ask | None = None,
    ) -> Outgoing:
        """Pass a message to a partner at once, as far as its sharing level allows, with why it came and what to heed.

        `again`: to the fallback address, as what went before came back. Without a `source` nothing is attached.
        `ask`: to whom the emergency is put instead (O8).
        """
        urgency = triage.decision.urgency
        of = self.terms(triage, partner, rulebook, now)
        enclosed = enclosures(triage, of, partner, reference, source)
        letter = shared(triage, of, partner, rulebook)
        rendered = self.templates.render(self._teller.routed(letter, enclosed, reference, partner, ask))
        draft = self._to_partner(f"routed:{message_id}:{partner.id}", "routed", partner, now, again=again)
        if ask:
            draft = replace(self._draft(ask.key or draft.key, "routed", ask.address, now), partner=partner.id)
        token = self._token(draft, reference)
        draft = self._of_case(replace(draft, priority=PRIORITY[urgency]), token, message_id, case_id)
        head = self._head(draft, now, token)
        if urgency is Urgency.EMERGENCY:
            head = replace(head, others={**head.others, "Importance": "high"})
        return self._written(draft, head, rendered, enclosed.files)

    def terms(self, triage: Triage, partner: Partner, rulebook: Rulebook, now: datetime) -> Terms:
        """Return the terms on which a partner gets that message today."""
        return terms(partner, rulebook, triage.decision.flags, triage.decision.urgency, self.today(now))

    def today(self, now: datetime) -> date:
        """Return the partnership's date."""
        return now.astimezone(self._service.time_zone).date()

    def digest(  # noqa: PLR0913 (a digest's ingredients, and where it goes)
        self,
        partner: Partner,
        items: Sequence[DigestItem],
        rulebook: Rulebook,
        slot: datetime,
        now: datetime,
        *,
        beside: Beside = NOTHING,
        again: bool = False,
    ) -> Outgoing:
        """Tell a partner of everything it has not had yet, in one mail; `slot` is the instant it was due.

        `again` as for `routed`.
        """
        reader = Reader(partner, rulebook, self.zone, now)
        entries = listed(items, reader)
        contents = self._teller.digest(entries, reader, beside)
        rendered = self.templates.render(contents)
        key = f"digest:{partner.id}:{slot.isoformat(timespec='minutes')}"
        draft = self._to_partner(key, "digest", partner, now, again=again)
        held = " ".join([draft.key, *(item.reference for item in items)])  # slots come again after a restore
        draft = replace(draft, header_id=self._mail_id(held))
        files = [File("weeks.png", "image/png", picture(beside.weeks), CHART)] if contents.body["weeks"] else []
        if partner.digest_csv and items:
            files.append(File(f"digest-{partner.id}-{slot:%Y-%m-%d}.csv", "text/csv", table(entries, reader)))
        return self._written(draft, self._head(draft, now), rendered, files)

    def late(
        self, officer: Partner, items: Sequence[DigestItem], rulebook: Rulebook, key: str, now: datetime
    ) -> Outgoing:
        """Tell an officer of the urgent messages among those that were first seen late (F11)."""
        reader = Reader(officer, rulebook, self.zone, now)
        rendered = self.templates.render(self._teller.late(listed(items, reader), reader))
        draft = replace(self._draft(key, "late", officer.address, now), partner=officer.id)
        draft = replace(draft, header_id=self._mail_id(" ".join([key, *(item.reference for item in items)])))
        return self._written(draft, self._head(draft, now), rendered)

    def overview(self, key: str, partner: Partner, week: Context, now: datetime) -> Outgoing:
        """Tell a partner the week in numbers."""
        draft = replace(self._draft(key, "overview", partner.address, now), partner=partner.id)
        return self._written(draft, self._head(draft, now), self.templates.render(self._teller.overview(partner, week)))

    def alert(self, key: str, recipient: str, told: Alert, now: datetime, *, mended: bool = False) -> Outgoing:
        """Tell whoever looks after the service that something is unwell, or mended."""
        return self._notice(self._teller.alert(told, mended=mended), key, "alert", recipient, now)

    def taken(self, key: str, recipient: str, told: Taken, now: datetime) -> Outgoing:
        """Tell somebody who was asked that an emergency has been taken."""
        return self._notice(self._teller.taken(told), key, "taken", recipient, now)

    def _notice(self, contents: Contents, key: str, kind: MailKind, recipient: str, now: datetime) -> Outgoing:
        draft = self._draft(key, kind, recipient, now)
        return self._written(draft, self._head(draft, now), self.templates.render(contents))

    def check(self, answers: Mapping[Acknowledge, str] = ANSWERS) -> tuple[Problem, ...]:
        """Return every fault of every template, in file order: each mail is rendered, in each language, from samples.

        A file is named from the templates folder on: `acknowledgement/ro/body.txt`. `answers` as above.
        """
        return self.templates.check(self.samples(answers))

    def unreviewed(self, answers: Mapping[Acknowledge, str] = ANSWERS) -> tuple[str, ...]:
        """Return the languages of acknowledgements that nobody has reviewed."""
        return self.templates.languages.unreviewed(set(answers.values()))

    def samples(self, answers: Mapping[Acknowledge, str] = ANSWERS) -> Iterator[Contents]:
        """Yield what templates are tried on, the likeliest of each mail first."""
        return self._teller.samples(self.templates.languages, answers)

    def _draft(self, key: str, kind: MailKind, recipient: str, now: datetime) -> Outgoing:
        return Outgoing(
            key=key,
            kind=kind,
            recipient=recipient,
            partner=None,
            message_id=None,
            case_id=None,
            header_id=self._mail_id(key),
            priority=PRIORITY_OF.get(kind, LEAST),
            mail=b"",
            envelope_from=self._service.address,
            expires_at=now + TRY_FOR,
        )

    def _mail_id(self, key: str) -> str:
        return f"{self._service.tokens.mail_id(key)}@{self._service.host}"

    def _to_partner(self, key: str, kind: MailKind, partner: Partner, now: datetime, *, again: bool) -> Outgoing:
        if again and partner.fallback:
            draft = self._draft(f"{key}:fallback", kind, partner.fallback, now)
        else:
            draft = self._draft(key, kind, partner.address, now)
        return replace(draft, partner=partner.id)

    def _of_case(self, draft: Outgoing, token: str, message_id: int, case_id: int | None) -> Outgoing:
        """Return the draft as a mail about the case whose token its Message-ID bears (T1); "" is none."""
        if not token:
            return replace(draft, message_id=message_id)
        own, host = draft.header_id.split("@")
        header_id = f"case.{token}.{own[:20]}@{host}"
        return replace(draft, header_id=header_id, message_id=message_id, case_id=case_id)

    def _token(self, draft: Outgoing, reference: str) -> str:
        return self._service.tokens.sign(reference, draft.partner or RESIDENT) if reference else ""

    def _head(self, draft: Outgoing, now: datetime, token: str = "") -> Head:
        local, _, domain = self._service.address.partition("@")
        fits = bool(token) and self._service.plus_addressing and len(local) + 1 + len(token) <= LOCAL_PART
        plus = f"{local}+{token}@{domain}" if fits else ""
        return Head(
            reply_to=plus,
            thread=f"case.{token}@{self._service.host}" if token else f"{OF_MAIL}{draft.header_id}",
            sender_name=self._service.name,
            sender=self._service.address,
            recipient=draft.recipient,
            header_id=draft.header_id,
            date=now.astimezone(self._service.time_zone),
            in_reply_to=None,
            others={"Auto-Submitted": "auto-generated"},
        )

    def _written(self, draft: Outgoing, head: Head, rendered: Rendered, files: Sequence[File] = ()) -> Outgoing:
        head = replace(head, others={**head.others, "X-Loop": self._service.address})
        return replace(draft, mail=assemble(head, rendered, files), problems=rendered.problems)
