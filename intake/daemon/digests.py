"""digest items -> outbox: every partner's latest due slot, each made once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from intake.outbox import digest
from intake.outbox.compose import Composer
from intake.rules.rulebook import Partner, Rulebook
from intake.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Digester:
    """Makes the digests whose time has come."""

    database: Database
    composer: Composer
    rulebook: Callable[[], Rulebook]  # the one in force
    zone: ZoneInfo

    def make_due(self) -> int:
        """Make every partner's due digest, one transaction each; return how many. Raises Temporary."""
        rulebook = self.rulebook()
        self._pass_on(rulebook)
        return sum(self._make(partner, rulebook) for partner in rulebook.partners.values())

    def _pass_on(self, rulebook: Rulebook) -> None:
        with self.database.transaction() as conn:
            passed = digest.pass_on(conn, rulebook, self.database.clock(conn))
        for partner, count in passed.items():
            log.warning("partner gone", extra={"partner": partner, "items_passed_on": count})

    def _make(self, partner: Partner, rulebook: Rulebook) -> bool:
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            since = digest.last_slot(conn, partner.id, now) or digest.oldest_open(conn, partner.id)
            slot = digest.due_slot(partner, since, now, self.zone) if since else None
            queued = slot and digest.make(conn, partner, slot, self.composer, rulebook, now)
        if queued:
            log.info("digest", extra={"partner": partner.id, "outbox": queued})
        return bool(queued)
