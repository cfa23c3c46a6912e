"""How one IMAP mailbox is reached, and what is done with its folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from intake.errors import UserError
from intake.loopback import is_loopback

JUNK = "\\Junk"  # as a folder's name: the one that the server marks as junk (RFC 6154 §2)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder that is read."""

    name: str  # decoded, as people see it: "INBOX", "Входящие"; or JUNK
    move: bool = True  # to `move_to`, where there is one, once a message is kept; False: it is left


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """One mailbox. Raises UserError for settings that must not be."""

    name: str  # what the ledger and the log call it: `Place.mailbox`
    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]  # "none" to loopback only (X2)
    user: str = field(repr=False)
    secret: str | Callable[[], str] = field(repr=False)  # password or access token; asked anew for each connection
    auth: Literal["password", "xoauth2"] = "password"
    refused: Callable[[], None] = lambda: None  # told when the server does not accept the secret
    folders: tuple[Folder, ...] = (Folder("INBOX"),)  # the first is the one that IDLE watches
    move_to: str | None = None  # the folder that kept messages are moved to; None: they stay
    idle: bool = True  # whether to use IDLE where the server has it
    size_limit: int = 50_000_000  # bytes above which only the text is fetched
    since: date | None = None  # what arrived before this day (UTC) is not taken in
    timeout: float = 30.0  # seconds without a byte after which the connection is given up
    ca_file: Path | None = None  # PEM certificates to trust instead of the system's

    def __post_init__(self) -> None:
        """Refuse clear text over a network, and a folder that feeds itself."""
        if self.tls == "none" and not is_loopback(self.host):
            raise UserError(f"mailbox {self.name}: `tls: none` is for this machine only; use `tls` or `starttls`")
        if not self.folders:
            raise UserError(f"mailbox {self.name}: there is no folder to read")
        if self.move_to is not None and same_folder(self.move_to, *(folder.name for folder in self.folders)):
            raise UserError(f"mailbox {self.name}: `{self.move_to}` is read itself; move kept messages elsewhere")


def same_folder(name: str, *others: str) -> bool:
    """Say whether `name` is one of `others`; INBOX in any case is one folder (RFC 9051 §5.1)."""
    return any(name == other or name.upper() == other.upper() == "INBOX" for other in others)
