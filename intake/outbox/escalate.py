"""An emergency that nobody has taken goes on to the next contact, until a named person has taken it (O8).

Who has been asked stands in the outbox, each contact once for a message; what is next is worked out anew from the rota
in force. At the end of every chain come the officers, then an alert.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select, update

from intake.mail.addresses import address_key
from intake.mail.values import Delivery, Reason
from intake.outbox import lasting, queue
from intake.outbox.alerts import Alerts
from intake.outbox.compose import Composer
from intake.outbox.enclosed import as_it_came
from intake.outbox.outgoing import TRY_FOR, Outgoing
from intake.outbox.views import Alert, Ask, Taken
from intake.rules.rota import MINUTES, Contact
from intake.rules.rulebook import Rulebook
from intake.rules.weigh import barred, officers
from intake.store import cases, emergencies
from intake.store.cases import StoredMessage
from intake.store.emergencies import Emergency
from intake.store.tables import messages, outbox

TAKEN = Reason("taken", "a named person has taken the emergency, or its case is closed")
AWAY = Reason("away", "an automatic answer came: nobody may be reading there")
_KINDS = ("routed", "webhook")
_FAILED = frozenset({AWAY.code, "bounced"})


class Step(NamedTuple):
    """One contact that an emergency is put to."""

    partner: str  # as whose people it answers
    contact: Contact


class Asked(NamedTuple):
    """A contact that was asked."""

    partner: str
    key: str  # the contact's
    at: datetime
    failed: bool  # known not to have reached anybody


@dataclass(frozen=True, slots=True)
class Row:
    """A contact that was asked, as people are shown it: no address."""

    partner: str
    kind: str  # routed, webhook
    asked_at: datetime
    state: str  # of the mail, and what is known of it
    outbox: int


def history(conn: Connection, message_id: int) -> list[Row]:
    """Return who was asked about a message, in order."""
    return [
        Row(one.partner or "", one.kind, one.queued_at, " ".join(filter(None, (one.state, one.reason_code))), one.id)
        for one in _rows(conn, message_id)
    ]


def chain(rulebook: Rulebook, partner: str, flags: Iterable[str], now: datetime, zone: ZoneInfo) -> tuple[Step, ...]:
    """Return whom an emergency is put to for a partner at that hour, in order: its contacts, then the officers'."""
    flags = tuple(flags)
    steps = [
        Step(id_, contact)
        for id_ in dict.fromkeys((partner, *officers(rulebook, flags)))
        if id_ in rulebook.partners and id_ not in barred(flags)
        for contact in _contacts(rulebook, id_, now, zone)
    ]
    return tuple({one.contact.key: one for one in reversed(steps)}.values())[::-1]


def _contacts(rulebook: Rulebook, partner: str, now: datetime, zone: ZoneInfo) -> tuple[Contact, ...]:
    known = rulebook.partners[partner]
    addresses = (known.address, *([known.fallback] if known.fallback else []))
    return rulebook.rota.contacts(partner, now, zone) or tuple(Contact(one) for one in addresses)


def following(steps: Sequence[Step], asked: Sequence[Asked], now: datetime) -> Step | bool:
    """Return whom to ask now; False: nobody yet; True: everybody has been asked, and had their minutes.

    `asked` are those of this chain, in order; of two partners' chains that end alike, each goes on by its own last. A
    contact that was not reached has no minutes, nor has one that was asked in what is the future since the clock was
    set back.
    """
    known = {one.key for one in asked}
    step = next((one for one in steps if one.contact.key not in known), None)
    colleagues = [one for one in asked if step and one.partner == step.partner]
    minutes = {one.contact.key: one.contact.minutes for one in steps}
    for last in (colleagues or asked)[-1:]:
        if not last.failed and abs(now - last.at) < timedelta(minutes=minutes.get(last.key, MINUTES)):
            return False
    return step or True


