"""digest items -> outbox: every partner's latest due slot, each made once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from intake.outbox import digest, late, overview
from intake.outbox.compose import Composer
from intake.rules.rulebook import Partner, Rulebook
from intake.store.database import Database

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Digester:
    """Makes the digests whose time has come."""

    database: Database
    composer: Composer
    rulebook: Callable[[], Rulebook]  # the one in force
    zone: ZoneInfo
    listed: int = 0  # the message up to which late ones were looked at

    def make_due(self) -> int:
        """Make every partner's due digest, one transaction each; return how many. Raises Temporary."""
        rulebook = self.rulebook()
        self._pass_on(rulebook)
        partners = rulebook.partners.values()
        made = sum(self._make(partner, rulebook) + self._overview(partner, rulebook) for partner in partners)
        return made + self._list_late(rulebook)

    def _overview(self, partner: Partner, rulebook: Rulebook) -> bool:
        if partner.overview is None:
            return False
        with self.database.transaction() as conn:
            made = overview.make(conn, partner, self.composer, rulebook, self.database.clock(conn))
        if made:
            log.info("overview", extra={"partner": partner.id})
        return made

    def _list_late(self, rulebook: Rulebook) -> int:
        """List the urgent messages of a backlog to the officers, when all of it is sorted (F11)."""
        with self.database.transaction() as conn:
            found = late.make(conn, self.composer, rulebook, self.listed, self.database.clock(conn))
        if found is None:
            return 0
        self.listed, mails = found
        if mails:
            log.info("late", extra={"mails": mails})
        return mails

    def _pass_on(self, rulebook: Rulebook) -> None:
        with self.database.transaction() as conn:
            passed = digest.pass_on(conn, rulebook, self.database.clock(conn))
        for partner, count in passed.items():
            log.warning("partner gone", extra={"partner": partner, "items_passed_on": count})

    def _make(self, partner: Partner, rulebook: Rulebook) -> bool:
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            since = digest.last_slot(conn, partner.id, now) or digest.oldest_open(conn, partner, rulebook)
            slot = digest.due_slot(partner, since, now, self.zone) if since else None
            queued = slot and digest.make(conn, partner, slot, self.composer, rulebook, now)
        if queued:
            log.info("digest", extra={"partner": partner.id, "outbox": queued})
        return bool(queued)
