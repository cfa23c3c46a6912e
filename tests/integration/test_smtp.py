"""Sending over a real SMTP server that answers as told: what each answer means for the queue (O2, O3)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.errors import IntakeError, Permanent, Temporary
from intake.outbox.smtp import Hold, SmtpClient, SmtpSettings, Unknown
from tests.servers.certificates import OPENSSL, make_certificates
from tests.servers.smtp_sink import CLOSE, HANG, SmtpSink

MAIL = b"From: cohesion@example.org\r\nSubject: x\r\n\r\nText\r\n"
FROM, TO = "cohesion@example.org", "resident@example.net"
SHORT = 0.3  # seconds that a test waits for an answer that never comes


def made_for(sink: SmtpSink, **changes: object) -> SmtpClient:
    """Return a client of that server."""
    settings = SmtpSettings("127.0.0.1", sink.port, "none", timeout=5, answer_timeout=5)
    return SmtpClient(replace(settings, **changes))  # type: ignore[arg-type]


@pytest.fixture
def client(smtp_sink: SmtpSink) -> Iterator[SmtpClient]:
    """A client of the test's server."""
    made = made_for(smtp_sink)
    yield made
    made.close()


def outcome(client: SmtpClient, recipient: str = TO) -> tuple[type[IntakeError] | None, str]:
    """Send one mail; return what was raised, and what it said."""
    try:
        client.send(FROM, recipient, MAIL)
    except IntakeError as error:
        return type(error), str(error)
    return None, ""


def test_one_connection(smtp_sink: SmtpSink, client: SmtpClient) -> None:
    """O7: many mails go over one connection, each with its own envelope, byte for byte."""
    for number in range(3):
        client.send(FROM if number else "", f"r{number}@example.net", MAIL + b"%d\r\n" % number)
    assert smtp_sink.connections == 1
    assert [(one.sender.strip("<>"), one.recipients) for one in smtp_sink.messages] == [
        ("", ("r0@example.net",)),
        (FROM, ("r1@example.net",)),
        (FROM, ("r2@example.net",)),
    ]
    assert [one.raw for one in smtp_sink.messages] == [MAIL + b"%d\r\n" % number for number in range(3)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([b".", b"..", b".x", b"", b"text", b"\xc3"[:0] + b"a" * 990]), max_size=8))
def test_dots(smtp_sink: SmtpSink, client: SmtpClient, lines: list[bytes]) -> None:
    """O2: lines of dots arrive as they were, and end no mail early (RFC 5321 §4.5.2)."""
    smtp_sink.clear()
    mail = b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
    client.send(FROM, TO, mail)
    assert [one.raw for one in smtp_sink.messages] == [mail]


def test_bare_line_ends(smtp_sink: SmtpSink, client: SmtpClient) -> None:
    """O5: no bare CR or LF leaves us: nobody can smuggle a second mail past a server that takes one for an end."""
    client.send(FROM, TO, b"Subject: x\n\na\n.\nb\r.\rc")
    assert [one.raw for one in smtp_sink.messages] == [b"Subject: x\r\n\r\na\r\n.\r\nb\r\n.\r\nc\r\n"]


