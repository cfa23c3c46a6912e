"""The pure parts of fetching: waiting, backoff, dates, and what is taken of a message that is too large."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from intake.errors import UserError
from intake.mailbox import oversize
from intake.mailbox.arrival import dated, received
from intake.mailbox.backoff import Backoff
from intake.mailbox.idle import Waker
from intake.mailbox.imap import Folder, ImapSettings
from intake.mailbox.imap_client import decoded, encoded, without


@given(st.integers(min_value=1, max_value=10**6), st.randoms(use_true_random=False))
def test_backoff_is_capped_and_never_nothing(attempts: int, rng: Random) -> None:
    """F6: however often a server fails, the wait is neither nothing nor more than the cap."""
    backoff = Backoff(rng, first=2.0, cap=300.0)
    assert 1.0 <= backoff.seconds(attempts) <= 300.0


def test_backoff_grows_and_is_not_in_step() -> None:
    """F6: the wait doubles with every failure, and two processes do not try in step."""
    waits = [Backoff(Random(1)).seconds(attempts) for attempts in range(1, 6)]
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(16 * waits[0])
    assert Backoff(Random(1)).seconds(3) != Backoff(Random(2)).seconds(3)


def test_a_wake_before_the_sleep_counts_once() -> None:
    """H1: a stop signal that comes just before a wait ends it; the next wait is a wait again."""
    waker = Waker()
    waker.wake()
    waker.wake()
    assert waker.sleep(100) is False
    sleeping = threading.Thread(target=waker.sleep, args=(100,))
    sleeping.start()
    assert sleeping.is_alive()
    waker.wake()
    sleeping.join(20)
    assert not sleeping.is_alive()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_folder_name_survives_the_wire(name: str) -> None:
    """F9: a folder's name is the same after modified UTF-7."""
    assert decoded(encoded(name)) == name


@given(st.binary())
def test_no_folder_name_is_too_strange_to_show(raw: bytes) -> None:
    """F9: whatever a server calls a folder gives a name."""
    assert isinstance(decoded(raw), str)


def test_settings_refuse_a_folder_that_feeds_itself() -> None:
    """F8: kept messages never move to a folder that is read."""
    for read, target in (("INBOX", "inbox"), ("Post", "Post")):
        with pytest.raises(UserError, match="is read itself"):
            ImapSettings("public", "::1", 143, "none", "u", "s", folders=(Folder(read),), move_to=target)
    with pytest.raises(UserError, match="no folder to read"):
        ImapSettings("public", "::1", 143, "none", "u", "s", folders=())
    ImapSettings("public", "::1", 143, "none", "u", "s", move_to="Post", since=date(2026, 1, 1))


def test_a_secret_is_hidden_in_every_form_it_is_sent() -> None:
    """X1: a server that echoes a login does not put the secret into our words."""
    echo = "BAD AHNvbWVib2R5AHMzY3JldA== dXNlcj1zb21lYm9keQFhdXRoPUJlYXJlciBzM2NyZXQBAQ== s3cret"
    assert without(echo, "somebody", "s3cret") == "BAD *** *** ***"
    assert without("NO nothing", "somebody", "") == "NO nothing"


@given(st.binary())
def test_no_header_is_too_strange_for_a_date(raw: bytes) -> None:
    """P2: whatever bytes a message begins with, asking for its date gives one in UTC or none."""
    for value in (received(raw), dated(raw), received(b"Received: x; " + raw), dated(b"Date: " + raw)):
        assert value is None or value.tzinfo is UTC


def test_the_topmost_received_header_is_ours() -> None:
    """F11: arrival is what the last server before us wrote, not what a sender may have forged below it."""
    ours = b"Subject: x\nreceived: by mx.example.org; Sun, 1 Mar 2026 09:30:00 +0100 (CET)\n"
    assert received(ours + b"Received: by a; Thu, 1 Jan 1970 00:00:00 +0000\n\n") == datetime(
        2026, 3, 1, 8, 30, tzinfo=UTC
    )


def structure(text: bytes) -> Any:
    """Return a BODYSTRUCTURE as the library parses it."""
    return parse_fetch_response([b"1 (UID 1 BODYSTRUCTURE %s)" % text])[1][b"BODYSTRUCTURE"]


PLAIN = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 120 3 NIL NIL NIL NIL)'
HTML = b'("text" "html" NIL NIL NIL "BASE64" 4000000 9 NIL ("inline" NIL) NIL)'


