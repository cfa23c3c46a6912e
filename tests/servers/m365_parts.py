"""What FETCH tells of a message's parts (RFC 9051 §6.4.5, §7.5.2)."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message


def section_of(raw: bytes, section: bytes) -> bytes:
    """Return what BODY[section] is: all, HEADER, TEXT, 1.2 or 1.2.MIME."""
    head, _, text = raw.partition(b"\r\n\r\n")
    if section.upper() in {b"", b"HEADER", b"TEXT"}:
        return {b"": raw, b"HEADER": head + b"\r\n\r\n", b"TEXT": text}[section.upper()]
    number = section.upper().partition(b".MIME")[0]
    part = message_from_bytes(raw)
    for step in number.split(b"."):
        payload = part.get_payload()
        part = payload[int(step) - 1] if isinstance(payload, list) else part
    head, _, text = part.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" if b".MIME" in section.upper() else text


def structure(part: Message) -> bytes:
    """Return the BODYSTRUCTURE (RFC 9051 §7.5.2), without what nobody asks for."""
    kind, _, subtype = part.get_content_type().upper().encode().partition(b"/")
    payload = part.get_payload()
    if isinstance(payload, list) and kind == b"MULTIPART":
        return b'(%s "%s")' % (b"".join(structure(one) for one in payload), subtype)
    charset = (part.get_content_charset() or "us-ascii").encode()
    size = len(str(payload))
    lines = b" 1" if kind == b"TEXT" else b""
    disposition = part.get_content_disposition()
    told = b'("%s" NIL)' % disposition.encode() if disposition else b"NIL"
    encoding = str(part.get("Content-Transfer-Encoding", "7bit")).encode()
    parameters = b'("CHARSET" "%s")' % charset
    return b'("%s" "%s" %s NIL NIL "%s" %d%s NIL %s)' % (kind, subtype, parameters, encoding, size, lines, told)
