"""Hypothesis strategies for whole mails of every make: nested, packed, oddly encoded, with headers of every kind."""

from __future__ import annotations

import base64
import binascii

from hypothesis import strategies as st

from tests import packages as made
from tests.unit.strategies import CHARSETS, WORDS, encodable, transferred

_ODD_CHARSETS = (*CHARSETS, "x-unknown", "utf-7", "utf-16", "us-ascii", "", "iso-2022-jp", "gb2312", "\xe9")
_ODD_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64", "x-uuencode", "x-odd", "")
_BOUNDARIES = ("b", "b b", "b--", "=_x", "'b'", "b.", "é", "b" * 70)
_ADDRESSES = (
    "ana@example.org", "Ana Pop <ana@example.org>", '"Pop, Ana" <ana@example.org>', "<>", "undisclosed-recipients:;",
    "=?utf-8?q?Ana_=C8=99?= <ana@example.org>", "ana@example.org, bo@example.org", "MAILER-DAEMON", "a@b@c", "<ana",
    "MAILER-DAEMON@example.org", "noreply@example.org", "group: ana@example.org, bo@example.org;",
    "\u202eana@example.org",
)  # fmt: skip
_FIELDS = {
    "From": _ADDRESSES,
    "To": ("cohesion@example.org", "cohesion+x@example.org", *_ADDRESSES),
    "Cc": _ADDRESSES,
    "Reply-To": _ADDRESSES,
    "Sender": _ADDRESSES,
    "Return-Path": ("<>", "<ana@example.org>", "ana@example.org", ""),
    "Date": ("Mon, 02 Mar 2026 08:30:00 +0000", "2 Mar 26", "yesterday", "Fri, 31 Feb 2026 99:99:99 +9999", ""),
    "Subject": ("Hello", "Re: Hello", "=?koi8-u?b?8NLJ18XU?=", "=?utf-8?q?broken", "out of office", "a\u202eb\u2066c"),
    "Message-ID": ("<1@example.org>", "1@example.org", "<>", "<a b@example.org>", "<" * 50),
    "In-Reply-To": ("<1@example.org>", "yours of Monday"),
    "References": ("<1@example.org> <2@example.org>", "<1@example.org><", "x" * 300),
    "Auto-Submitted": ("no", "auto-replied", "auto-generated; x=y", ""),
    "Precedence": ("bulk", "list", "first-class"),
    "List-Id": ("<list.example.org>",),
    "X-Auto-Response-Suppress": ("All", "OOF"),
    "Authentication-Results": ("mx.example.org; dmarc=fail", "spf=pass", ";;;"),
    "MIME-Version": ("1.0", "1.0 (x)", "2"),
    "Received": ("from a by b; Mon, 02 Mar 2026 08:30:00 +0000", "x"),
    "X-Odd": ("a\r\n b\r\n\tc", "\x00", "\x7f", "é", ""),
}
_HTML = (
    "<p>{}</p>",
    "<html><body><div>{}<br>",
    "<blockquote type=cite>{}</blockquote>",
    "<style>x</style>{}<!--",
    "{}",
)

sentences = st.lists(
    st.sampled_from([*WORDS, "\n", "> ", "-- \n", "On Mon, Ana <a@example.org> wrote:\n"]), max_size=10
)
texts = sentences.map(" ".join) | st.text(max_size=80)


def headers() -> st.SearchStrategy[bytes]:
    """Header fields of every kind, in any number and order, with all sorts of line ends."""
    one = st.sampled_from(sorted(_FIELDS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(_FIELDS[name]))
    )
    lines = st.lists(one, max_size=14, unique_by=lambda field: field[0]) | st.lists(one, max_size=14)
    return st.builds(_written, lines, st.sampled_from(["\r\n", "\n", "\r"]), st.sampled_from(["utf-8", "cp1252"]))


def _written(fields: list[tuple[str, str]], end: str, charset: str) -> bytes:
    return "".join(f"{name}: {value}{end}" for name, value in fields).encode(charset, "replace")


