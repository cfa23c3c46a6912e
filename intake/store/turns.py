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
        try:
            has_come = mine.acquire(timeout=seconds)
        except BaseException:  # Ctrl-C
            if not self._leave(mine):
                self.end()
            raise
        return has_come or not self._leave(mine)

    def _leave(self, mine: threading.Lock) -> bool:
        """Wait no longer; False where the turn came at the last moment."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
            return False

    def end(self) -> None:
        """End a turn, and begin that of who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
