"""The end of OAuth's client secret is told ahead."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from intake.daemon.alarms import Alarms
from intake.outbox.alerts import Alerts
from intake.outbox.queue import claim, sent
from intake.store.database import Database
from intake.store.tables import outbox
from tests.outbox_values import composer, read
from tests.store_fixtures import START, Clock

ENDS = date(2026, 6, 30)


def told(database: Database, clock: Clock, ends: date | None, days: int) -> list[str]:
    """Look once a day; return the subjects of what was mailed, and the days left."""
    subjects = []
    for _ in range(days):
        Alarms(database, Alerts(composer(), "it@example.net"), (), ends).look()
        with database.transaction() as conn:
            for mail in claim(conn, "one", clock.now, timedelta(minutes=1), 10):
                subjects.append(f"{read(mail.mail)['Subject']}, {(ENDS - clock.now.date()).days}")
                sent(conn, mail.id, "one", clock.now)
        clock.advance(timedelta(days=1))
    return subjects


def test_thirty_days_ahead(database: Database, clock: Clock) -> None:
    """H5: a client secret's end is told once 30 days ahead, once when it has come, and once that there is a new one."""
    assert clock.now == START
    assert told(database, clock, None, 1) == []
    assert told(database, clock, ENDS, 130) == [
        "Attention: A new client secret is needed, 30",
        "Attention: A new client secret is needed, -1",
    ]
    assert told(database, clock, ENDS + timedelta(days=365), 2) == ["Mended: A new client secret is needed, -11"]
    with database.read() as conn:
        assert len(conn.execute(select(outbox.c.id)).all()) == 3
