"""How long to wait before a server is tried again: longer each time, up to a cap, never in step with others (F6)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `first` to `cap` seconds; jitter takes away up to half."""

    rng: Random
    first: float = 2.0
    cap: float = 300.0

    def seconds(self, attempts: int) -> float:
        """Return the seconds to wait after `attempts` failures in a row (from 1)."""
        doublings = min(max(attempts, 1) - 1, 32)
        return min(self.cap, self.first * 2.0**doublings) * self.rng.uniform(0.5, 1.0)
