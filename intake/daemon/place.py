"""Which case a message belongs to: clues that it bears, and who may join by them (T1, T3, S7).

A token that we signed, a Message-ID of the case's thread, or the case's reference in the subject names a case. Nobody
joins by that alone: the sender must be who opened it, or a partner that has it. All others open a case of their own,
which points to the one that they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row

from intake.mail.automatic import may_be_automatic
from intake.mail.bounce_report import BounceReport
from intake.mail.message import Message
from intake.mail.screen import is_ours
from intake.mail.screen_verdicts import authenticated
from intake.mail.threading import Clues, clues, clues_of_report, sender
from intake.mail.tokens import RESIDENT, Signed, Tokens, code_in, reference_of
from intake.mail.values import Identity, Kind, Reason, Triage
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import barred
from intake.store import threads
from intake.store.recording import ALONE, Placing
from intake.store.threads import Standing

# The kinds that never open a case: they stand in the case of the mail that they are about, or in none.
CASELESS = frozenset({Kind.BOUNCE, Kind.OWN})
CASELESS_ANSWERS = frozenset({Kind.AUTO_REPLY, Kind.AUTOMATIC})  # nor do these, where they answer a mail of ours

SPOOFED = Reason("spoofed", "it names this case, but a verdict that counts says that its sender is forged")
FORGED = Reason("forged-token", "it names this case by a token that was not made here")
STRANGER = Reason("other-sender", "it names this case, but its sender neither opened it nor has it as a partner")
UNVOUCHED = Reason("unverified-partner", "it names this case, but nobody vouches that its sender is that partner")
BY_TOKEN = Reason("token", "it bears the token of our mails about this case")
BY_THREAD = Reason("thread", "it answers a message of this case, and its sender is in it")
BY_REFERENCE = Reason("reference", "its subject names this case, and its sender is in it")
ABOUT_DIGEST = Reason("about-our-mail", "a partner answers a mail of ours that is about no case, such as a digest")
ABOUT_MAIL = Reason("about-our-mail", "it is about a mail that we sent in this case")


@dataclass(frozen=True, slots=True)
class Place:
    """What was found of a message's place."""

    placing: Placing
    standing: Standing | None = None  # the case that it joins, as it stood before
    mail: Row[object] | None = None  # of a bounce or an automatic answer: the mail of ours that it is about


@dataclass(frozen=True, slots=True)
class Named:
    """A case that a message names, and by what."""

    standing: Standing
    by: Reason
    audience: str | None = None  # whom the token that names it was made for; None: no token does


