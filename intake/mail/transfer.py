"""Content-Transfer-Encodings (RFC 2045 §6) and uuencoded blocks: bytes to bytes, whatever is wrong with them."""

from __future__ import annotations

import binascii
import re
from quopri import decodestring

import pybase64

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_NAMES = {"base64": "base64", "b": "base64", "quoted-printable": "quoted-printable", "q": "quoted-printable"}
_UU = ("x-uuencode", "uuencode", "uue", "x-uue")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]+)\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_MOST_BLOCKS = 50


def encoding(value: str) -> str:
    """Return the encoding that a header value means: "base64", "quoted-printable", "x-uuencode" or "8bit"."""
    name = value.partition(";")[0].strip().strip("\"'").lower()
    return "x-uuencode" if name in _UU else _NAMES.get(name, "8bit")


def decoded(data: bytes, how: str) -> bytes:
    """Return the content of a body that is encoded `how`, as `encoding` names it."""
    if how == "base64":
        return from_base64(data)
    if how == "quoted-printable":
        return decodestring(data)
    if how == "x-uuencode":
        found = uu_blocks(data)[1]
        return found[0][1] if found else data
    return data


def from_base64(data: bytes) -> bytes:
    """Decode base64, passing over what is none, up to the padding or as far as it goes."""
    try:
        return pybase64.b64decode(data)
    except binascii.Error:
        digits = _NOT_BASE64.sub(b"", data).partition(b"=")[0]
        if len(digits) % 4 == 1:
            digits = digits[:-1]
        return pybase64.b64decode(digits + b"=" * (-len(digits) % 4))


def to_base64(data: bytes) -> bytes:
    """Encode in lines of 76 characters that end with CRLF (RFC 2045 §6.8)."""
    return pybase64.encodebytes(data).replace(b"\n", b"\r\n")


def uu_blocks(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return `data` without its uuencoded blocks, and each block's file name and content."""
    kept: list[bytes] = []
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while len(found) < _MOST_BLOCKS and (begin := _UU_BEGIN.search(data, at)):
        end = _UU_END.search(data, begin.end())
        content = _uu_content(data[begin.end() : end.start()]) if end else None
        if end is None:
            break
        kept.append(data[at : begin.start() if content is not None else end.end()])
        if content is not None:
            found.append((begin[1].strip(), content))
        at = end.end()
    return b"".join([*kept, data[at:]]), found


def _uu_content(block: bytes) -> bytes | None:
    """Decode the lines between "begin" and "end"; None where they are something else."""
    out: list[bytes] = []
    for line in block.splitlines():
        if not line or line == b"`":
            continue
        length = ((line[0] - 32) & 63) * 4 // 3 + 5  # some encoders leave junk behind the data
        try:
            out.append(binascii.a2b_uu(line[:length].rstrip(b"\r\n")))
        except binascii.Error:
            return None
    return b"".join(out)
