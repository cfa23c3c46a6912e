"""What holds for every mail, well-formed or not."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.mail.headers import decode_words, file_name, message_ids, parameters
from intake.mail.html import html_to_text
from intake.mail.message import Message
from intake.mail.parse import attachment_content, parse
from tests.unit.strategies import Sample, broken_mails, damaged_mails, samples

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared


def _texts(value: object) -> list[str]:
    """Every string in a value, however deep."""
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        return [text for field in fields(value) for text in _texts(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [text for item in value for text in _texts(item)]
    return []


def _check(raw: bytes) -> Message:
    message = parse(raw)
    assert not any("cannot be read (" in defect for defect in message.defects)
    for text in _texts(message):
        text.encode("utf-8")
        assert "\0" not in text
    assert message.date is None or message.date.tzinfo is UTC
    for found in message.attachments:
        content = attachment_content(raw, found.index)
        assert (len(content), sha256(content).hexdigest()) == (found.size, found.sha256)
    return message


@unhurried
@given(st.binary(max_size=2000))
def test_any_bytes_are_a_message(raw: bytes) -> None:
    """P2: every byte string gives a Message that UTF-8 and PostgreSQL can hold, and its attachments can be had."""
    _check(raw)


@unhurried
@given(broken_mails())
def test_any_order_of_the_pieces_of_mails_is_a_message(raw: bytes) -> None:
    """P2: header lines, boundaries, encodings and charsets in the wrong places stop nothing."""
    _check(raw)


@unhurried
@given(damaged_mails())
def test_a_damaged_mail_is_a_message(raw: bytes) -> None:
    """P2: a mail that lost some stretches still gives a Message."""
    _check(raw)


@unhurried
@given(samples())
def test_what_was_written_is_read(sample: Sample) -> None:
    """P1: subject, name, text and attachments come back over charsets, transfer and header encodings."""
    message = _check(sample.raw)
    assert (message.subject, message.author.name, message.text) == (sample.subject, sample.name, sample.text)
    assert message.plain
    assert message.date == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert tuple(found.name for found in message.attachments) == tuple(name for name, _ in sample.attachments)
    for found, (_, content) in zip(message.attachments, sample.attachments, strict=True):
        assert attachment_content(sample.raw, found.index) == content


@unhurried
@given(st.text(max_size=300))
def test_any_text_is_a_header_value(text: str) -> None:
    """P2: encoded words, parameters, ids and file names are read from any text without raising."""
    decode_words(text)
    message_ids(text)
    head, values = parameters(text)
    assert all(isinstance(value, str) for value in (head, *values.values()))
    name = file_name(text, "image/jpeg")
    assert name
    assert not set(name) & set("/\\\0\n")
    assert len(name.encode("utf-8", "surrogatepass")) <= 200


@unhurried
@given(st.lists(st.sampled_from(["<p>", "</p>", "<div hidden>", "<br>", "x", "<b", ">", "<!--", "&", "<pre>\n"])))
def test_any_markup_has_a_text(pieces: list[str]) -> None:
    """P2: HTML of any shape becomes text."""
    html_to_text("".join(pieces))


def test_there_is_no_attachment_beyond_the_last() -> None:
    """An index that no attachment has is an IndexError, a negative one, too."""
    for index in (0, -1):
        with pytest.raises(IndexError):
            attachment_content(b"Subject: x\r\n\r\nhello", index)
