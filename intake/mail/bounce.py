"""Delivery reports: those of RFC 3464, and the common ones that follow no standard."""

from __future__ import annotations

import re

from intake.mail.bounce_words import SUBJECTS, TEXTS
from intake.mail.folding import any_of
from intake.mail.message import Message
from intake.mail.values import Identity, Reason

_READ = 2_500  # characters of the text that are judged
_OPENING = 400  # characters in which a report that nothing else tells must say so

_OTHER_REPORTS = frozenset({"disposition-notification", "feedback-report", "tlsrpt"})
_COMPLAINT = re.compile(r"(?i)^complaint about message from \S+$")
_DAEMON = re.compile(
    r"\"?(?:mailer[-_. ]?daemon|mdaemon|mail[-_. ]?daemon|post[-_]?master|double-bounce|microsoftexchange[0-9a-f]{8,}"
    r"|mail[-_. ]?delivery[-_. ]?(?:sub)?system|system administrator|mailsystem|imss$|ndr$)",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"(?i)^\"?(?:mail(?:er)?[- ]?daemon|mail delivery (?:sub)?(?:system|service)|mail(?: transport)? system|postmaster"
    r"|internet mail delivery|system administrator|mail server)\b"
)
_MAILER = re.compile(r"\"?(?:mailer|mail)[-_. ]?daemon", re.IGNORECASE)
_BEFORE = r"^[^\pL\pN]*(?:\[?postmaster\]? )?(?:\S+\.\S+ )?"
_SUBJECT_TAIL = re.compile(r"\((?:delivery failed|non remis[^)]*|delivery failure)\)\s*$", re.IGNORECASE)
_MAIL = re.compile(r"(?i)\b(?:e-?)?mails?\b|\bmessage|recipient|smtp|mailbox|адресат|destinatair|destinatari")
_ADDRESSED = re.compile(r"[^\s@<>]@[^\s@<>]|\b[45]\.\d{1,3}\.\d{1,3}\b|(?i:smtp)")
_BY_MACHINE = re.compile(
    r"\bsmtp\b|\b[45]\d\d[ -][45]\.\d|following (?:recipient|address|user|e-?mail)|be delivered to:?\s+<?\S{1,80}@"
    r"|failed recipient|(?:original|returned) message (?:follows|below)",
    re.IGNORECASE,
)


def standard_report(message: Message, _identity: Identity) -> Reason | None:
    """RFC 3464: a multipart/report of the type delivery-status, or a bare message/delivery-status."""
    report = dict(message.content_type_parameters).get("report-type", "").lower()
    known = report in _OTHER_REPORTS or "message/delivery-status" not in message.part_types
    if message.content_type == "multipart/report" and (report == "delivery-status" or not known):
        return Reason("delivery-report", "a delivery report (RFC 3464)")
    if message.content_type == "message/delivery-status":
        return Reason("delivery-report", "a delivery report (RFC 3464)")
    return None


def complaint(message: Message, _identity: Identity) -> Reason | None:
    """A feedback report (RFC 5965), or its older form: a provider says that somebody took a mail of ours for spam."""
    return (
        Reason("complaint", "a provider passes on a complaint about a mail (RFC 5965)")
        if is_complaint(message)
        else None
    )


def is_complaint(message: Message) -> bool:
    """Tell a feedback report from other reports: it is about a mail, but tells of no failure."""
    if message.content_type == "multipart/report" and "message/feedback-report" in message.part_types:
        return True
    older = message.content_type == "multipart/mixed" and message.part_types[1:2] == ("message/rfc822",)
    return older and bool(_COMPLAINT.match(message.subject))


def failed_recipients(message: Message, _identity: Identity) -> Reason | None:
    """X-Failed-Recipients, which Exim and Google put on what they return."""
    if message.first("x-failed-recipients") is None:
        return None
    return Reason("failed-recipients-header", "it bears X-Failed-Recipients, as returned mail does")


def daemon_report(message: Message, _identity: Identity) -> Reason | None:
    """A mail daemon that tells of mail returned, in the subject or in the text."""
    if not is_daemon(message):
        return None
    if (
        "message/delivery-status" in message.part_types
        or _MAILER.match(_local(message))
        or _subject_says_so(message)
        or _reports(message.text[:_READ])
    ):
        return Reason("daemon-report", "a mail daemon says that mail could not be delivered")
    return None


def plain_report(message: Message, _identity: Identity) -> Reason | None:
    """A report from any other address: its subject and the very beginning of its text must both say so.

    A person who passes a report on writes "Fwd:" or a line above it: that is no report.
    """
    if not _subject_says_so(message):
        return None
    opening = " ".join(message.text[:_READ].split())[:_OPENING]
    if not _reports(opening) or not _BY_MACHINE.search(opening):
        return None
    return Reason("returned-mail", "its subject and its text say that mail could not be delivered")


def returned_to_null(message: Message, _identity: Identity) -> Reason | None:
    """A null return path, and a text that says what was not delivered (RFC 5321 §4.5.5)."""
    if (message.return_path == "" or _DAEMON.match(_local(message))) and _reports(message.text[:_OPENING]):
        return Reason("returned-mail", "it came to a null return path, and says that mail could not be delivered")
    return None


def is_daemon(message: Message) -> bool:
    """Tell whether a mail daemon or a postmaster wrote it, by address, name or, where there is neither, return path."""
    author = message.author
    if _DAEMON.match(_local(message)) or _DAEMON_NAME.match(author.name):
        return True
    if "@" not in author.address:
        return bool(_DAEMON.match(author.address or author.name)) or message.return_path == ""
    return False


def _local(message: Message) -> str:
    return message.author.address.rpartition("@")[0].lower() or message.author.address.lower()


def _subject_says_so(message: Message) -> bool:
    subject = message.subject[:300]
    return bool(any_of(SUBJECTS, _BEFORE).search(subject) or _SUBJECT_TAIL.search(subject))


def _reports(text: str) -> bool:
    """Tell whether a text says of a message, to somebody, that it was not delivered."""
    return bool(any_of(TEXTS).search(text)) and bool(_MAIL.search(text)) and bool(_ADDRESSED.search(text))
