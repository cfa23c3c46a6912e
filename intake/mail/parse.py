"""Raw bytes to a Message: the mail is mapped, mail-parser reads addresses and dates, and the rest is settled here."""

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
from mailparser.dates import parse_mail_date
from mailparser.utils import get_addresses

from intake.mail import headers as header
from intake.mail.body import Body, body
from intake.mail.charsets import decode, storable
from intake.mail.message import UNREAD, Address, Attachment, Message
from intake.mail.mime import LONGEST_FIELD, Map, mapped
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
    """A raw mail, its parts told apart and those packed into one opened."""

    def __init__(self, raw: bytes) -> None:
        log = logging.getLogger(mailparser.__name__)
        if log.level != _QUIET:
            log.setLevel(_QUIET)  # it logs what it cannot read, word for word (G4)
        self.map: Map = mapped(raw)
        self.topmost = dict(reversed(self.map.fields))
        self.inner: list[Map] = []  # what signed parts hold
        self.opener = Opener(self._entity)
        self.tree = self.opener.opened(tree(self.map.top, raw))
        self.body: Body = body(self.tree, self.opener.budget)

    def _entity(self, raw: bytes) -> Leaf | Container:
        """Read a MIME entity within the mail."""
        found = mapped(raw)
        self.inner.append(found)
        return tree(found.top, raw)

    def raw_value(self, name: str) -> str | None:
        """The topmost field `name`, encoded words not yet read."""
        return self.topmost.get(name)

    def fit_value(self, name: str, *, all_: bool = False) -> str:
        """The first field `name` that says something, or `all_` of them, so that every parser can read it."""
        values = [value for key, value in self.map.fields if key == name and value]
        return header.repair_words(", ".join(values if all_ else values[:1])[:LONGEST_FIELD])


def _addresses(mail: _Mail) -> tuple[dict[str, tuple[Address, ...]], list[str]]:
    """Return the mailboxes of every address field (RFC 5322 §3.4), by name, and what is wrong with the fields."""
    found: dict[str, tuple[Address, ...]] = {}
    defects: list[str] = []
    for name in ("cc", "from", "reply-to", "to"):
        value, faults = mail.raw_value(name), list[dict[str, str]]()
        found_here = get_addresses(mail.fit_value(name, all_=name in ("cc", "to")), defects=faults, decode_names=True)
        defects += [f"the {name} header: {fault['reason']}" for fault in faults]
        pairs = [("" if shown == address else shown, address) for shown, address in found_here]
        found[name] = _mailboxes(pairs) or _guessed_mailbox(value) if value else ()
    return found, defects


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
    fields, top = mail.map.fields, mail.map.top
    subject = header.decode_words(mail.raw_value("subject") or "")
    addresses, address_faults = _addresses(mail)
    date, date_defect, date_faults = _date(mail)
    return Message(
        headers=tuple((name, header.decode_words(value)) for name, value in fields),
        subject=header.clean(subject).strip(),
        from_=addresses["from"],
        sender=_sender(mail.raw_value("sender")),
        reply_to=addresses["reply-to"],
        to=addresses["to"],
        cc=addresses["cc"],
        return_path=_return_path(mail.raw_value("return-path")),
        date=date,
        message_id=next(iter(header.message_ids(mail.raw_value("message-id") or "")), None),
        in_reply_to=header.message_ids(mail.raw_value("in-reply-to") or ""),
        references=header.message_ids(mail.raw_value("references") or ""),
        content_type=top.type,
        content_type_parameters=tuple(top.values.items()),
        text=mail.body.text,
        html=mail.body.html,
        plain=mail.body.plain,
        attachments=_attachments(mail.body),
        part_types=tuple(each for one in (mail.map, *mail.inner) for each in one.types),
        defects=_defects(mail, subject, date_defect, address_faults + date_faults),
        protection=protection(top.type, [*mail.opener.packages, *leaves(mail.tree)], mail.body.text),
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


def _date(mail: _Mail) -> tuple[datetime | None, str, list[str]]:
    """Return the Date in UTC, a defect, "" where it follows RFC 5322 §3.3, and what mail-parser says against it."""
    value, read_strictly = mail.raw_value("date"), parse_mail_date(mail.fit_value("date") or None)
    faults = [f"the date header: {reason}" for reason in read_strictly.reasons]
    if read_strictly.value is not None:
        return read_strictly.value, "", faults
    return *_malformed_date(value), faults


def _malformed_date(value: str | None) -> tuple[datetime | None, str]:
    """Make what can be made of a Date that follows no grammar."""
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


def _defects(mail: _Mail, subject: str, date_defect: str, faults: list[str]) -> tuple[str, ...]:
    parts = [defect for one in (mail.map, *mail.inner) for defect in one.defects]
    found = [*parts, *mail.opener.defects, *mail.body.defects, *filter(None, [date_defect])]
    if sum(name == "from" for name, _ in mail.map.fields) > 1:
        found.append("there is more than one From header; the topmost counts")
    if subject != header.clean(subject):
        found.append("the subject holds marks that turn the direction of text; left out")
    return tuple(dict.fromkeys([*found, *faults]))


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
