"""The demo's letters, what should become of each, and how residents' mail programs post them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr
from importlib.resources import files
from smtplib import SMTP

from intake.demo.servers import HOST, Servers
from intake.mail.values import Kind

ADDRESS = "cohesion@example.org"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter and what must become of it."""

    file: str  # name in `letters/`, without .eml
    title: str  # what it is, for the reader of a narrow table
    kind: Kind = Kind.PERSON
    answered: bool = True  # whether a person gets an acknowledgement; no machine does
    sender: str | None = None  # of the envelope, "" is the null path; None: the From address
    recipients: tuple[str, ...] = (ADDRESS,)  # of the envelope: one copy arrives for each

    @property
    def acknowledgements(self) -> int:
        """How many its sender must get."""
        return int(self.kind is Kind.PERSON and self.answered)

    @property
    def raw(self) -> bytes:
        """Its bytes with CRLF line ends, as SMTP wants them."""
        return re.sub(rb"\r?\n", b"\r\n", (files("intake.demo") / "letters" / f"{self.file}.eml").read_bytes())


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter on its way."""

    letter: Letter
    uids: tuple[str, ...]  # the UIDs that its copies got in INBOX
    at: datetime  # when it was sent, UTC


LETTERS = (
    Letter("01-fly-tipping-photo", "Fly-tipping, photo"),
    Letter("02-polish-car-park", "Polish: car park"),
    Letter("03-romanian-mould", "Romanian: mould"),
    Letter("04-street-lights-reply", "Long quotation"),
    Letter("05-front-door", "Hate at a door"),
    Letter("06-out-of-office", "Out of office", Kind.AUTO_REPLY, sender=""),
    Letter("07-ukrainian-sponsor", "Ukrainian: sponsor"),
    Letter("08-bulgarian-dark-street", "Bulgarian: lamps"),
    Letter("09-councillor-casework", "Councillor's case"),
    Letter("10-smoke", "Smoke, right now"),
    Letter("11-arabic-classes", "Arabic: classes"),
    Letter("12-newsletter", "Newsletter", Kind.LIST, sender="bounce-4471@policypulse.example.net"),
    Letter("13-do-not-reply", "Abuse, no reply", answered=False),
    Letter("14-radio-deadline", "Radio, deadline"),
    Letter("15-foi-request", "FOI request"),
    Letter("16-urdu-doctor", "Urdu: a doctor"),
    Letter("17-bounce", "Bounce", Kind.BOUNCE, sender=""),
    Letter("18-racing-bikes-html", "HTML only"),
    Letter("19-thanks-lights", "Thanks, photo"),
    Letter("20-councillor-forward", "Forwarded mail"),
    Letter("21-french-complaint", "French: complaint"),
    Letter("22-marketing", "Marketing", Kind.UNSOLICITED),
    Letter("23-residents-list", "Mailing list", Kind.LIST, sender="bellinge-residents-bounces@lists.example.net"),
    Letter("24-malformed", "Broken MIME"),
    Letter("25-two-addresses", "To two addresses", recipients=(ADDRESS, "cohesion+forum@example.org")),
    Letter("26-blind-copy", "Blind copy", answered=False),
    Letter("27-hundreds-of-recipients", "To 443 people"),
    Letter("28-chinese-suggestions", "Chinese: ideas"),
    Letter("29-lithuanian-ideas", "Lithuanian: ideas"),
    Letter("30-russian-nurse", "Russian: a nurse"),
    Letter("31-spanish-deposit", "Spanish: deposit"),
    Letter("32-read-receipt", "Read receipt", Kind.AUTOMATIC, sender=""),
    Letter("33-only-a-photo", "Only a photo"),
)


def post(letter: Letter, servers: Servers) -> Posted:
    """Hand `letter` to the SMTP server, dated now as a mail program does. Raises smtplib.SMTPException, OSError."""
    at = datetime.now(UTC)
    raw = re.sub(rb"(?m)^Date: [^\r\n]*", b"Date: " + format_datetime(at).encode(), letter.raw, count=1)
    sender = author(raw) if letter.sender is None else letter.sender
    before = len(servers.arrived)
    with SMTP(HOST, servers.smtp_port, "out.example.net", timeout=20) as smtp:
        smtp.sendmail(sender, letter.recipients, raw, mail_options=["BODY=8BITMIME"])
    return Posted(letter, tuple(arrived.uid for arrived in servers.arrived[before:]), at)


def author(raw: bytes) -> str:
    """Return the From address of `raw`."""
    return parseaddr(str(BytesHeaderParser().parsebytes(raw)["From"]))[1]
