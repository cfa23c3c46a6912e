"""A Microsoft 365 of ours on loopback: IMAP, submission and token endpoint that belong together.

It behaves as its users and makers report: see the modules beside it. The clock is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tests.servers.m365_imap import ImapEnd
from tests.servers.m365_post import PostOffice
from tests.servers.m365_smtp import Submission
from tests.servers.m365_tokens import TokenEndpoint


def _now() -> datetime:
    return datetime.now(UTC)


class Microsoft365:
    """One tenant. Use it as a context manager."""

    def __init__(self, *addresses: str, clock: Callable[[], datetime] = _now) -> None:
        """Open a mailbox for each address."""
        self.clock = clock
        self.post = PostOffice(clock)
        self.tokens = TokenEndpoint(clock)
        self.imap = ImapEnd(self.post, self.tokens)
        self.smtp = Submission(post=self.post, tokens=self.tokens).start()
        for address in addresses:
            self.post.open(address)

    def __enter__(self) -> Microsoft365:
        return self

    def __exit__(self, *_: object) -> None:
        self.smtp.stop()
        self.imap.stop()
        self.tokens.stop()

    def inbox(self, address: str) -> dict[int, bytes]:
        """Return what lies in a mailbox's INBOX: UID -> raw."""
        with self.post.lock:
            return {uid: one.raw for uid, one in self.post.mailboxes[address].folders["INBOX"].messages.items()}
