"""Rendered words and checked headers -> the bytes of a mail: RFC 5322, CRLF, 7-bit."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import cast

from intake.mail.transfer import to_base64
from intake.outbox.folding import field, mailbox, unstructured
from intake.outbox.quoting import one_line
from intake.outbox.templates import Rendered

_SUBJECT = 250  # characters
_MESSAGE_ID = re.compile(r"[\x21-\x3b=\x3f-\x7e]{1,900}")  # what fits on one line of 998 and holds no bracket
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_SUBJECT_FIELD = re.compile(rb"^Subject:.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)
_NOBODY = "undisclosed-recipients:;"
SECOND_COPY = "Possibly a second copy: "  # what stands before the subject of a mail that may have arrived already


@dataclass(frozen=True, slots=True)
class Head:
    """What the header of a mail is made of."""

    sender_name: str  # display name; "" for none
    sender: str  # the address in From and Reply-To
    recipient: str
    header_id: str  # Message-ID without brackets
    date: datetime
    in_reply_to: str | None  # Message-ID without brackets; what is none is left out
    others: Mapping[str, str]  # further headers
    reply_to: str = ""  # the address in Reply-To where it is another than the sender
    thread: str | None = None  # a second id in References, without brackets: the case's own


@dataclass(frozen=True, slots=True)
class File:
    """What goes with a mail's words."""

    name: str  # ASCII, without quotation marks
    type: str  # media type: "text/csv"
    content: bytes
    cid: str = ""  # what the HTML part shows it by: "chart" for `cid:chart`; "": it is attached


def assemble(head: Head, rendered: Rendered, files: Sequence[File] = ()) -> bytes:
    """Return the mail. The same arguments give the same bytes.

    An address that a 7-bit header cannot hold stays on the envelope alone. A file that the HTML part shows goes with it
    only where it does (RFC 2392). The parts are put together here: a mail costs the standard library's `EmailMessage`
    seven times as long. Raises UnicodeEncodeError where a file's name or an id is not ASCII; a quotation mark in a name
    is not noticed, and breaks its header.
    """
    shown = [_file(one) for one in files if one.cid and f"cid:{one.cid}" in rendered.html]
    attachments = [_file(one) for one in files if not one.cid]
    boundary = head.header_id.partition("@")[0]
    page = _together("related", f"=_2_{boundary}", [_words("html", rendered.html), *shown])
    words = _together("alternative", f"=_1_{boundary}", [_words("plain", rendered.text), page])
    whole = _together("mixed", f"=_{boundary}", [words, *attachments])
    return _fields(head, rendered) + whole


def _fields(head: Head, rendered: Rendered) -> bytes:
    """Return the header but for what tells the kind of the content."""
    subject = _shortened(rendered.subject).replace("=?", "= ?")  # words, never an encoded word (RFC 2047)
    fields = {
        "From": mailbox(one_line(head.sender_name), head.sender),
        "To": [head.recipient if is_plain(head.recipient) else _NOBODY],
        "Reply-To": [head.reply_to or head.sender],
        "Subject": unstructured(subject),
        "Date": [format_datetime(head.date)],
        **{name: value.split() for name, value in head.others.items()},
        "MIME-Version": ["1.0"],
        "Content-Language": [", ".join(rendered.languages)],
    }
    return _ids(head) + b"".join(field(name, words) for name, words in fields.items())


def _together(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """Return the parts as one (RFC 2046 §5.1); one alone stays what it is.

    No line of a content is a boundary, which holds `=_`: base64 and quoted-printable never do, and words that are left
    as they are hold no `=` (`_words`).
    """
    if len(parts) == 1:
        return parts[0]
    line = f"--{boundary}".encode("ascii")
    type_ = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'.encode("ascii")
    return b"\r\n".join([type_, *(line + b"\r\n" + part for part in parts), line + b"--\r\n"])


def _words(subtype: str, text: str) -> bytes:
    """Return a part of text: as it is where that is 7-bit in short lines, else encoded the shorter way."""
    data = b"".join(line + b"\r\n" for line in text.encode("utf-8", "replace").splitlines())
    quoted = b2a_qp(data)  # which breaks lines as `data` does
    if quoted == data:  # so there is no `=` in it
        return _part(f'text/{subtype}; charset="utf-8"', "7bit", data)
    if len(quoted) * 3 < len(data) * 4:
        return _part(f'text/{subtype}; charset="utf-8"', "quoted-printable", quoted)
    return _part(f'text/{subtype}; charset="utf-8"', "base64", to_base64(data))


def _file(file: File) -> bytes:
    type_ = f'{file.type}; charset="utf-8"' if file.type.startswith("text/") else file.type
    name = f'filename="{file.name}"'
    more = f"inline; {name}\r\nContent-ID: <{file.cid}>" if file.cid else f"attachment; {name}"
    return _part(type_, "base64", to_base64(file.content), f"Content-Disposition: {more}\r\n")


def _part(type_: str, encoding: str, content: bytes, more: str = "") -> bytes:
    fields = f"Content-Type: {type_}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n"
    return fields.encode("ascii") + content


def _shortened(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1].rstrip() + "…"


def _ids(head: Head) -> bytes:
    """Return the fields that hold Message-IDs; not by way of EmailMessage, which would encode or fold a long one."""
    answered = head.in_reply_to if head.in_reply_to and _MESSAGE_ID.fullmatch(head.in_reply_to) else None
    ids = [f"<{one}>" for one in (answered, head.thread) if one]
    fields = [f"Message-ID: <{head.header_id}>"]
    fields += [f"In-Reply-To: <{answered}>"] if answered else []
    fields += ["References: " + "\r\n ".join(ids)] if ids else []
    return "".join(f"{one}\r\n" for one in fields).encode("ascii")


def is_plain(address: str) -> bool:
    """Tell whether `address` can stand in a header as it is: an ASCII dot-atom at a domain (RFC 5322 §3.4.1)."""
    return bool(_PLAIN_ADDRESS.fullmatch(address)) and not re.search(r"^\.|\.\.|\.@|@\.", address)


def as_second_copy(mail: bytes) -> bytes:
    """Return `mail` with a subject that says that it may have arrived before; all else stays, Message-ID too."""
    subject = str(_read(mail)["Subject"])
    if subject.startswith(SECOND_COPY):
        return mail
    said = field("Subject", unstructured(SECOND_COPY + subject))
    return _SUBJECT_FIELD.sub(lambda _: said, mail, count=1)


def bodies(mail: bytes) -> tuple[str, str]:
    r"""Return (text, HTML) of a mail that `assemble` made, with `\n` for line breaks."""
    whole = _read(mail)
    text, html = (cast("EmailMessage", whole.get_body((kind,))) for kind in ("plain", "html"))
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def attached(mail: bytes) -> list[File]:
    """Return the files that go with a mail that `assemble` made."""
    parts = _read(mail).iter_attachments()
    return [File(one.get_filename() or "", one.get_content_type(), one.get_content()) for one in parts]


def _read(mail: bytes) -> EmailMessage:
    return message_from_bytes(mail, policy=SMTP)


def page(mail: bytes) -> str:
    """Return the HTML part as a file of its own: what it shows by `cid:` stands in it."""
    html = bodies(mail)[1]
    for part in _read(mail).walk():
        if part["Content-ID"]:
            cid, data = part["Content-ID"].strip("<>"), b64encode(part.get_content()).decode()
            html = html.replace(f"cid:{cid}", f"data:{part.get_content_type()};base64,{data}")
    return html
