"""Processes that sort beside this one while there is a backlog; there are none while there is nothing to do."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from threading import Thread

from intake.errors import place_of
from intake.mail.values import Triage
from intake.processes import here, pool_with
from intake.triage import Sorter

log = logging.getLogger(__name__)

PATIENCE = 2  # calls before processes come: a short backlog is sorted sooner than they are up
CLOSE_SECONDS = 2.0  # that processes are waited for that come while the service ends
AT_ONCE = 10  # letters that a process is handed at a time

Letter = tuple[bytes, datetime, bool]  # the raw message, when it arrived, and whether that is long ago


class Pool:
    """As many processes as there are cores, each with the rulebook in force. For one thread."""

    def __init__(self) -> None:
        """Begin without any process."""
        self._coming: Future[ProcessPoolExecutor] | None = None  # done when every process is up
        self._sorter: Sorter | None = None
        self._calls = 0  # since they were last sent away
        self._beginning: Thread | None = None  # the last that had processes come

    def call(self, sorter: Sorter) -> None:
        """Have processes come that sort as `sorter` does, at the second call: a second or two later `is_up`."""
        if self._coming is not None and self._coming.done() and self._coming.exception():
            self.dismiss()  # and they are asked for anew
        self._calls += 1
        if self._calls < PATIENCE or self._sorter == sorter:
            return
        self.dismiss()
        self._sorter, self._coming = sorter, Future()
        # Beside: each is handed the rulebook by a pipe, which it does not empty before it is up.
        self._beginning = Thread(target=_begin, args=(sorter, self._coming), name="pool", daemon=True)
        self._beginning.start()

    def is_up(self, sorter: Sorter) -> bool:
        """Whether processes that sort as `sorter` does are there."""
        coming = self._coming
        return self._sorter == sorter and coming is not None and coming.done() and not coming.exception()

    def sort(self, letters: Sequence[Letter]) -> Iterator[Triage]:
        """Have letters sorted from now on, once `is_up`; yield what each was sorted to, in order.

        Raises whatever sorting raises, and BrokenProcessPool where a process is ended from outside: then none is up.
        """
        if self._coming is None:
            raise BrokenProcessPool("there is none")
        executor = self._coming.result()
        parts = (letters[start : start + AT_ONCE] for start in range(0, len(letters), AT_ONCE))
        try:
            futures = [executor.submit(_sort, part) for part in parts]
        except BrokenProcessPool:
            self.dismiss()
            raise
        return self._results(futures)

    def _results(self, futures: Sequence[Future[list[Triage]]]) -> Iterator[Triage]:
        try:
            for future in futures:
                yield from future.result()
        except BrokenProcessPool:
            self.dismiss()
            raise
        finally:
            for future in futures:
                future.cancel()

    def dismiss(self) -> None:
        """Have the processes end."""
        if self._coming is not None:
            self._coming.add_done_callback(_end)
        self._coming = self._sorter = None
        self._calls = 0

    def close(self) -> None:
        """Have the processes end, for the service does; those that are still coming end some moments later."""
        self.dismiss()
        if self._beginning is not None:
            self._beginning.join(CLOSE_SECONDS)


def _begin(sorter: Sorter, coming: Future[ProcessPoolExecutor]) -> None:
    executor = pool_with(sorter)
    try:
        for one in [executor.submit(_is_up) for _ in range(os.cpu_count() or 1)]:
            one.result()
    except Exception as error:  # noqa: BLE001 (whatever keeps them away, the service sorts alone meanwhile)
        log.warning("no processes to sort", extra={"error": place_of(error)})
        executor.shutdown(wait=False, cancel_futures=True)
        coming.set_exception(error)
    else:
        coming.set_result(executor)


def _end(coming: Future[ProcessPoolExecutor]) -> None:
    if not coming.exception():
        coming.result().shutdown(wait=False, cancel_futures=True)


def _is_up() -> None:
    """Answer."""


def _sort(letters: Sequence[Letter]) -> list[Triage]:
    sorter: Sorter = here()
    return [sorter.triage(raw, arrived, late=late) for raw, arrived, late in letters]