def first(rulebook: Rulebook, partner: str, now: datetime, zone: ZoneInfo) -> Ask:
    """Return whom an emergency is put to first."""
    return Ask(_contacts(rulebook, partner, now, zone)[0].address)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Puts emergencies to the next contact, each in the caller's transaction."""

    composer: Composer
    rulebook: Rulebook
    alerts: Alerts | None
    zone: ZoneInfo

    def go_on(self, conn: Connection, message_id: int, now: datetime) -> int:
        """Ask whoever is next, or tell that all were asked in vain; return how many mails and webhooks that makes."""
        emergency = emergencies.hold(conn, message_id, "open")
        if emergency is None:
            return 0
        stored, all_asked = cases.message(conn, message_id), _asked(conn, message_id)
        flags = lasting.of_message(conn, message_id)
        made, ended = 0, True
        for partner in _routed_now(stored):
            steps = chain(self.rulebook, partner, flags, now, self.zone)
            keys = {one.contact.key for one in steps}
            asked = [one for one in all_asked if one.partner == partner or one.key in keys]
            step = following(steps, asked, now)
            ended = ended and step is True
            if isinstance(step, Step) and self._ask(conn, step, stored, emergency, now):
                made += 1
                all_asked.append(Asked(step.partner, step.contact.key, now, failed=False))
        return self._give_alarm(conn, emergency, now) if ended else made

    def tell(self, conn: Connection, message_id: int, now: datetime) -> int:
        """Tell those who were asked that the emergency is over, and ask nobody who waits to be; return how many."""
        emergency = emergencies.hold(conn, message_id, "over")
        if emergency is None:
            return 0
        emergencies.move(conn, message_id, "told")
        for key in _keys(conn, message_id):
            queue.suppress(conn, key, TAKEN, now)
        told = sum(self._tell(conn, emergency, address, now) for address in _reached(conn, emergency))
        alert = Alert(_topic(emergency), f"The emergency {emergency.reference} has been taken", "Nobody need act.", ())
        return told + bool(self.alerts and self.alerts.mended(conn, alert, now))

    def _ask(self, conn: Connection, step: Step, stored: StoredMessage, emergency: Emergency, now: datetime) -> bool:
        key = f"{_prefix(emergency.message_id)}{_hash(step.contact.key)}"
        if step.contact.webhook:
            return queue.enqueue(conn, _webhook(step, key, emergency, now), now)
        ask = Ask(step.contact.address, key, emergency.opened_at)
        ids = (emergency.message_id, emergency.case_id)
        partner = self.rulebook.partners[step.partner]
        routed = partial(self.composer.routed, source=as_it_came(conn, stored), ask=ask)
        mail = routed(lasting.as_triage(conn, stored), emergency.reference, partner, self.rulebook, *ids, now)
        return queue.enqueue(conn, mail, now)

    def _give_alarm(self, conn: Connection, emergency: Emergency, now: datetime) -> int:
        emergencies.move(conn, emergency.message_id, "alerted")
        reference = emergency.reference
        sentence = (
            "Everybody was asked, and nobody has taken it. Call somebody: `intake show` has the case, "
            f"`intake escalation` whom the mails went to. Then: intake case take {reference} --by NAME"
        )
        alert = Alert(_topic(emergency), f"Nobody has taken the emergency {reference}", sentence, ())
        return int(bool(self.alerts and self.alerts.raised(conn, alert, now)))

    def _tell(self, conn: Connection, emergency: Emergency, address: str, now: datetime) -> bool:
        partner = self.rulebook.partners.get(emergency.partner or "")
        name = partner.name if partner else emergency.partner or ""
        told = Taken(emergency.reference, emergency.taken_by or "", name, emergency.taken_at)
        key = f"taken:{emergency.case_id}:{emergency.taking_id or f'm{emergency.message_id}'}:{_hash(address)}"
        return queue.enqueue(conn, self.composer.taken(key, address, told, now), now)


