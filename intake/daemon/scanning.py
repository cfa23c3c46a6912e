"""Attachments are offered to the virus scanner before a message is recorded; what could not be, as soon as it answers.

No message waits for the scanner: where it does not answer, or the message is an emergency, the message is recorded as
unscanned, its attachments are kept back, and they are offered again from a thread of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from time import monotonic

from intake.clamd import Clamd
from intake.errors import Permanent, Temporary
from intake.mail.parse import attachment_contents
from intake.mail.values import Triage, Urgency
from intake.store import cases, scanning
from intake.store.database import Database
from intake.store.scanning import CLEAN, INFECTED, UNSCANNABLE, UNSCANNED

log = logging.getLogger(__name__)

AWAY_SECONDS = 60.0  # for which a scanner that did not answer is not asked before a message is recorded
BATCH = 20  # messages that are offered again at a time


@dataclass(slots=True)
class Scanner:
    """Knows what the virus scanner says of attachments."""

    clamd: Clamd
    database: Database
    clock: Callable[[], float] = monotonic
    away_until: float = field(default=float("-inf"), init=False)

    def checked(self, triage: Triage, raw: bytes) -> Triage:
        """Return `triage` with a verdict on every attachment, and a flag where one is not clean. Never waits long."""
        if not triage.attachments:
            return triage
        verdicts = [UNSCANNED] * len(triage.attachments)
        if triage.decision.urgency is not Urgency.EMERGENCY and self.clock() >= self.away_until:
            try:
                verdicts = self._verdicts(attachment_contents(raw))
            except Temporary as error:
                self.away_until = self.clock() + AWAY_SECONDS
                log.warning("unscanned", extra={"error": str(error)})
        found = zip(triage.attachments, verdicts, strict=True)
        attachments = tuple(replace(one, verdict=verdict) for one, verdict in found)
        flags = tuple(dict.fromkeys((*triage.decision.flags, *scanning.flags(verdicts))))
        return replace(triage, attachments=attachments, decision=replace(triage.decision, flags=flags))

    def again(self) -> int:
        """Offer what is unscanned, in no order, so that none stands before the others; return how many messages were.

        Raises Temporary at the first that gets no answer.
        """
        with self.database.read() as conn:
            waiting = scanning.unscanned(conn, BATCH)
        for message_id in waiting:
            with self.database.read() as conn:
                raw = cases.raw(conn, message_id)
            verdicts = self._verdicts(attachment_contents(raw))
            with self.database.transaction() as conn:
                scanning.settle(conn, message_id, verdicts)
            log.info("scanned", extra={"message_id": message_id, "flags": scanning.flags(verdicts)})
        return len(waiting)

    def _verdicts(self, contents: Iterable[Callable[[], bytes]]) -> list[str]:
        """Return what the scanner says of each; Raises Temporary."""
        return [self._verdict(content()) for content in contents]

    def _verdict(self, content: bytes) -> str:
        try:
            return INFECTED if self.clamd.scan(content) else CLEAN
        except Permanent as error:
            log.warning("unscannable", extra={"error": str(error)})
            return UNSCANNABLE
