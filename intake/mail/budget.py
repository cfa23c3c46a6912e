"""How much work one mail may make: counted in bytes and pieces, not seconds, so that it is always read alike (P5)."""

from __future__ import annotations

from dataclasses import dataclass

WORK = 4_000_000  # units for one mail; a byte of HTML is one, and the worst such mail takes a second or two
RTF_BYTE, SIGNED_PIECE, PROPERTY = 3, 2, 4  # units of what takes longer

BEYOND = "there is more HTML, RTF or packed matter in it than is read"


@dataclass(slots=True)
class Budget:
    """What is left of the work that one mail may make."""

    left: int = WORK
    exceeded: bool = False  # whether something was left unread

    def grant(self, wanted: int, cost: int = 1) -> int:
        """Take what `wanted` pieces cost; return how many of them there was enough for."""
        granted = min(wanted, self.left // cost)
        self.left -= granted * cost
        self.exceeded |= granted < wanted
        return granted
