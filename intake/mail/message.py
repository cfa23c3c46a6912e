"""What a mail is once it is read: frozen values without behaviour beyond look-ups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

UNREAD = "the mail cannot be read"  # how the defect of a mail begins that could not be taken apart


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header (RFC 5322 §3.4)."""

    name: str  # decoded display name, "" where there is none
    address: str  # addr-spec as written but for surrounding space; "" where none could be read

    @property
    def domain(self) -> str:
        """The part after the last `@`, lower case; "" without one."""
        return self.address.rpartition("@")[2].lower() if "@" in self.address else ""

    @property
    def key(self) -> str:
        """What two spellings of one address share: the whole in lower case."""
        return self.address.lower()


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that is not the body; its content is read from the raw bytes only when asked for."""

    index: int  # position among the attachments, from 0: what `parse.attachment_content(raw, index)` takes
    name: str  # decoded file name without folders; made from the type where the part has none
    type: str  # media type in lower case, as declared: "image/jpeg"
    size: int  # bytes after decoding
    sha256: str  # of the decoded bytes, hexadecimal
    inline: bool  # an image that the HTML shows in place
    verdict: str | None = None  # of the virus scanner: "clean", "infected", "unscanned", "unscannable"; None: not asked


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed mail. Every byte string gives one; what was wrong with it stands in `defects`."""

    headers: tuple[tuple[str, str], ...]  # (name in lower case, decoded and unfolded value), in order
    subject: str  # "" where there is none
    from_: tuple[Address, ...]
    sender: Address | None  # the Sender header
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    return_path: str | None  # topmost Return-Path without brackets; "" is the null path `<>`; None: no header
    date: datetime | None  # the Date header in UTC
    message_id: str | None  # without brackets
    in_reply_to: tuple[str, ...]  # ids without brackets
    references: tuple[str, ...]
    content_type: str  # of the whole message: "multipart/report"
    content_type_parameters: tuple[tuple[str, str], ...]  # ("report-type", "delivery-status"), names in lower case
    text: str  # what a person reads: the plain part, or the HTML as text; newlines are "\n"
    html: str  # the HTML part as it came, "" without one
    plain: bool  # whether `text` is a text/plain part
    attachments: tuple[Attachment, ...]
    part_types: tuple[str, ...]  # media type of every part, in order, containers included
    defects: tuple[str, ...]  # sentences, never message text: "charset 'x-foo' is unknown; read as windows-1252"
    protection: str | None  # "encrypted", "signed-opaque", "rights-managed": what keeps us from reading or vouching

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header `name` (lower case), in order."""
        return tuple(value for key, value in self.headers if key == name)

    def first(self, name: str) -> str | None:
        """Return the topmost value of the header `name` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def author(self) -> Address:
        """The first From address, an empty one where there is none."""
        return self.from_[0] if self.from_ else Address("", "")
