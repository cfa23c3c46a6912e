"""The whole main job on real servers: Dovecot, an SMTP sink, and the daemon as a process of its own."""

from __future__ import annotations

import json
import signal
import smtplib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parseaddr
from pathlib import Path

import pytest

from tests.letters.render import letters, render
from tests.servers.control import control
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
    return [
        render({**every[n % len(every)], "id": f"r{n // len(every)}-{every[n % len(every)]['id']}"})
        for n in range(MANY)
    ]


def post(server: Dovecot, user: str, mails: list[bytes]) -> None:
    """Deliver by LMTP, as the mail server in front would."""
    with smtplib.LMTP("127.0.0.1", server.lmtp_port) as lmtp:
        for raw in mails:
            sender = parseaddr(message_from_bytes(raw)["Return-Path"])[1]
            lmtp.sendmail(sender, [user], raw)


def rows(deployment: Deployment, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{deployment.folder / 'intake.db'}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


@pytest.mark.parametrize(("move_to", "many"), [(None, MANY), ("Handled", MANY // 5)], ids=["left", "moved"])
def test_a_thousand_letters(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment, move_to: str | None, many: int
) -> None:
    """H1, F1, F8, O1, O4: letters by the thousand are stored, with one outcome each, and answered once where due."""
    user = dovecot.user()
    mails = thousand()[:many]
    post(dovecot, user, mails)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port, move_to=move_to)

    summary = deployment.once()

    assert summary["kept"] == summary["triaged"] == many
    assert not summary["faults"]
    assert rows(deployment, "SELECT state, count(*) FROM deliveries GROUP BY state") == [("recorded", many)]
    assert rows(deployment, "SELECT count(*) FROM messages") == [(many,)]
    assert rows(deployment, "SELECT count(*) FROM deliveries WHERE settled_at IS NULL") == [(0,)]
    with control(dovecot, user) as box:
        assert len(box.flags("INBOX")) == (0 if move_to else many)
        kept = box.flags(move_to or "INBOX")
    assert len(kept) == many
    assert not any(flag == b"\\Seen" for flags in kept.values() for flag in flags)

    due = Counter(rows(deployment, "SELECT reply_address FROM messages WHERE acknowledge IS NOT NULL"))
    answered = [m for m in smtp_sink.messages if b"Auto-Submitted: auto-replied" in m.raw]
    assert Counter((m.recipients[0],) for m in answered) == due
    assert len(due) > 50
    for received in answered:
        check_acknowledgement(received.raw, received.sender, len(received.recipients))

    before = len(smtp_sink.messages)
    again = deployment.once()
    assert again["kept"] == again["triaged"] == again["delivered"] == 0
    assert len(smtp_sink.messages) == before


def check_acknowledgement(raw: bytes, envelope_from: str, recipients: int) -> None:
    """O4: one recipient, the mailbox's address, Auto-Submitted, Content-Language; threading but on neutral."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert recipients == 1
    assert envelope_from == "cohesion@example.org"
    assert mail["From"].addresses[0].addr_spec == "cohesion@example.org"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Content-Language"].endswith("en")
    neutral = not mail["From"].addresses[0].display_name
    assert (mail["In-Reply-To"] is None) == (mail["References"] is None) == neutral
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}


def test_stops_on_sigterm_and_takes_in_new_mail_by_idle(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment
) -> None:
    """H1, F5: the daemon answers a letter that arrives while it idles, and ends within ten seconds of SIGTERM."""
    user = dovecot.user()
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port, since=None)
    deployment.edit(("poll-seconds: 30", "poll-seconds: 3600"))
    daemon = deployment.start("run")
    try:
        wait_until(lambda: "polled_at" and rows_or_none(deployment, "SELECT polled_at FROM mailbox_states"))
        post(dovecot, user, [render(next(one for one in letters() if one["acknowledge"] == "standard"))])
        received = smtp_sink.wait_for(1, 20)
        assert received[0].recipients
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(10) == 0
    finally:
        daemon.kill()
        daemon.wait()


def test_sigterm_in_the_middle_of_a_backlog(dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment) -> None:
    """H1: SIGTERM while a backlog is taken in ends the daemon cleanly within ten seconds; the next run goes on."""
    user = dovecot.user()
    mails = thousand()[:600]
    post(dovecot, user, mails)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    daemon = deployment.start("run")
    try:
        wait_until(lambda: rows_or_none(deployment, "SELECT 1 FROM messages LIMIT 1"))
        assert rows(deployment, "SELECT count(*) FROM messages") < [(len(mails),)]
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(10) == 0
    finally:
        daemon.kill()
        daemon.wait()
    deployment.once()
    assert rows(deployment, "SELECT state, count(*) FROM deliveries GROUP BY state") == [("recorded", len(mails))]


def test_a_second_run_on_the_same_database_is_refused(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment
) -> None:
    """H2: on SQLite a second `run` ends with exit code 2 and a sentence."""
    deployment.connect(imap=dovecot.port, user=dovecot.user(), smtp=smtp_sink.port, since=None)
    daemon = deployment.start("run")
    try:
        wait_until(lambda: rows_or_none(deployment, "SELECT 1 FROM mailbox_states"))
        said = deployment.call("run", "--once", exit_code=2)
        assert "another" in said
        assert "Traceback" not in said
    finally:
        daemon.terminate()
        assert daemon.wait(10) == 0


def test_killed_and_started_again(dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment) -> None:
    """H1: kill -9 while mail is taken in loses nothing, doubles nothing, and acknowledges nobody twice."""
    user = dovecot.user()
    mails = thousand()[:200]
    post(dovecot, user, mails)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    for kept in (1, 60, 120, 180):
        daemon = deployment.start("run", "--once")
        wait_until(
            lambda kept=kept: (
                daemon.poll() is not None  # noqa: B023
                or (rows_or_none(deployment, "SELECT count(*) FROM messages") or [(0,)])[0][0] >= kept
            )
        )
        daemon.kill()
        daemon.wait()
    deployment.once()
    assert rows(deployment, "SELECT state, count(*) FROM deliveries GROUP BY state") == [("recorded", len(mails))]
    due = Counter(rows(deployment, "SELECT reply_address FROM messages WHERE acknowledge IS NOT NULL"))
    answered = Counter((m.recipients[0],) for m in smtp_sink.messages if b"Auto-Submitted: auto-replied" in m.raw)
    unknown = Counter(rows(deployment, "SELECT recipient FROM outbox WHERE state = 'unknown'"))
    assert all(answered[address] <= count for address, count in due.items())
    assert answered | (due & unknown) == due or sum((due - answered).values()) <= sum(unknown.values())
    assert set(rows(deployment, "SELECT state FROM outbox")) <= {("sent",), ("unknown",), ("due-later",)}


def test_a_first_start_on_a_full_folder_asks_for_since(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment
) -> None:
    """F11: a folder that is not empty at the first start is not touched before `since:` says from which day on."""
    user = dovecot.user()
    post(dovecot, user, thousand()[:2])
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port, since=None)
    assert "since" in deployment.call("run", "--once", exit_code=2)
    assert rows(deployment, "SELECT count(*) FROM deliveries") == [(0,)]


def test_old_mail_is_sorted_and_never_acknowledged(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment
) -> None:
    """F11: what arrived 48 hours or more ago is stored and listed in digests; one mail lists the urgent ones."""
    user = dovecot.user()
    with control(dovecot, user) as box:
        for raw in thousand()[:20]:
            box.deliver(raw, datetime.now(UTC) - timedelta(hours=49))
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    summary = deployment.once()
    assert summary["triaged"] == 20
    assert summary["delivered"] == 1
    assert b"urgent messages among old mail" in smtp_sink.messages[0].raw
    assert smtp_sink.messages[0].recipients == ("cohesion-officers@partners.example.org",)
    assert rows(deployment, "SELECT count(*) FROM digest_items")[0][0] > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("port: {smtp} ", "port: 1 "), "SMTP"),
        (("folder: INBOX", "folder: Nowhere"), "Nowhere"),
    ],
    ids=["smtp-down", "unknown-folder"],
)
def test_faults_are_sentences(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment, change: tuple[str, str], said: str
) -> None:
    """A server that is away or a wrong setting gives a sentence that says what to change, never a traceback."""
    user = dovecot.user()
    post(dovecot, user, [render(next(one for one in letters() if one["acknowledge"] == "standard"))])
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    deployment.edit((change[0].format(smtp=smtp_sink.port), change[1]))
    printed = deployment.call("run", "--once", exit_code=75 if said == "SMTP" else 2)
    assert said in printed
    assert "Traceback" not in printed


def test_wrong_password_is_told_and_never_shown(dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment) -> None:
    """X1: a refused password is told with what to change; neither output nor log holds it."""
    deployment.connect(imap=dovecot.port, user=dovecot.user(), smtp=smtp_sink.port)
    deployment.password = "not-the-password"
    printed = deployment.call("run", "--once", exit_code=2)
    assert "password" in printed
    assert "not-the-password" not in printed
    health = json.loads(deployment.call("status", "--json", exit_code=1).splitlines()[0])
    assert "not-the-password" not in json.dumps(health)


def rows_or_none(deployment: Deployment, query: str) -> list[tuple[object, ...]] | None:
    try:
        return rows(deployment, query) or None
    except sqlite3.OperationalError:
        return None


def wait_until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"nothing happened within {seconds} s"
        time.sleep(0.05)
