"""Screening: delivery reports, whether they follow RFC 3464 or not, and what only looks like one."""

from __future__ import annotations

import pytest

from intake.mail.parse import parse
from intake.mail.screen import screen
from tests.unit.screening import US, outcome, screened

REPORT = """From: {author}
To: cohesion@example.org
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type={type}; boundary=b

--b
Content-Type: text/plain

{text}
--b
Content-Type: message/{type}

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; pat@example.net
Action: failed
Status: 5.1.1
--b
Content-Type: message/rfc822

From: cohesion@example.org
Subject: We have your letter

Thank you
--b--
"""


def report(
    kind: str, author: str = "MAILER-DAEMON@mx.example.net", subject: str = "Undelivered"
) -> tuple[str, str | None]:
    """What screening makes of a multipart/report."""
    raw = REPORT.format(author=author, subject=subject, type=kind, text="No such user.")
    return outcome(screen(parse(raw.replace("\n", "\r\n").encode()), US))


def test_standard_report() -> None:
    """S7: a delivery report of RFC 3464 is a bounce, whoever sends it and whatever its subject says."""
    assert report("delivery-status") == ("bounce", "delivery-report")
    assert report("delivery-status", "Pat <pat@example.net>", "Lamps") == ("bounce", "delivery-report")


@pytest.mark.parametrize("kind", ["disposition-notification", "tlsrpt"])
def test_other_reports_are_automatic(kind: str) -> None:
    """S1: read receipts and other reports are a machine's, and no bounces."""
    assert report(kind, "Pat <pat@example.net>", "Read: We have your letter") == ("automatic", "report")


def test_complaint_about_our_mail() -> None:
    """S7: a feedback report (RFC 5965), also in its older form, is about a mail of ours, and never makes a case."""
    assert report("feedback-report", "Abuse <abuse@example.net>", "FW: We have") == ("bounce", "complaint")
    fields = {"Content-Type": "multipart/mixed; boundary=b", "Subject": "complaint about message from 192.0.2.1"}
    text = "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: cohesion@example.org\r\n\r\nThank you\r\n--b--\r\n"
    assert outcome(screened(text, **fields)) == ("bounce", "complaint")
    assert outcome(screened(Subject="complaint about message from 192.0.2.1")) == ("person", None)


@pytest.mark.parametrize(
    "fields",
    [
        {"From": "MAILER-DAEMON@mx.example.net", "Subject": "failure notice"},
        {"From": "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>", "Subject": "Returned mail: see transcript"},
        {"From": "postmaster@mx.example.net", "Subject": "Undeliverable: Lamps"},
        {"From": "Postmaster <postmaster@mx.example.net>", "Subject": "Delivery Status Notification (Failure)"},
        {"From": "Mail Delivery System <x@mx.example.net>", "Subject": "Warning: message delayed 24 hours"},
        {
            "From": "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>",
            "Subject": "Lamps",
        },
        {"From": "MAILER-DAEMON", "Subject": "Mail delivery failed"},
        {"From": "smtp@mx.example.net", "Subject": "Mail delivery failed: returning message to sender"},
        {"From": "smtp@mx.example.net", "Subject": "Недоставленное сообщение", "Return-Path": "<>"},
        {"From": "info@mx.example.net", "X-Failed-Recipients": "pat@example.net"},
    ],
)
def test_report_that_follows_no_standard(fields: dict[str, str]) -> None:
    """S7: the common reports that are not of RFC 3464 are bounces too."""
    text = "Your message could not be delivered to pat@example.net.\n\n550 5.1.1 user unknown\n"
    assert screened(text, **fields).kind.value == "bounce"


@pytest.mark.parametrize(
    "subject",
    ["Mail konnte nicht zugestellt werden", "Unzustellbar: Lamps", "Nie można dostarczyć: Lamps", "Mesaj nelivrat",
     "Échec de la remise: Lamps", "No se puede entregar: Lamps", "Mancata consegna: Lamps",
     "Не удалось доставить: Lamps",
     "Teslim edilemedi: Lamps", "تعذر التسليم: Lamps", "无法投递: Lamps"],
)  # fmt: skip
def test_daemon_in_another_language(subject: str) -> None:
    """S7: a daemon's report is told by its subject in the residents' languages."""
    fields = {"From": "postmaster@mx.example.net", "Subject": subject, "Return-Path": "<>"}
    assert screened("pat@example.net: 5.1.1\nmessage", **fields).kind.value == "bounce"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: Undelivered Mail Returned to Sender", "Your message could not be delivered to pat@example.net"),
        ("Re: Undeliverable: Lamps", "I got this back. My mail to lamps@example.com could not be delivered, why?"),
        ("Delivery failure", "The parcel for flat 412 could not be delivered and the driver shouted at my mother."),
        ("Returned mail", "All my mail is returned by the new tenant, he says unknown at this address."),
        ("Undelivered mail", "My mail has not been delivered for a week, the message on pat@example.net was lost."),
        ("Undelivered letters", "Our post has not been delivered since Monday. The whole road is waiting."),
        ("Lamps", "I wrote to you before and it said 550 5.1.1 user unknown, message not delivered to a@example.org"),
    ],
)
def test_person_who_writes_of_mail_that_did_not_arrive(subject: str, text: str) -> None:
    """S9: a person's letter about undelivered mail is never taken for a bounce, which nobody would see."""
    assert outcome(screened(text, Subject=subject)) == ("person", None)


def test_postmaster_who_writes_a_letter() -> None:
    """S9: a postmaster who writes as a person is read."""
    found = screened("The lamps outside the post office are dark.", From="Postmaster <postmaster@village.example>")
    assert outcome(found) == ("person", "noreply-sender")


def test_bounce_through_a_list_is_a_bounce() -> None:
    """S7: list headers on a report do not hide that it is one."""
    fields = {"From": "MAILER-DAEMON@mx.example.net", "Subject": "failure notice", "List-Id": "<x.example.net>"}
    assert screened("pat@example.net: no such user", **fields).kind.value == "bounce"
