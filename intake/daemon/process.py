"""inbox -> triage and outbox rows: what is decided and what is to be sent are recorded in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from intake.daemon.echo import not_returned
from intake.daemon.follow import followed, pressing
from intake.daemon.place import Place, Places
from intake.daemon.pool import Pool
from intake.daemon.scanning import Scanner
from intake.errors import Temporary, place_of
from intake.mail.bounce_report import BounceReport, read_report
from intake.mail.values import Delivery, Kind, Reason, Triage, Urgency
from intake.outbox import digest, queue
from intake.outbox.alerts import Alerts
from intake.outbox.bounced import Bounced
from intake.outbox.compose import Composer
from intake.outbox.enclosed import Source
from intake.outbox.escalate import Escalation, away, first
from intake.outbox.kept_out import KeptOut
from intake.outbox.sharing import overseen
from intake.rules.weigh import barred
from intake.store import ceilings, claims, emergencies, quarantine, recording, rulebooks, tasks, threads
from intake.store.claims import Claimed, ClaimLost
from intake.store.database import Database
from intake.store.recording import Batch, Recorded, batched
from intake.triage import Sorter, is_to_be_reached

Progress = Callable[[], None]
Stopping = Callable[[], bool]
log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # for all that is claimed at once; a worker that comes late is told so when it records
BATCH = 50  # messages recorded in one transaction
LONGEST_SECONDS = 1.0  # that are spent on sorting before what is sorted is recorded
TURNS = 8  # batches at most that one rulebook sorts while processes help, before a new one is looked for
ATTEMPTS = 8  # claims of one message that always came first when the process died
DEAD = Reason("dead-address", "our mail to this address came back for good: see `intake case dead`")


@dataclass(frozen=True, slots=True)
class Processor:
    """Triages what waits in the inbox."""

    database: Database
    sorter: Callable[[], Sorter]  # the one that sorts by the rulebook in force
    composer: Composer
    worker: str  # who claims: unique among the processes that share the database
    scanner: Scanner | None = None  # None: attachments are not scanned
    alerts: Alerts | None = None  # who hears of a partner's mail that came back; None: nobody
    pool: Pool = field(default_factory=Pool)  # what helps with a backlog
    seconds: Callable[[], float] = time.monotonic  # of any clock that never goes back

    def process(self, progress: Progress = lambda: None, stopping: Stopping = lambda: False) -> int:
        """Triage some of what waits by one rulebook; return how many messages that is. Raises Temporary.

        `progress` is called each time that something is recorded, and mails may have been queued. Nothing more is
        claimed once it is `stopping`.
        """
        sorter = self.sorter()
        rulebook = sorter.rulebook
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            claims.let_go(conn, self.worker)  # what a fault of a moment ago left half done
            claimed = claims.claim(conn, self.worker, now, LEASE, BATCH)
            if claimed:
                rulebooks.keep_rulebook(conn, rulebook.version, rulebook.files, now)
        try:
            return self._all(claimed, sorter, progress, stopping)
        except Temporary:
            self._give_back(claimed[0])
            raise

    def _call_or_dismiss(self, waiting: int, sorter: Sorter) -> None:
        if waiting >= BATCH:
            self.pool.call(sorter)
        elif not waiting:
            self.pool.dismiss()

    def _all(self, claimed: Sequence[Claimed], sorter: Sorter, progress: Progress, stopping: Stopping) -> int:
        """Sort the first alone: it is the one that is counted as tried, should the process end over it.

        Processes that sort are handed the next batch before this one is recorded, so that they never wait for the disk.
        """
        if claimed:
            self._first(claimed[0], sorter)
            progress()
        self._call_or_dismiss(len(claimed), sorter)
        count, batch = len(claimed), claimed[1:]
        triages = self._sorted(batch, sorter)
        turns = TURNS
        while batch:
            turns -= 1
            is_more = turns and self.pool.is_up(sorter) and not stopping()
            ahead = self._ahead() if is_more else []
            handed = self._sorted(ahead, sorter)
            self._batch(batch, triages, sorter, progress)
            count, batch, triages = count + len(ahead), ahead, handed
        return count

    def _ahead(self) -> list[Claimed]:
        """Claim one more batch; nothing of it counts as tried, for another process sorts it."""
        with self.database.transaction() as conn:
            claimed = claims.claim(conn, self.worker, self.database.clock(conn), LEASE, BATCH)
            if claimed:
                claims.spare(conn, claimed[0])
        return claimed

    def _batch(self, claimed: Sequence[Claimed], triages: Iterator[Triage], sorter: Sorter, progress: Progress) -> None:
        """Record these together, or each alone where that fails."""
        while claimed:
            done = self._together(claimed, triages, sorter)
            for claim in claimed if not done else ():
                self._one(claim, sorter)
            progress()
            claimed = claimed[done or len(claimed) :]

    def _first(self, claim: Claimed, sorter: Sorter) -> None:
        if claim.attempt > ATTEMPTS:
            self._quarantine(claim, "triage", "the process that sorted it ended, again and again")
        elif not self._one(claim, sorter):
            with self.database.transaction() as conn:
                claims.spare(conn, claim)

    def _sorted(self, claimed: Sequence[Claimed], sorter: Sorter) -> Iterator[Triage]:
        """Yield what each is sorted to, in order; in processes beside this one where there are any."""
        letters = [(one.raw, one.arrived_at, one.late) for one in claimed]
        if self.pool.is_up(sorter):
            with suppress(BrokenProcessPool):
                return self.pool.sort(letters)
        return (sorter.triage(raw, arrived, late=late) for raw, arrived, late in letters)

    def _together(self, claimed: Sequence[Claimed], triages: Iterator[Triage], sorter: Sorter) -> int:
        """Record the first of these in one transaction, which the disk makes durable once; return how many, 0 for none.

        That is a batch, or what was sorted before some seconds were over: their claims do not last.
        """
        batch: list[Triage] = []
        began = self.seconds()
        try:
            for triage, claim in zip(triages, claimed, strict=False):
                batch.append(self._scanned(triage, claim))
                if len(batch) == BATCH or self.seconds() - began > LONGEST_SECONDS:
                    break
            self._record(claimed[: len(batch)], batch, sorter)
        except Exception as error:  # noqa: BLE001 (each is then tried alone, which tells with which it was)
            log.warning("not together", extra={"deliveries": len(claimed), "error": place_of(error)})
            return 0
        return len(batch)

    def _give_back(self, first: Claimed) -> None:
        """Let others have what a fault that passes kept from its outcome; it counts against no message."""
        with suppress(Temporary), self.database.transaction() as conn:
            claims.let_go(conn, self.worker, unharmed=first)

    def recover(self) -> int:
        """Take back what dead processes had claimed; for a process that knows to be alone. Raises Temporary."""
        with self.database.transaction() as conn:
            return claims.let_go(conn)

    def _one(self, claim: Claimed, sorter: Sorter) -> bool:
        """Sort and record one message by itself; False where its claim ran out meanwhile."""
        stage = "triage"
        try:
            triage = self._scanned(sorter.triage(claim.raw, claim.arrived_at, late=claim.late), claim)
            stage = "record"
            self._record([claim], [triage], sorter)
        except Temporary:
            raise
        except ClaimLost:
            log.warning("claim lost", extra={"delivery": claim.delivery_id})
            return False
        except Exception as error:  # noqa: BLE001 (whatever it is, the message is quarantined with it)
            self._quarantine(claim, stage, place_of(error))
        return True

    def _scanned(self, triage: Triage, claim: Claimed) -> Triage:
        return self.scanner.checked(triage, claim.raw) if self.scanner else triage

    def _record(self, claimed: Sequence[Claimed], triages: Sequence[Triage], sorter: Sorter) -> None:
        """Record the outcome of each, and queue what it causes, in one transaction."""
        with self.database.transaction() as conn, batched(conn, *claimed) as batch:
            now = self.database.clock(conn)
            recorded = [
                self._outcome(batch, claim, triage, sorter, now) for claim, triage in zip(claimed, triages, strict=True)
            ]
        for claim, one in zip(claimed, recorded, strict=True):
            log.info("recorded", extra={"delivery": claim.delivery_id, "message_id": one.message_id})

    def _outcome(self, batch: Batch, claim: Claimed, triage: Triage, sorter: Sorter, now: datetime) -> Recorded:
        conn, rulebook = batch.conn, sorter.rulebook
        report = (
            read_report(triage.read.facts.message, claim.raw) if triage.kind is Kind.BOUNCE and triage.read else None
        )
        place = Places(rulebook, sorter.identity, self.composer.tokens).find(conn, triage, claim.raw, report)
        if place.standing is not None:
            triage = followed(triage, place.placing, place.standing, rulebook)
        triage = overseen(triage, rulebook, self.composer.today(now))
        triage = _reachable(conn, not_returned(triage, rulebook))
        exempt = {one.address for one in sorter.identity.intermediaries}
        triage = ceilings.within(conn, triage, place.placing.sender, exempt, now)
        recorded = recording.record(batch, claim, triage, now, place.placing)
        if not recorded.duplicate:
            self._queue(batch, triage, recorded, place, claim, sorter, now)
            if recorded.case_id and (place.placing.case_id or barred(triage.decision.flags)):
                batch.write()
                KeptOut(self.composer, rulebook).act(conn, recorded.case_id, recorded.message_id, now)
            if recorded.case_id and not claim.late and not place.placing.note_of and is_to_be_reached(triage):
                tasks.begin(conn, recorded.message_id, recorded.case_id, now)
            self._heed(batch, triage, place, report, recorded, sorter, now)
        return recorded

    def _queue(  # noqa: PLR0913, PLR0917 (what came, what was decided, by which rulebook, and where it is kept)
        self,
        batch: Batch,
        triage: Triage,
        recorded: Recorded,
        place: Place,
        claim: Claimed,
        sorter: Sorter,
        now: datetime,
    ) -> None:
        """Queue every mail that this message causes."""
        conn, rulebook, ids = batch.conn, sorter.rulebook, (recorded.message_id, recorded.case_id)
        if triage.acknowledge and not recorded.repeated_id:
            answer = self.composer.acknowledgement(triage, recorded.reference, *ids, now, rulebook.answers)
            queue.enqueue(conn, answer, now)
        now_wanted = any(one.delivery is Delivery.NOW for one in triage.decision.routes) and not claim.late
        is_asked = now_wanted and self._is_asked(conn, triage, recorded, place, now)
        is_pressing = pressing(triage, place.standing) is Urgency.EMERGENCY
        for route in triage.decision.routes:
            partner = rulebook.partners[route.partner]
            if route.delivery is Delivery.NOW and not claim.late:
                ask = first(rulebook, partner.id, now, sorter.zone) if is_asked else None
                opens = None if is_pressing else rulebook.rota.opens(partner.id, now, sorter.zone)
                routed = partial(self.composer.routed, source=Source(claim.raw, claim.arrived_at), ask=ask)
                mail = routed(triage, recorded.reference, partner, rulebook, *ids, now)
                queue.enqueue(conn, mail, now, opens)
            else:
                digest.add_later(batch, route.partner, recorded.message_id, now)

    @staticmethod
    def _is_asked(conn: Connection, triage: Triage, recorded: Recorded, place: Place, now: datetime) -> bool:
        """Begin an emergency where this is one; return whether somebody must take its case."""
        if recorded.case_id is None:
            return False
        begins = triage.decision.urgency is Urgency.EMERGENCY and not place.placing.taken_by
        if begins:
            emergencies.begin(conn, recorded.message_id, recorded.case_id, now)
        return begins or (place.placing.case_id is not None and bool(emergencies.of_case(conn, recorded.case_id)))

    def _heed(  # noqa: PLR0913, PLR0917 (what came back, why, and what is known of it)
        self,
        batch: Batch,
        triage: Triage,
        place: Place,
        report: BounceReport | None,
        recorded: Recorded,
        sorter: Sorter,
        now: datetime,
    ) -> None:
        """Act on a bounce of a mail that failed for good (S7), and on a machine's answer to an emergency (O8)."""
        conn, concerned = batch.conn, list[int]()
        failed = next((one for one in (report.failures if report else ()) if one.permanent), None)
        if failed and place.mail is not None:
            batch.write()
            bounced = Bounced(self.composer, sorter.rulebook, self.alerts)
            acted = bounced.act(conn, place.mail, failed.status, recorded.message_id, now)
            log.warning("came back", extra={"outbox": place.mail.id, "kind": place.mail.kind, "acted": acted})
            concerned = [place.mail.message_id] if place.mail.message_id else []
        elif triage.kind is Kind.AUTO_REPLY and recorded.case_id is not None:
            ours = place.mail.id if place.mail is not None else None
            concerned = away(conn, recorded.case_id, ours, triage.from_address)
        escalation = Escalation(self.composer, sorter.rulebook, self.alerts, sorter.zone)
        if concerned:
            batch.write()
        for message_id in concerned:
            escalation.go_on(conn, message_id, now)

    def _quarantine(self, claim: Claimed, stage: str, error: str) -> None:
        with self.database.transaction() as conn:
            quarantine.quarantine(conn, claim.delivery_id, stage, error, self.database.clock(conn))
        log.error("quarantined", extra={"delivery": claim.delivery_id, "error": error})


def _reachable(conn: Connection, triage: Triage) -> Triage:
    """Return the triage, without its acknowledgement where our mail to that address came back for good (S7)."""
    if triage.acknowledge and triage.reply_address and threads.is_dead(conn, triage.reply_address):
        return replace(triage, acknowledge=None, acknowledge_reason=DEAD)
    return triage