@dataclass(frozen=True, slots=True)
class Places:
    """Tells where messages belong."""

    rulebook: Rulebook
    identity: Identity
    tokens: Tokens

    def find(self, conn: Connection, triage: Triage, raw: bytes, report: BounceReport | None) -> Place:
        """Return where a message belongs; `report` is what a bounce says."""
        if triage.read is None:
            return Place(ALONE)
        message = triage.read.facts.message
        if triage.kind in CASELESS:
            found = clues_of_report(message, raw, report.returned if report else message, self.identity)
            return self._of_our_mail(conn, found)
        who = sender(message, self.identity, triage.reply_address)
        if who:
            threads.hold_sender(conn, who)
        place = self._of_letter(conn, triage, message, who)
        return replace(place, placing=replace(place.placing, sender=who))

    def _of_letter(self, conn: Connection, triage: Triage, message: Message, who: str) -> Place:
        found = clues(message, self.identity)
        named = tuple(self._named(conn, found)) if found.any else ()
        if triage.kind in CASELESS_ANSWERS and (place := self._answer(conn, found, named, who)):
            return place
        if _from_ourselves(triage, message, self.identity):
            return Place(Placing(opens=False))
        place = self._joined(triage, message, named, found, who)
        is_new = place.placing.case_id is None and triage.kind is Kind.PERSON
        return (self._noted(conn, message, found, who) if is_new else None) or place

    def _noted(self, conn: Connection, message: Message, found: Clues, who: str) -> Place | None:
        """Return the place of a partner's answer to a mail that is about no case; None where it is none (T3)."""
        mail = threads.mail_about(conn, found.ours, None, None)
        partner = self.rulebook.partners.get(mail.partner) if mail is not None and mail.case_id is None else None
        if partner is None or not self.rulebook.writes_from(partner, who):
            return None
        unverified = not authenticated(message, self.identity)
        return Place(Placing(reason=ABOUT_DIGEST, note_of=partner.id, unverified=unverified), threads.NEW)

    def _of_our_mail(self, conn: Connection, found: Clues) -> Place:
        signed = self._signed(found.tokens)
        cases = threads.by_references(conn, [reference_of(one.code) for one in signed])
        audience = signed[0].audience if signed else RESIDENT
        mail = threads.mail_about(conn, found.ours, cases[0].case_id if cases else None, audience or None)
        case_id = mail.case_id if mail is not None else cases[0].case_id if cases else None
        return Place(Placing(case_id, opens=False, reason=ABOUT_MAIL if case_id else None), mail=mail)

    def _answer(self, conn: Connection, found: Clues, named: Iterable[Named], who: str) -> Place | None:
        """Return the place of a machine's answer to a mail of ours; None where it answers none."""
        about = self._of_our_mail(conn, found)
        if about.mail is not None or about.placing.case_id is not None:
            return about
        case = next((one for one in named if self._is_in(who, one.standing)), None)
        return Place(Placing(case.standing.case_id, opens=False, reason=case.by)) if case else None

    def _joined(self, triage: Triage, message: Message, named: Iterable[Named], found: Clues, who: str) -> Place:
        refused: Placing | None = None
        for one in named:
            placing = self._admitted(triage, message, one, who)
            if placing.case_id is not None:
                return Place(replace(placing, ids=found.ids), one.standing)
            refused = refused or placing
        return Place(replace(refused or ALONE, ids=found.ids))

    def _admitted(self, triage: Triage, message: Message, named: Named, who: str) -> Placing:
        """Return how the sender joins that case, or why not."""
        case_id = named.standing.case_id
        if triage.kind is Kind.SPOOFED:
            return Placing(may_belong_to=case_id, reason=SPOOFED)
        if named.by is FORGED:
            return Placing(may_belong_to=case_id, reason=FORGED)
        partner = self._partner(who, named)
        by_token = partner is not None and partner.id == named.audience
        is_vouched = authenticated(message, self.identity)
        if partner and by_token:
            is_told = partner.id not in barred(named.standing.flags)
            takes = is_vouched and is_told and not may_be_automatic(message, triage.own_words)
            taken_by = (message.author.name or who) if takes else None
            return Placing(case_id, reason=named.by, note_of=partner.id, taken_by=taken_by, unverified=not is_vouched)
        if who in named.standing.residents:
            return Placing(case_id, reason=named.by, reopens=True)
        if partner and is_vouched:
            return Placing(case_id, reason=named.by, note_of=partner.id)
        return Placing(may_belong_to=case_id, reason=UNVOUCHED if partner else STRANGER)

    def _partner(self, who: str, named: Named) -> Partner | None:
        """Return the partner that the sender is, of those that have the case: first the one whose token it is."""
        ids = dict.fromkeys([*([named.audience] if named.audience else []), *named.standing.partners])
        known = (self.rulebook.partners[id_] for id_ in ids if id_ in self.rulebook.partners)
        return next((one for one in known if self.rulebook.writes_from(one, who)), None) if who else None

    def _is_in(self, who: str, case: Standing) -> bool:
        return who in case.residents or self._partner(who, Named(case, BY_THREAD)) is not None

    def _named(self, conn: Connection, found: Clues) -> Iterator[Named]:
        """Yield the cases that a message names, by what proves most first."""
        signed = self._signed(found.tokens)
        for one in signed:
            for case in threads.by_references(conn, [reference_of(one.code)]):
                yield Named(case, BY_TOKEN, one.audience)
        for case in threads.by_ids(conn, found.ids):
            yield Named(case, BY_THREAD)
        for case in threads.by_references(conn, found.references):
            yield Named(case, BY_REFERENCE)
        known = {one.code for one in signed}
        forged = [reference_of(code) for one in found.tokens if (code := code_in(one)) not in known]
        for case in threads.by_references(conn, forged):
            yield Named(case, FORGED)

    def _signed(self, tokens: Iterable[str]) -> list[Signed]:
        audiences = (RESIDENT, *self.rulebook.partners)
        return [found for one in tokens if (found := self.tokens.read(one, audiences))]


def _from_ourselves(triage: Triage, message: Message, identity: Identity) -> bool:
    """Tell a read receipt, or an automatic reply, that the mailbox sent to itself; web forms may write from it too."""
    is_answer = triage.kind is Kind.AUTO_REPLY or (triage.reason is not None and triage.reason.code == "report")
    return is_answer and is_ours(message.author.address, identity)
