"""Header blocks and address fields as real programs get them wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from intake.mail.headers import file_name, message_ids, parameters
from intake.mail.message import Address
from intake.mail.parse import parse
from tests.unit.strategies import mail, part

MIXED = b"Content-Type: multipart/mixed; boundary=b\n"
TEXT = part("hello", "utf-8", "8bit")


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("ana@example.net", "", "ana@example.net"),
        ("Ana Pop <ana@example.net>", "Ana Pop", "ana@example.net"),
        ('"Pop, Ana" <ana@example.net>', "Pop, Ana", "ana@example.net"),
        ("ana@example.net (Ana)", "Ana", "ana@example.net"),
        ('"=?utf-8?Q?Ana_=C8=98?=" <ana@example.net>', "Ana Ș", "ana@example.net"),
        ("=?utf-8?Q?Pop,_Ana?= <ana@example.net>", "Pop, Ana", "ana@example.net"),
        ("=?utf-8?Q?Pop, Ana?= <ana@example.net>", "Pop, Ana", "ana@example.net"),
        ("Ana ana@example.net", "Ana", "ana@example.net"),
        ("ana@example.net <ana@example.net>", "", "ana@example.net"),
        ("<ana @ example.net>", "", "ana@example.net"),
        ("Ana Pop", "Ana Pop", ""),
        ('"boss@example.org" <>', "boss@example.org", ""),
        ("=?utf-8?Q?boss=40example.org?=", "boss@example.org", ""),
        ("one@example.org two@example.org", "one@example.org two@example.org", ""),
        ("=?utf-8?Q?boss=40example.org?= <ana@example.net>", "boss@example.org", "ana@example.net"),
        ("<=?utf-8?Q?boss?=@example.net>", "", "=?utf-8?Q?boss?=@example.net"),
    ],
)
def test_author(written: str, name: str, address: str) -> None:
    """P1, S11: the author is who the field says, and never an address that stands within a name."""
    assert parse(mail(TEXT, author=written)).author == Address(name, address)


def test_address_lists() -> None:
    """S2: every To and Cc counts, groups are opened, nobody is nobody."""
    more = "To: Team: a@example.org, b@example.org;, c@example.org\r\nCc: unlisted-recipients:; (no To-header)\r\n"
    message = parse(mail(TEXT, more=more))
    assert [one.address for one in message.to] == [
        "cohesion@example.org",
        "a@example.org",
        "b@example.org",
        "c@example.org",
    ]
    assert message.cc == ()


def test_two_authors() -> None:
    """S5: of two From headers the topmost counts, and it is said that there are two."""
    message = parse(mail(TEXT, more="From: other@example.net\r\n"))
    assert message.author.address == "resident@example.org"
    assert "there is more than one From header; the topmost counts" in message.defects


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, 2 Mar 2026 08:30:00 +0200", datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
        ("2 Mar 26 08:30 GMT", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 08:30:00 +0200 (EET)", datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
        ("Monday, March 02, 2026 8:30 AM", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("Mon Mar  2 08:30:00 2026", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T08:30:00Z", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02 08:30:00+02:00", datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
        ("Mon, 2 Mar 0126 08:30:00 +0000", None),
        ("Lu, 2 martie 2026", None),
        ("Mon, 32 Mar 2026 08:30:00 +0000", None),
        ("Mon, 2 Mar 99999 08:30:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("", None),
    ],
)
def test_dates(written: str, read: datetime | None) -> None:
    """P2: dates are read in UTC, common malformed ones too; of the others there is none, and a defect."""
    message = parse(b"Date: " + written.encode() + b"\r\n\r\nhello")
    assert message.date == read
    if read is None:
        assert any("Date header" in defect for defect in message.defects)


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"Subject: x\nhello", "x", "hello"),  # no blank line
        (b"Subject: x\n\nhello", "x", "hello"),
        (b"Subject: x\rTo: y@example.org\r\rhello", "x", "hello"),
        (b"\xef\xbb\xbfSubject: x\n\nhello", "x", "hello"),
        (b"\n\n  Subject: x\n\nhello", "x", "hello"),
        (b"From a@example.org Mon Mar  2 08:30:00 2026\nSubject: x\n\nhello", "x", "hello"),
        (b"Subject: x\nlost fold\nTo: y@example.org\n\nhello", "x", "hello"),
        (b"Subject: x", "x", ""),
        (b"Subject: x\n \n\nhello", "x", "hello"),
        (b"Subject:x\nSubject: y\n\nhello", "x", "hello"),
        (b"Hello,\nTo: whom it may concern\n", "", "Hello,\nTo: whom it may concern"),
        (b"", "", ""),
        (MIXED + b"Subject: x\n--b\n\nhello\n--b--", "x", "hello"),
        (MIXED + b"Subject: x\n\n--b\nContent-ID: 1\n--b\n\nhello\n--b--", "x", "hello"),
        (MIXED + b"Subject: x\n\n--bc\n--b  \nhello\nDate: now\n--b--", "x", "hello\nDate: now"),
        (b'Content-Type: multipart/mixed; boundary="b c "\nSubject: x\n\n--b c\n\nhello\n--b c--\nend', "x", "hello"),
        (b"Content-Type: multipart/mixed boundary=b\nSubject: x\n\npreamble\n--b\n\nhello\n", "x", "hello"),
        (b"Content-Type: text\nSubject: x\n\nhello", "x", "hello"),
        (b"Content-Type: text/plain charset=utf-8\nSubject: x\n\nh\xc3\xa9llo", "x", "héllo"),
        (b"Content-Type: text/plain; charset=\"utf-8\nSubject: x\n\nh\xc3\xa9llo", "x", "héllo"),
    ],
)  # fmt: skip
def test_header_blocks(raw: bytes, subject: str, text: str) -> None:
    """P2: what is wrong with a header block or a boundary costs neither headers nor text."""
    message = parse(raw)
    assert (message.subject, message.text) == (subject, text)


def test_a_lost_fold_is_told() -> None:
    """P2: a line that is left out of a header is a defect."""
    message = parse(b"Subject: x\r\nlost fold\r\nTo: y@example.org\r\n\r\nhello")
    assert "a line within a header is no header field; left out" in message.defects


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("text/plain", {}),
        ("text/plain; charset=utf-8; format=flowed", {"charset": "utf-8", "format": "flowed"}),
        ('a/b; name="a \\"b\\" c;d.txt"', {"name": 'a "b" c;d.txt'}),
        ('a/b; name="a "b" c.txt"; x=y', {"name": 'a "b" c.txt', "x": "y"}),
        ("a/b; name=two words.txt", {"name": "two words.txt"}),
        ('a/b; name="never closed', {"name": "never closed"}),
        ("a/b; name*=utf-8''caf%C3%A9", {"name": "café"}),
        ("a/b; name*=caf%E9", {"name": "café"}),
        ("a/b; name*1=b; name*0=a", {"name": "ab"}),
        ("a/b; name=plain; name*=utf-8''extended", {"name": "extended"}),
        ("a/b; name*=x; name*0=y", {"name": "xy"}),
        ("a/b; NAME = x", {"name": "x"}),
        ("a/b;;; =x; y", {}),
    ],
)
def test_parameters(written: str, values: dict[str, str]) -> None:
    """P1: parameters are read as RFC 2045 and RFC 2231 write them, and as programs do."""
    assert parameters(written)[1] == values


def test_ids() -> None:
    """T1: ids come without brackets and folds, and bare ones only where there are no others."""
    assert message_ids("<a@example.org>\t<b@\r\n example.org> c@example.org") == ("a@example.org", "b@example.org")
    assert message_ids("Your letter a@example.org") == ("a@example.org",)
    assert message_ids("<> none") == ()
    assert len(message_ids("<a@b>" * 10_000)) == 500


@pytest.mark.parametrize(
    ("name", "media", "shown"),
    [
        ("", "image/jpeg", "image.jpg"),
        ("", "application/pdf", "pdf.pdf"),
        ("", "text/calendar", "calendar.ics"),
        ("", "application/vnd.very.long", "vnd.very.long.bin"),
        ("", "", "part.bin"),
        ("C:\\Temp\\a.txt", "text/plain", "a.txt"),
        ("../../etc/passwd", "text/plain", "passwd"),
        ("..", "text/plain", "plain.txt"),
        ("a\r\nb\0.txt", "text/plain", "ab.txt"),
        ("x" * 300 + ".pdf", "application/pdf", "x" * 196 + ".pdf"),
        ("ș" * 300, "application/pdf", "ș" * 100),
    ],
)
def test_file_names(name: str, media: str, shown: str) -> None:
    """P3, X3: a file name has no folders, no controls and an end."""
    assert file_name(name, media) == shown
