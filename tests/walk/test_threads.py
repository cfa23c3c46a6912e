"""Threads through the real daemon: a resident answers our mail, a partner does, and somebody who is neither."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from tests.servers.control import control
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.threads import LINES, RULES, bounce, letter, reply
from tests.walk.deployment import Deployment
from tests.walk.test_river import wait_until

ANN, EVE = "Ann Example <ann@home.example>", "eve@else.example"
OFFICER = "Sgt Bell <bell@police.example.net>"


class Correspondence:
    """A daemon that runs, believes its server's verdicts, and answers under plus-forms."""

    def __init__(self, folder: Path, dovecot: Dovecot, sink: SmtpSink) -> None:
        self.dovecot, self.sink, self.user = dovecot, sink, dovecot.user()
        self.deployment = Deployment(folder, PASSWORD)
        self.deployment.connect(imap=dovecot.port, user=self.user, smtp=sink.port)
        self.deployment.edit(("# authserv-id: mx.example.org ", "authserv-id: mx.example.org "))
        self.deployment.edit(("# threads: ", "threads: "), ("#   plus-addressing: true ", "  plus-addressing: true "))
        shutil.rmtree(folder / "rules")
        (folder / "rules").mkdir()
        for name, text in RULES.items():
            (folder / "rules" / name).write_text(text, "utf-8")

    def arrive(self, *mails: EmailMessage | bytes) -> None:
        """Have mails arrive, and wait until they are sorted and all that they cause is sent."""
        before = self.count("messages")
        with control(self.dovecot, self.user) as box:
            for one in mails:
                box.deliver(one if isinstance(one, bytes) else one.as_bytes(policy=LINES))
        wait_until(lambda: self.count("messages") == before + len(mails), 60)
        wait_until(lambda: not self.count("outbox WHERE state IN ('queued', 'sending', 'due-later')"), 60)

    def count(self, rows: str) -> int:
        """Count rows; 0 before there is a database."""
        path = self.deployment.folder / "intake.db"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                found: int = db.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]
                return found
        except sqlite3.OperationalError:
            return 0

    def references(self) -> list[str]:
        """Return every case's reference, the oldest first."""
        with closing(sqlite3.connect(f"file:{self.deployment.folder}/intake.db?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute("SELECT reference FROM cases ORDER BY id")]

    def case(self, reference: str) -> dict[str, Any]:
        """Return a case as `intake show --json` gives it."""
        shown: dict[str, Any] = json.loads(self.deployment.call("show", reference, "--json"))
        return shown

    def had(self, recipient: str) -> list[EmailMessage]:
        """Return the mails that the recipient got."""
        raws = [one.raw for one in self.sink.messages if recipient in one.recipients]
        return [message_from_bytes(raw, policy=SMTP) for raw in raws]


@pytest.fixture
def running(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink) -> Iterator[Correspondence]:
    """The daemon as a process, on an empty mailbox."""
    made = Correspondence(tmp_path / "intake", dovecot, smtp_sink)
    daemon = made.deployment.start("run")
    try:
        wait_until(lambda: made.count("mailbox_states"), 60)
        yield made
        daemon.terminate()
        assert daemon.wait(20) == 0
    finally:
        daemon.kill()
        daemon.wait()


def test_a_correspondence(running: Correspondence) -> None:
    """T1 to T3, S7: replies join the case that they answer, forged ones do not, and a bounce makes no case."""
    running.arrive(letter("A man with a knife is in the hallway of our block.", ANN, subject="Help"))
    (reference,) = running.references()
    (acknowledgement,), (routed,) = running.had("ann@home.example"), running.had("desk@police.example.net")
    assert reference in acknowledgement["Subject"]
    assert acknowledgement["Reply-To"] != routed["Reply-To"]

    running.arrive(reply(acknowledgement, "He has left by the back door.", ANN))
    verdict = "mx.example.org; dmarc=pass header.from=police.example.net"
    running.arrive(reply(routed, "Two officers are there.", OFFICER, authentication_results=verdict))
    running.arrive(reply(acknowledgement, "I am Ann, what do you know?", EVE))

    shown = running.case(reference)
    assert [one["note_of"] for one in shown["messages"]] == [None, None, "police"]
    assert [one["acknowledge_reason"]["code"] for one in shown["messages"]] == ["due", "follow-up", "partner-note"]
    assert [(one["partner"], one["taken_by"]) for one in shown["taken"]] == [("police", "Sgt Bell")]
    assert len(running.had("ann@home.example")) == 1
    assert len(running.had("desk@police.example.net")) == 2
    (other,) = running.references()[1:]
    assert running.case(other)["may_belong_to"] == reference
    assert len(running.had(EVE)) == 1

    running.deployment.call("case", "close", reference)
    running.arrive(reply(acknowledgement, "He is back.", ANN), bounce(acknowledgement))
    shown = running.deployment.call("show", reference)
    assert "opened again" in shown.splitlines()[0]
    assert f"{other} may belong to this case" in shown
    assert "Note of police" in shown
    assert len(running.references()) == 2
    assert "ann@home.example" in running.deployment.call("case", "dead", "--json")
    running.deployment.call("case", "revive", "ann@home.example")
    assert "nothing" in running.deployment.call("case", "dead")
