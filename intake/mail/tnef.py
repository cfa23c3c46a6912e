"""Open TNEF (`winmail.dat`, MS-OXTNEF): the text and the files that Outlook packed into one part, in linear time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.header import Header

from intake.mail.budget import PROPERTY, RTF_BYTE, Budget
from intake.mail.charsets import decode, storable
from intake.mail.rtf import decompressed, from_rtf

MOST_FILES = 1_000
MOST_TEXT = 4_000_000  # bytes of a text that are looked at
MOST_ATTRIBUTES = 100_000

_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTE = struct.Struct("<BIi")  # level, id, length; data and a checksum of two bytes follow
_BODY, _CODEPAGE, _PROPERTIES = 0x2800C, 0x69007, 0x69003  # attributes, MS-OXTNEF §2.1.3.2
_TITLE, _DATA, _NEXT_FILE, _FILE_PROPERTIES = 0x18010, 0x6800F, 0x69002, 0x69005
_TEXT, _RTF, _HTML, _INTERNET_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE  # properties, MS-OXPROPS
_DISPLAY, _CONTENT, _SHORT_NAME, _LONG_NAME, _MEDIA, _CONTENT_ID = 0x3001, 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_STRING, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D  # types, MS-OXCDATA §2.11.1
_SIZES = {2: 2, 11: 2, 3: 4, 4: 4, 10: 4, 5: 8, 6: 8, 7: 8, 20: 8, 64: 8, 72: 16}  # bytes of the types that have one
_MANY = 0x1000
_NAMED = 0x8000
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")  # what stands before a message within the message
_CHARSETS = {65001: "utf-8", 1200: "utf-16-le", 20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u"}

_Value = tuple[int, memoryview]  # type, content; not copied, for a file may be large


@dataclass(frozen=True, slots=True)
class Text:
    """One form of the message's text."""

    type: str  # "text/plain", "text/html"
    data: bytes
    charset: str  # "" where nothing names it


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; a message within the message is a mail with TNEF in it."""

    name: str  # "" where it has none
    type: str  # media type
    content_id: str  # "" where it has none
    data: bytes


@dataclass(frozen=True, slots=True)
class Tnef:
    """What was in a TNEF part."""

    texts: tuple[Text, ...]  # forms of one text, the plain one first
    files: tuple[File, ...]
    whole: bool  # False where it ends too early, or holds what cannot be read


@dataclass(slots=True)
class _Found:
    """What is known of the message, or of one file of it, while attributes are read."""

    properties: dict[int, _Value] = field(default_factory=dict)
    title: bytes = b""
    data: memoryview = field(default_factory=lambda: memoryview(b""))


def opened(data: bytes, budget: Budget) -> Tnef | None:
    """Return what is in `data`; None where it is no TNEF. Never raises: what is damaged is told by `whole`."""
    if not data.startswith(_SIGNATURE):
        return None
    message, files = _Found(), list[_Found]()
    codepage, whole = 0, True
    for number, (identity, value) in enumerate(_attributes(memoryview(data))):
        if value is None or number >= MOST_ATTRIBUTES or (identity == _NEXT_FILE and len(files) >= MOST_FILES):
            whole = False
            break
        if identity == _NEXT_FILE or (identity in (_TITLE, _DATA, _FILE_PROPERTIES) and not files):
            files.append(_Found())
        if identity == _CODEPAGE:
            codepage = int.from_bytes(value[:4], "little")
        elif identity in (_BODY, _PROPERTIES):
            whole &= _take(identity, value, message, budget)
        elif files:
            whole &= _take(identity, value, files[-1], budget)
    return Tnef(_texts(message, codepage, budget), tuple(_file(one, codepage) for one in files), whole)


def _attributes(data: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Yield (id, data) of each attribute; None for data that is cut off."""
    at = len(_SIGNATURE) + 2
    while at < len(data):
        if at + _ATTRIBUTE.size > len(data):
            yield 0, None
            return
        _, identity, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if length < 0 or at + length > len(data):
            yield identity, None
            return
        yield identity, data[at : at + length]
        at += length + 2


def _take(identity: int, value: memoryview, found: _Found, budget: Budget) -> bool:
    """Note an attribute; False where its properties cannot be read to their end."""
    if identity in (_PROPERTIES, _FILE_PROPERTIES):
        return _properties(value, found.properties, budget)
    if identity == _TITLE:
        found.title = bytes(value)
    elif identity in (_DATA, _BODY):
        found.data = value
    return True