STAGES = [
    ("connect", "421 4.3.2 busy", Hold, "connect: 421 4.3.2"),
    ("connect", "554 no", Hold, "connect: 554"),
    ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as", Hold, "MAIL: 550 5.7.60"),
    ("mail", "451 4.3.0 later", Hold, "MAIL: 451 4.3.0"),
    ("mail", "432 4.3.2 Concurrent connections limit exceeded", Hold, "MAIL: 432 4.3.2"),
    ("rcpt", "550 5.1.1 <resident@example.net> unknown", Permanent, "RCPT: 550 5.1.1"),
    ("rcpt", "452 4.2.2 mailbox full", Temporary, "RCPT: 452 4.2.2"),
    ("rcpt", "552 5.2.2 mailbox quota exceeded", Permanent, "RCPT: 552 5.2.2"),
    ("rcpt", "450 4.7.1 greylisted", Temporary, "RCPT: 450 4.7.1"),
    ("rcpt", "421 4.7.0 too much", Hold, "RCPT: 421 4.7.0"),
    ("rcpt", "550 5.4.5 Daily user sending quota exceeded", Hold, "RCPT: 550 5.4.5"),
    ("rcpt", "530 5.7.57 Client not authenticated to send mail", Hold, "RCPT: 530 5.7.57"),
    ("data", "554 5.7.1 no", Permanent, "DATA: 554 5.7.1"),
    ("data", "451 4.3.0 later", Temporary, "DATA: 451 4.3.0"),
    ("dot", "554 5.7.1 spam", Permanent, "after the mail: 554 5.7.1"),
    ("dot", "552 5.3.4 too large", Permanent, "after the mail: 552 5.3.4"),
    ("dot", "451 4.4.1 later", Temporary, "after the mail: 451 4.4.1"),
    ("dot", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", Hold, "after the mail: 554 5.2.0"),
    ("dot", "554 5.2.0 SubmissionQuotaExceededException; quota", Hold, "after the mail: 554 5.2.0"),
    ("dot", "554 Sending quota of cohesion@example.org is used up", Hold, "after the mail: 554"),
    ("dot", "451 4.7.0 Message rate limit exceeded", Hold, "after the mail: 451 4.7.0"),
    ("dot", "421 4.3.2 shutting down", Hold, "after the mail: 421 4.3.2"),
]


@pytest.mark.parametrize(("stage", "reply", "raised", "told"), STAGES)
def test_what_answers_mean(  # noqa: PLR0917 (the case's four and its two servers)
    smtp_sink: SmtpSink, client: SmtpClient, stage: str, reply: str, raised: type[IntakeError], told: str
) -> None:
    """O3: what refuses us holds the queue, what refuses a recipient does not, and no address is kept of a reply."""
    smtp_sink.answer(stage, reply)
    assert outcome(client) == (raised, f"SMTP {told}")
    assert smtp_sink.messages == []
    assert outcome(client) == (None, "")
    assert len(smtp_sink.messages) == 1


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("does", [CLOSE, HANG])
def test_broken_before_the_dot(smtp_sink: SmtpSink, stage: str, does: str) -> None:
    """O3: a connection that breaks or goes silent before the final dot holds the queue; the mail is sent later."""
    smtp_sink.answer(stage, does, times=2)  # EHLO is followed by HELO, which is no stage
    client = made_for(smtp_sink, timeout=SHORT)
    raised, told = outcome(client)
    assert raised is Hold
    assert TO not in told
    smtp_sink.clear()
    assert outcome(client) == (None, "")
    client.close()
    assert len(smtp_sink.messages) == 1


@pytest.mark.parametrize("does", [CLOSE, HANG])
def test_no_answer_after_the_dot(smtp_sink: SmtpSink, does: str) -> None:
    """O2: where no answer comes after the final dot, nobody knows; the next mail takes a new connection."""
    smtp_sink.answer("dot", does)
    client = made_for(smtp_sink, answer_timeout=SHORT)
    raised, told = outcome(client)
    assert raised is Unknown
    assert told == "SMTP: no answer after the final dot: the server closed the connection, or said nothing in time"
    assert len(smtp_sink.messages) == 1
    assert outcome(client) == (None, "")
    assert smtp_sink.connections == 2
    client.close()


@pytest.mark.parametrize("reply", ["354 what?", "nonsense", "99"])
def test_no_reply_after_the_dot(smtp_sink: SmtpSink, client: SmtpClient, reply: str) -> None:
    """O2: an answer that is none leaves it unknown as well."""
    smtp_sink.answer("dot", reply)
    assert outcome(client)[0] is Unknown


def test_answers_take_ten_minutes() -> None:
    """O2: the answer to the final dot may take the ten minutes that RFC 5321 §4.5.3.2.6 grants."""
    assert SmtpSettings("127.0.0.1", 25, "none").answer_timeout == 600


def test_stale_connection(smtp_sink: SmtpSink, client: SmtpClient) -> None:
    """O3: a kept connection that the server has closed meanwhile costs no mail."""
    assert outcome(client) == (None, "")
    smtp_sink.stop()
    smtp_sink.start()
    assert outcome(client) == (None, "")
    assert smtp_sink.connections == 2


def test_nobody_listens(smtp_sink: SmtpSink, client: SmtpClient) -> None:
    """O3: a server that is away holds the queue, for as long as it is."""
    smtp_sink.stop()
    assert outcome(client) == (Hold, "SMTP connect: Connection refused")
    smtp_sink.start()
    assert outcome(client) == (None, "")


def test_sign_in(smtp_sink: SmtpSink) -> None:
    """O3: a refused password holds the queue, and neither the password nor the server's words are told."""
    smtp_sink.users["cohesion"] = "open sesame"
    good = made_for(smtp_sink, user="cohesion", secret="open sesame")
    assert outcome(good) == (None, "")
    assert smtp_sink.messages[0].user == "cohesion"
    bad = made_for(smtp_sink, user="cohesion", secret="geheimnis")
    assert outcome(bad) == (Hold, "SMTP AUTH: 535 5.7.8")
    accented = made_for(smtp_sink, user="cohesion", secret="geheimß")
    assert outcome(accented) == (Hold, "SMTP AUTH: UnicodeEncodeError")
    assert outcome(made_for(smtp_sink)) == (Hold, "SMTP MAIL: 530 5.7.0")
    assert "geheim" not in repr(bad._settings)
    for client in (good, bad, accented):
        client.close()


def test_auth_not_offered(smtp_sink: SmtpSink) -> None:
    """O3: a server that offers no AUTH where a user is configured gets no mail."""
    smtp_sink.answer("ehlo", "250 sink.test", times=None)
    client = made_for(smtp_sink, user="cohesion", secret="x")
    assert outcome(client) == (Hold, "SMTP AUTH: SMTP AUTH extension not supported by server.")
    client.close()


def test_other_scripts(smtp_sink: SmtpSink, client: SmtpClient) -> None:
    """O3: an address in another script goes by SMTPUTF8, its domain as DNS has it; without it, it cannot be sent."""
    client.send(FROM, "zażółć@bücher.example", MAIL)
    client.send(FROM, "info@bücher.example", MAIL)
    assert [one.recipients for one in smtp_sink.messages] == [
        ("zażółć@xn--bcher-kva.example",),
        ("info@xn--bcher-kva.example",),
    ]
    assert [one.options for one in smtp_sink.messages] == [("SMTPUTF8",), ()]
    client.close()
    smtp_sink.answer("ehlo", "250 sink.test", times=None)
    assert outcome(client, "zażółć@example.net")[0] is Permanent


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a b@example.net", "x@example.net>\r\nRCPT TO:<y@example.net", "a@b>,<c@d", "x@" + "é" * 70],
)
def test_no_addresses(smtp_sink: SmtpSink, client: SmtpClient, address: str) -> None:
    """O5: what is no address is refused before anything is said to the server."""
    assert outcome(client, address)[0] is Permanent
    assert smtp_sink.messages == []


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost and the authority that signed it."""
    if OPENSSL is None:
        pytest.skip("openssl is not installed, so sending over TLS was not tested")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, "DNS:localhost,IP:127.0.0.1")
    return folder


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_tls(certificates: Path, tls: str) -> None:
    """X2: TLS is spoken from the start or by STARTTLS, and only with a server whose certificate is good."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    with SmtpSink(tls_context=context, implicit_tls=tls == "tls") as sink:
        good = made_for(sink, tls=tls, ca_file=certificates / "ca.pem")
        assert outcome(good) == (None, "")
        assert sink.messages[0].tls
        stage = "connect" if tls == "tls" else "STARTTLS"
        refused = f"SMTP {stage}: the certificate is not good: unable to get local issuer certificate"
        assert outcome(made_for(sink, tls=tls)) == (Hold, refused)
        assert len(sink.messages) == 1
        good.close()


def test_starttls_not_offered(smtp_sink: SmtpSink) -> None:
    """X2: where STARTTLS is asked for and not offered, or refused, nothing is sent in clear text."""
    client = made_for(smtp_sink, tls="starttls")
    assert outcome(client) == (Hold, "SMTP STARTTLS: STARTTLS extension not supported by server.")
    smtp_sink.answer("ehlo", "250-sink.test\r\n250 STARTTLS")
    smtp_sink.answer("starttls", "454 4.7.0 TLS not available")
    assert outcome(client) == (Hold, "SMTP STARTTLS: 454 4.7.0")
    assert smtp_sink.messages == []
