"""What a delivery report says: recipients, status, for good or not, and the mail that it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.bounce_report import BounceReport, Failure, read_report
from intake.mail.parse import parse

DSN = """From: MAILER-DAEMON@mx.example.net
To: cohesion@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I am sorry: other@example.com is not who this is about.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

{fields}
--b
Content-Type: {returned}

From: cohesion@example.org
To: pat@example.net
Subject: We have your letter
Message-ID: <a1@intake.example.org>

Thank you
--b--
"""


def read(text: str) -> BounceReport:
    raw = text.replace("\n", "\r\n").encode()
    return read_report(parse(raw), raw)


def plain(text: str, **fields: str) -> BounceReport:
    head = {"From": "MAILER-DAEMON@mx.example.net", "To": "cohesion@example.org", "Subject": "failure notice"} | fields
    return read("\n".join([*(f"{name.replace('_', '-')}: {value}" for name, value in head.items()), "", text]))


FIELDS = "Final-Recipient: rfc822; pat@example.net\nAction: {action}\nStatus: {status}"


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [("failed", "5.1.1", True), ("failed", "4.4.7", False), ("delayed", "4.2.2", False),
     ("Failed (expired)", "5.4.7", True), ("relayed", "2.0.0", False), ("delivered", "2.1.5", False)],
)  # fmt: skip
@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_delivery_status(action: str, status: str, permanent: bool, returned: str) -> None:
    """S7: the report's own fields say who, what became of it and whether for good (RFC 3464 §2.3, RFC 3463)."""
    found = read(DSN.format(fields=FIELDS.format(action=action, status=status), returned=returned))
    word = action.lower().partition(" ")[0]
    assert found.failures == (Failure("pat@example.net", word, status, permanent),)  # type: ignore[arg-type]
    assert found.returned is not None
    assert found.returned.message_id == "a1@intake.example.org"


def test_several_recipients() -> None:
    """S7: each recipient has an outcome of its own; the address that we wrote to is told, not where it led."""
    first = "Original-Recipient: rfc822;pat@example.net\n" + FIELDS.format(action="failed", status="5.1.1").replace(
        "pat@example.net", "pat@inside.example"
    )
    second = "Final-Recipient: rfc822;sam@example.net\nAction: delayed\nStatus: 4.4.1"
    found = read(DSN.format(fields=f"{first}\n\n{second}", returned="message/rfc822"))
    assert [(one.recipient, one.action) for one in found.failures] == [
        ("pat@example.net", "failed"),
        ("sam@example.net", "delayed"),
    ]


QMAIL = """Hi. This is the mail program at mx.example.net.
I was not able to deliver your message to the following addresses.

<pat@example.net>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user

<sam@example.com>:
Remote host said: 452 4.2.2 mailbox full

--- Below this line is a copy of the message.

Return-Path: <cohesion@example.org>
Message-ID: <a1@intake.example.org>
From: cohesion@example.org
To: somebody@example.com
Subject: We have your letter

Thank you
"""


def test_report_in_words() -> None:
    """S7: a report that follows no standard is read by its paragraphs; what it returns below names nobody."""
    found = plain(QMAIL)
    assert found.failures == (
        Failure("pat@example.net", "failed", "5.1.1", permanent=True),
        Failure("sam@example.com", "failed", "4.2.2", permanent=False),
    )
    assert found.returned is not None
    assert found.returned.message_id == "a1@intake.example.org"


@pytest.mark.parametrize(
    ("text", "action", "permanent"),
    [
        ("This is a permanent error; I have given up.", "failed", True),
        ("550 user unknown", "failed", True),
        ("451 greylisted", "failed", False),
        ("Warning: it has been delayed and will be retried for 2 days.", "delayed", False),
        ("It has not yet been delivered. Delivery attempts will continue.", "delayed", False),
        ("Delivery has been postponed due to a full mailbox.", "delayed", False),
    ],
)
def test_for_good_or_not_in_words(text: str, action: str, permanent: bool) -> None:
    """S7: delayed, failed for now and failed for good are told apart where no field says which."""
    found = plain(f"About your message to the following address:\n\n  pat@example.net\n\n{text}\n")
    assert [(one.recipient, one.action, one.permanent) for one in found.failures] == [
        ("pat@example.net", action, permanent)
    ]


def test_failed_recipients_header() -> None:
    """S7: X-Failed-Recipients names who did not get it, the text says why."""
    text = "A message that you sent could not be delivered:\n\n  pat@example.net\n    550 5.7.1 no\n"
    found = plain(text, X_Failed_Recipients="pat@example.net, sam@example.net")
    assert [(one.recipient, one.status) for one in found.failures] == [
        ("pat@example.net", "5.7.1"),
        ("sam@example.net", "5.7.1"),
    ]


def test_complaint_tells_of_no_failure() -> None:
    """S7: a feedback report names the mail, and says of nobody that mail does not reach them."""
    text = DSN.replace("delivery-status", "feedback-report").format(
        fields="Feedback-Type: abuse", returned="message/rfc822"
    )
    found = read(text)
    assert found.failures == ()
    assert found.returned is not None
    assert found.returned.message_id == "a1@intake.example.org"


def test_report_that_names_nobody() -> None:
    """S7: a report without an address still says that something failed."""
    assert [one.recipient for one in plain("Sorry, it did not work out.").failures] == [""]


@given(
    st.text(st.characters(codec="utf-8"), max_size=400), st.sampled_from([DSN, "{fields}", "Subject: x\n\n{fields}"])
)
def test_anything_is_read(text: str, frame: str) -> None:
    """P2: whatever a report holds, reading it ends, and never in an error."""
    found = read(frame.format(fields=text, returned="message/rfc822"))
    assert all(not one.permanent or one.action == "failed" for one in found.failures)
