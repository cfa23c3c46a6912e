"""Emergencies -> outbox: whoever is next is asked, and those who were asked are told when somebody has taken it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from intake.outbox.alerts import Alerts
from intake.outbox.compose import Composer
from intake.outbox.escalate import Escalation
from intake.rules.rulebook import Rulebook
from intake.store import emergencies
from intake.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Escalator:
    """Looks after the emergencies that nobody has taken."""

    database: Database
    composer: Composer
    rulebook: Callable[[], Rulebook]  # the one in force
    alerts: Alerts
    zone: ZoneInfo

    def look(self) -> int:
        """Go on with each emergency, one transaction each; return how many mails and webhooks that makes.

        Whichever process comes second to one leaves it alone. Raises Temporary.
        """
        escalation = Escalation(self.composer, self.rulebook(), self.alerts, self.zone)
        with self.database.read() as conn:
            waiting = [(escalation.go_on, one) for one in emergencies.ids(conn, "open")]
            waiting += [(escalation.tell, one) for one in emergencies.ids(conn, "over")]
        return sum(self._do(act, message_id) for act, message_id in waiting)

    def _do(self, act: Callable[..., int], message_id: int) -> int:
        with self.database.transaction() as conn:
            made = act(conn, message_id, self.database.clock(conn))
        if made:
            log.info("escalation", extra={"message_id": message_id, "queued": made})
        return made
