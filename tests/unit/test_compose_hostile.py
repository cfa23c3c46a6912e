"""Letters that mean harm, from their bytes to the mails that they cause."""

from __future__ import annotations

import shutil
from base64 import b64encode
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from time import thread_time
from zoneinfo import ZoneInfo

import pytest

from intake.mail.values import Identity, Triage
from intake.outbox.compose import Outgoing
from intake.outbox.mime import bodies
from intake.triage import Sorter
from tests.outbox_values import NOW, POLICE, REFERENCE, SERVICE, TEMPLATES, composer, read, rulebook
from tests.store_values import triage
from tests.unit import rulebooks

NAME = '<img src=x onerror=alert(1)>"><b>{{ 7*7 }}</b>'


def letter(sender: str, subject: str) -> bytes:
    """Return a letter with these two fields."""
    return f"From: {sender}\r\nTo: {SERVICE.address}\r\nSubject: {subject}\r\n\r\nHelp us.\r\n".encode()


def word(text: str) -> str:
    """Return an encoded word (RFC 2047), which may hold anything."""
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


@cache
def sorter() -> Sorter:
    """Return what sorts, without rules."""
    return Sorter(rulebooks.rulebook(), Identity(addresses=frozenset({SERVICE.address})), ZoneInfo("Europe/London"))


def caused(raw: bytes) -> tuple[EmailMessage, ...]:
    """Return what a letter causes: the answer and the routed mail."""
    made: Triage = sorter().triage(raw, NOW)
    return tuple(read(one.mail) for one in mails(made))


def mails(made: Triage) -> tuple[Outgoing, ...]:
    """Return the same of what was read."""
    writer = composer()
    return (
        writer.acknowledgement(made, REFERENCE, 1, 1, NOW),
        writer.routed(made, REFERENCE, POLICE, sorter().rulebook, 1, 1, NOW),
    )


def test_a_name_that_is_markup() -> None:
    """O5, X3: a resident whose name is markup or a template is quoted as such, and stands in no header."""
    for mail in caused(letter(f"{word(NAME)} <ana@example.org>", "Hello")):
        text, page = bodies(mail.as_bytes())
        assert "<img" not in page
        assert "49" not in text
        assert "onerror" not in str(mail.items())
    assert NAME in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\r\n\t"])
def test_a_subject_that_is_a_header(break_: str) -> None:
    """O5: line breaks in a resident's subject make no header, in any mail."""
    plain = caused(letter("ana@example.org", "Hello"))
    hostile = caused(letter("ana@example.org", word(f"Hi{break_}Bcc: all@example.org{break_}{break_}<p>Body")))
    for mail, usual in zip(hostile, plain, strict=True):
        assert mail.keys() == usual.keys()
        assert mail["Subject"] == usual["Subject"]
        assert "all@example.org" not in str(mail.items())


def test_a_megabyte_of_a_subject() -> None:
    """P5: a letter with a subject of a million letters causes mails of the usual size, in the usual time."""
    began = thread_time()
    for mail in caused(letter("ana@example.org", "long " * 200_000)):
        assert len(mail.as_bytes()) < 50_000
    assert thread_time() - began < 5


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ('"O\'Neil, Pat \\"P\\" (home)" <pat@example.org>', "pat@example.org"),
        ("pat@example.org (Pat (at work))", "pat@example.org"),
        ("Pat <pat.o'neil+csp@example.org> (Pat)", "pat.o'neil+csp@example.org"),
    ],
)
def test_quotes_and_comments(sender: str, address: str) -> None:
    """P1, O4: an address among quotes and comments is answered, and it alone."""
    answer, _ = mails(sorter().triage(letter(sender, "Hello"), NOW))
    assert answer.recipient == address
    assert read(answer.mail)["To"] == address


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{% include 'routed/body.txt' %}", "it does not render: RecursionError"),
        ("{% extends 'routed/body.txt' %}", "it does not render: RecursionError"),
        ("{% from 'words.jinja' import gone %}{{ gone() }}", "it does not render: UndefinedError"),
        ("{{ twice('x') }}", "'twice' is undefined"),
    ],
)
def test_templates_that_lean_on_nothing(tmp_path: Path, template: str, told: str) -> None:
    """O6: a template that includes itself, or calls a macro that is not there, gives way to the built-in one."""
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (templates / "routed/body.txt").write_text(template)
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert made.mail == composer().routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW).mail
    assert [(one.file, one.message) for one in made.problems] == [("routed/body.txt", told)]
