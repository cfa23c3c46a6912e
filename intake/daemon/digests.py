"""digest items -> outbox: every partner's latest due slot, each made once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from intake.outbox import digest
from intake.outbox.compose import Composer
from intake.rules.rulebook import Rulebook
from intake.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Digester:
    """Makes the digests whose time has come."""

    database: Database
    composer: Composer
    rulebook: Rulebook
    zone: ZoneInfo

    def make_due(self) -> int:
        """Make every partner's due digest, one transaction each; return how many. Raises Temporary."""
        return sum(self._make(partner) for partner in self.rulebook.partners)

    def _make(self, partner_id: str) -> bool:
        partner = self.rulebook.partners[partner_id]
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            since = digest.last_slot(conn, partner_id, now) or digest.oldest_open(conn, partner_id)
            slot = digest.due_slot(partner, since, now, self.zone) if since else None
            queued = slot and digest.make(conn, partner, slot, self.composer, self.rulebook, now)
        if queued:
            log.info("digest", extra={"partner": partner_id, "outbox": queued})
        return bool(queued)
