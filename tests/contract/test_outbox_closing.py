"""Mails that did not go out, or may have: a person closes them or has them sent again; the same on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Row, select

from intake import casework
from intake.daemon.health import health
from intake.errors import UserError
from intake.outbox import queue, standing
from intake.outbox.mime import SECOND_COPY
from intake.store.database import Database
from intake.store.tables import outbox
from tests.outbox_values import outgoing
from tests.store_fixtures import START, Clock, working_day

LEASE = timedelta(minutes=15)


def rests(database: Database, kind: str, outcome: str) -> int:
    """Queue a mail and have it end like this; return its number."""
    with database.transaction() as conn:
        queue.enqueue(conn, outgoing(1, kind, expires_at=START + timedelta(hours=1)), START)
        (one,) = queue.claim(conn, "one", START, LEASE)
        getattr(queue, outcome)(conn, one.id, "one", "452 4.5.3", START + timedelta(days=4))
    return one.id


def row(database: Database, number: int) -> Row[tuple[object, ...]]:
    """Return the row of that number."""
    with database.read() as conn:
        return conn.execute(select(outbox).where(outbox.c.id == number)).one()


def unwell(database: Database, now: datetime) -> str:
    """Return what `status` complains of."""
    with database.read() as conn:
        return "\n".join(health(conn, {}, (), now, working_day).unwell)


def next_mail(database: Database, now: datetime) -> bytes | None:
    """Claim what is due; return its text."""
    with database.transaction() as conn:
        claimed = queue.claim(conn, "one", now, LEASE)
    return claimed[0].mail if claimed else None


@pytest.mark.parametrize(
    ("kind", "outcome"), [("acknowledgement", "unknown"), ("routed", "give_up"), ("digest", "give_up")]
)
def test_closed_is_counted_no_longer(database: Database, clock: Clock, kind: str, outcome: str) -> None:
    """O2, H3: what did not go out counts in `status` until a named person closes it; its text goes with that."""
    number = rests(database, kind, outcome)
    assert "mails that" in unwell(database, clock.now)
    casework.close_mail(database, number, "Ana Pop")
    assert "mails that" not in unwell(database, clock.now)
    closed = row(database, number)
    assert (closed.closed_by, closed.closed_at, closed.mail) == ("Ana Pop", clock.now, None)
    with database.read() as conn:
        assert standing.listing(conn) == []
        assert [one.closed_by for one in standing.listing(conn, closed.state)] == ["Ana Pop"]
    with pytest.raises(UserError, match="no mail 1 waits for a person"):
        casework.close_mail(database, number, "Ana Pop")


@pytest.mark.parametrize(("kind", "outcome"), [("acknowledgement", "unknown"), ("routed", "give_up")])
def test_sent_again_because_a_person_says_so(database: Database, clock: Clock, kind: str, outcome: str) -> None:
    """O2: what a person has sent again goes out as it was, with time to do so, and keeps who decided it."""
    number = rests(database, kind, outcome)
    clock.advance(timedelta(days=10))
    assert next_mail(database, clock.now) is None
    casework.send_again(database, number, "Ana Pop")
    assert next_mail(database, clock.now) == outgoing(1, kind).mail
    with database.transaction() as conn:
        assert queue.sent(conn, number, "one", clock.now)
    assert (row(database, number).again_by, row(database, number).mail) == ("Ana Pop", None)
    assert "mails that" not in unwell(database, clock.now)


def test_a_partner_is_told_of_a_second_copy(database: Database, clock: Clock) -> None:
    """Promise 5: what may have arrived goes to a partner again as what may be a second copy."""
    number = rests(database, "routed", "unknown")
    with database.transaction() as conn:
        conn.execute(outbox.update().values(state="unknown"))
    casework.send_again(database, number, "Ana Pop")
    assert SECOND_COPY.encode() in (next_mail(database, clock.now) or b"")


def test_fails_once_more(database: Database, clock: Clock) -> None:
    """H3: a mail that fails again after it was sent again waits for a person again."""
    number = rests(database, "routed", "give_up")
    casework.send_again(database, number, "Ana Pop")
    assert next_mail(database, clock.now)
    with database.transaction() as conn:
        queue.give_up(conn, number, "one", "RCPT: 550 5.1.1", clock.now)
    assert "mails that could not be sent: 1" in unwell(database, clock.now)


def test_what_is_not_sent_again(database: Database) -> None:
    """D3: a digest's items are in the next one, so it is not sent again; nor is what waits, or is gone."""
    number = rests(database, "digest", "give_up")
    with pytest.raises(UserError, match="in the partner's next one"):
        casework.send_again(database, number, "Ana Pop")
    with database.transaction() as conn:
        conn.execute(outbox.update().values(kind="routed", mail=None))
    with pytest.raises(UserError, match="is not kept"):
        casework.send_again(database, number, "Ana Pop")
    with database.transaction() as conn:
        conn.execute(outbox.update().values(state="sent"))
    with pytest.raises(UserError, match="no mail 1 waits"):
        casework.send_again(database, number, "Ana Pop")
