"""The whole main job on real servers: Dovecot, an SMTP sink, and the daemon as a process of its own."""

from __future__ import annotations

import json
import signal
import smtplib
import sqlite3
import time
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.letters.render import letters, render
from tests.servers.control import Control
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.walk.deployment import Deployment

MANY = 1000


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A folder as `intake init` lays it down."""
    return Deployment(tmp_path / "intake", PASSWORD)


def thousand() -> list[bytes]:
    """Return the letters again and again, each time under new Message-IDs, until there are a thousand."""
    every = letters()
    return [render({**every[n % len(every)], "id": f"r{n // len(every)}-{every[n % len(every)]['id']}"}) for n in range(MANY)]


def post(server: Dovecot, user: str, mails: list[bytes]) -> None:
    """Deliver by LMTP, as the mail server in front would."""
    with smtplib.LMTP("127.0.0.1", server.lmtp_port) as lmtp:
        for raw in mails:
            lmtp.sendmail("", [user], raw)


def rows(deployment: Deployment, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{deployment.folder / 'intake.db'}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


@pytest.mark.parametrize("move_to", [None, "Handled"], ids=["left", "moved"])
def test_a_thousand_letters(dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment, move_to: str | None) -> None:
    """H1, F1, F8, O1, O4: a thousand letters are stored, each with one outcome, and answered once if they deserve it."""
    user = dovecot.user()
    mails = thousand()
    post(dovecot, user, mails)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port, move_to=move_to)

    summary = deployment.once()

    assert summary["kept"] == summary["triaged"] == MANY
    assert not summary["faults"]
    assert rows(deployment, "SELECT state, count(*) FROM deliveries GROUP BY state") == [("recorded", MANY)]
    assert rows(deployment, "SELECT count(*) FROM messages") == [(MANY,)]
    assert rows(deployment, "SELECT count(*) FROM deliveries WHERE settled_at IS NULL") == [(0,)]
    with Control(dovecot, user) as box:
        assert box.count("INBOX") == (0 if move_to else MANY)
        assert box.count(move_to or "INBOX") == MANY

    due = Counter(rows(deployment, "SELECT reply_address FROM messages WHERE acknowledge IS NOT NULL"))
    answered = [m for m in smtp_sink.messages if b"Auto-Submitted: auto-replied" in m.raw]
    assert Counter((m.recipients[0],) for m in answered) == due
    assert len(due) > 100
    for received in answered:
        check_acknowledgement(received.raw, received.sender, len(received.recipients))

    before = len(smtp_sink.messages)
    again = deployment.once()
    assert again["kept"] == again["triaged"] == again["delivered"] == 0
    assert len(smtp_sink.messages) == before
