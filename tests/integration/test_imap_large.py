"""Large messages, and real ones, through a real Dovecot."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from intake.mailbox import oversize
from intake.mailbox.imap import ImapSettings, ImapSource
from tests.servers.control import control
from tests.servers.dovecot import Dovecot
from tests.servers.ledger import Kept, everything, letter

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "mails"


def source_of(server: Dovecot, user: str, size_limit: int = 50_000_000) -> ImapSource:
    """Return a source over a user's INBOX."""
    return ImapSource(
        ImapSettings("public", server.host, server.port, "none", user, server.password, size_limit=size_limit)
    )


def with_film(words: str, size: int) -> bytes:
    """Return a letter in plain text and HTML with a film of `size` bytes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.net", "b@example.org", "Lärm – noise"
    message["Message-ID"] = "<film@example.net>"
    message.set_content(words)
    message.add_alternative(f"<p>{words}</p>", subtype="html")
    message.add_attachment(b"", maintype="video", subtype="mp4", filename="Überwachung €.mp4")
    message.add_attachment("Not what the sender wrote.", filename="notes.txt")
    raw = message.as_bytes(policy=policy.SMTP)
    marker = raw.index(b"\r\n\r\n", raw.index(b"video/mp4")) + 4
    return raw[:marker] + (b"QUJD" * 19 + b"\r\n") * (size // 78) + raw[marker:]


def test_a_message_above_the_limit_costs_its_text_only(dovecot: Dovecot) -> None:
    """F4: with a message of 100 MB in the mailbox memory stays small, its text is taken, and what is left is named."""
    user, words = dovecot.user(), "Every night at the bus stop: loud engines, größer als sonst."
    with control(dovecot, user) as staff:
        staff.deliver(letter(1, NOW))
        staff.deliver(with_film(words, 100_000_000))
        staff.deliver(letter(3, NOW))
        before = staff.flags()
        with closing(source_of(dovecot, user)) as source:
            tracemalloc.start()
            try:
                taken = everything(source)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert staff.flags() == before
    assert peak < 10_000_000
    assert [one.left_behind == "" for one in taken] == [True, False, True]
    parsed = message_from_bytes(taken[1].raw, policy=policy.default)
    assert parsed["Subject"] == "Lärm – noise"
    assert parsed["Message-ID"] == "<film@example.net>"
    assert parsed.get_body(("plain",)).get_content().strip() == words
    assert parsed.get_body(("html",)).get_content().strip() == f"<p>{words}</p>"
    assert list(parsed.iter_attachments()) == []
    assert "Überwachung €.mp4 (video/mp4, " in taken[1].left_behind
    assert "notes.txt (text/plain, " in taken[1].left_behind
    assert "more than the 50.0 MB" in taken[1].left_behind


@pytest.mark.parametrize(("above", "whole"), [(0, True), (1, False)])
def test_the_limit_is_exact(dovecot: Dovecot, above: int, whole: bool) -> None:
    """F4: a message of exactly the limit is taken whole, one byte more is not."""
    user, raw = dovecot.user(), with_film("words", 300_000)
    with control(dovecot, user) as staff, closing(source_of(dovecot, user, len(raw) - above)) as source:
        staff.deliver(raw)
        (one,) = everything(source)
    assert (one.raw == raw, one.left_behind == "") == (whole, whole)


def test_a_single_text_above_the_limit_is_cut(dovecot: Dovecot) -> None:
    """F4: of a text without end the beginning is taken, and that the rest was left is told."""
    user, raw = dovecot.user(), letter(1, NOW, "Straße, утро, ’\r\n".encode() * 200_000)
    with control(dovecot, user) as staff, closing(source_of(dovecot, user, 1_000_000)) as source:
        staff.deliver(raw)
        (one,) = everything(source)
    assert raw.startswith(one.raw)
    assert oversize.TEXT - 1000 < len(one.raw) <= oversize.TEXT + 1000
    one.raw.decode()
    assert "all but the first 2.0 MB of" in one.left_behind


def test_an_attached_letter_above_the_limit_is_named(dovecot: Dovecot) -> None:
    """F4: a forwarded letter that is too large stays in the mailbox, and the note around it is taken."""
    inner = message_from_bytes(with_film("inside", 300_000), policy=policy.default)
    outer = EmailMessage()
    outer["Subject"] = "FW"
    outer.set_content("Please look at this.")
    outer.add_attachment(inner)
    user = dovecot.user()
    with control(dovecot, user) as staff, closing(source_of(dovecot, user, 100_000)) as source:
        staff.deliver(outer.as_bytes(policy=policy.SMTP))
        (one,) = everything(source)
    assert b"Please look at this." in one.raw
    assert b"inside" not in one.raw
    assert "(message/rfc822, 0.3 MB)" in one.left_behind


def test_many_large_messages_come_a_few_at_a_time(dovecot: Dovecot) -> None:
    """F4: batches are bounded by bytes too."""
    user, raw = dovecot.user(), with_film("words", 3_000_000)
    with control(dovecot, user) as staff, closing(source_of(dovecot, user)) as source:
        staff.deliver_many([raw] * 6 + [letter(1, NOW)] * 10)
        batches = list(source.fetch(Kept()))
    assert [one.raw for batch in batches for one in batch] == [raw] * 6 + [letter(1, NOW)] * 10
    assert max(sum(len(one.raw) for one in batch) for batch in batches) < 8_000_000
    assert len(batches) <= 4


def test_real_messages_come_as_they_are(dovecot: Dovecot) -> None:
    """P2, F1: messages that nobody here wrote come byte for byte, and none is refused when only its text is taken."""
    if not REAL.is_dir():
        pytest.skip("the corpus of real messages is not beside the checkout: fetching was tested on made ones only")
    listed = [json.loads(line) for line in (REAL / "manifest.jsonl").read_text().splitlines()]
    raws = [(REAL / one["path"]).read_bytes() for one in listed if one["format"] == "rfc822"]
    raws = [raw.replace(b"\r", b"").replace(b"\n", b"\r\n") for raw in raws if b"\0" not in raw and raw.strip()]
    user = dovecot.user()
    with control(dovecot, user) as staff:
        staff.deliver_many(raws)
    with closing(source_of(dovecot, user)) as source:
        taken = everything(source)
    assert len(taken) == len(raws)
    different = [number for number, raw in enumerate(raws) if taken[number].raw != raw]
    assert different == []  # numbers only: real messages are never quoted
    with closing(source_of(dovecot, user, 10)) as source:
        in_part = everything(source)
    assert len(in_part) == len(raws)
    assert [one.fault for one in in_part if one.fault] == []
    assert [bool(one.left_behind) for one in in_part] == [len(raw) > 10 for raw in raws]
