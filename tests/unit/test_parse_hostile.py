"""Mails made to hurt: each is read, and what was left unread is said. A run that takes minutes is a failure, too."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import mailparser
import pytest

from intake.mail import mime
from intake.mail.html import html_to_text
from intake.mail.parse import attachment_content, parse
from intake.mail.values import Identity, Urgency
from intake.triage import Sorter
from tests.unit.rulebooks import rulebook
from tests.unit.strategies import mail, multipart, part

ROOT = Path(__file__).parents[2]
TEXT = part("hello", "utf-8", "8bit")


def _nested(depth: int) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"".join(heads) + TEXT + b"".join(b"\r\n--b%d--" % n for n in reversed(range(depth)))


def test_nesting() -> None:
    """P5: 10,000 nested multiparts, or attached mails, are bounded; what is not opened is an attachment."""
    message = parse(mail(_nested(10_000)))
    assert len(message.part_types) == mime.DEEPEST + 1
    assert [found.type for found in message.attachments] == ["application/octet-stream"]
    assert "nested more than" in message.defects[0]
    assert parse(mail(_nested(mime.DEEPEST))).text == "hello"

    attached = parse(mail(b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"hello"))
    assert attached.part_types == ("message/rfc822",)


def test_many_parts() -> None:
    """P5: of 100,000 parts a thousand are read."""
    message = parse(mail(multipart("mixed", *[TEXT] * 100_000)))
    assert len(message.part_types) == mime.MOST_PARTS
    assert message.defects == (f"it has more than {mime.MOST_PARTS} parts; the rest is not read",)


def test_long_header_lines() -> None:
    """P5: a header line of a megabyte is cut, folded or not, and the headers behind it are read."""
    for value in ("a" * 1_000_000, "a\r\n " * 300_000, "=?utf-8?Q?" * 100_000, "=?utf-8?Q?a?= " * 70_000):
        message = parse(mail(TEXT, more=f"X-Long: {value}\r\nX-After: here\r\n"))
        assert message.first("x-after") == "here"
        assert len(message.first("x-long") or "") <= mime.LONGEST_FIELD
        assert any("cut to" in defect for defect in message.defects)


def test_many_recipients() -> None:
    """P5: of 100,000 recipients the first are read, the last of them whole."""
    people = ",\r\n ".join(f'"Person {n}" <p{n}@example.org>' for n in range(100_000))
    message = parse(mail(TEXT, more=f"Cc: {people}\r\n"))
    assert 1000 < len(message.cc) < 100_000
    assert message.cc[-1].address == f"p{len(message.cc) - 1}@example.org"
    assert "cut to" in message.defects[0]


def test_many_headers() -> None:
    """P5: of a million header fields a thousand are read, and the body is found behind them."""
    message = parse(b"Subject: x\r\n" + b"A: b\r\n" * 1_000_000 + b"\r\nhello")
    assert (message.subject, message.text, len(message.headers)) == ("x", "hello", mime.MOST_FIELDS)
    assert "the rest is not read" in message.defects[0]


@pytest.mark.parametrize(
    "value",
    [
        "text/plain" + ";" * 500_000,
        "text/plain" + "; a=b" * 100_000,
        'text/plain; a="' + '"; ' * 100_000,
        "text/plain; a" + " " * 100_000,
        "text/plain; " + "a" * 100_000,
        "multipart/mixed; boundary=" + "b" * 100_000,
        "text/plain; filename*=x; filename*0=y; filename*9999999999=z",
        "text/plain; charset*=utf-8''a; charset*0=b",
    ],
)
def test_content_type(value: str) -> None:
    """P5: parameters that make the standard library quadratic, or raise, do neither."""
    assert parse(mail(f"Content-Type: {value}\r\n\r\nhello".encode())).text == "hello"


@pytest.mark.parametrize(
    "value",
    [
        '"' * 60_000,
        "(" * 60_000,
        "<a@b.c>" * 9_000,
        "=?utf-8?Q?a?= " * 4_000 + "<a@b.c>",
        "a." * 30_000,
        "," * 64_000,
        "a " * 30_000,
        "a@" * 30_000,
        "=?utf-8?B?a?= <a@b.c>",
        "unlisted-recipients:;",
        "a:b:c;;",
        "<>",
        ":",
        "\\",
    ],
    ids=lambda value: value[:12],
)
def test_addresses(value: str) -> None:
    """P5: address fields that no grammar has stop nothing."""
    message = parse(mail(TEXT, author=value, more=f"Sender: {value}\r\nReply-To: {value}\r\n"))
    assert message.text == "hello"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 500_000 + "hello",
        "".join(f"<b id={n}><div>" for n in range(20_000)) + "hello" + "</b>" * 20_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">hello",
        "hello" + "<!--" * 500_000,
        "<div>" * 3000 + "hello" + "<script>" * 300_000,
        "<b" * 1_000_000 + ">hello",
        "<p style='display" + " " * 1_000_000 + "'>hello",
        "<p style='display:none'><p hidden>x</p>" * 20_000 + "</p>hello",
        "<object><svg><object>" * 3000 + "x" + "</object></svg></object>" * 3000 + "hello",
        "<img src='data:image/png;base64," + "A" * 9_000_000 + "'>hello",
    ],
    ids=lambda html: html[:20],
)
def test_html(html: str) -> None:
    """P5: markup that takes a tree builder quadratic time, or makes one crash, is read all the same."""
    assert html_to_text(html).removeprefix("x\n") == "hello"


def test_quotes_within_quotes() -> None:
    """P5: the text of deeply nested quotes grows with the HTML, not with its square."""
    html = "<blockquote type=cite>x<br>" * 450 + "y<br>" * 50_000
    assert len(html_to_text(html)) < len(html) * 10


def test_flowed_lines() -> None:
    """P5: a million flowed lines become one."""
    raw = mail(b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 1_000_000)
    assert parse(raw).text == "a " * 1_000_000


def test_boundary_lines() -> None:
    """P5: millions of lines that look like boundaries are text."""
    body = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"--\n" * 1_000_000 + b"--b--"
    assert parse(mail(body)).text.count("--") == 1_000_000


def test_uuencoded_blocks() -> None:
    """P5: beginnings without an end are text, and only so many files are taken out of a text."""
    assert parse(mail(b"\r\n" + b"begin 644 a\r\n" * 200_000)).attachments == ()
    assert len(parse(mail(b"\r\n" + b"begin 644 a\r\n`\r\nend\r\n" * 1_000)).attachments) == 50


def test_nuls_and_surrogates() -> None:
    """P5: NULs go and lone surrogates are replaced, wherever they stand."""
    word = "=?utf-7?Q?+2AA-a=00b?="
    raw = mail(part("a\0b", "utf-8", "8bit"), f"x\0{word}", f"{word} <a\0@example.org>", f"References: <\0{word}>\r\n")
    message = parse(raw)
    assert message.text == "ab"
    assert message.subject == "x\ufffdab"
    assert message.author.name == "\ufffdab"
    assert "text part: NUL bytes; left out" in message.defects


def test_texts_are_bounded() -> None:
    """P5: of a text part of many megabytes the first are read, and the rest is said to be left out."""
    message = parse(mail(b"\r\n" + b"a" * 6_000_000))
    assert len(message.text) == 4_000_000
    assert "only the first 4000000 are read" in message.defects[0]


def test_a_parser_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """P2, R9: whatever the outside parser stumbles over, its raw text is shown, and a person reads it today."""

    def raising(_: bytes) -> None:
        raise AttributeError("index")

    monkeypatch.setattr(mailparser, "parse_from_bytes", raising)
    message = parse(mail(TEXT))
    assert "hello" in message.text
    assert message.defects == ("the mail cannot be read (AttributeError); what is shown is its raw text",)
    sorter = Sorter(rulebook(), Identity(frozenset({"cohesion@example.org"})), ZoneInfo("Europe/London"))
    decision = sorter.triage(mail(TEXT), datetime(2026, 3, 2, tzinfo=UTC)).decision
    assert ("unreadable" in decision.flags, decision.urgency) == (True, Urgency.TODAY)


def test_no_memory_is_no_fault_of_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """P2, H2: a mail that there was no memory to read is not taken for one that cannot be read."""

    def raising(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(mailparser, "parse_from_bytes", raising)
    with pytest.raises(MemoryError):
        parse(mail(TEXT))


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """G4: the outside parser logs what it cannot read, word for word; here it does not."""
    with caplog.at_level(logging.DEBUG):
        parse(mail(b"Content-Type: application/octet-stream; name=secret\r\n\r\nx", "=?utf-8?B?secret", "secret"))
    assert caplog.records == []


_MEASURE = """
import resource, sys
from intake.mail.parse import attachment_content, parse
line = b"QUJD" * 19 + bytes((13, 10))
head = b"Content-Type: multipart/mixed; boundary=b\\n\\n--b\\nContent-Type: application/pdf; name=a.pdf\\n"
raw = head + b"Content-Transfer-Encoding: base64\\n\\n" + line * 460_000 + b"--b--"
parse(raw[:1000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
message = parse(raw)
assert message.attachments[0].size == len(line.strip()) // 4 * 3 * 460_000
assert attachment_content(raw, 0)[:3] == b"ABC"
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, len(raw) >> 20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured in Linux's unit")
def test_memory() -> None:
    """F4, P5: a mail of 35 MB takes little more memory than its attachment once decoded."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, env=environment, check=True)
    taken, size = map(int, done.stdout.split())
    assert size >= 34
    assert taken < 2 * size


def test_content_of_any_size() -> None:
    """P3: attachments short and long, in every transfer encoding, come back byte for byte."""
    for size in (0, 1, 100, mime.LARGE - 1, mime.LARGE, 100_000):
        content = (bytes(range(256)) * (size // 256 + 1))[:size]
        for encoding in ("base64", "quoted-printable", "8bit", "x-uuencode"):
            data = _encoded(content, encoding)
            head = f"Content-Type: application/x-thing; name=a.bin\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
            raw = mail(multipart("mixed", TEXT, head.encode() + data))
            assert attachment_content(raw, 0) == content, (size, encoding)


def _encoded(content: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return b"=\r\n".join(
            b"".join(b"=%02X" % byte for byte in content[at : at + 25]) for at in range(0, len(content), 25)
        )
    if encoding == "x-uuencode":
        lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
        return b"begin 644 a.bin\n" + b"".join(lines) + b"`\nend\n"
    return content
