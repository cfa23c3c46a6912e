"""Raw bytes to a Message: mail-parser reads the mail once it is made fit, and what it leaves open is settled here."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from urllib.parse import unquote

import mailparser
from mailparser.utils import get_addresses

from intake.mail import headers as header
from intake.mail.body import Body, body
from intake.mail.charsets import decode, storable
from intake.mail.message import UNREAD, Address, Attachment, Message
from intake.mail.mime import Prepared, prepare
from intake.mail.opened import Opener
from intake.mail.parts import Container, Leaf, leaves, tree
from intake.mail.protection import protection

_CONTENT_ID = re.compile(r"cid:([^\"'\s<>)]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_NAMES = re.compile(r'"[^"]*+"?|=\?[^?\s]*+\?[^?]*+\?[^?]*+\?=|\([^)]*+\)?')
_AROUND = "\"' "  # what may stand around a name
_LONGEST_DATE = 100
_QUIET = logging.CRITICAL + 1


def parse(raw: bytes) -> Message:
    """Read a mail (RFC 5322, MIME). Every byte string gives a Message, with its faults in `defects`;
    only MemoryError is raised.

    Nothing in the result holds a NUL or a lone surrogate. Time and memory are linear in the size of `raw`; header
    fields, nesting, the number of parts and the text are bounded (see `mime` and `body`).
    """
    try:
        return _message(_Mail(raw))
    except MemoryError:  # says nothing of the mail: it may be read another time
        raise
    except Exception as error:  # noqa: BLE001 (P2: whatever the outside parser stumbles over becomes a defect)
        return _unread(raw, type(error).__name__)


def attachment_content(raw: bytes, index: int) -> bytes:
    """Return the decoded content of the attachment of that `index` in `parse(raw).attachments`.

    Raises IndexError where there is no such attachment.
    """
    found = next(islice(attachment_contents(raw), index, None), None) if index >= 0 else None
    if found is None:
        raise IndexError(f"there is no attachment {index}")
    return found()


def attachment_contents(raw: bytes) -> Iterator[Callable[[], bytes]]:
    """Yield, for each of `parse(raw).attachments` in order, what decodes its content when called."""
    content = _Mail(raw).body
    yield from (leaf.content for leaf in content.rest)
    yield from (partial(bytes, data) for _, data in content.uuencoded)


class _Mail:
    """A raw mail at the stage where mail-parser has read it."""

    def __init__(self, raw: bytes) -> None:
        log = logging.getLogger(mailparser.__name__)
        if log.level != _QUIET:
            log.setLevel(_QUIET)  # it logs what it cannot read, word for word (G4)
        self.prepared: Prepared = prepare(raw)
        self.topmost = dict(reversed(self.prepared.fields))
        self.parser = mailparser.parse_from_bytes(self.prepared.skeleton)
        self.inner: list[Prepared] = []  # what signed parts hold
        self.opener = Opener(self._entity)
        self.tree = self.opener.opened(tree(self.parser.message, raw, self.prepared.bodies))
        self.body: Body = body(self.tree, self.opener.budget)

    def _entity(self, raw: bytes) -> Leaf | Container:
        """Read a MIME entity within the mail."""
        prepared = prepare(raw)
        self.inner.append(prepared)
        return tree(mailparser.parse_from_bytes(prepared.skeleton).message, raw, prepared.bodies)

    def raw_value(self, name: str) -> str | None:
        """The topmost field `name`, encoded words not yet read."""
        return self.topmost.get(name)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of an address field (RFC 5322 §3.4)."""
        value = self.raw_value(name)
        if not value:
            return ()
        found = self.parser.from_ if name == "from" else getattr(self.parser, name.replace("-", "_"))
        return _mailboxes(found) or _guessed_mailbox(value)


