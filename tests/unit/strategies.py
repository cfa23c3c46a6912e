"""Hypothesis strategies for raw mails: well-formed ones with what is in them, and broken ones."""

from __future__ import annotations

import base64
import quopri
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

LETTERS = "£’éșї پ"  # P1: one letter that each charset family has or lacks
CHARSETS = (
    "utf-8",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1256",
    "iso-8859-1",
    "iso-8859-2",
    "koi8-u",
)
ENCODINGS = ("7bit", "8bit", "quoted-printable", "base64")
WORDS = [
    "a",
    "boiler",
    "and",
    "café,",
    "naïve",
    "£5",
    "it’s",
    "„acasă”",
    "școala",
    "їжа",
    "сусід",
    "پدر",
    "خانه",
    "Łódź",
    "👋",
]


@dataclass(frozen=True)
class Sample:
    """A raw mail and what a reader must find in it."""

    raw: bytes
    subject: str
    name: str
    text: str
    attachments: tuple[tuple[str, bytes], ...]  # name, content


def encodable(text: str, charset: str) -> str:
    """The part of `text` that `charset` has."""
    return text.encode(charset, "ignore").decode(charset)


def transferred(data: bytes, encoding: str) -> bytes:
    """`data` in a transfer encoding, as a body."""
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data


def encoded_word(text: str, charset: str, encoding: str) -> str:
    """`text` as encoded words (RFC 2047) that split neither characters nor words but in odd places."""
    words = []
    for at in range(0, len(text), 8):
        octets = text[at : at + 8].encode(charset)
        coded = base64.b64encode(octets).decode() if encoding == "B" else "".join(f"={byte:02X}" for byte in octets)
        words.append(f"=?{charset}?{encoding}?{coded}?=")
    return "\r\n ".join(words)


def part(text: str, charset: str, encoding: str, subtype: str = "plain") -> bytes:
    """A text part with its header."""
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + transferred(text.encode(charset), encoding)


def attachment(name: str, content: bytes) -> bytes:
    """A binary part whose name is written as RFC 2231 has it."""
    head = (
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{quote(name, safe='')}\r\n\r\n"
    )
    return head.encode() + transferred(content, "base64")


def multipart(subtype: str, *parts: bytes, boundary: str = "=-bound") -> bytes:
    """A multipart with its header."""
    line = f"\r\n--{boundary}".encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n'.encode()
    return head + b"".join(line + b"\r\n" + one for one in parts) + line + b"--\r\n"


def mail(content: bytes, subject: str = "x", author: str = "resident@example.org", more: str = "") -> bytes:
    """A whole mail around a part with its header."""
    head = (
        f"From: {author}\r\nTo: cohesion@example.org\r\nSubject: {subject}\r\nMessage-ID: <1@example.org>\r\n"
        f"Date: Mon, 02 Mar 2026 08:30:00 +0000\r\nMIME-Version: 1.0\r\n{more}"
    )
    return head.encode("utf-8") + content


_sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
_names = st.text(st.sampled_from("abcXYZ éșїپ£0-_"), min_size=1, max_size=60).map(
    lambda stem: "f" + " ".join(stem.split()) + ".bin"
)


def _by_accident_utf8(text: str, charset: str) -> bool:
    """Whether the bytes of `text` would read as UTF-8, too: nobody could tell."""
    if charset == "utf-8":
        return False
    try:
        text.encode(charset).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not text.isascii()


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Well-formed mails over charsets, transfer encodings, header encodings, alternatives and attachments."""
    charset, encoding = draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(ENCODINGS[1:]))
    said = st.builds(lambda text: " ".join(encodable(text, charset).split()), _sentences)
    fit = said.filter(lambda text: text and not _by_accident_utf8(text, charset))
    subject, name = draw(fit), draw(fit)
    text = "\n".join(draw(st.lists(fit, min_size=1, max_size=4)))
    body = part(text.replace("\n", "\r\n"), charset, encoding)
    if draw(st.booleans()):
        html = part(f"<p>{text}</p>", charset, encoding, "html")
        body = multipart("alternative", body, html, boundary="=-inner")
    files = draw(st.lists(st.tuples(_names, st.binary(max_size=20_000)), max_size=3))
    if files:
        body = multipart("mixed", body, *(attachment(*file) for file in files))
    how = draw(st.sampled_from("BQ"))
    author = f"{encoded_word(name, charset, how)} <resident@example.org>"
    raw = mail(body, encoded_word(subject, charset, how), author)
    return Sample(raw, subject, name, text, tuple(files))


_PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b"--", b"--b", b"--b--", b";", b"=?", b"?=", b'"', b"(", b"<", b">", b",",
    b": ", b"\t",
    b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Reply-To: ", b"Sender: ", b"Message-ID: ", b"References: ",
    b"Content-Type: ", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b",
    b"multipart/digest; boundary=b",
    b"multipart/report; boundary=b", b"message/rfc822", b"message/delivery-status", b"text/plain", b"text/html",
    b"; charset=", b"utf-8", b"utf-16", b"utf-7", b"idna", b"undefined", b"base64", b"x-user-defined", b"iso-2022-jp",
    b"Content-Transfer-Encoding: ", b"quoted-printable", b"x-uuencode", b"Content-Disposition: attachment; ",
    b"filename*=", b"filename*0*=utf-8''%ff", b"filename*1=", b"name=", b"=?utf-8?b?", b"=?utf-8?q?", b"=?x?b?//8=?=",
    b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc3\xa9", b"\xe9", b"+AAAA-", b"begin 644 a\r\n", b"`\r\nend\r\n",
    b"<html>", b"<p hidden>", b"<blockquote type=cite>", b"format=flowed", b"application/pkcs7-mime", b"a@example.org",
]  # fmt: skip


def broken_mails() -> st.SearchStrategy[bytes]:
    """Byte strings made of the pieces that mails are made of, in any order."""
    return st.lists(st.sampled_from(_PIECES) | st.binary(max_size=8), max_size=60).map(b"".join)


def damaged_mails() -> st.SearchStrategy[bytes]:
    """Well-formed mails with some stretches cut out or overwritten."""
    return st.builds(
        _damaged, samples(), st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(_PIECES)), max_size=8)
    )


def _damaged(sample: Sample, blows: list[tuple[int, bytes]]) -> bytes:
    raw = sample.raw
    for at, piece in blows:
        raw = raw[:at] + piece + raw[at + len(piece) * 2 :]
    return raw
