"""A lock that threads get in the order in which they asked: none waits for ever behind one that soon asks again."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """One thread at a time has its turn."""

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()  # of each that waits a lock that is let go when its turn comes
        self._taken = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self, seconds: float) -> bool:
        """Wait at most so many seconds for a turn; False where it did not come."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds):
            return True
        with self._guard:
            if mine not in self._waiting:  # it came at the last moment
                return True
            self._waiting.remove(mine)
            return False

    def end(self) -> None:
        """End a turn, and begin that of who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