def _mailboxes(found: Sequence[tuple[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(_shown(name), storable(address.strip())) for name, address in found if address)


def _shown(text: str) -> str:
    """Return a name or subject as it may be shown."""
    return header.clean(header.decode_words(storable(text))).strip()


def _guessed_mailbox(value: str) -> tuple[Address, ...]:
    """Make what can be made of an address field that follows no grammar: one address, or a name alone.

    An address that stands within a quoted or encoded name is none: nobody vouches for it.
    """
    text = header.decode_words(value).replace("<>", "").strip()
    bare = _NAMES.sub(" ", value).strip()
    if not text or bare.endswith(";"):  # nobody, or an empty group
        return ()
    found = list(dict.fromkeys(_ADDRESS.findall(bare)))
    address = found[0] if len(found) == 1 else ""
    return (Address(_shown(text.replace(address, "").replace("<>", "")).strip(_AROUND), address),)


def _message(mail: _Mail) -> Message:
    fields = mail.prepared.fields
    subject = header.decode_words(mail.raw_value("subject") or "")
    date, date_defect = _date(mail)
    attachments = _attachments(mail.body)
    return Message(
        headers=tuple((name, header.decode_words(value)) for name, value in fields),
        subject=header.clean(subject).strip(),
        from_=mail.addresses("from"),
        sender=_sender(mail.raw_value("sender")),
        reply_to=mail.addresses("reply-to"),
        to=mail.addresses("to"),
        cc=mail.addresses("cc"),
        return_path=_return_path(mail.raw_value("return-path")),
        date=date,
        message_id=next(iter(header.message_ids(mail.raw_value("message-id") or "")), None),
        in_reply_to=header.message_ids(mail.raw_value("in-reply-to") or ""),
        references=header.message_ids(mail.raw_value("references") or ""),
        content_type=mail.prepared.types[0],
        content_type_parameters=mail.prepared.type_parameters,
        text=mail.body.text,
        html=mail.body.html,
        plain=mail.body.plain,
        attachments=attachments,
        part_types=tuple(each for one in (mail.prepared, *mail.inner) for each in one.types),
        defects=_defects(mail, subject, date_defect),
        protection=protection(mail.prepared.types[0], [*mail.opener.packages, *leaves(mail.tree)], mail.body.text),
    )


def _sender(value: str | None) -> Address | None:
    if not value:
        return None
    found = _mailboxes(get_addresses(header.repair_words(value), decode_names=True)) or _guessed_mailbox(value)
    return found[0] if found else None


def _return_path(value: str | None) -> str | None:
    if value is None:
        return None
    inner = re.search(r"<([^<>]*)>", value)
    return (inner[1] if inner else value).strip()


def _date(mail: _Mail) -> tuple[datetime | None, str]:
    """Return the Date in UTC, and a defect: "" where it follows RFC 5322 §3.3."""
    value = mail.raw_value("date")
    if mail.parser.date is not None:
        return mail.parser.date.astimezone(UTC), ""
    if not value:
        return None, "there is no Date header" if value is None else "the Date header is empty"
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(value[:_LONGEST_DATE])
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if found.year >= 1900:
            return found, "the Date header is malformed; read all the same"
    return None, "the Date header cannot be read"


def _attachments(content: Body) -> tuple[Attachment, ...]:
    shown = {unquote(cid) for cid in _CONTENT_ID.findall(content.html)}
    found = [
        _attachment(n, leaf.file_name(), leaf.type, leaf.content(), inline=_is_inline(leaf, shown, content.html))
        for n, leaf in enumerate(content.rest)
    ]
    for name, data in content.uuencoded:
        named = header.file_name(decode(name)[0], "application/octet-stream")
        found.append(_attachment(len(found), named, "application/octet-stream", data, inline=False))
    return tuple(found)


def _attachment(index: int, name: str, media: str, data: bytes, *, inline: bool) -> Attachment:
    return Attachment(index, name, media, len(data), sha256(data).hexdigest(), inline)


def _is_inline(leaf: Leaf, shown: set[str], html: str) -> bool:
    """Whether the HTML shows this image in place. A photograph in a mail without HTML stands for itself."""
    if not leaf.type.startswith("image/"):
        return False
    if leaf.content_id in shown:
        return True
    return bool(html) and leaf.disposition != "attachment" and bool(leaf.content_id or leaf.disposition)


def _defects(mail: _Mail, subject: str, date_defect: str) -> tuple[str, ...]:
    parts = [defect for one in (mail.prepared, *mail.inner) for defect in one.defects]
    found = [*parts, *mail.opener.defects, *mail.body.defects, *filter(None, [date_defect])]
    if sum(name == "from" for name, _ in mail.prepared.fields) > 1:
        found.append("there is more than one From header; the topmost counts")
    if subject != header.clean(subject):
        found.append("the subject holds marks that turn the direction of text; left out")
    found += [f"the {fault['header']} header: {fault['reason']}" for fault in mail.parser.address_header_defects]
    found += [f"the date header: {fault['reason']}" for fault in mail.parser.date_header_defects]
    return tuple(dict.fromkeys(found))


def _unread(raw: bytes, error: str) -> Message:
    """Make a Message of a mail that could not be read as one: its bytes as text."""
    text, _ = decode(raw[:100_000])
    return Message(
        headers=(),
        subject="",
        from_=(),
        sender=None,
        reply_to=(),
        to=(),
        cc=(),
        return_path=None,
        date=None,
        message_id=None,
        in_reply_to=(),
        references=(),
        content_type="text/plain",
        content_type_parameters=(),
        text=text,
        html="",
        plain=True,
        attachments=(),
        part_types=("text/plain",),
        defects=(f"{UNREAD} ({error}); what is shown is its raw text",),
        protection=None,
    )
