"""The running service: a thread a mailbox, one each to triage, deliver, make digests and watch the rules; and bells.

A thread works until nothing is left, then waits for its bell. Bells ring by the schedule, and when the thread before
it in the river has something new. What may pass is tried again with backoff; the stop signal ends every wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from time import monotonic

from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.rules import Rules
from intake.daemon.schedule import Schedule
from intake.errors import IntakeError, Temporary, UserError, place_of
from intake.mailbox.backoff import Backoff

log = logging.getLogger(__name__)

STOP_SECONDS = 8.0  # for every thread together; a clean stop ends within ten seconds (H1)
LOAD_SECONDS = 1.0  # for a rulebook that is being loaded: that cannot be broken off, and leaves nothing half done
LOOK_SECONDS = 10.0  # after which triage looks for what another process, or a fault, left waiting
WAIT_SECONDS = 300.0  # of IDLE, and for a bell; the schedule rings before


class Loop:
    """One thread that works until nothing is left, then waits for its bell; it outlives every fault, and says so."""

    def __init__(
        self, name: str, work: Callable[[], None], *, backoff: Backoff, fault: Callable[[str], None] = lambda _: None
    ) -> None:
        """`work` does all there is to do; `fault` is told the sentence of what went wrong."""
        self._work, self._fault, self._backoff = work, fault, backoff
        self._bell, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def ring(self) -> None:
        """Say that there is work; safe from any thread."""
        self._bell.set()

    def stop(self) -> None:
        """Ask the thread to end after the piece of work in hand."""
        self._stopping.set()
        self._bell.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; True when it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether the thread was asked to end: long work looks here between two pieces."""
        return self._stopping.is_set()

    def rest(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait for the bell, at most `seconds`."""
        self._bell.wait(seconds)

    def _run(self) -> None:
        failures = 0
        while not self.stopping:
            self._bell.clear()
            try:
                self._work()
                failures = 0
            except IntakeError as error:
                failures += 1
                self._report(str(error), failures)
            except Exception as error:  # noqa: BLE001 (told and tried again: one fault must not end the service)
                failures += 1
                self._report(f"unexpected: {place_of(error)}", failures)

    def _report(self, error: str, failures: int) -> None:
        seconds = self._backoff.seconds(failures)
        log.warning("fault", extra={"loop": self._thread.name, "error": error, "again_in_seconds": round(seconds)})
        try:
            self._fault(error)
        except Exception as another:  # noqa: BLE001 (a database that is away cannot be told; the log was)
            log.warning("untold", extra={"loop": self._thread.name, "error": place_of(another)})
        self._stopping.wait(seconds)


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

    def once(self, stop: threading.Event) -> Summary:
        """Do one full pass: receive, triage, make due digests, deliver all that is due."""
        summary = Summary()
        if self.rules.fault:
            summary.faults, summary.mend = [str(self.rules.fault)], True
        self._recover()
        for receiver in self.receivers:
            receiver.stopping = stop.is_set
            if receiver.hold():
                summary.kept += self._try(summary, receiver.receive, receiver.failed)
                receiver.let_go()
            else:
                summary.faults.append(f"mailbox {receiver.source.name}: another process reads it")
        while not stop.is_set() and (triaged := self._try(summary, self.processor.process)):
            summary.triaged += triaged
        summary.digests = self._try(summary, self.digester.make_due)
        summary.delivered = self._try(summary, lambda: self._deliver_all(stop))
        self.deliverer.smtp.close()
        summary.waiting = self.deliverer.waiting()
        return summary

    def _recover(self) -> None:
        """Take up what a process that was killed had in hand."""
        self.deliverer.recover(alone=self.alone)
        if self.alone:
            self.processor.recover()

    def _try(self, summary: Summary, work: Callable[[], int], fault: Callable[[str], None] = lambda _: None) -> int:
        try:
            return work()
        except (Temporary, UserError) as error:
            summary.faults.append(str(error))
            with suppress(Temporary, UserError):  # a database that is away cannot be told
                fault(str(error))
            summary.mend = summary.mend or isinstance(error, UserError)
            return 0

    def _deliver_all(self, stop: threading.Event) -> int:
        delivered = 0
        while not stop.is_set():
            if self.deliverer.deliver():
                delivered += 1
            elif pause := self.deliverer.pause():
                stop.wait(pause)
            else:
                break
        return delivered

    def run(self, stop: threading.Event) -> bool:
        """Work until `stop` is set; False when a thread did not end in time."""
        self._recover()
        loops = self._loops()
        polls = {r.source.name: (self.poll_seconds[r.source.name], r.source.wake) for r in self.receivers}
        schedule = Schedule(
            polls, loops["deliver"].ring, loops["digests"].ring, loops["housekeeping"].ring, zone=self.zone
        )
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
        return ended

    def _loops(self) -> dict[str, Loop]:
        loops: dict[str, Loop] = {}

        def triage() -> None:
            while not loops["triage"].stopping and self.processor.process():
                loops["deliver"].ring()
            loops["triage"].rest(LOOK_SECONDS)

        def deliver() -> None:
            while not loops["deliver"].stopping and self.deliverer.deliver():
                pass
            loops["deliver"].rest(self.deliverer.pause() or WAIT_SECONDS)

        def digests() -> None:
            if self.digester.make_due():
                loops["deliver"].ring()
            loops["digests"].rest()

        def housekeeping() -> None:
            self.deliverer.recover(alone=False)
            loops["housekeeping"].rest(WAIT_SECONDS)

        for work in (triage, deliver, digests, housekeeping):
            loops[work.__name__] = Loop(work.__name__, work, backoff=self.backoff)
        loops["rules"] = self._rules()
        for receiver in self.receivers:
            loops[f"mailbox {receiver.source.name}"] = self._mailbox(receiver, loops["triage"].ring)
        return loops

    def _rules(self) -> Loop:
        loop = Loop("rules", lambda: loop.rest(self.rules.look(monotonic())), backoff=self.backoff)
        return loop

    def _mailbox(self, receiver: Receiver, found: Callable[[], None]) -> Loop:
        def work() -> None:
            if not receiver.hold():
                loop.rest(self.poll_seconds[receiver.source.name])
                return
            receiver.receive()
            if not loop.stopping:
                receiver.source.wait(self.poll_seconds[receiver.source.name])

        loop = Loop(f"mailbox {receiver.source.name}", work, backoff=self.backoff, fault=receiver.failed)
        receiver.progress = lambda _kept: found()
        receiver.stopping = lambda: loop.stopping
        return loop
