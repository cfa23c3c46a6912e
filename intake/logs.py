"""The log: JSON lines on standard error, which hold ids and never a message's text or an address (G4)."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event and ids; never a message's text or an address (G4)."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extra = {key: value for key, value in vars(record).items() if key not in self._PLAIN}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": at, "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        return json.dumps(head | extra, default=str)


def log_to_stderr() -> None:
    """Send the package's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("intake").setLevel(logging.INFO)
