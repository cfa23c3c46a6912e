"""The inside of a Microsoft 365 of ours: mailboxes, and the transport that rewrites what is submitted."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import format_datetime

FOLDERS = {  # decoded name -> attributes; told although SPECIAL-USE is not among the capabilities
    "INBOX": r"\HasNoChildren",
    "Drafts": r"\HasNoChildren \Drafts",
    "Sent Items": r"\HasNoChildren \Sent",
    "Deleted Items": r"\HasNoChildren \Trash",
    "Junk Email": r"\HasNoChildren \Junk",
}
PASS = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom={domain}; dkim=pass (signature was verified) header.d={domain};"
PASSED = f"{PASS}dmarc=pass action=none header.from={{domain}};compauth=pass reason=100"
INTERNAL = "dkim=none (message not signed) header.d=none;dmarc=none action=none header.from={domain};"

STUB = "error text"  # FETCH hands over a text that says that the message could not be converted
NOTHING = "nothing"  # FETCH says OK and hands over no data


@dataclass(slots=True)
class Stored:
    """One message in a folder."""

    raw: bytes
    arrived: datetime
    size: int  # what RFC822.SIZE says: an estimate
    fault: str = ""  # STUB or NOTHING
    flags: set[str] = field(default_factory=set)
    told: bool = False  # whether a read receipt was sent


@dataclass(slots=True)
class Folder:
    """One folder of a mailbox."""

    uidvalidity: int
    attributes: str = r"\HasNoChildren"
    messages: dict[int, Stored] = field(default_factory=dict)  # by UID, ascending
    next_uid: int = 1
    listeners: list[Callable[[], None]] = field(default_factory=list)  # told when something arrives


@dataclass(slots=True)
class Mailbox:
    """One mailbox, shared or not: it is opened by its own address."""

    address: str
    folders: dict[str, Folder]
    suppress_receipts: bool = False  # ImapSuppressReadReceipt


@dataclass(frozen=True, slots=True)
class Submitted:
    """One mail that a client handed over, as it did."""

    user: str
    sender: str  # the envelope sender that the client asked for
    recipients: tuple[str, ...]
    raw: bytes
    assigned: str  # the Message-ID that it got instead of its own, with brackets
    at: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """One mail on its way out of the tenant, as its recipient gets it."""

    sender: str  # envelope
    recipient: str
    raw: bytes


class PostOffice:
    """All mailboxes of a tenant. What is for one of them is delivered, all else is carried out and recorded."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.mailboxes: dict[str, Mailbox] = {}
        self.forwards: dict[str, str] = {}  # an address outside that sends all it gets on to another
        self.submitted: list[Submitted] = []
        self.carried: list[Carried] = []
        self.receipts: list[Carried] = []  # read receipts, among `carried` too where they leave the tenant
        self.changed = threading.Condition(self.lock)

    def open(self, address: str) -> Mailbox:
        """Return a new, empty mailbox."""
        folders = {name: Folder(1000 + n, attributes) for n, (name, attributes) in enumerate(FOLDERS.items())}
        self.mailboxes[address.lower()] = Mailbox(address, folders)
        return self.mailboxes[address.lower()]

    def deliver(
        self,
        address: str,
        raw: bytes,
        *,
        sender: str = "",
        verdict: str = PASSED,
        fault: str = "",
        factor: float | None = None,
        folder: str = "INBOX",
    ) -> int:
        """Put a letter from outside into a mailbox; return its UID. `factor` is what its size is announced by."""
        with self.changed:
            box = self._box(address)
            place = box.folders[folder]
            uid, place.next_uid = place.next_uid, place.next_uid + 1
            whole = self._stamped(raw, sender, verdict)
            estimate = (0.75, 1.0, 1.3)[uid % 3] if factor is None else factor
            place.messages[uid] = Stored(whole, self.clock(), int(len(whole) * estimate), fault)
            self.changed.notify_all()
            for listener in list(place.listeners):
                listener()
        return uid

    def submit(self, user: str, sender: str, recipients: tuple[str, ...], raw: bytes) -> str:
        """Take a mail: Message-ID and envelope sender are replaced, a copy goes to Sent Items; return the new id."""
        with self.changed:
            assigned = f"<{uuid.uuid4().hex.upper()}@AM0P000MB0001.EURP000.PROD.OUTLOOK.test>"
            self.submitted.append(Submitted(user, sender, recipients, raw, assigned, self.clock()))
            rewritten = _with_id(raw, assigned)
            self.deliver(user, rewritten, sender=user, verdict=INTERNAL, folder="Sent Items")
            for recipient in recipients:
                self._carry(user, recipient, rewritten)
            self.changed.notify_all()
        return assigned

    def downloaded(self, box: Mailbox, stored: Stored) -> None:
        """Answer a request for a read receipt when a client downloads the message, unless that is suppressed."""
        with self.changed:
            asked = message_from_bytes(stored.raw, policy=policy.default)["Disposition-Notification-To"]
            if asked is None or stored.told or box.suppress_receipts:
                return
            stored.told = True
            recipient = str(asked).strip().strip("<>")
            self.receipts.append(Carried("", recipient, _receipt(box.address, recipient, self.clock())))
            self._carry("", recipient, self.receipts[-1].raw)

    def _carry(self, sender: str, recipient: str, raw: bytes) -> None:
        address = recipient.lower()
        local, _, domain = address.partition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        if plain in self.mailboxes:
            self.deliver(plain, raw, sender=sender, verdict=INTERNAL)
            return
        self.carried.append(Carried(sender, recipient, raw))
        if address in self.forwards:
            self.deliver(self.forwards[address], raw, sender=recipient)

    def _box(self, address: str) -> Mailbox:
        return self.mailboxes[address.lower()]

    def _stamped(self, raw: bytes, sender: str, verdict: str) -> bytes:
        """Return the letter under the headers that the servers put before it; none bears an authserv-id."""
        author = sender or str(message_from_bytes(raw, policy=policy.compat32)["From"] or "")
        told = verdict.format(domain=author.rpartition("@")[2].strip("<> ") or "none")
        head = (
            f"Return-Path: <{sender}>\r\n"
            "Received: from AM0P000MB0001.EURP000.PROD.OUTLOOK.test (2001:db8::1) by\r\n"
            f" AM0P000MB0002.EURP000.PROD.OUTLOOK.test with HTTPS; {format_datetime(self.clock())}\r\n"
            + (f"Authentication-Results: {told}\r\n" if told else "")
        )
        return head.encode() + _crlf(raw)


def _crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _with_id(raw: bytes, assigned: str) -> bytes:
    """Return the mail with its Message-ID replaced; the other headers stay as they are."""
    head, _, body = _crlf(raw).partition(b"\r\n\r\n")
    kept = [line for line in _fields(head) if not line.lower().startswith(b"message-id:")]
    return b"\r\n".join([*kept, b"Message-ID: " + assigned.encode(), b"", body])


def _fields(head: bytes) -> list[bytes]:
    """Return the header's fields, folded as they are."""
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields


def _receipt(address: str, recipient: str, now: datetime) -> bytes:
    """Return a read receipt (RFC 8098) as Exchange writes one."""
    return (
        f"From: {address}\r\nTo: {recipient}\r\nSubject: Read: your message\r\nDate: {format_datetime(now)}\r\n"
        f"Message-ID: <{uuid.uuid4().hex}@OUTLOOK.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour message was read.\r\n"
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Final-recipient: RFC822;{address}\r\nDisposition: automatic-action/MDN-sent-automatically; displayed\r\n"
        "--b--\r\n"
    ).encode()
