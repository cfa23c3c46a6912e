"""The errors that travel: what a person can mend, what passes by itself, and what does not."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file that a person edits."""

    file: str
    line: int  # 1-based; 0: the file as a whole
    column: int  # 1-based; 0: the line as a whole
    message: str  # what is wrong, one sentence without a full stop
    hint: str = ""  # what to do about it

    def __str__(self) -> str:
        """`file:line:column: message (hint)`, as compilers print it."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class IntakeError(Exception):
    """Anything this package raises on purpose."""


class UserError(IntakeError):
    """Something that the person at the keyboard, or the editor of a file, can mend: exit code 2, no traceback."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        """Carry `message` (one sentence) and every fault found, in file order."""
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Print the sentence, then a line a fault."""
        return "\n".join([*self.args, *(f"  {problem}" for problem in self.problems)])


class Temporary(IntakeError):
    """An outside fault that may pass: try again later."""


class Permanent(IntakeError):
    """An outside fault that trying again will not mend."""


def place_of(error: BaseException) -> str:
    """Return the error's type and where it was raised: its message may hold a resident's words (G4)."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
