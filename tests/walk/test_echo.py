"""Two instances of the service that write to each other, each a process of its own with a mailbox on a real server."""

from __future__ import annotations

import smtplib
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp_sink import Received, SmtpSink
from tests.walk.deployment import Deployment

ONE, OTHER = "cohesion@example.org", "safety@example.net"
PAT = "pat@home.example"  # whose program answers every mail with a letter of its own, which nothing tells for one
SECONDS = 240  # until which all must be quiet; it takes some ten
MOST = 60  # mails: more is a war
STABBED = "My neighbour is being stabbed right now, he has a knife, please send somebody."


@dataclass
class Side:
    """One instance and its mailbox."""

    deployment: Deployment
    user: str
    posted: int = 0

    def count(self, query: str) -> int:
        """Return what the query counts; 0 while there is no database."""
        path = self.deployment.folder / "intake.db"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                return int(db.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    def quiet(self) -> bool:
        """Tell whether it has taken in all that was posted to it, and has nothing to do or to send."""
        return (
            self.count("SELECT count(*) FROM deliveries WHERE state <> 'waiting'") == self.posted
            and self.count("SELECT count(*) FROM outbox WHERE state IN ('queued', 'due-later', 'sending')") == 0
        )


@dataclass
class Post:
    """Delivers what either side sends to the other one's mailbox."""

    server: Dovecot
    sink: SmtpSink
    sides: dict[str, Side]  # by address
    carried: list[Received] = field(default_factory=list)

    def deliver(self, sender: str, recipient: str, raw: bytes) -> None:
        """Put a mail into the mailbox of that address."""
        side = self.sides[recipient]
        side.posted += 1
        with smtplib.LMTP("127.0.0.1", self.server.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [side.user], raw)

    def carry(self) -> None:
        """Carry mail to and fro until all is quiet; AssertionError where it is not in time."""
        end = time.monotonic() + SECONDS
        while True:
            quiet = all(side.quiet() for side in self.sides.values())
            new = self.sink.messages[len(self.carried) :]
            self.carried += new
            for one in new:
                if one.recipients[0].lower() in self.sides:
                    self.deliver(one.sender, one.recipients[0].lower(), one.raw)
                elif one.recipients[0] == PAT:
                    self.deliver(PAT, ONE, letter(PAT, ONE, f"Thank you. Ticket {len(self.carried)} was opened."))
            if quiet and not new:
                return
            assert len(self.carried) < MOST, "it does not end"
            assert time.monotonic() < end, "it is not quiet in time"
            time.sleep(0.05)


def letter(author: str, to: str, text: str) -> bytes:
    return (
        f"From: {author}\r\nTo: {to}\r\nSubject: Elm Road\r\nDate: {format_datetime(datetime.now(UTC))}\r\n"
        f"Message-ID: <{uuid.uuid4()}@mail.example>\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
def post(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> Iterator[Post]:
    """Two instances, each the other's police, both running."""
    sides: dict[str, Side] = {}
    for address, other in ((ONE, OTHER), (OTHER, ONE)):
        deployment = Deployment(tmp_path / address, PASSWORD)
        user = dovecot.user()
        deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
        deployment.edit((f"address: {ONE}", f"address: {address}"), ("poll-seconds: 30", "poll-seconds: 5"))
        partners = deployment.folder / "rules" / "partners.yaml"
        partners.write_text(partners.read_text("utf-8").replace("police@partners.example.org", other), "utf-8")
        sides[address] = Side(deployment, user)
    running = [side.deployment.start("run") for side in sides.values()]
    yield Post(dovecot, smtp_sink, sides)
    for process in running:
        process.terminate()
    for process in running:
        assert process.wait(15) == 0


def test_two_instances_end_it(post: Post) -> None:
    """S1, S4: letters in each other's name, an emergency routed to and fro, and a resident's responder: all end."""
    post.deliver(OTHER, ONE, letter(OTHER, ONE, "The lamps in Elm Road are dark."))
    post.deliver(ONE, OTHER, letter(ONE, OTHER, "The bins in Elm Road are full."))
    post.deliver(PAT, ONE, letter(PAT, ONE, STABBED))
    post.carry()
    answers = [one for one in post.carried if b"Auto-Submitted: auto-replied" in one.raw]
    assert sorted(one.recipients[0] for one in answers) == [ONE, PAT, PAT, OTHER]
    assert len(post.carried) <= 14  # each also has officers and a fire service
