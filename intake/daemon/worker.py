"""The running service: a thread a mailbox, one for each work that `alarms.THREADS` names; and bells.

Bells ring by the schedule, and when the thread before one in the river has something new.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from functools import partial
from time import monotonic

from intake.daemon.alarms import THREADS, Alarms
from intake.daemon.deliver import Deliverer, Held
from intake.daemon.digests import Digester
from intake.daemon.escalation import Escalator
from intake.daemon.loop import WAIT_SECONDS, Loop, Pause
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.rules import Rules
from intake.daemon.scanning import Scanner
from intake.daemon.schedule import Schedule
from intake.daemon.webhooks import Webhooks
from intake.errors import Temporary, UserError
from intake.mailbox.backoff import Backoff
from intake.store import work
from intake.store.database import Database

log = logging.getLogger(__name__)

STOP_SECONDS = 8.0  # for every thread together; a clean stop ends within ten seconds (H1)
LOAD_SECONDS = 1.0  # for a rulebook that is being loaded: that cannot be broken off, and leaves nothing half done
LOOK_SECONDS = 10.0  # after which triage looks for what another process, or a fault, left waiting
TIDY_SECONDS = 60.0  # between two looks at what dead processes left, and at what has become unwell
FORGET = timedelta(days=1)  # after which a fault that a thread told counts for nothing


@dataclass(slots=True)
class Summary:
    """What one full pass did."""

    kept: int = 0
    triaged: int = 0
    digests: int = 0
    delivered: int = 0
    waiting: int = 0  # mails that are still to be sent
    faults: list[str] = field(default_factory=list)  # sentences
    mend: bool = False  # one of the faults is for a person to mend


@dataclass(slots=True)
class Service:
    """All of the daemon's work, wired; run it once, or until it is stopped."""

    receivers: tuple[Receiver, ...]
    processor: Processor
    digester: Digester
    deliverer: Deliverer
    rules: Rules  # begun
    poll_seconds: Mapping[str, int]  # by mailbox
    zone: tzinfo
    backoff: Backoff
    alone: bool  # no other process shares the database
    alarms: Alarms
    escalator: Escalator
    webhooks: Webhooks
    scanner: Scanner | None = None  # None: attachments are not scanned
    pause: Pause = threading.Event.wait  # how a thread waits

    def once(self, stop: threading.Event) -> Summary:
        """Do one full pass: receive and triage, make due digests, deliver all that is due.

        What fails is told in the summary, and the next step is tried.
        """
        summary = Summary()
        if self.rules.fault:
            summary.faults, summary.mend = [str(self.rules.fault)], True
        self._try(summary, self._recover)
        self._take_in(summary, stop)
        if self.scanner:
            self._try(summary, self.scanner.again)
        summary.digests = self._try(summary, self.digester.make_due)
        self._try(summary, self.escalator.look)
        self._try(summary, self.alarms.look)
        while not stop.is_set() and self._try(summary, self.webhooks.deliver):
            pass
        summary.delivered = self._deliver_all(summary, stop)
        self.deliverer.smtp.close()
        self.processor.pool.close()
        summary.waiting = self._try(summary, self.deliverer.waiting)
        summary.faults = list(dict.fromkeys(summary.faults))
        return summary

    def _take_in(self, summary: Summary, stop: threading.Event) -> None:
        """Receive, and sort meanwhile what is kept already."""
        bell, received = threading.Event(), threading.Event()

        def sort() -> None:
            while not stop.is_set():
                bell.clear()
                last = received.is_set()
                triaged = self._try(summary, partial(self.processor.process, stopping=stop.is_set))
                summary.triaged += triaged
                if last and not triaged:
                    return
                if not triaged:
                    bell.wait()

        with ThreadPoolExecutor(1, thread_name_prefix="triage") as beside:
            sorting = beside.submit(sort)
            try:
                for receiver in self.receivers:
                    receiver.progress, receiver.stopping = lambda _kept: bell.set(), stop.is_set
                    self._receive(summary, receiver)
            finally:
                received.set()
                bell.set()
            sorting.result()

    def _receive(self, summary: Summary, receiver: Receiver) -> None:
        def hold() -> int:
            if receiver.hold():
                return 1
            raise Temporary(f"mailbox {receiver.source.name}: another process reads it")

        def let_go() -> int:
            receiver.let_go()
            return 0

        if self._try(summary, hold):
            summary.kept += self._try(summary, receiver.receive, receiver.failed)
            self._try(summary, let_go)

    def _recover(self) -> int:
        """Take up what a process that was killed had in hand; return how much that was."""
        taken = self.deliverer.recover(alone=self.alone)
        return taken + self.processor.recover() if self.alone else taken

    def _forget(self) -> None:
        """Let the faults that dead processes told be over."""
        with self._database.transaction() as conn:
            now = self._database.clock(conn)
            work.forget(conn, now + FORGET if self.alone else now - FORGET)

    @property
    def _database(self) -> Database:
        return self.deliverer.database

    def _try(self, summary: Summary, work: Callable[[], int], fault: Callable[[str], None] = lambda _: None) -> int:
        try:
            return work()
        except (Temporary, UserError) as error:
            summary.faults.append(str(error))
            with suppress(Temporary, UserError):  # a database that is away cannot be told
                fault(str(error))
            if isinstance(error, UserError):
                summary.mend = True
            return 0

    def _deliver_all(self, summary: Summary, stop: threading.Event) -> int:
        delivered = 0

        def deliver() -> int:
            if self.deliverer.deliver():
                return 1
            if pause := self.deliverer.pause():
                stop.wait(pause)
                return -1
            return 0

        while not stop.is_set() and (done := self._try(summary, deliver)):
            delivered += max(0, done)
        return delivered

    def run(self, stop: threading.Event) -> bool:
        """Work until `stop` is set; False when a thread did not end in time."""
        self._recover()
        self._forget()
        loops = self._loops()
        polls = {r.source.name: (self.poll_seconds[r.source.name], r.source.wake) for r in self.receivers}
        rings = {name: loop.ring for name, loop in loops.items()}
        schedule = Schedule(polls, rings, zone=self.zone)
        for loop in loops.values():
            loop.start()
        schedule.start()
        log.info("started", extra={"mailboxes": len(self.receivers)})
        stop.wait()
        schedule.stop()
        ended = self._end(loops)
        log.info("stopped", extra={"clean": ended})
        return ended

    def _end(self, loops: Mapping[str, Loop]) -> bool:
        for loop in loops.values():
            loop.stop()
        for receiver in self.receivers:
            receiver.source.wake()
        deadline = monotonic() + STOP_SECONDS
        joined = [loop.join(max(0.0, deadline - monotonic())) for name, loop in loops.items() if name != "rules"]
        loops["rules"].join(LOAD_SECONDS)
        ended = all(joined)
        if ended:  # else the connections are in use, and end with the process
            with suppress(Temporary):
                for receiver in self.receivers:
                    receiver.let_go()
            self.deliverer.smtp.close()
            self.processor.pool.close()
        return ended

    def _loops(self) -> dict[str, Loop]:
        loops: dict[str, Loop] = {}
        works: Mapping[str, Callable[[Mapping[str, Loop]], None] | None] = {
            "triage": self._triage,
            "deliver": self._deliver,
            "digests": self._digests,
            "escalate": self._escalate,
            "housekeeping": self._tidy,
            "rules": self._rules,
            "scan": partial(self._scan, self.scanner) if self.scanner else None,
        }
        for name in THREADS:
            if work_ := works[name]:
                loops[name] = self._loop(name, partial(work_, loops))
        for receiver in self.receivers:
            loops[f"mailbox {receiver.source.name}"] = self._mailbox(receiver, loops["triage"].ring)
        return loops

    def _triage(self, loops: Mapping[str, Loop]) -> None:
        loop = loops["triage"]
        while not loop.stopping and self.processor.process(loops["deliver"].ring, lambda: loop.stopping):
            pass
        loop.rest(LOOK_SECONDS)

    def _deliver(self, loops: Mapping[str, Loop]) -> None:
        try:
            while not loops["deliver"].stopping and self.deliverer.deliver():
                pass
        except Held as error:  # told already, with the mails that wait
            log.warning("held", extra={"error": str(error)})
        loops["deliver"].rest(self.deliverer.pause() or WAIT_SECONDS)

    def _digests(self, loops: Mapping[str, Loop]) -> None:
        if self.digester.make_due():
            loops["deliver"].ring()
        loops["digests"].rest()

    def _escalate(self, loops: Mapping[str, Loop]) -> None:
        if self.escalator.look():
            loops["deliver"].ring()
        while not loops["escalate"].stopping and self.webhooks.deliver():
            pass
        loops["escalate"].rest()

    def _tidy(self, loops: Mapping[str, Loop]) -> None:
        self.deliverer.recover(alone=False)
        if self.alarms.look():
            loops["deliver"].ring()
        loops["housekeeping"].rest(TIDY_SECONDS)

    def _scan(self, scanner: Scanner, loops: Mapping[str, Loop]) -> None:
        while not loops["scan"].stopping and scanner.again():
            pass
        loops["scan"].rest(TIDY_SECONDS)

    def _rules(self, loops: Mapping[str, Loop]) -> None:
        loops["rules"].rest(self.rules.look(monotonic()))

    def _loop(self, name: str, step: Callable[[], None]) -> Loop:
        def fault(error: str) -> None:
            with self._database.transaction() as conn:
                work.failed(conn, name, self.deliverer.worker, self._database.clock(conn), error)

        def well() -> None:
            with self._database.transaction() as conn:
                work.well(conn, name, self.deliverer.worker)

        return Loop(name, step, backoff=self.backoff, fault=fault, well=well, pause=self.pause)

    def _mailbox(self, receiver: Receiver, found: Callable[[], None]) -> Loop:
        def poll() -> None:
            if not receiver.hold():
                loop.rest(self.poll_seconds[receiver.source.name])
                return
            receiver.receive()
            if not loop.stopping:
                receiver.source.wait(self.poll_seconds[receiver.source.name])

        name = f"mailbox {receiver.source.name}"
        loop = Loop(name, poll, backoff=self.backoff, fault=receiver.failed, pause=self.pause)
        receiver.progress = lambda _kept: found()
        receiver.stopping = lambda: loop.stopping
        return loop
