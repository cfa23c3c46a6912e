"""One thread of the service: it works until nothing is left, waits for its bell, and outlives every fault."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from intake.errors import IntakeError, place_of
from intake.mailbox.backoff import Backoff

log = logging.getLogger(__name__)

WAIT_SECONDS = 300.0  # for a bell; the schedule rings before

Pause = Callable[[threading.Event, float], object]  # wait for an event, at most so many seconds


def _nothing(*_: str) -> None:
    """Tell nobody."""


class Loop:
    """A thread with a bell. What it fails at is told, and tried again with backoff; the stop signal ends every wait."""

    def __init__(  # noqa: PLR0913 (what it does, and how it waits and tells)
        self,
        name: str,
        work: Callable[[], None],
        *,
        backoff: Backoff,
        fault: Callable[[str], None] = _nothing,
        well: Callable[[], None] = _nothing,
        pause: Pause = threading.Event.wait,
    ) -> None:
        """`work` does all there is to do; `fault` is told the sentence of what went wrong, `well` that it is over."""
        self._work, self._fault, self._well, self._backoff, self._pause = work, fault, well, backoff, pause
        self._bell, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._unwell = False

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
        """Say that the work is done, and wait for the bell, at most `seconds`."""
        self._recovered()
        self._pause(self._bell, seconds)

    def _run(self) -> None:
        failures = 0
        while not self.stopping:
            self._bell.clear()
            try:
                self._work()
                self._recovered()
                failures = 0
            except IntakeError as error:
                failures += 1
                self._report(str(error), failures)
            except Exception as error:  # noqa: BLE001 (told and tried again: one fault must not end the service)
                failures += 1
                self._report(f"unexpected: {place_of(error)}", failures)

    def _recovered(self) -> None:
        if self._unwell:
            self._well()
            self._unwell = False

    def _report(self, error: str, failures: int) -> None:
        seconds = self._backoff.seconds(failures)
        log.warning("fault", extra={"loop": self._thread.name, "error": error, "again_in_seconds": round(seconds)})
        self._unwell = True
        try:
            self._fault(error)
        except Exception as another:  # noqa: BLE001 (a database that is away cannot be told; the log was)
            log.warning("untold", extra={"loop": self._thread.name, "error": place_of(another)})
        self._pause(self._stopping, seconds)
