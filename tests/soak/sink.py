"""An SMTP server that has what it was given on disk before it says so, and tells afterwards what that was."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from pathlib import Path

from intake.outbox.mime import SECOND_COPY
from tests.servers.smtp_sink import Received, SmtpSink

REFERENCE = re.compile(r"CSP-\w{4}-\w{3}")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that the daemon handed over up to the final dot."""

    at: float  # seconds since the epoch, when it was on disk
    recipient: str
    header_id: str  # Message-ID without brackets
    in_reply_to: str  # "" for none
    acknowledgement: bool
    second_copy: bool  # it says that it may have arrived before
    references: tuple[str, ...]  # of cases, as the text names them


class DurableSink(SmtpSink):
    """Writes a line a mail to a file, which it forces to disk before it answers 250."""

    def __init__(self, path: Path) -> None:
        """Keep the record in `path`."""
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path

    def stop(self) -> None:
        """Stop listening, and close the record."""
        super().stop()
        os.close(self._file)

    def mails(self) -> list[Mail]:
        """Return what is on disk, in order."""
        lines = self._path.read_text("utf-8").splitlines()
        return [Mail(**row | {"references": tuple(row["references"])}) for row in map(json.loads, lines)]

    def _keep(self, received: Received) -> None:
        os.write(self._file, (json.dumps(asdict(_told(received))) + "\n").encode())
        os.fsync(self._file)

    def _scripted(self, stage: str, recipient: str | None = None) -> str | None:
        """Count nothing: a soak is long."""
        with self._changed:
            return None if not self._answers else super()._scripted(stage, recipient)


def _told(received: Received) -> Mail:
    mail = message_from_bytes(received.raw, policy=policy.default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Mail(
        at=time.time(),
        recipient=received.recipients[0],
        header_id=str(mail["Message-ID"]).strip(" <>"),
        in_reply_to=str(mail["In-Reply-To"] or "").strip(" <>"),
        acknowledgement=mail["Auto-Submitted"] == "auto-replied",
        second_copy=str(mail["Subject"]).startswith(SECOND_COPY),
        references=tuple(dict.fromkeys(REFERENCE.findall(text))),
    )
