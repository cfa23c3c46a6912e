"""What a message says of its case: found where mail programs put it, and nowhere else."""

from __future__ import annotations

import pytest

from intake.mail.parse import parse
from intake.mail.threading import MOST_IDS, Clues, clues, clues_of_report, sender
from intake.mail.tokens import RESIDENT, Tokens
from intake.mail.values import Identity, Intermediary

HOST = "intake.example.org"
US = "cohesion@example.org"
IDENTITY = Identity(
    frozenset({US}), hostnames=frozenset({HOST}), intermediaries=(Intermediary("forms@example.org", "reply-to"),)
)
TOKEN = Tokens(lambda: b"k" * 32).sign("CSP-7K4M-29Q", RESIDENT)


def found(header: str, text: str = "Hello", identity: Identity = IDENTITY) -> Clues:
    return clues(parse(f"From: ann@home.example\n{header}\n\n{text}\n".encode()), identity)


@pytest.mark.parametrize(
    "header",
    [
        f"To: cohesion+{TOKEN}@example.org",
        f"To: Us <Cohesion+{TOKEN}@EXAMPLE.org>, other@home.example",
        f"Cc: <cohesion+{TOKEN}@example.org>",
        f"To: {US}\nDelivered-To: cohesion+{TOKEN}@example.org",
        f"To: {US}\nX-Original-To: cohesion+{TOKEN}@example.org",
        f"To: {US}\nReferences: <one@home.example> <case.{TOKEN}@{HOST}>",
        f"To: {US}\nIn-Reply-To: <case.{TOKEN}.0123456789abcdef0123@{HOST}>",
        f"To: {US}\nReferences: <case.{TOKEN}.0123456789abcdef0123@{HOST}>\n <case.{TOKEN}@{HOST}>",
    ],
)
def test_tokens(header: str) -> None:
    """T1: the token is found in a plus-form of our address and in ids of ours, wherever the program has put them."""
    assert found(header).tokens == (TOKEN,)


@pytest.mark.parametrize(
    "header",
    [
        f"To: someone+{TOKEN}@example.org",
        f"To: cohesion+{TOKEN}@home.example",
        f"To: cohesion+{TOKEN}x@example.org",
        f"To: {US}\nReferences: <case.{TOKEN}@home.example>",
        f"To: {US}\nSubject: {TOKEN}",
        f"To: {US}\nX-Token: {TOKEN}",
    ],
)
def test_no_tokens(header: str) -> None:
    """T1: a token elsewhere is none."""
    assert found(header).tokens == ()


def test_plus_forms_that_are_not_ours() -> None:
    """T1: where the mailbox has no plus-forms its name with a `+` is somebody else's, but a token behind it is read."""
    bare = Identity(frozenset({US}), plus_forms=False, hostnames=frozenset({HOST}))
    assert found(f"To: cohesion+{TOKEN}@example.org", identity=bare).tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("subject", "references"),
    [
        ("Re: We have received your message (CSP-7K4M-29Q)", ("CSP-7K4M-29Q",)),
        ("csp 7k4m 29q", ("CSP-7K4M-29Q",)),
        ("Fwd: CSP-7K4M-29Q and CSP-AAAA-222, CSP-7K4M-29Q", ("CSP-7K4M-29Q", "CSP-AAAA-222")),
        ("CSP-7K4M-29QQ", ()),
        ("XCSP-7K4M-29Q", ()),
        ("nothing", ()),
    ],
)
def test_references(subject: str, references: tuple[str, ...]) -> None:
    """T1, T4: references in the subject are found however they are spelt."""
    assert found(f"To: {US}\nSubject: {subject}").references == references


def test_ids() -> None:
    """T1: the message's own id and those that it answers lead to a case; ours are told from others'."""
    read = found(
        f"To: {US}\nMessage-ID: <me@home.example>\nIn-Reply-To: <b@x.example>\nReferences: <a@x.example> <1@{HOST}>"
    )
    assert read.ids == ("me@home.example", "a@x.example", "b@x.example")
    assert read.ours == (f"1@{HOST}",)


def test_ids_are_bounded() -> None:
    """P5: of hundreds of ids the first and the last few are looked at."""
    many = "\n ".join(f"<{n}@x.example>" for n in range(400))
    read = found(f"To: {US}\nReferences: {many}")
    assert len(read.ids) <= MOST_IDS
    assert {"0@x.example", "399@x.example"} <= set(read.ids)


def test_nothing() -> None:
    """A message that says nothing of a case gives nothing to go by."""
    assert not found(f"To: {US}").any


@pytest.mark.parametrize(
    "body",
    [
        f"--- returned header ---\nMessage-ID: <case.{TOKEN}.0123456789abcdef0123@{HOST}>\n",
        f"Reply-To: cohesion+{TOKEN}@example.org\n",
        f"References: <x@y.example>\n <case.{TOKEN[:10]}=\n{TOKEN[10:]}@{HOST}>\n",
    ],
)
def test_reports(body: str) -> None:
    """S7: a bounce is searched for our marks as a whole, whatever form it returns our mail in."""
    raw = f"From: MAILER-DAEMON@x.example\nSubject: Undelivered (CSP-7K4M-29Q)\n\nIt failed\n{body}".encode()
    read = clues_of_report(parse(raw), raw, None, IDENTITY)
    assert read.tokens == (TOKEN,)
    assert read.references == ()


def test_a_report_names_the_mail() -> None:
    """S7: the Message-ID of the mail that came back is found, in the part that returns it and in the text."""
    raw = f"From: MAILER-DAEMON@x.example\n\nFailed: message {'a' * 40}@{HOST}\n".encode()
    returned = parse(f"Message-ID: <{'b' * 40}@{HOST}>\n\n".encode())
    assert clues_of_report(parse(raw), raw, returned, IDENTITY).ours == (f"{'b' * 40}@{HOST}", f"{'a' * 40}@{HOST}")


def test_sender() -> None:
    """S10: behind an intermediary the sender is whom it writes for, not the machine that all share."""
    plain = parse(b"From: Ann <Ann@Home.example>\n\n")
    form = parse(b"From: forms@example.org\nReply-To: Ann@Home.example\n\n")
    assert sender(plain, IDENTITY, "other@home.example") == "ann@home.example"
    assert sender(form, IDENTITY, "Ann@Home.example") == "ann@home.example"
    assert sender(form, IDENTITY, None) == ""
