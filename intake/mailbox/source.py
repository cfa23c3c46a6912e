"""Where mail comes from: one small protocol that IMAP folders and files of a backlog both fulfil."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies: the ledger's key (F2)."""

    mailbox: str  # the mailbox's name in config.yaml, or the path of an import
    folder: str  # decoded name: "INBOX", "Входящие"
    uidvalidity: int  # RFC 9051 §2.3.1.1; 0 for files
    uid: str  # the UID in decimal; for files the name that is stable within the import


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message as it lay there."""

    place: Place
    raw: bytes  # the whole message; b"" where `fault` says it could not be had
    arrived: datetime  # INTERNALDATE, or what a file tells; UTC
    left_behind: str = ""  # a sentence where parts were not fetched because of their size
    fault: str = ""  # a sentence where the server handed over no message (F7): quarantine it, do not settle


class Ledger(Protocol):
    """What a source asks before it fetches."""

    def known(
        self, mailbox: str, folder: str, uidvalidity: int, found: Collection[str] | None = None
    ) -> frozenset[str]:
        """Return the UIDs already kept from that folder: at least those of `found`, None: all."""
        ...


class Source(Protocol):
    """A place that mail is taken from. One connection at most, one thread at a time."""

    name: str  # as in `Place.mailbox`

    @property
    def notices(self) -> Sequence[str]:
        """What an operator should know: sentences."""
        ...

    def fetch(self, ledger: Ledger) -> Iterator[Sequence[Fetched]]:
        """Yield batches of what is there and not in the ledger, oldest first; what comes meanwhile need not wait.

        A batch is to be in the ledger before the next is asked for: the ledger is asked again and again.
        Raises Temporary when the server cannot be reached or broke off (what was yielded stays good), UserError
        when a person must change something (password, folder, certificate).
        """
        ...

    def settle(self, places: Iterable[Place]) -> None:
        """Do what is configured with messages that are kept and committed: leave them, or move them (F8).

        Idempotent; messages that have gone meanwhile are no fault. Raises as `fetch` does.
        """
        ...

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for a hint of new mail; True when there was one. `wake` ends it early.

        Never raises: where a connection fails meanwhile, the next `fetch` says so.
        """
        ...

    def wake(self) -> None:
        """End a `wait` that another thread is in; safe from any thread."""
        ...

    def close(self) -> None:
        """Log out and let go of the connection; never raises."""
        ...
