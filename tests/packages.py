"""Writes what mail programs pack into one part: TNEF (MS-OXTNEF), compressed RTF, signed S/MIME (BER)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Properties = Mapping[int, tuple[int, bytes]]  # id -> (type, content)

STRING, UNICODE, BINARY, INTEGER = 0x1E, 0x1F, 0x102, 0x03
BODY, RTF, HTML, CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
DISPLAY, CONTENT, LONG_NAME, MEDIA, CONTENT_ID = 0x3001, 0x3701, 0x3707, 0x370E, 0x3712
EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
DATA = bytes.fromhex("06092a864886f70d010701")


def attribute(identity: int, data: bytes, level: int = 1) -> bytes:
    """One TNEF attribute with its checksum."""
    return struct.pack("<BII", level, identity, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(values: Properties) -> bytes:
    """A block of MAPI properties."""
    return struct.pack("<I", len(values)) + b"".join(_property(name, *value) for name, value in values.items())


def _property(name: int, kind: int, content: bytes) -> bytes:
    head = struct.pack("<HH", kind, name)
    if kind == INTEGER:
        return head + content
    return head + struct.pack("<II", 1, len(content)) + content + b"\0" * (-len(content) % 4)


def tnef(message: Properties, files: Sequence[Properties] = (), *more: bytes) -> bytes:
    """A TNEF stream; the strings in it are in windows-1252 unless `message` has a code page."""
    lines = [attribute(0x89006, struct.pack("<I", 0x10000)), attribute(0x69007, struct.pack("<II", 1252, 0))]
    lines += [*more, attribute(0x69003, properties(message))]
    for one in files:
        lines += [attribute(0x69002, b"\0" * 14, 2), attribute(0x69005, properties(one), 2)]
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(lines)


def wide(text: str) -> tuple[int, bytes]:
    """A Unicode property value."""
    return UNICODE, (text + "\0").encode("utf-16-le")


def compressed(rtf: bytes) -> bytes:
    """RTF in the compressed form, of literal bytes alone."""
    groups = (rtf[at : at + 8] for at in range(0, len(rtf), 8))
    body = b"".join(b"\0" + group for group in groups)
    return struct.pack("<IIII", len(body) + 12, len(rtf), 0x75465A4C, 0) + body


def winmail(data: bytes, text: str = "") -> bytes:
    """Mail content: a text, and TNEF beside it."""
    head = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    if not text:
        return head + data
    lines = [b"Content-Type: multipart/mixed; boundary=t\r\n\r\n--t", b"Content-Type: text/plain; charset=utf-8"]
    return b"\r\n".join([*lines, b"", text.encode(), b"--t", head + data, b"--t--", b""])


def ber(tag: int, *content: bytes, still_open: bool = False) -> bytes:
    """One BER element, its length given or left open."""
    joined = b"".join(content)
    if still_open:
        return bytes([tag, 0x80]) + joined + b"\0\0"
    size = len(joined)
    if size < 0x80:
        return bytes([tag, size]) + joined
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + joined


def signed(entity: bytes, pieces: int = 1, *, still_open: bool = False) -> bytes:
    """SignedData around `entity`, without a signer; in several pieces where it was streamed."""
    size = -(-len(entity) // pieces) or 1
    strings = [ber(0x04, entity[at : at + size]) for at in range(0, len(entity), size)]
    octets = strings[0] if len(strings) == 1 and not still_open else ber(0x24, *strings, still_open=still_open)
    inner = ber(0x30, DATA, ber(0xA0, octets, still_open=still_open), still_open=still_open)
    data = ber(0x30, b"\x02\x01\x01", ber(0x31), inner, ber(0x31), still_open=still_open)
    return ber(0x30, SIGNED_DATA, ber(0xA0, data, still_open=still_open), still_open=still_open)


def smime(data: bytes, more: str = "; smime-type=signed-data; name=smime.p7m") -> bytes:
    """Mail content: an S/MIME part."""
    return f"Content-Type: application/pkcs7-mime{more}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + data
