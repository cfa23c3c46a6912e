"""However much is stored, no pass reads it all: what the planners of both databases say (H3)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.app import App
from intake.clamd import Clamd
from intake.daemon.receive import Receiver
from intake.daemon.scanning import Scanner
from intake.mailbox.files import FileSource
from intake.outbox import queue
from intake.outbox.alerts import Alerts
from intake.store import ceilings
from intake.store.database import Database
from intake.store.ledger import StoredLedger
from intake.store.tables import keys, outbox
from intake.store.upsert import upsert
from tests.plans import heard, whole
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock
from tests.threads import IT, LINES, letter
from tests.walk.deployment import PASSWORD_ENV, Deployment

DAY = timedelta(days=1)


@pytest.fixture
def app(database: Database, tmp_path: Path, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> App:
    """A deployment as shipped, on the test's database."""
    deployment = Deployment(tmp_path / "intake")
    deployment.connect(imap=1, user="nobody", smtp=smtp_sink.port)
    monkeypatch.setenv(PASSWORD_ENV, "secret")
    made = App.open(deployment.config)
    made.database = database
    made.scanner = Scanner(Clamd("", 0, tmp_path / "nobody"), database)
    made.alerts = Alerts(made.composer, IT)
    with database.transaction() as conn:
        conn.execute(upsert(conn, keys).values(name="tokens", value=b"k" * 32).on_conflict_do_nothing())
    return made


def one_pass(app: App, folder: Path) -> None:
    """Do what the service does at every poll, minute and hour, once."""
    receiver = Receiver(FileSource(folder), app.database, app.worker)
    service = replace(app.daemon(lasting=False), receivers=(receiver,), alone=False)
    assert service.rules.read() is None
    service.rules.begin(alone=False)
    summary = service.once(threading.Event())
    assert (summary.kept, summary.triaged, summary.faults) == (len(list(folder.iterdir())),) * 2 + ([],)


def put(folder: Path, *letters: bytes) -> Path:
    """Lay letters down as files."""
    folder.mkdir()
    for number, raw in enumerate(letters):
        (folder / f"{number}.eml").write_bytes(raw)
    return folder


def test_no_pass_reads_a_whole_table(app: App, clock: Clock, tmp_path: Path) -> None:
    """H3: no statement of a pass reads all of a table that grows with every message, or all of an index of it."""
    urgent = "Somebody is breaking down my neighbour's door with an axe right now, please send help."
    first, later = letter(urgent), letter("The street lamp is dark.")
    old = letter(urgent).as_bytes(policy=LINES).replace(b"02 Mar 2026", b"20 Feb 2026")
    answer = letter("It still is.", in_reply_to=str(later["Message-ID"]))
    with heard() as said:
        one_pass(app, put(tmp_path / "one", *(one.as_bytes(policy=LINES) for one in (first, later)), old))
        clock.advance(7 * DAY)
        one_pass(app, put(tmp_path / "two", answer.as_bytes(policy=LINES)))
    with app.database.read() as conn:
        kinds = set(conn.scalars(select(outbox.c.kind)))
    assert kinds >= {"acknowledgement", "routed", "digest", "late", "overview", "alert"}
    assert len(said) > 80
    assert whole(app.database, said) == {}


def test_a_poll_asks_for_what_the_folder_holds(database: Database) -> None:
    """F2, F8: out of a folder from which everything is moved, a poll asks the ledger for what is still there alone."""
    with heard() as said:
        StoredLedger(database).known("main", "INBOX", 7, ["12345"])
    assert said
    for asked in said.values():
        assert "12345" in (asked.values() if isinstance(asked, dict) else asked)


def test_the_next_mail_is_found_however_many_wait(sqlite_database: Database, clock: Clock) -> None:
    """H3, O3: after days without an SMTP server the next mail is the first of an index; none is sorted or counted."""
    with heard() as said, sqlite_database.transaction() as conn:
        ceilings.hold_back(conn, 100, clock.now)
        queue.claim(conn, "worker", clock.now, DAY)
    looks = {text: asked for text, asked in said.items() if "outbox" in text}
    with sqlite_database.read() as conn:
        plans = [
            "\n".join(step.detail for step in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", asked))
            for text, asked in looks.items()
        ]
    assert len(plans) == 4
    assert all("ix_outbox_next" in plan or "ix_outbox_acknowledgements" in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan for plan in plans), plans
