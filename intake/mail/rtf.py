"""RTF as Outlook packs it: decompressed (MS-OXRTFCP), and read as text or as the HTML it was (MS-OXRTFEX)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace

from intake.mail.charsets import decode

_COMPRESSED, _STORED = 0x75465A4C, 0x414C454D
_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par "
    rb"\pard\plain\f0\fs20\b\i\u\tab\tx"
)  # what every dictionary begins with, MS-OXRTFCP §2.1.2.1
_WINDOW = 4096
_DEEPEST = 1_000  # groups within groups

_TOKEN = re.compile(
    rb"([^\\{}\r\n]+)|\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])", re.DOTALL
)
_FROM_HTML = re.compile(rb"\\fromhtml1?(?![0-9])")
_UNSEEN = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer"})
_BREAKS = {b"par": "\n", b"line": "\n", b"row": "\n", b"page": "\n", b"tab": "\t", b"cell": "\t"}
_SIGNS = {b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"endash": "–"}
_SIGNS |= {b"emdash": "—"}
_ESCAPED = {b"~": "\xa0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_FONTS = {  # \fcharset -> charset
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


def decompressed(data: bytes, most: int) -> bytes:
    """Return the RTF in `data`, at most `most` bytes of it; what is damaged, as far as it goes."""
    if len(data) < 16:
        return b""
    _, _, kind, _ = struct.unpack_from("<IIII", data)
    if kind == _STORED:
        return data[16 : 16 + most]
    if kind != _COMPRESSED:
        return b""
    out = bytearray(_START)
    at, limit = 16, most + len(_START)
    while at < len(data) and len(out) < limit:
        flags, at = data[at], at + 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += data[at : at + 1]
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            back = (len(out) - (pair >> 4)) % _WINDOW
            at += 2
            if at > len(data) or not back:  # a reference to where the next byte will stand is the end
                return bytes(out[len(_START) :])
            _repeat(out, back, (pair & 15) + 2)
    return bytes(out[len(_START) :][:most])


def _repeat(out: bytearray, back: int, length: int) -> None:
    """Append `length` bytes from `back` bytes ago; zeros where nothing was written yet."""
    for _ in range(length):
        out.append(out[-back] if back <= len(out) else 0)


@dataclass(slots=True)
class _Group:
    """What holds within one pair of braces."""

    seen: bool = True  # whether its text is the reader's
    tag: bool = False  # whether it holds HTML
    only_rtf: bool = False  # between \htmlrtf and \htmlrtf0: the RTF's own, not of the HTML
    fonts: bool = False  # the table of fonts
    skipped: int = 1  # characters that follow a \u for readers that know no Unicode
    charset: str = ""


@dataclass(slots=True)
class _Reader:
    """Walks the tokens of one RTF."""

    html: bool
    out: list[str] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)  # text that is not decoded yet
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    charset: str = "cp1252"  # of the document
    by_font: dict[int, str] = field(default_factory=dict)
    font: int = 0  # whose entry in the table is read
    to_skip: int = 0
    starred: bool = False  # behind \*: a group that may be passed over

    def say(self, text: str) -> None:
        """Add characters that are text already."""
        group = self.groups[-1]
        if not group.seen or group.only_rtf:
            return
        self.flush()
        self.out.append(text)

    def raw(self, data: bytes) -> None:
        """Add bytes of the font's charset."""
        if self.to_skip:
            gone = min(self.to_skip, len(data))
            self.to_skip -= gone
            data = data[gone:]
        group = self.groups[-1]
        if group.seen and not group.only_rtf:
            self.pending += data

    def flush(self) -> None:
        """Decode the bytes that were said so far."""
        if self.pending:
            self.out.append(decode(bytes(self.pending), self.groups[-1].charset or self.charset)[0])
            self.pending.clear()

    def brace(self, which: bytes) -> None:
        """Begin or end a group."""
        self.flush()
        self.to_skip, self.starred = 0, False
        if which == b"{":
            self.groups.append(replace(self.groups[-1]))
        elif len(self.groups) > 1:
            self.groups.pop()

    def word(self, name: bytes, number: int | None) -> None:
        """Do what a control word says."""
        group = self.groups[-1]
        if self.starred:
            self.starred = False
            group.seen = group.tag = self.html and name == b"htmltag"
        elif name in _UNSEEN:
            group.seen, group.fonts = False, name == b"fonttbl"
        elif name == b"htmlrtf":
            self.flush()
            group.only_rtf = self.html and number != 0
        elif name == b"uc":
            group.skipped = max(0, min(number or 0, 10))
        elif name == b"u" and number is not None:
            self.say(_character(number))
            self.to_skip = group.skipped
        elif name in (b"ansicpg", b"f", b"fcharset"):
            self.coded(name, number or 0)
        elif name in _SIGNS or name in _BREAKS:
            self.say(_SIGNS.get(name) or _BREAKS[name])

    def coded(self, name: bytes, number: int) -> None:
        """Note in which charset what follows is written."""
        group = self.groups[-1]
        if name == b"ansicpg":
            self.charset = "utf-8" if number == 65001 else f"cp{number}"
        elif name == b"fcharset":
            self.by_font[self.font] = _FONTS.get(number, "")
        elif group.fonts:
            self.font = number
        else:
            self.flush()
            group.charset = self.by_font.get(number, "")


def _character(number: int) -> str:
    return chr(number % 0x10000)


def from_rtf(data: bytes) -> tuple[str, bool]:
    """Return what a person reads of `data`, and whether that is HTML. Linear in its size."""
    reader = _Reader(html=_FROM_HTML.search(data, 0, 500) is not None)
    for token in _TOKEN.finditer(data):
        text, word, number, octet, sign, brace = token.groups()
        if text is not None:
            reader.raw(text)
        elif octet is not None:
            reader.raw(bytes.fromhex(octet.decode()))
        elif brace is not None:
            reader.brace(brace)
            if len(reader.groups) > _DEEPEST:
                break
        elif word is not None:
            reader.word(word, None if number is None else int(number))
        elif sign == b"*":
            reader.starred = True
        else:
            reader.say(_ESCAPED.get(sign, ""))
    reader.flush()
    text = "".join(reader.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.strip("\0"), reader.html