def _properties(data: memoryview, into: dict[int, _Value], budget: Budget) -> bool:
    """Read MAPI properties, each kind's first value (MS-OXTNEF §2.1.3.4); return whether all could be read."""
    try:
        (count,), at = struct.unpack_from("<I", data), 4
        there = min(count, len(data) // 4)  # that there is room for
        granted = budget.grant(there, PROPERTY)
        for _ in range(granted):
            kind, name = struct.unpack_from("<HH", data, at)
            value, at = _value(data, _behind_name(data, at + 4) if name >= _NAMED else at + 4, kind, budget)
            if name < _NAMED:
                into.setdefault(name, (kind & ~_MANY, value))
    except (struct.error, ValueError):
        return False
    return bool(granted == count)


def _behind_name(data: memoryview, at: int) -> int:
    """Where a named property goes on behind its GUID and its name."""
    (kind,) = struct.unpack_from("<I", data, at + 16)
    (length,) = struct.unpack_from("<I", data, at + 20) if kind else (0,)
    return at + 24 + _padded(int(length))


def _value(data: memoryview, at: int, kind: int, budget: Budget) -> tuple[memoryview, int]:
    """Return a property's first value, and where the next property begins. Raises ValueError, struct.error."""
    count = 1
    size = _SIZES.get(kind & ~_MANY, 0)
    if kind & _MANY or not size:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    if size:
        end = at + _padded(count * size)
        if end > len(data):
            raise ValueError("a value is cut off")
        return data[at : at + size], end
    if kind & ~_MANY not in (_STRING, _UNICODE, _BINARY, _OBJECT):
        raise ValueError("a type that nobody knows the size of")
    if budget.grant(min(count, len(data))) < count:
        raise ValueError("more values than there is room for, or than are read")
    first = data[:0]
    for place in range(count):
        (length,) = struct.unpack_from("<I", data, at)
        if at + 4 + length > len(data):
            raise ValueError("a value is cut off")
        first = data[at + 4 : at + 4 + length] if place == 0 else first
        at += 4 + _padded(length)
    return first, at


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _texts(message: _Found, codepage: int, budget: Budget) -> tuple[Text, ...]:
    found: list[Text] = []
    internet = message.properties.get(_INTERNET_CODEPAGE)
    charset = _charset(int.from_bytes(internet[1], "little") if internet else codepage)
    plain = message.properties.get(_TEXT) or (_STRING, message.data)
    if bytes(plain[1][:MOST_TEXT]).strip(b"\0"):
        found.append(_text("text/plain", plain, _charset(codepage) or charset))
    if html := message.properties.get(_HTML):
        found.append(_text("text/html", html, charset))
    elif rtf := message.properties.get(_RTF):
        text, is_html = from_rtf(_granted(bytes(rtf[1]), budget))
        if is_html or not found:
            found.append(Text("text/html" if is_html else "text/plain", text.encode("utf-8", "replace"), "utf-8"))
    return tuple(one for one in found if one.data.strip())


def _granted(packed: bytes, budget: Budget) -> bytes:
    """Return the RTF that is packed, as much of it as there is work left for."""
    most = budget.left // RTF_BYTE
    found = decompressed(packed, most + 1)  # one more tells that there is more
    return found[: budget.grant(len(found), RTF_BYTE)]


def _text(media: str, value: _Value, charset: str) -> Text:
    kind, data = value[0], bytes(value[1])
    if kind == _UNICODE:
        return Text(media, data.decode("utf-16-le", "replace").rstrip("\0").encode("utf-8", "replace"), "utf-8")
    return Text(media, data.rstrip(b"\0"), charset)


def _charset(codepage: int) -> str:
    """Return the charset that a Windows code page is; "" for none."""
    if 28591 <= codepage <= 28605:
        return f"iso-8859-{codepage - 28590}"
    return _CHARSETS.get(codepage, f"cp{codepage}" if codepage else "")


def _file(found: _Found, codepage: int) -> File:
    def said(name: int) -> str:
        kind, data = found.properties.get(name, (_UNICODE, memoryview(b"")))
        return _string(kind, bytes(data), codepage)

    name = said(_LONG_NAME) or said(_DISPLAY) or said(_SHORT_NAME) or _string(_STRING, found.title, codepage)
    content = found.properties.get(_CONTENT, (0, memoryview(b"")))[1]
    if content[: len(_EMBEDDED)] == _EMBEDDED:
        return _mail(name, bytes(content[len(_EMBEDDED) :]))
    return File(name, said(_MEDIA).lower(), said(_CONTENT_ID).strip("<> \t"), bytes(found.data or content))


def _string(kind: int, data: bytes, codepage: int) -> str:
    if kind == _UNICODE:
        return storable(data.decode("utf-16-le", "replace")).strip()
    return decode(data.rstrip(b"\0"), _charset(codepage))[0].strip()


def _mail(name: str, data: bytes) -> File:
    """Wrap a message within the message as a mail of its own."""
    is_tnef = data.startswith(_SIGNATURE)
    subject = Header(" ".join(name.split()), "utf-8", maxlinelen=998).encode() if name else ""
    head = f"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
    return File(f"{name}.eml" if name and is_tnef else name, "message/rfc822", "", head.encode() + data)
