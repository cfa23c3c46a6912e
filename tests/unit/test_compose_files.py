"""Mails with files: attached, or shown by the HTML part."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from intake.outbox.mime import File, Head, as_second_copy, assemble, bodies
from intake.outbox.templates import Rendered
from tests.outbox_values import read

HEAD = Head("", "a@example.org", "b@example.org", "12@example.org", datetime(2026, 3, 2, tzinfo=UTC), None, {})
CHART = File("weeks.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0", "chart")
TABLE = File("items.csv", "text/csv", "\ufeffä,=1\r\n".encode())


def rendered(page: str) -> Rendered:
    """Return words."""
    return Rendered("Subject", "Words — of a mail\n", f"<p>{page}</p>\n", ("en",), ())


def kinds(mail: bytes) -> list[str]:
    """Return the content types of all parts."""
    return [part.get_content_type() for part in read(mail).walk()]


def test_one_shown_and_one_attached() -> None:
    """D5: the picture travels with the HTML part that shows it, the table beside both, and each arrives as it was."""
    mail = assemble(HEAD, rendered('<img src="cid:chart">'), [CHART, TABLE])
    assert kinds(mail) == [
        "multipart/mixed",
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
        "text/csv",
    ]
    parts = list(read(mail).walk())
    assert [one.get_content() for one in parts[5:]] == [CHART.content, TABLE.content.decode()]
    assert (parts[5]["Content-ID"], parts[5].get_content_disposition()) == ("<chart>", "inline")
    assert (parts[6].get_filename(), parts[6].get_content_disposition()) == ("items.csv", "attachment")
    assert read(mail)["Content-Language"] == "en"
    assert bodies(mail) == bodies(as_second_copy(mail)) == ("Words — of a mail\n", '<p><img src="cid:chart"></p>\n')


def test_what_no_template_shows_stays_away() -> None:
    """D5: a picture that the admins' template does not show is not sent: programs would list it as an attachment."""
    assert kinds(assemble(HEAD, rendered("Words"), [CHART])) == ["multipart/alternative", "text/plain", "text/html"]


@given(st.lists(st.sampled_from([CHART, TABLE]), max_size=3), st.text(st.characters(codec="utf-8"), max_size=50))
def test_the_same_bytes(files: list[File], words: str) -> None:
    """O2: the same mail has the same bytes at every attempt, 7-bit, with no part that a reader would misread."""
    made = [assemble(HEAD, rendered(f"{words} cid:chart"), files) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].isascii()
    assert not any(part.defects for part in read(made[0]).walk())
