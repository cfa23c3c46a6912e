"""A sender who wants a partner kept out of a case: what of it still waits for that partner goes to others (D8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from intake.mail.values import Reason
from intake.outbox import digest, lasting, queue
from intake.outbox.compose import Composer
from intake.outbox.enclosed import as_it_came
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import barred, officers
from intake.store import cases
from intake.store.tables import digest_items, messages, outbox

KEPT_OUT = Reason("kept-out", "the sender has asked since that this partner is not told")


@dataclass(frozen=True, slots=True)
class KeptOut:
    """Takes back what waits, in the caller's transaction."""

    composer: Composer
    rulebook: Rulebook

    def act(self, conn: Connection, case_id: int, message_id: int, now: datetime) -> None:
        """Give what waits of a case for partners that its flags keep out to the partners of `general`, who may hear."""
        flags = lasting.of_message(conn, message_id)
        partners = barred(flags)
        heirs = [self.rulebook.partners[one] for one in officers(self.rulebook, flags)]
        for partner in partners:
            self._items(conn, case_id, partner, heirs, now)
            self._mails(conn, case_id, partner, heirs, now)

    def _items(self, conn: Connection, case_id: int, partner: str, heirs: Sequence[Partner], now: datetime) -> None:
        """Hand on what waits for a digest."""
        of_case = select(messages.c.id).where(messages.c.case_id == case_id)
        waits = (digest_items.c.partner == partner) & digest_items.c.digest_id.is_(None)
        gone = delete(digest_items).where(waits, digest_items.c.message_id.in_(of_case))
        for message_id in conn.scalars(gone.returning(digest_items.c.message_id)).all():
            for heir in heirs:
                digest.add(conn, heir.id, message_id, now)

    def _mails(self, conn: Connection, case_id: int, partner: str, heirs: Sequence[Partner], now: datetime) -> None:
        """Send what is not sent yet to the others instead."""
        rows = select(outbox.c.key, outbox.c.message_id).where(outbox.c.case_id == case_id, outbox.c.partner == partner)
        for row in conn.execute(rows).all():
            if row.message_id and queue.suppress(conn, row.key, KEPT_OUT, now):
                stored, reference = cases.message(conn, row.message_id), cases.reference(conn, case_id)
                triage, came = lasting.as_triage(conn, stored), as_it_came(conn, stored)
                of_case = (self.rulebook, stored.id, case_id, now)
                for heir in heirs:
                    made = self.composer.routed(triage, reference, heir, *of_case, source=came)
                    queue.enqueue(conn, made, now)
