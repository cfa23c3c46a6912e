"""What holds for every mail on its way through triage, whatever it is made of; and what the worst ones cost."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from intake.mail import mime
from intake.mail.parse import attachment_content, attachment_contents, parse
from intake.mail.values import Identity
from intake.triage import Sorter
from tests.unit.mail_strategies import mails
from tests.unit.rulebooks import rule, rulebook
from tests.unit.strategies import mail, multipart, part

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT = part("hello", "utf-8", "8bit")


@cache
def _sorter() -> Sorter:
    rules = rule("{words: [a, boiler, café]}") + rule("{header: {X-Odd: a}}", id_="a2")
    return Sorter(rulebook(rules), Identity(frozenset({"cohesion@example.org"})), ZoneInfo("Europe/London"))


@unhurried
@given(mails())
def test_every_mail_has_its_parts(raw: bytes) -> None:
    """P2, P3: mails nested, packed and damaged in any way are read, and each attachment is what its entry says."""
    message = parse(raw)
    assert not any("cannot be read (" in defect for defect in message.defects)
    contents = [content() for content in attachment_contents(raw)]
    assert [(one.size, one.sha256) for one in message.attachments] == [
        (len(content), sha256(content).hexdigest()) for content in contents
    ]
    assert [attachment_content(raw, one.index) for one in message.attachments] == contents
    for text in (message.subject, message.text, message.html, *(one.name for one in message.attachments)):
        assert "\0" not in text
        text.encode("utf-8")


@unhurried
@given(mails())
def test_own_words_are_of_the_text(raw: bytes) -> None:
    """P4: own words are lines of the letter's text, the first perhaps behind a banner; nothing is made up."""
    found = _sorter().read(raw, NOW, False)
    first, *rest = (line.strip() for line in found.facts.own.own.split("\n"))
    lines = {line.strip() for line in found.facts.message.text.split("\n")}
    assert set(rest) <= lines
    assert any(line.endswith(first) for line in lines)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(mails())
def test_triage_is_a_function(raw: bytes) -> None:
    """P2, R2: triage takes every mail, and makes the same of it each time."""
    assert _sorter().triage(raw, NOW) == _sorter().triage(raw, NOW)


def test_a_forward_of_a_forward() -> None:
    """P3, P4: rules read letters that were forwarded as attachments, also within one another, up to a number."""
    within = b"Content-Type: message/rfc822\r\n\r\nSubject: first\r\n\r\nThe boiler is broken."
    below = multipart("mixed", b"\r\nSee below.", within, boundary="in")
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: second\r\n" + below
    facts = _sorter().read(mail(multipart("mixed", b"\r\nFor you.", inner)), NOW, False).facts
    assert " ".join(facts.message.text.split()) == "For you. See below. The boiler is broken."
    assert (facts.own.own, facts.own.forwarded) == ("For you.", True)
    named = b"Content-Type: application/octet-stream; name=a.eml\r\n\r\nSubject: x\r\n\r\nNamed."
    assert "Named." in _sorter().read(mail(multipart("mixed", TEXT, named)), NOW, False).facts.message.text
    many = _sorter().read(mail(b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"deep"), NOW, False)
    assert "deep" not in many.facts.message.text


def _nested(depth: int) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"".join(heads) + TEXT


_WORST = {
    "NULs": mail(b"\r\n" + b"a\0" * 500_000),
    "surrogates": mail(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"\xed\xa0\x80" * 300_000),
    "bidi": mail(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\u202ea".encode() * 250_000),
    "nested": mail(_nested(10_000)),
    "attached": mail(b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"hello"),
    "a header line": mail(TEXT, more="X-Long: " + "a" * 1_000_000 + "\r\n"),
    "folded": mail(TEXT, more="X-Long: " + "a\r\n " * 250_000 + "\r\n"),
    "recipients": mail(TEXT, more="Cc: " + ",\r\n ".join(f"p{n}@example.org" for n in range(100_000)) + "\r\n"),
    "encoded names": mail(TEXT, more="Cc: " + "=?utf-8?q?a?= <a@example.org>, " * 30_000 + "\r\n"),
}


@pytest.mark.parametrize("worst", _WORST)
def test_the_worst_cost_little_memory(worst: str) -> None:
    """P5: the worst mails of a megabyte take memory in proportion to their size, and make few parts and fields."""
    raw = _WORST[worst]
    parse(mail(TEXT))
    tracemalloc.start()
    message = parse(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * len(raw) + 8_000_000
    assert len(message.part_types) <= mime.DEEPEST + 1
    assert sum(len(value) for _, value in message.headers) <= mime.LONGEST_BLOCK
    assert len(message.cc) < mime.LONGEST_FIELD // len("p1@example.org")
    assert len(message.text) <= len(raw)
