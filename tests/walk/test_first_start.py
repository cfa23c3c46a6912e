"""A first start on old mail, and a restore from a backup: real servers, the real command."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.first_start import fill
from tests.servers.control import control
from tests.servers.dovecot import Dovecot
from tests.servers.ledger import letter
from tests.servers.smtp_sink import SmtpSink
from tests.unit.rulebooks import lay_down, rule
from tests.walk.deployment import Deployment

OLD = 200
LAMP = b"The street lamp near number %d is broken.\r\n"


@pytest.fixture
def deployment(tmp_path: Path, dovecot: Dovecot) -> Deployment:
    """A folder as `intake init` lays it down, with a few rules only."""
    made = Deployment(tmp_path / "intake", dovecot.password)
    lay_down(made.folder / "rules", rule("{words: [knife, threat*]}", "{category: danger}"))
    made.edit(("address: cohesion@example.org", "address: safety@example.org"))
    return made


def test_a_first_start_on_old_mail(dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment) -> None:
    """F11, promise 1: nobody who wrote long ago is answered, one mail lists the urgent ones, all have one outcome."""
    user = dovecot.user()
    fill(dovecot, user, OLD)
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    assert deployment.once()["triaged"] == OLD
    assert [one.recipients for one in smtp_sink.messages] == [("officers@partners.example.org",)]
    assert b"urgent messages among old mail" in smtp_sink.messages[0].raw
    account = json.loads(deployment.call("reconcile", "--json"))
    assert Counter(one["outcome"] for one in account["folders"][0]["messages"]) == {"stored": OLD}


@pytest.mark.parametrize("everything", [False, True], ids=["database", "all files"])
def test_a_restore_from_a_backup(
    dovecot: Dovecot, smtp_sink: SmtpSink, deployment: Deployment, tmp_path: Path, everything: bool
) -> None:
    """Promise 2: from a restored database nobody is answered twice; who writes afterwards is answered.

    Where every file was restored, and not the database alone, `intake db restored` says so.
    """
    user = dovecot.user()
    deployment.connect(imap=dovecot.port, user=user, smtp=smtp_sink.port)
    with control(dovecot, user) as staff:

        def deliver(*numbers: int) -> None:
            for number in numbers:
                # a second ahead: servers tell whole seconds, and what comes in that of the restore is not answered
                now = datetime.now(UTC) + timedelta(seconds=1) - timedelta(minutes=number)
                staff.deliver(letter(number, now, LAMP % number), now)

        deliver(1, 2)
        deployment.once()
        copy = tmp_path / "backup"
        shutil.copytree(deployment.folder, copy)
        back_up(deployment.folder / "intake.db", copy / "intake.db")
        deliver(3, 4, 5)
        deployment.once()
        assert answered(smtp_sink) == Counter(f"resident{number}@example.net" for number in range(1, 6))
        deliver(6)
        for path in deployment.folder.glob("intake.db*" if everything else "intake.db"):
            path.unlink()
        for path in copy.glob("intake.db*" if everything else "intake.db"):
            shutil.copy(path, deployment.folder)
        if everything:
            deployment.call("db", "restored")
        assert deployment.once()["kept"] == 4
        assert answered(smtp_sink) == Counter(f"resident{number}@example.net" for number in range(1, 6))
        deliver(0)
        deployment.once()
        assert answered(smtp_sink) == Counter(f"resident{number}@example.net" for number in range(6))


def back_up(live: Path, copy: Path) -> None:
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def answered(sink: SmtpSink) -> Counter[str]:
    """Return how many acknowledgements each address had."""
    return Counter(one.recipients[0] for one in sink.messages if b"Auto-Submitted: auto-replied" in one.raw)