def away(conn: Connection, case_id: int, mail_id: int | None, sender: str) -> list[int]:
    """Note that an automatic answer came to what was asked of its sender; return the emergencies that concerns."""
    open_ones = emergencies.of_case(conn, case_id)
    if not open_ones:
        return []
    ours = [outbox.c.id == mail_id] if mail_id is not None else []
    answered = or_(outbox.c.recipient_key == address_key(sender), *ours)
    sent = outbox.c.message_id.in_(open_ones) & (outbox.c.kind == "routed") & outbox.c.state.in_(("sent", "unknown"))
    changes = {"reason_code": AWAY.code, "reason_detail": AWAY.detail}
    found = update(outbox).where(sent, answered).values(changes).returning(outbox.c.message_id)
    return sorted(set(conn.scalars(found)))


def _routed_now(stored: StoredMessage) -> Iterator[str]:
    return (one.partner for one in stored.routes if one.delivery is Delivery.NOW)


def _asked(conn: Connection, message_id: int) -> list[Asked]:
    """Return who was asked about a message, in order."""
    return [
        Asked(
            row.partner or "",
            row.recipient if row.kind == "webhook" else row.recipient.lower(),
            row.queued_at,
            row.state == "given-up" or row.reason_code in _FAILED,
        )
        for row in _rows(conn, message_id)
    ]


def _rows(conn: Connection, message_id: int) -> Sequence[Any]:
    names = ("id", "partner", "kind", "recipient", "queued_at", "state", "reason_code")
    of_message = outbox.c.kind.in_(_KINDS) & (outbox.c.message_id == message_id)
    return conn.execute(select(*(outbox.c[name] for name in names)).where(of_message).order_by(outbox.c.id)).all()


def _keys(conn: Connection, message_id: int) -> list[str]:
    """Return the keys of those further contacts that were asked about a message."""
    mine = (outbox.c.message_id == message_id) & outbox.c.key.startswith(_prefix(message_id), autoescape=True)
    return list(conn.scalars(select(outbox.c.key).where(mine)))


def _reached(conn: Connection, emergency: Emergency) -> list[str]:
    """Return the addresses that were asked and may have had it, but for who took it and who is kept out."""
    author = conn.scalar(select(messages.c.from_address).where(messages.c.id == emergency.note)) or ""
    sent = outbox.c.state.not_in(("given-up", "suppressed"))
    mine = (outbox.c.message_id == emergency.message_id) & (outbox.c.kind == "routed") & sent
    blocked = {*barred(lasting.of_message(conn, emergency.message_id))}
    rows = conn.execute(select(outbox.c.recipient, outbox.c.partner).where(mine).order_by(outbox.c.id))
    told = [row.recipient for row in rows if row.partner not in blocked and row.recipient.lower() != author.lower()]
    return list({one.lower(): one for one in told}.values())


def _webhook(step: Step, key: str, emergency: Emergency, now: datetime) -> Outgoing:
    """Return what a webhook is told: numbers and the reference, nothing that was written."""
    told: Mapping[str, object] = {
        "event": "emergency-not-taken",
        "reference": emergency.reference,
        "message": emergency.message_id,
        "partner": step.partner,
        "since": emergency.opened_at.isoformat(timespec="seconds"),
    }
    return Outgoing(
        key=key,
        kind="webhook",
        recipient=step.contact.webhook,
        partner=step.partner,
        message_id=emergency.message_id,
        case_id=emergency.case_id,
        header_id="",
        priority=0,
        mail=json.dumps(told).encode("ascii"),
        envelope_from="",
        expires_at=now + TRY_FOR,
    )


def _prefix(message_id: int) -> str:
    return f"escalation:{message_id}:"


def _topic(emergency: Emergency) -> str:
    return f"emergency {emergency.message_id}"


def _hash(key: str) -> str:
    return hashlib.sha256(key.lower().encode("utf-8", "replace")).hexdigest()[:32]
