"""The other hands on a mailbox: what staff, an MTA or an operator do there while we read it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from imapclient import IMAPClient


class ImapServer(Protocol):
    """What every IMAP server of the tests offers."""

    host: str
    port: int
    password: str

    def user(self) -> str:
        """Return a user whose mailbox is empty."""
        ...


class Control:
    """A second client of one mailbox."""

    def __init__(self, server: ImapServer, user: str) -> None:
        self.client = IMAPClient(server.host, server.port, ssl=False, timeout=20)
        self.client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.plain_login(user, server.password)

    def deliver(self, raw: bytes, arrived: datetime | None = None, folder: str = "INBOX", seen: bool = False) -> None:
        """Put a message into `folder`."""
        self.client.append(folder, raw, (b"\\Seen",) if seen else (), arrived)

    def deliver_many(self, raws: list[bytes], folder: str = "INBOX") -> None:
        """Put many in at once."""
        if self.client.has_capability("MULTIAPPEND"):
            self.client.multiappend(folder, raws)
        else:
            for raw in raws:
                self.deliver(raw, folder=folder)

    def remove(self, uids: list[int], folder: str = "INBOX") -> None:
        """Expunge messages."""
        self.client.select_folder(folder)
        self.client.delete_messages(uids)
        self.client.expunge()

    def flags(self, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """Return each message's flags by UID."""
        self.client.select_folder(folder, readonly=True)
        uids = self.client.search()
        return {uid: data[b"FLAGS"] for uid, data in self.client.fetch(uids, ["FLAGS"]).items()}

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """Return the subjects in a folder, in its order."""
        self.client.select_folder(folder, readonly=True)
        answer = self.client.fetch(self.client.search(), ["ENVELOPE"])
        return [(answer[uid][b"ENVELOPE"].subject or b"").decode() for uid in sorted(answer)]

    def folders(self) -> set[str]:
        """Return every folder's decoded name."""
        return {name for _, _, name in self.client.list_folders()}


@contextmanager
def control(server: ImapServer, user: str) -> Iterator[Control]:
    """Sign in beside the source under test."""
    one = Control(server, user)
    try:
        yield one
    finally:
        one.client.logout()
