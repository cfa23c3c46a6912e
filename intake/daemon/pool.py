"""Processes that sort beside this one while there is a backlog; there are none while there is nothing to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime

from intake.mail.values import Triage
from intake.processes import here, pool_with
from intake.triage import Sorter

PATIENCE = 5  # calls before processes come: a short backlog is sorted sooner than they are up
AT_ONCE = 10  # letters that a process is handed at a time

Letter = tuple[bytes, datetime, bool]  # the raw message, when it arrived, and whether that is long ago


class Pool:
    """As many processes as there are cores, each with the rulebook in force. For one thread."""

    def __init__(self) -> None:
        """Begin without any process."""
        self._executor: ProcessPoolExecutor | None = None
        self._sorter: Sorter | None = None
        self._coming: list[Future[int]] = []  # done when the processes are up
        self._calls = 0  # since they were last sent away

    def call(self, sorter: Sorter) -> None:
        """Have processes come that sort as `sorter` does, at the fifth call: a second or two later `is_up`."""
        self._calls += 1
        if self._calls < PATIENCE or (self._executor is not None and self._sorter == sorter):
            return
        self.dismiss()
        self._executor = pool_with(sorter)
        self._sorter = sorter
        self._coming = [self._executor.submit(_is_up) for _ in range(os.cpu_count() or 1)]

    def is_up(self, sorter: Sorter) -> bool:
        """Whether processes that sort as `sorter` does are there."""
        return self._sorter == sorter and all(one.done() and not one.exception() for one in self._coming)

    @property
    def processes(self) -> set[int]:
        """The ids of those that have answered."""
        return {one.result() for one in self._coming if one.done()}

    def sort(self, letters: Sequence[Letter]) -> Iterator[Triage]:
        """Yield what each letter was sorted to, in order; later ones go on meanwhile. Once `is_up`.

        Raises whatever sorting raises, and BrokenProcessPool where a process is ended from outside: then none is up.
        """
        if self._executor is None:
            raise BrokenProcessPool("there is none")
        futures: list[Future[list[Triage]]] = []
        try:
            parts = (letters[start : start + AT_ONCE] for start in range(0, len(letters), AT_ONCE))
            futures += (self._executor.submit(_sort, part) for part in parts)
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
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._sorter = None
        self._coming, self._calls = [], 0


def _is_up() -> int:
    return os.getpid()


def _sort(letters: Sequence[Letter]) -> list[Triage]:
    sorter: Sorter = here()
    return [sorter.triage(raw, arrived, late=late) for raw, arrived, late in letters]