@st.composite
def text_parts(draw: st.DrawFn) -> bytes:
    """Text, its charset and encoding right or wrong, with uuencoded files in it at times."""
    charset, encoding = draw(st.sampled_from(_ODD_CHARSETS)), draw(st.sampled_from(_ODD_ENCODINGS))
    subtype = draw(st.sampled_from(["plain", "plain; format=flowed", "html", "calendar", "enriched", "x-odd"]))
    text = draw(texts)
    if subtype == "html":
        text = draw(st.sampled_from(_HTML)).format(text)
    known = charset if charset in CHARSETS else "utf-8"
    data = encodable(text, known).encode(known) + draw(st.just(b"") | uuencoded())
    head = f'Content-Type: text/{subtype}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n'
    named = draw(st.sampled_from(["", "Content-Disposition: attachment; filename=a.txt\r\n", "Content-ID: <i@x>\r\n"]))
    return (head + named + "\r\n").encode("utf-8") + transferred(data, encoding)


@st.composite
def uuencoded(draw: st.DrawFn) -> bytes:
    """A uuencoded file, whole or cut off."""
    data = draw(st.binary(max_size=100))
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    whole = b"\nbegin 644 " + draw(st.sampled_from([b"a.txt", b"\xe9 b", b""])) + b"\n" + lines + b"`\nend\n"
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@st.composite
def winmails(draw: st.DrawFn) -> bytes:
    """A TNEF part, whole or damaged."""
    kinds = st.sampled_from([made.STRING, made.UNICODE, made.BINARY, 0x0D, 0x101E])
    rtf = st.binary(max_size=60).map(lambda data: made.compressed(rb"{\rtf1\fromhtml1 {\*\htmltag <p>}" + data))
    content = st.binary(max_size=60) | texts.map(lambda text: text.encode("utf-16-le", "replace")) | rtf
    names = st.sampled_from([made.BODY, made.RTF, made.HTML, made.DISPLAY, made.CONTENT, made.LONG_NAME, made.MEDIA])
    values = st.dictionaries(names, st.tuples(kinds, content), max_size=4)
    data = made.tnef(draw(values), draw(st.lists(values, max_size=3)))
    return made.winmail(_damaged(data, draw(_blows)))


@st.composite
def smimes(draw: st.DrawFn, entity: st.SearchStrategy[bytes]) -> bytes:
    """An S/MIME part around another, whole or damaged."""
    data = made.signed(draw(entity), draw(st.integers(1, 4)), still_open=draw(st.booleans()))
    more = draw(st.sampled_from(["; smime-type=signed-data", "", "; smime-type=enveloped-data", "; name=a.p7m"]))
    return made.smime(_damaged(data, draw(_blows)), more)


@st.composite
def _multiparts(draw: st.DrawFn, below: st.SearchStrategy[bytes]) -> bytes:
    """A multipart whose boundaries are right, doubled, missing or cut short."""
    subtype = draw(st.sampled_from(["mixed", "alternative", "related", "report", "digest", "signed", "encrypted", "x"]))
    boundary = draw(st.sampled_from(_BOUNDARIES)).encode()
    lines = [b"Content-Type: multipart/" + subtype.encode() + b'; boundary="' + boundary + b'"\r\n\r\nepilogue']
    for part in draw(st.lists(below, max_size=4)):
        lines.append(draw(st.sampled_from([b"--" + boundary, b"--" + boundary, b"--", b"--" + boundary + b"--"])))
        lines.append(part)
    closing = draw(st.sampled_from([b"--" + boundary + b"--", b"--" + boundary, b""]))
    return draw(st.sampled_from([b"\r\n", b"\n"])).join([*lines, closing])


_binary = st.binary(max_size=60).map(
    lambda data: (
        b"Content-Type: image/jpeg; name*=utf-8''%e2%82%ac.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(data)
    )
)
_blows = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=3)
_leaves = text_parts() | _binary | winmails() | uuencoded()


def _damaged(data: bytes, blows: list[tuple[int, bytes]]) -> bytes:
    for at, piece in blows:
        data = data[:at] + piece + data[at + len(piece) :]
    return data


def _attached(entity: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\nSubject: within\r\n" + entity


def mails() -> st.SearchStrategy[bytes]:
    """Whole mails of any make."""
    entities = st.recursive(
        _leaves, lambda below: _multiparts(below) | smimes(below) | below.map(_attached), max_leaves=6
    )
    return st.builds(bytes.__add__, headers(), entities)
