"""What admins save while the daemon runs, on real servers: taken up, or told and left alone."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.unit.rulebooks import files, rule
from tests.walk.deployment import Deployment
from tests.walk.test_river import post, rows, rows_or_none, wait_until

MOULD = rule("{words: [mould]}", "{category: housing, urgency: today}", id_="mould")
PARTY = rule("{words: [party]}", "{category: street, urgency: today}", id_="party")
BROKEN = rule("{wrods: [party]}", id_="party")


@dataclass
class Read(Deployment):
    """A deployment that reads a mailbox of that server."""

    server: Dovecot | None = None
    user: str = ""


@pytest.fixture
def deployment(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> Read:
    """A deployment with a small rulebook, whose alerts go to somebody."""
    made = Read(tmp_path / "intake", PASSWORD, server=dovecot, user=dovecot.user())
    made.connect(imap=dovecot.port, user=made.user, smtp=smtp_sink.port)
    made.edit(("poll-seconds: 30", "poll-seconds: 5"))
    made.edit(("# alerts: ", "alerts: "), ("#   address: it-desk@example.org", "  address: it-desk@example.net"))
    for old in (made.folder / "rules").glob("*.yaml"):
        old.unlink()
    save(made, MOULD)
    return made


def save(deployment: Deployment, text: str) -> None:
    """Save the rules as an editor does: beside the old ones, then in their place."""
    for name, content in files(text).items():
        new = deployment.folder / "rules" / f".{name}.new"
        new.write_text(content, "utf-8")
        new.replace(deployment.folder / "rules" / name)


@contextmanager
def running(deployment: Deployment) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, from its first poll on; stopped cleanly at the end unless it was killed before."""
    polled = rows_or_none(deployment, "SELECT polled_at FROM mailbox_states")
    daemon = deployment.start("run")
    try:
        wait_until(lambda: (rows_or_none(deployment, "SELECT polled_at FROM mailbox_states") or polled) != polled)
        yield daemon
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(10) == 0
    finally:
        daemon.kill()
        daemon.wait()


def sort(deployment: Read, text: str) -> str:
    """Post a letter and return the main category it gets."""
    number = len(rows(deployment, "SELECT id FROM messages")) + 1
    letter = (
        f"From: Ann Example <ann{number}@home.example>\r\nTo: cohesion@example.org\r\nSubject: Hello\r\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\r\nMessage-ID: <{number}@home.example>\r\n\r\n{text}\r\n"
    )
    assert deployment.server
    post(deployment.server, deployment.user, [letter.encode()])
    found = f"SELECT category FROM message_categories WHERE message_id = {number} AND rank = 0"
    wait_until(lambda: rows(deployment, found))
    return str(rows(deployment, found)[0][0])


def version(deployment: Deployment) -> object:
    return rows(deployment, "SELECT version FROM rulebook_states")[0][0]


def fault(deployment: Deployment) -> object:
    return rows(deployment, "SELECT faulted_at FROM rulebook_states")[0][0]


def status(deployment: Deployment, exit_code: int) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(deployment.call("status", "--json", exit_code=exit_code).splitlines()[0])
    return told


def alerts(smtp_sink: SmtpSink) -> list[bytes]:
    return [one.raw for one in smtp_sink.messages if "it-desk@example.net" in one.recipients]


def test_saved_broken_and_mended(smtp_sink: SmtpSink, deployment: Read) -> None:
    """R5, promise 7: a saved rule sorts the next mail; a broken file changes nothing but is told; mended it counts."""
    with running(deployment):
        assert sort(deployment, "We had a party, there is mould too.") == "housing"
        first = version(deployment)

        save(deployment, PARTY)
        wait_until(lambda: version(deployment) != first)
        assert sort(deployment, "We had another party, with mould.") == "street"
        second = version(deployment)
        told = status(deployment, 0)
        assert [(one["version"], one["fault"]) for one in told["rulebooks"]] == [(second, None)]

        save(deployment, BROKEN)
        wait_until(lambda: fault(deployment))
        assert sort(deployment, "We had a third party, with mould.") == "street"
        (process,) = status(deployment, 1)["rulebooks"]
        assert process["version"] == second
        assert [(one["file"], one["line"]) for one in process["fault"]["problems"]] == [("10-rules.yaml", 2)]
        printed = deployment.call("status", exit_code=1)
        assert "10-rules.yaml:2:" in printed
        assert "did you mean `words`?" in printed
        assert str(second)[:12] in printed

        save(deployment, MOULD)
        wait_until(lambda: not fault(deployment))
        assert version(deployment) == first
        assert sort(deployment, "We had a last party, with mould.") == "housing"
        wait_until(lambda: len(alerts(smtp_sink)) == 2)
    assert [one[0] for one in rows(deployment, "SELECT DISTINCT rulebook FROM messages ORDER BY id")] == [first, second]
    attention, mended = alerts(smtp_sink)
    assert b"Subject: Attention: " in attention
    assert b"10-rules.yaml:2:" in attention
    assert b"Auto-Submitted: auto-generated" in attention
    assert b"Subject: Mended: " in mended
    assert b"party, with" not in attention + mended + (deployment.folder / "log").read_bytes()


def test_started_again_with_a_broken_file(smtp_sink: SmtpSink, deployment: Read) -> None:
    """Promise 7, H1: after kill -9 a daemon whose files are broken goes on under the rulebook it had, and says so."""
    save(deployment, BROKEN)
    assert "10-rules.yaml:2:" in deployment.call("run", "--once", exit_code=2)
    assert not (deployment.folder / "intake.db").exists()
    save(deployment, MOULD)
    with running(deployment) as daemon:
        first = version(deployment)
        save(deployment, PARTY)
        wait_until(lambda: version(deployment) != first)
        second = version(deployment)
        save(deployment, BROKEN)
        wait_until(lambda: fault(deployment))
        daemon.kill()
        daemon.wait()
    with running(deployment):
        assert version(deployment) == second
        assert fault(deployment)
        assert sort(deployment, "We had a party, there is mould too.") == "street"
        assert status(deployment, 1)["rulebooks"][0]["fault"]
    assert '"triaged": 0' in deployment.call("run", "--once", "--json", exit_code=2)
    assert fault(deployment)
    save(deployment, PARTY)
    deployment.once()
    assert (version(deployment), fault(deployment)) == (second, None)
    assert len(alerts(smtp_sink)) == 2
