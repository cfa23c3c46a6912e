"""A mail of ours that came back for good: its row says so, and what a partner has not had goes another way (S7, D3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, update

from intake.outbox import digest, lasting, queue
from intake.outbox.alerts import Alerts
from intake.outbox.compose import Composer
from intake.outbox.enclosed import as_it_came
from intake.outbox.views import Alert
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import barred, officers
from intake.store import cases, emergencies, threads
from intake.store.tables import outbox

CAME_BACK = "bounced"
_WAITS = "Its items wait for the next digest."
_OF_EMERGENCY = {  # by how far it is: the escalation says who gets it
    "open": "The emergency goes to the next contact.",
    "alerted": "Everybody else was asked to take the emergency already.",
    "over": "Somebody has taken the emergency.",
    "told": "Somebody has taken the emergency.",
}


@dataclass(frozen=True, slots=True)
class Bounced:
    """Acts on a permanent failure, in the caller's transaction."""

    composer: Composer
    rulebook: Rulebook
    alerts: Alerts | None

    def act(self, conn: Connection, mail: Row[Any], status: str, bounce_id: int, now: datetime) -> bool:
        """Act on it; False where that mail is known to have come back. `status` is RFC 3463's, or ""."""
        said = f"came back: {status}" if status else "came back"
        is_answer = mail.kind == "acknowledgement"  # the mark on its address tells all that there is to be done
        known = func.coalesce(outbox.c.reason_code, "") == CAME_BACK
        sent = (outbox.c.id == mail.id) & outbox.c.state.in_(("sent", "unknown")) & ~known
        state = "sent" if is_answer else "given-up"
        changes = {"state": state, "mail": None, "reason_code": CAME_BACK, "reason_detail": said}
        if conn.execute(update(outbox).where(sent).values(changes)).rowcount == 0:
            return False
        if is_answer:
            threads.mark_dead(conn, mail.recipient, bounce_id, said, now)
        elif mail.partner is not None:
            self._partner(conn, mail, said, now)
        return True

    def refused(self, conn: Connection, row_id: int, worker: str, why: str, now: datetime) -> bool:
        """Give up what the server refused for good while `worker` sent it; False where that holds it no longer.

        A partner's mail goes another way, and an alert says so; what a digest held without another way waits for the
        next (D3).
        """
        mail = queue.held_by(conn, row_id, worker)
        if mail is None:
            return False
        has_gone = mail.partner is not None and self._partner(conn, mail, f"refused: {why}", now, waits="digest")
        return queue.give_up(conn, row_id, worker, why, now, reopen=not has_gone)

    def _partner(self, conn: Connection, mail: Row[Any], said: str, now: datetime, *, waits: str = "") -> bool:
        """Send what came back another way, and alert; False where it went nowhere. What `waits` needs a fallback."""
        partner = self.rulebook.partners.get(mail.partner)
        known = partner is not None and partner.fallback and mail.recipient.lower() != partner.fallback.lower()
        ways = {"digest": self._digest, "routed": self._routed}  # of other kinds nothing is lost
        emergency = emergencies.state_of(conn, mail.message_id)
        stays = mail.kind == waits and not known
        told = None if emergency or stays else ways.get(mail.kind)
        heirs = told(conn, mail, partner if known else None, now) if told else []
        names = ", ".join(dict.fromkeys(one.name for one in heirs))
        goes = f"It goes to {names} instead." if names else "Nobody else may get it: see `intake outbox`."
        goes = _WAITS if stays else _OF_EMERGENCY.get(emergency or "", goes)
        self._alert(conn, mail, partner, said, goes, now)
        return bool(heirs)

    def _heirs(self, conn: Connection, message_id: int, without: str) -> list[Partner]:
        """Return the partners of `general` who may hear of that message, but for the one whose mail came back."""
        found = officers(self.rulebook, lasting.of_message(conn, message_id))
        return [self.rulebook.partners[one] for one in found if one != without]

    def _routed(self, conn: Connection, mail: Row[Any], fallback_of: Partner | None, now: datetime) -> list[Partner]:
        """Send what came back once more, by the fallback or to others; return to whom."""
        if mail.partner in barred(lasting.of_message(conn, mail.message_id)):
            fallback_of = None
        heirs = [fallback_of] if fallback_of else self._heirs(conn, mail.message_id, mail.partner)
        stored = cases.message(conn, mail.message_id)
        triage, came = lasting.as_triage(conn, stored), as_it_came(conn, stored)
        ids = (mail.message_id, mail.case_id)
        reference = cases.reference(conn, mail.case_id)
        for one in heirs:
            again = fallback_of is not None
            made = self.composer.routed(triage, reference, one, self.rulebook, *ids, now, again=again, source=came)
            queue.enqueue(conn, made, now)
        return heirs

    def _digest(self, conn: Connection, mail: Row[Any], fallback_of: Partner | None, now: datetime) -> list[Partner]:
        """Send the digest once more by the fallback, or have others get its items in theirs; return to whom."""
        slot, items = digest.items_of(conn, mail.id, self.rulebook)
        found: list[Partner] = []
        if fallback_of:
            told = [one for one in items if fallback_of.id not in barred(one.flags)]
            queue.enqueue(conn, self.composer.digest(fallback_of, told, self.rulebook, slot, now, again=True), now)
            items = [one for one in items if fallback_of.id in barred(one.flags)]
            found = [fallback_of]
        for item in items:
            heirs = self._heirs(conn, item.message_id, mail.partner)
            for one in heirs:
                digest.add(conn, one.id, item.message_id, now, mail.partner)
            found += heirs
        return found

    def _alert(  # noqa: PLR0913, PLR0917 (what came back, and where it goes)
        self, conn: Connection, mail: Row[Any], partner: Partner | None, said: str, goes: str, now: datetime
    ) -> None:
        if self.alerts is None:
            return
        name = partner.name if partner else mail.partner
        told = Alert(
            topic=f"bounced:{mail.partner}",
            title=f"Mail to {name} came back",
            sentence=f"The address of {name} in rules/partners.yaml does not take our mail. {goes}",
            lines=(f"{mail.kind}, outbox {mail.id}: {said}",),
        )
        self.alerts.raised(conn, told, now)
