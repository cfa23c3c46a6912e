"""One SQLite file as long as a process runs: a copy put in its place would meet the log of the one before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.exc import DisconnectionError

from intake.errors import UserError


class SameFile:
    """Gives up connections whose file was moved away; refuses another in its place, to which the old log would go."""

    def __init__(self, path: Path) -> None:
        """Take the file; nothing is looked at yet."""
        self._path = path
        self._file: tuple[int, int] | None = None  # the first that was opened

    def __call__(self, *_: Any) -> None:
        """Look before a connection is used; raises DisconnectionError, UserError."""
        self.check()
        if _file(self._path) is None:
            raise DisconnectionError

    def check(self) -> None:
        """Raise UserError where there is another file; opening it would be the harm."""
        found = _file(self._path)
        self._file = self._file or found
        if found not in (None, self._file):
            raise UserError(
                f"another file was put in the place of {self._path} while this ran: stop it, leave no -wal and -shm "
                "beside the file, and start it again"
            )


def _file(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another that bears its name later; None: there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
