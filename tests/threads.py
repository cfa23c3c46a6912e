"""A service that threads mail, on any database, and letters as people's mail programs write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from intake.daemon.process import Processor
from intake.mail.tokens import Tokens
from intake.mail.values import Identity
from intake.mailbox.source import Fetched, Place
from intake.outbox.alerts import Alerts
from intake.outbox.compose import Composer, Service
from intake.rules.load import load_files
from intake.rules.rulebook import Rulebook
from intake.store import cases, ledger
from intake.store.cases import Case
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import cases as case_rows
from intake.store.tables import outbox
from intake.triage import Sorter

TOP = Path(__file__).parents[1]
US = "cohesion@example.org"
HOST = "intake.example.org"
ZONE = ZoneInfo("Europe/London")
IT = "it@desk.example.net"
IDENTITY = Identity(frozenset({US}), hostnames=frozenset({HOST}), authserv_id="mx.example.org")
SERVICE = Service(
    "Community Safety Partnership", US, ZONE, HOST, tokens=Tokens(lambda: b"k" * 32), plus_addressing=True
)

LINES = SMTP.clone(max_line_length=900)  # ids stay whole

RULES = {
    "categories.yaml": """
categories:
  - {id: general, name: General, partners: [officers]}
  - {id: unsolicited, name: Unsolicited, partners: []}
  - {id: crime, name: Crime, partners: [police]}
  - {id: waste, name: Waste, partners: [street]}
flags:
  - {id: anonymous, means: The sender asks not to be named}
  - {id: not-to, means: Keep it from}
""",
    "partners.yaml": """
partners:
  - {id: officers, name: Officers, address: officers@council.example.net,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
  - {id: police, name: Police, address: desk@police.example.net, domains: [police.example.net],
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
  - {id: street, name: Street Scene, address: street@council.example.net, fallback: duty@council.example.net,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
""",
    "10-all.yaml": """
rules:
  - {id: burglary, when: {words: burglar}, then: {category: crime, weight: 20, urgency: today}}
  - {id: knife, safety: true, when: {words: knife}, then: {category: crime, weight: 20, urgency: emergency}}
  - {id: rubbish, when: {words: rubbish}, then: {category: waste, weight: 20}}
  - {id: nameless, when: {phrases: do not name me}, then: {flags: anonymous}}
  - {id: not-police, when: {phrases: not the police}, then: {flags: "not-to:police"}}
""",
}


def rulebook() -> Rulebook:
    """Return a rulebook of three partners."""
    return load_files(RULES)


@dataclass
class Desk:
    """The service with letters put before it one by one."""

    database: Database
    rules: Rulebook = field(default_factory=rulebook)
    identity: Identity = IDENTITY
    uid: int = 0

    def __post_init__(self) -> None:
        composer = Composer(TOP / "templates", SERVICE)
        sorter = Sorter(self.rules, self.identity, ZONE)
        self.processor = Processor(self.database, lambda: sorter, composer, "one", alerts=Alerts(composer, IT))

    def take(self, *mails: EmailMessage | bytes, age: timedelta = timedelta(0)) -> None:
        """Have mails arrive in that order, and sort them."""
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            batch = []
            for one in mails:
                self.uid += 1
                raw = one if isinstance(one, bytes) else one.as_bytes(policy=LINES)
                batch.append(Fetched(Place("main", "INBOX", 7, str(self.uid)), raw, now - age))
            ledger.keep(conn, batch, now)
        while self.processor.process():
            pass

    def references(self) -> list[str]:
        """Return the references of all cases, the oldest first."""
        with self.database.read() as conn:
            return list(conn.scalars(select(case_rows.c.reference).order_by(case_rows.c.id)))

    def case(self, reference: str = "") -> Case:
        """Return a case; the only one where none is named."""
        if not reference:
            (reference,) = self.references()
        with self.database.read() as conn:
            found = cases.case(conn, reference)
        assert found is not None
        return found

    def mails(self, kind: str, partner: str | None = None) -> list[Row[tuple[object, ...]]]:
        """Return the outbox rows of that kind, the oldest first."""
        found = select(outbox).where(outbox.c.kind == kind).order_by(outbox.c.id)
        with self.database.read() as conn:
            rows = conn.execute(found).all()
        return [one for one in rows if partner is None or one.partner == partner]

    def sent(self, kind: str, partner: str | None = None) -> EmailMessage:
        """Send the last mail of that kind, and return it as its recipient got it."""
        row = self.mails(kind, partner)[-1]
        mail = message_from_bytes(unpack(row.mail), policy=SMTP)
        with self.database.transaction() as conn:
            conn.execute(outbox.update().where(outbox.c.id == row.id).values(state="sent"))
        return mail


_numbers: Iterator[int] = iter(range(1, 10**9))


def letter(text: str, sender: str = "ann@home.example", **headers: str) -> EmailMessage:
    """Return a letter to us; `headers` as `in_reply_to="<…>"`."""
    mail = EmailMessage(policy=LINES)
    number = next(_numbers)
    mail["From"] = sender
    mail["To"] = headers.pop("to", US)
    mail["Subject"] = headers.pop("subject", f"Letter {number}")
    mail["Date"] = "Mon, 02 Mar 2026 08:00:00 +0000"
    mail["Message-ID"] = headers.pop("message_id", f"<{number}@home.example>")
    for name, value in headers.items():
        if value:
            mail[name.replace("_", "-").title()] = value
    mail.set_content(text)
    return mail


def reply(to: EmailMessage, text: str, sender: str, /, **headers: str) -> EmailMessage:
    """Return what a mail program makes of the answer to `to` (RFC 5322 §3.6.4)."""
    subject = str(to["Subject"])
    ids = " ".join(str(one) for one in (to["References"], to["Message-ID"]) if one)
    quoted = "\n".join(f"> {line}" for line in str(to.get_body(("plain",)).get_content()).splitlines())  # type: ignore[union-attr]
    made = {
        "to": str(to["Reply-To"] or to["From"]),
        "subject": subject if subject.lower().startswith("re:") else f"Re: {subject}",
        "in_reply_to": str(to["Message-ID"]),
        "references": ids,
    }
    return letter(f"{text}\n\nOn 2 March 2026 at 09:00, Us <{US}> wrote:\n{quoted}\n", sender, **(made | headers))


def vouched(domain: str) -> dict[str, str]:
    """Return the header by which our server vouches for a domain."""
    return {"authentication_results": f"mx.example.org; dmarc=pass header.from={domain}"}


def bounce(of: EmailMessage, *, status: str = "5.1.1", action: str = "failed", returned: str = "") -> bytes:
    """Return a delivery report (RFC 3464) on a mail of ours; `returned` are the headers that it returns."""
    header = returned or "".join(f"{name}: {value}\r\n" for name, value in of.items())
    return (
        "From: MAILER-DAEMON@relay.example\r\nTo: cohesion@example.org\r\nReturn-Path: <>\r\n"
        f"Subject: Undelivered Mail\r\nMessage-ID: <{next(_numbers)}@relay.example>\r\n"
        "Date: Mon, 02 Mar 2026 08:10:00 +0000\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {of['To']}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--b--\r\n"
    ).encode()


def replaced(identity: Identity, **changes: object) -> Identity:
    """Return the identity with some of it changed."""
    return replace(identity, **changes)  # type: ignore[arg-type]
