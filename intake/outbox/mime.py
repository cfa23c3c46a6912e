"""Rendered words and checked headers -> the bytes of a mail: RFC 5322, CRLF, 7-bit."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import cast

from intake.outbox.folding import Folding
from intake.outbox.quoting import one_line
from intake.outbox.templates import Rendered

_POLICY = cast("EmailPolicy[EmailMessage]", Folding(linesep="\r\n", max_line_length=78, cte_type="7bit"))
_SUBJECT = 250  # characters
_MESSAGE_ID = re.compile(r"[\x21-\x3b=\x3f-\x7e]{1,900}")  # what fits on one line of 998 and holds no bracket
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
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

    name: str
    type: str  # media type: "text/csv"
    content: bytes
    cid: str = ""  # what the HTML part shows it by: "chart" for `cid:chart`; "": it is attached


def assemble(head: Head, rendered: Rendered, files: Sequence[File] = ()) -> bytes:
    """Return the mail. The same arguments give the same bytes.

    An address that a 7-bit header cannot hold stays on the envelope alone. A file that the HTML part shows goes with it
    only where it does (RFC 2392).
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(one_line(head.sender_name), addr_spec=head.sender)
    mail["To"] = head.recipient if is_plain(head.recipient) else _NOBODY
    mail["Reply-To"] = head.reply_to or head.sender
    mail["Subject"] = _shortened(rendered.subject).replace("=?", "= ?")  # words, never an encoded word (RFC 2047)
    mail["Date"] = head.date
    for name, value in head.others.items():
        mail[name] = value
    mail.set_content(rendered.text)
    mail.add_alternative(rendered.html, subtype="html")
    page = cast("EmailMessage", mail.get_body(("html",)))
    for file in files:
        if not file.cid:
            params = {"charset": "utf-8"} if file.type.startswith("text/") else {}
            mail.add_attachment(file.content, *file.type.split("/"), filename=file.name, params=params)
        elif f"cid:{file.cid}" in rendered.html:
            kind, cid = file.type.split("/"), f"<{file.cid}>"
            page.add_related(file.content, *kind, cid=cid, filename=file.name, disposition="inline")
    mail["Content-Language"] = ", ".join(rendered.languages)  # `set_content` drops what begins with Content-
    for depth, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{f'{depth}_' if depth else ''}{head.header_id.partition('@')[0]}")
    return _ids(head) + mail.as_bytes()


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
    message = _read(mail)
    subject = str(message["Subject"])
    if not subject.startswith(SECOND_COPY):
        message.replace_header("Subject", SECOND_COPY + subject)
    return message.as_bytes()


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
    return message_from_bytes(mail, policy=_POLICY.clone(refold_source="none"))


def page(mail: bytes) -> str:
    """Return the HTML part as a file of its own: what it shows by `cid:` stands in it."""
    html = bodies(mail)[1]
    for part in _read(mail).walk():
        if part["Content-ID"]:
            cid, data = part["Content-ID"].strip("<>"), b64encode(part.get_content()).decode()
            html = html.replace(f"cid:{cid}", f"data:{part.get_content_type()};base64,{data}")
    return html
