"""A ledger in memory, and letters to fill a mailbox with."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from email.utils import format_datetime

from intake.mailbox.source import Fetched, Place, Source


class Kept:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.places: set[Place] = set()

    def known(
        self, mailbox: str, folder: str, uidvalidity: int, found: Collection[str] | None = None
    ) -> frozenset[str]:
        """Return the UIDs of that folder, or those of `found` alone."""
        there = (mailbox, folder, uidvalidity)
        uids = frozenset(p.uid for p in self.places if (p.mailbox, p.folder, p.uidvalidity) == there)
        return uids if found is None else uids & frozenset(found)


def letter(number: int, arrived: datetime, body: bytes = b"A street lamp is broken.\r\n") -> bytes:
    """Return a message as a server would hand it over."""
    head = (
        f"Received: from relay.example.net by mx.example.org with ESMTPS id {number};\r\n"
        f"\t{format_datetime(arrived)}\r\n"
        f"From: resident{number}@example.net\r\n"
        f"To: safety@example.org\r\n"
        f"Subject: letter {number}\r\n"
        f"Message-ID: <{number}@example.net>\r\n\r\n"
    )
    return head.encode() + body


def fetched(source: Source, ledger: Kept) -> Iterator[Fetched]:
    """Yield all that a source yields; each batch is in the ledger before the next is asked for."""
    for batch in source.fetch(ledger):
        ledger.places.update(one.place for one in batch)
        yield from batch


def everything(source: Source, ledger: Kept | None = None) -> list[Fetched]:
    """Return the same as a list."""
    return list(fetched(source, ledger or Kept()))