def test_parts_are_numbered_and_named_as_the_standard_says() -> None:
    """F4: text is told from attachments at every depth, and names are decoded (RFC 2047, RFC 2231)."""
    film = b'("VIDEO" "MP4" ("NAME" "=?utf-8?q?Stra=C3=9Fe.mp4?=") NIL NIL "BASE64" 80000000 NIL ("ATTACHMENT" NIL))'
    note = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 10 1 NIL ("ATTACHMENT" ("FILENAME*" "utf-8\'\'%D1%84.txt")) NIL NIL)'
    long = (
        b'("IMAGE" "PNG" NIL NIL NIL "BASE64" 4000 NIL ("inline" ("FILENAME*0*" "utf-8\'\'a%20" "FILENAME*1" "b.jpg")))'
    )
    mail = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 900 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) %s 30)' % PLAIN
    text = b'((%s%s "ALTERNATIVE" ("BOUNDARY" "b") NIL NIL)%s%s%s%s "MIXED" ("BOUNDARY" "a") NIL NIL)'
    found = list(oversize.parts(structure(text % (PLAIN, HTML, film, note, long, mail))))
    assert [part.number for part in found] == ["1.1", "1.2", "2", "3", "4", "5"]
    assert [part.readable for part in found] == [True, True, False, False, False, False]
    assert [part.name for part in found] == ["", "", "Straße.mp4", "ф.txt", "a b.jpg", ""]
    assert [part.size for part in found] == [120, 3_000_000, 60_000_000, 10, 3000, 900]
    assert found[5].type == "message/rfc822"


def test_a_message_without_parts_is_one() -> None:
    """F4: a message that is not multipart has its one part, with or without what servers may leave out."""
    (part,) = oversize.parts(structure(b'("TEXT" "PLAIN" NIL NIL NIL NIL 10 1)'))
    assert (part.number, part.readable) == ("TEXT", True)
    (part,) = oversize.parts(structure(b'("AUDIO" "WAV" NIL NIL NIL "BASE64" 10000000)'))
    assert (part.number, part.readable) == ("TEXT", False)


def test_names_cannot_break_the_sentence() -> None:
    """O5: a name from outside brings no line breaks, no overlong text and no change of direction."""
    evil = b'("A" "B" ("NAME" "a\\"b\xe2\x80\xaeexe.%s") NIL NIL NIL 1)' % (b"x" * 500)
    (part,) = oversize.parts(structure(evil))
    assert len(part.name) <= 120
    assert "\u202e" not in part.name


def test_what_is_put_together_is_a_message() -> None:
    """F4: header and text parts become a message of their own, with the original's fields in their order."""
    plain, html = oversize.parts(structure(b'(%s%s "ALTERNATIVE")' % (PLAIN, HTML)))
    header = (
        b"Received: by mx\r\nContent-Type: multipart/mixed;\r\n\tboundary=a\r\nSubject: x\r\n"
        b"MIME-Version: 1.0\r\nX-Content-Type: kept\r\n\r\n"
    )
    texts = [
        (plain, {"1.MIME": b"Content-Type: text/plain; charset=utf-8\r\n\r\n", "1": "é\r\n".encode()}),
        (
            html,
            {
                "2.MIME": b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                "2": b"PGI+eDwvYj4=\r\n",
            },
        ),
    ]
    message = message_from_bytes(oversize.assemble(header, texts), policy=policy.default)
    assert message.keys() == ["Received", "Subject", "X-Content-Type", "MIME-Version", "Content-Type"]
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content().strip() for part in message.iter_parts()] == ["é", "<b>x</b>"]
    assert message.defects == []


def test_a_header_without_text_is_a_message_too() -> None:
    """F4, R9: a film without words leaves a header that a person can act on."""
    raw = oversize.assemble(b"Subject: x\r\nContent-Type: video/mp4\r\n\r\n", [])
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == "x"
    assert "all but its header" in oversize.sentence(1, 1, (), (), ())


def test_the_sentence_names_what_was_left() -> None:
    """F4: names, types and sizes, twenty at most."""
    parts = [oversize.Part(str(n), "image/png", f"{n}.png", 5_000_000, True) for n in range(25)]
    words = oversize.sentence(125_000_000, 50_000_000, parts, (), ())
    assert "125.0 MB" in words
    assert "19.png (image/png, 5.0 MB), 5 more." in words
    assert "20.png" not in words
