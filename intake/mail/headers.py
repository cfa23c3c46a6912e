"""Header values, tolerantly and in linear time: encoded words (RFC 2047), parameters (RFC 2231), ids, file names."""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_base64
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_to_bytes

from intake.mail.charsets import decode, storable
from intake.mail.transfer import from_base64

_Word = tuple[str, str, str]  # charset, encoding, encoded text

_FOLD = re.compile(rb"(?:\r\n|\r|\n)(?=[ \t])")
_BREAK = re.compile(r"[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_WORD_START = re.compile(r"=\?([^?\s=*]{1,60})(?:\*[\w-]*)?\?([bBqQ])\?")
_WORD_END = re.compile(r"\?=(?![0-9A-F]{2})")
_ANGLE = re.compile(r"(<[^<>]*+>)")
_ID = re.compile(r"<([^<>]*)>")
_SPACE = re.compile(r"\s+")
_PARAMETER = re.compile(
    r"""(?<![^\s;])([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.|"(?!\s*(?:;|$)))*+)"|((?:[^;"]|"(?!\s*;))*+))""", re.DOTALL
)
_MEDIA_TYPE = re.compile(r"\s*([!#-'*+.0-9A-Z^-z|~-]+)\s*/\s*([!#-'*+.0-9A-Z^-z|~-]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NAME = re.compile(r"[\w-]{1,60}", re.ASCII)
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
_MOST_PARAMETERS = 100
_LONGEST_NAME = 200  # bytes in UTF-8, so that the name with a suffix fits any file system

_ENDINGS = {  # for parts that come without a name
    "jpeg": "jpg",
    "plain": "txt",
    "calendar": "ics",
    "svg+xml": "svg",
    "pkcs7-mime": "p7m",
    "x-pkcs7-mime": "p7m",
    "pkcs7-signature": "p7s",
    "x-pkcs7-signature": "p7s",
    "pgp-signature": "asc",
    "pgp-encrypted": "asc",
    "octet-stream": "bin",
    "ms-tnef": "dat",
    "rfc822": "eml",
    "delivery-status": "txt",
    "disposition-notification": "txt",
    "rfc822-headers": "txt",
    "mpeg": "mp3",
}


def value_text(value: bytes, charset: str = "") -> str:
    """Return a raw header value as one line of text, encoded words left as they are.

    Eight-bit octets are read as UTF-8 (RFC 6532), else by `charset`, else guessed. Control characters go.
    """
    value = _FOLD.sub(b"", value)
    if value.isascii() and b"\x1b" not in value:
        text = value.decode("ascii")
    elif (own := _strict_utf8(value)) and not charset.lower().startswith("iso-2022"):
        text = storable(own)
    else:
        text, _ = decode(value, charset)
    text = text.strip()
    return text if text.isprintable() else _CONTROL.sub("", _BREAK.sub(" ", text)).strip()


def _strict_utf8(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def decode_words(text: str) -> str:
    """Return `text` with its encoded words read (RFC 2047), the broken ones too where sense can be made of them.

    Words side by side are joined before they are decoded, so that a character may be split between them.
    """
    return _CONTROL.sub("", storable(_replaced(text, _run_text))) if "=?" in text else text


def repair_words(text: str) -> str:
    """Return an address field with the encoded words of its names written anew, so that every parser can read them."""
    if "=?" not in text:
        return text
    pieces = _ANGLE.split(text)  # what stands in angle brackets is an address, whatever it looks like
    return "".join(piece if n % 2 else _replaced(piece, _rewritten) for n, piece in enumerate(pieces))


def _replaced(text: str, render: Callable[[list[_Word]], str]) -> str:
    """Put what `render` makes of each run of encoded words in their place."""
    out: list[str] = []
    run: list[_Word] = []
    at = 0
    starts = list(_WORD_START.finditer(text))
    for number, start in enumerate(starts, 1):
        following = starts[number].start() if number < len(starts) else len(text)
        end = _word_end(text, start.end(), following)
        if start.start() < at or end < 0:
            continue
        between = text[at : start.start()]
        if not run or between.strip():
            out += [render(run), between]
            run = []
        run.append((start[1].lower(), start[2].lower(), text[start.end() : end]))
        at = end + 2
    return "".join([*out, render(run), text[at:]])


def _rewritten(run: list[_Word]) -> str:
    """Write a run as words of at most 75 characters."""
    text = _CONTROL.sub("", storable(_run_text(run)))
    pieces = (b2a_base64(text[at : at + 10].encode(), newline=False).decode() for at in range(0, len(text), 10))
    return " ".join(f"=?utf-8?b?{piece}?=" for piece in pieces)


def _word_end(text: str, begin: int, limit: int) -> int:
    """Return where the encoded text that begins at `begin` ends, -1 if nowhere before `limit`."""
    match = _WORD_END.search(text, begin, limit) if limit - begin < 4096 else None
    return match.start() if match else text.find("?=", begin, limit)


def _run_text(run: list[_Word]) -> str:
    """Decode encoded words that stand side by side."""
    out: list[str] = []
    while run:
        charset, encoding, _ = run[0]
        same = next((n for n, word in enumerate(run) if word[:2] != (charset, encoding)), len(run))
        out.append(decode(_payload(encoding, [word[2] for word in run[:same]]), charset)[0])
        run = run[same:]
    return "".join(out).replace("\ufeff", "")


def _payload(encoding: str, texts: list[str]) -> bytes:
    octets = [text.encode("utf-8") for text in texts]
    if encoding == "q":
        return b"".join(a2b_qp(text, header=True) for text in octets)
    if any(len(text) % 4 for text in octets[:-1]):  # a quantum is split between two words
        return from_base64(b"".join(octets))
    return b"".join(map(from_base64, octets))


def clean(text: str) -> str:
    """Return `text` without bidi embeddings, overrides and isolates, which make a name read as another one."""
    return text if text.isascii() else _BIDI.sub("", text)


def message_ids(text: str, most: int = 500) -> tuple[str, ...]:
    """Return the ids of a References-like value without brackets (RFC 5322 §3.6.4), at most the last `most`."""
    found = _ID.findall(text) or [word for word in text.split() if "@" in word]
    return tuple(filter(None, (_SPACE.sub("", one) for one in found[-most:])))


def parameters(text: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the parameters in lower case, and the parameters, decoded (RFC 2045 §5.1, RFC 2231).

    Names are in lower case. Encoded words in values, which RFC 2047 §5 forbids and everybody sends, are read.
    """
    head, _, rest = text.partition(";")
    if "=" in head:  # "text/plain charset=utf-8": the semicolon is missing
        head, _, rest = text.partition(" ")
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(rest)):
        if count >= _MOST_PARAMETERS:
            break
        name = match[1].lower()
        value = match[3].strip().strip('"') if match[2] is None else _ESCAPED.sub(r"\1", match[2])
        base, star, number = name.partition("*")
        if star:
            pieces.setdefault(base, []).append((_number(number), number.endswith("*") or not number, value))
        else:
            plain.setdefault(name, clean(decode_words(value)))
    return head.strip().lower(), plain | {name: clean(_joined(parts)) for name, parts in pieces.items()}


def _number(text: str) -> int:
    digits = text.rstrip("*")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0


def _joined(parts: Iterable[tuple[int, bool, str]]) -> str:
    """Join the pieces of an RFC 2231 value: charset'language'percent-encoded, or plain."""
    charset, octets = "", b""
    for place, (_, extended, value) in enumerate(sorted(parts, key=lambda part: part[0])):
        if extended and place == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)  # noqa: PLW2901 - what follows the charset and the language
        octets += unquote_to_bytes(value) if extended else value.encode("utf-8")
    return decode_words(decode(octets, charset)[0])


def written(head: str, values: dict[str, str]) -> str:
    """Return a value that every parser reads alike; parameters that cannot be so written are left out."""
    out = [head]
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            continue
        if _SIMPLE.fullmatch(value) and "=?" not in value:
            out.append(f'{name}="{value}"')
        elif name in ("name", "filename"):
            out.append(f"{name}*=utf-8''{quote(value, safe='')}")
    return "; ".join(out)


def media_type(head: str) -> str:
    """Return "type/subtype" in lower case; text/plain for what is none (RFC 2045 §5.2)."""
    match = _MEDIA_TYPE.match(head)
    return f"{match[1]}/{match[2]}".lower() if match else "text/plain"


def file_name(name: str, media: str) -> str:
    """Return a name safe to show and to save: no folders, no controls, not too long; made from the type if empty."""
    name = _SPACE.sub(" ", _CONTROL.sub("", clean(name))).replace("\\", "/").rpartition("/")[2].strip(" .")
    if not name:
        main, _, sub = media.partition("/")
        short = sub.removeprefix("x-")
        ending = _ENDINGS.get(sub, short if short.isalnum() and len(short) <= 5 else "bin")
        name = f"{main if main in ('image', 'audio', 'video') else short or 'part'}.{ending}"
    if len(name.encode("utf-8")) <= _LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if len(ending.encode("utf-8")) > 20:
        stem, dot, ending = name, "", ""
    room = _LONGEST_NAME - len((dot + ending).encode("utf-8"))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore") + dot + ending
