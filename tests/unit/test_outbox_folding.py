"""How Subject and From are encoded and folded."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.outbox.mime import Head, as_second_copy, assemble
from intake.outbox.templates import Rendered
from tests.outbox_values import NOW

LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), max_size=240).map(
    lambda text: " ".join(text.split())
)


def made(subject: str, name: str = "Us") -> bytes:
    """Return a mail of that subject from that name."""
    head = Head(name, "us@example.org", "someone@example.net", "1@example.org", NOW, None, {})
    return assemble(head, Rendered(subject, "Text\n", "<p>Text</p>\n", ("en",), ()))


def field(mail: bytes, name: str) -> str:
    """Return a field as it stands in the mail."""
    found = re.search(rf"^{name}:.*\r\n(?:[ \t].*\r\n)*", mail.decode("ascii"), re.M)
    assert found
    return found[0]


def read(mail: bytes, name: str) -> str:
    """Return a field as a program shows it."""
    return str(make_header(decode_header(unfolded(mail, name))))


def unfolded(mail: bytes, name: str) -> str:
    """Return a field's value on one line."""
    return field(mail, name).partition(": ")[2].replace("\r\n", "")


@given(LINE, LINE)
def test_what_is_written_is_read(subject: str, name: str) -> None:
    """O5: any subject and any name come through whole, on lines that every server takes, and begin on the first."""
    mail = made(subject, name)
    assert read(mail, "Subject") == subject.replace("=?", "= ?")
    shown, address = parseaddr(unfolded(mail, "From"))
    assert (str(make_header(decode_header(shown))), address) == (name, "us@example.org")
    for one in ("Subject", "From"):
        lines = field(mail, one).splitlines()
        assert max(map(len, lines)) <= 76
        assert len(lines) == 1 or lines[0] != f"{one}:"


@pytest.mark.parametrize("subject", ["Сообщение " * 9, "a" + "あ" * 60, "😀" * 40, "Anträge und Ängste " * 6])
def test_no_word_ends_in_padding(subject: str) -> None:
    """O5: no encoded word is base64, whose padding makes some programs leave out all words behind it."""
    assert "?b?" not in field(made(subject, subject), "Subject").lower()
    assert "?b?" not in field(made(subject, subject), "From").lower()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("West Northamptonshire Community Safety Partnership for Everybody", None),
        ("Partnership, Northants", '"Partnership, Northants" <us@example.org>'),
        ('The "Safe" Town', '"The \\"Safe\\" Town" <us@example.org>'),
        ("Zespół", "=?utf-8?q?Zesp=C3=B3=C5=82?= <us@example.org>"),
        ("", "us@example.org"),
    ],
)
def test_names(name: str, written: str | None) -> None:
    """O4: a name is written as plainly as it can be, and a long one is folded between its words."""
    from_ = field(made("x", name), "From")
    assert from_ == f"From: {written or name + chr(13) + chr(10) + ' <us@example.org>'}\r\n"


def test_a_megabyte_of_a_subject() -> None:
    """P5: a subject of a million letters is cut to what a person reads."""
    mail = made("ă" * 1_000_000)
    assert max(map(len, mail.splitlines())) <= 78
    assert read(mail, "Subject") == "ă" * 249 + "…"
    assert as_second_copy(mail)


def test_second_copies() -> None:
    """O2: the subject of a second copy is written the same way; From is left as it was."""
    mail = made("Сообщение о чём-то, что случилось вчера вечером", "Zespół " * 12)
    again = as_second_copy(mail)
    assert field(again, "From") == field(mail, "From")
    assert read(as_second_copy(made(r"Crime\ASB \1 \n \g<0>")), "Subject").endswith(r"copy: Crime\ASB \1 \n \g<0>")
    assert read(again, "Subject").startswith("Possibly a second copy: Сообщение")
    assert "?b?" not in field(again, "Subject").lower()
