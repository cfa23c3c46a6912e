"""Takes the metadata out of photographs without touching the picture: JPEG, PNG and WebP, segment by segment (G5).

What is kept is listed; all else goes: EXIF with place and camera, XMP, IPTC, comments, thumbnails, and whatever stands
behind the picture's end. Of EXIF the orientation is written anew, so that no picture lies on its side.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from struct import pack, unpack_from

_MARKER = re.compile(rb"\xff++([^\x00\xd0-\xd7])")
_BEHIND_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # 00 is stuffing, D0 to D7 restarts
_SOS, _EOI, _APP0, _EXIF, _ICC, _ADOBE = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE
_CODED = range(0xC0, 0xE0)  # markers of the picture itself (ITU-T T.81, table B.1)
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP",
    b"acTL", b"fcTL", b"fdAT",
})  # fmt: skip
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_FRAME = 16  # bytes before the chunks of an animation's frame
_WEBP_FLAGS = 0x0C  # EXIF and XMP
_ORIENTATION = 0x0112
_ENTRIES = 200  # of an EXIF directory that are looked at


def stripped(data: bytes) -> bytes | None:
    """Return the picture without metadata; None where it is no JPEG, PNG or WebP, or cannot be read to its end."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (IndexError, ValueError):
        return None
    return None


def _jpeg(data: bytes) -> bytes:
    """Return the segments that make the picture. Raises ValueError where one is cut off."""
    kept: list[bytes | memoryview] = [b"\xff\xd8"]
    view, place, turned = memoryview(data), 2, b""
    while True:
        found = _MARKER.match(data, place)
        if found is None:
            raise ValueError(place)
        code, start = found[1][0], found.end() - 2
        if code == _EOI:
            return b"".join([*kept, b"\xff\xd9"])
        place = found.end() + (0 if code in _ALONE else _length(data, found.end()))
        if code == _EXIF and not turned:
            turned = _turned(data[start:place])
            kept.insert(1, turned)
        if code == _SOS:
            scan = _BEHIND_SCAN.search(data, place)
            if scan is None:
                raise ValueError(place)
            place = scan.start()
        if code == _APP0:
            kept.append(_jfif(data[start:place]))
        elif _makes_picture(code, data[start + 4 : start + 16]):
            kept.append(view[start:place])


def _length(data: bytes, place: int) -> int:
    length: int = unpack_from(">H", data, place)[0] if place + 2 <= len(data) else 0
    if length < 2 or place + length > len(data):
        raise ValueError(place)
    return length


def _makes_picture(code: int, head: bytes) -> bool:
    if code == _ICC:
        return head.startswith(b"ICC_PROFILE\0")
    if code == _ADOBE:
        return head.startswith(b"Adobe")
    return code in _CODED


def _jfif(segment: bytes) -> bytes:
    """Return a JFIF header without its thumbnail; nothing of another one."""
    if not segment[4:].startswith(b"JFIF\0") or len(segment) < 18:
        return b""
    return b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0"


def _turned(segment: bytes) -> bytes:
    """Return an EXIF segment that says nothing but how the picture is turned; nothing where it is not."""
    if segment[4:10] != b"Exif\0\0":
        return b""
    value = _orientation(segment[10:])
    if not 2 <= value <= 8:
        return b""
    body = b"Exif\0\0MM\0*" + pack(">LHHHLHHL", 8, 1, _ORIENTATION, 3, 1, value, 0, 0)
    return b"\xff\xe1" + pack(">H", len(body) + 2) + body


def _orientation(tiff: bytes) -> int:
    """Return EXIF's orientation, 1 to 8; 0 where it is not told (TIFF 6.0)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 0
    at = unpack_from(f"{order}L", tiff, 4)[0]
    if at + 2 > len(tiff):
        return 0
    for index in range(min(unpack_from(f"{order}H", tiff, at)[0], _ENTRIES)):
        entry = at + 2 + 12 * index
        if entry + 12 > len(tiff):
            return 0
        tag, _, _, value = unpack_from(f"{order}HHLH", tiff, entry)
        if tag == _ORIENTATION:
            return int(value)
    return 0


def _png(data: bytes) -> bytes:
    kept: list[bytes | memoryview] = [_PNG]
    view, place = memoryview(data), len(_PNG)
    while True:
        if place + 12 > len(data):
            raise ValueError(place)
        length, name = unpack_from(">L", data, place)[0], data[place + 4 : place + 8]
        end = place + 12 + length
        if end > len(data):
            raise ValueError(place)
        if name in _PNG_KEPT:
            kept.append(view[place:end])
        if name == b"IEND":
            return b"".join(kept)
        place = end


def _webp(data: bytes) -> bytes:
    size = unpack_from("<L", data, 4)[0]
    if size + 8 > len(data):
        raise ValueError(size)
    body = b"WEBP" + b"".join(_webp_chunks(data[12 : size + 8], _WEBP_KEPT))
    return b"RIFF" + pack("<L", len(body)) + body


def _webp_chunks(data: bytes, listed: AbstractSet[bytes]) -> list[bytes]:
    """Return the chunks that are listed; the frames of an animation hold no frames."""
    kept, place = [], 0
    while place + 8 <= len(data):
        name, length = data[place : place + 4], unpack_from("<L", data, place + 4)[0]
        content = data[place + 8 : place + 8 + length]
        if len(content) < length:
            raise ValueError(place)
        if name == b"VP8X":
            content = bytes([content[0] & ~_WEBP_FLAGS]) + content[1:]
        elif name == b"ANMF" and name in listed:
            content = content[:_WEBP_FRAME] + b"".join(_webp_chunks(content[_WEBP_FRAME:], _WEBP_KEPT - {name}))
        if name in listed:
            kept.append(name + pack("<L", len(content)) + content + b"\0" * (len(content) % 2))
        place += 8 + length + length % 2
    return kept
