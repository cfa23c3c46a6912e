"""How many acknowledgements one address gets, and all of them an hour, on both databases."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from intake.daemon.alarms import Alarms
from intake.daemon.health import health
from intake.mail.addresses import address_key
from intake.mail.values import Triage
from intake.outbox import queue, standing
from intake.outbox.alerts import Alerts
from intake.store import ceilings
from intake.store.database import Database
from intake.store.tables import outbox
from tests.outbox_values import composer, outgoing
from tests.store_fixtures import START, Clock, working_day
from tests.store_values import triage

HOURS = timedelta(hours=1)
LEASE = timedelta(minutes=20)


def answered(database: Database, number: int, address: str, now: datetime, exempt: tuple[str, ...] = ()) -> Triage:
    """Decide about one more letter from `address`, and queue its acknowledgement where it gets one."""
    with database.transaction() as conn:
        found = ceilings.within(conn, triage(str(number), reply_address=address), address, exempt, now)
        if found.acknowledge:
            mail = outgoing(number, "acknowledgement", recipient=address, expires_at=now + 24 * HOURS)
            assert queue.enqueue(conn, mail, now)
    return found


def send_all(database: Database, now: datetime, per_hour: int = 1000) -> int:
    """Send what is due now as the daemon does; return how many went out."""
    for count in range(10_000):
        with database.transaction() as conn:
            ceilings.hold_back(conn, per_hour, now)
            claimed = queue.claim(conn, "one", now, LEASE)
        if not claimed:
            return count
        with database.transaction() as conn:
            assert queue.sent(conn, claimed[0].id, "one", now)
    raise AssertionError("it never ends")


def test_two_a_day_and_four_a_week(database: Database) -> None:
    """S4: of a letter every four hours for two weeks no address gets more than two answers a day and four a week."""
    given: list[datetime] = []
    for number in range(6 * 14):
        now = START + number * 4 * HOURS
        if answered(database, number, "pat@example.net", now).acknowledge:
            given.append(now)
            send_all(database, now)
    for span, most in ((24 * HOURS, 2), (7 * 24 * HOURS, 4)):
        assert max(sum(start <= one < start + span for one in given) for start in given) == most
    assert len(given) == 8


def test_one_that_waits_counts_when_it_goes_out(database: Database) -> None:
    """S4: what could not be sent for hours counts from when it is sent, and while it waits."""
    for number in range(2):
        assert answered(database, number, "pat@example.net", START).acknowledge
    assert not answered(database, 2, "pat@example.net", START + 23 * HOURS).acknowledge
    send_all(database, START + 23 * HOURS)
    assert not answered(database, 3, "pat@example.net", START + 46 * HOURS).acknowledge
    assert answered(database, 4, "pat@example.net", START + 47 * HOURS).acknowledge


def test_suppressed_ones_say_why(database: Database) -> None:
    """S6: what the ceiling silences bears a typed reason, which names no address."""
    last = [answered(database, number, "pat@example.net", START) for number in range(3)][-1]
    assert (last.acknowledge, last.acknowledge_reason.code) == (None, "too-many")
    assert "pat" not in last.acknowledge_reason.detail


@pytest.mark.parametrize("other", ["PAT@Example.NET", "pat+forum@example.net", "pat@example.net.", "ｐat@example.net"])
def test_spellings_of_one_address(database: Database, other: str) -> None:
    """S4: letter case, sub-addresses and Unicode forms do not make another address."""
    for number in range(2):
        answered(database, number, "pat@example.net", START)
    assert not answered(database, 2, other, START).acknowledge


@pytest.mark.parametrize("other", ["sam@example.net", "pat@example.com", "+pat@example.net", "pat.elm@example.net"])
def test_another_address(database: Database, other: str) -> None:
    """S4: the ceiling of one address is no other's."""
    for number in range(2):
        answered(database, number, "pat@example.net", START)
    assert answered(database, 2, other, START).acknowledge


@pytest.mark.parametrize("entry", ["forms@council.example", "@council.example"])
def test_intermediaries_have_no_ceiling(database: Database, entry: str) -> None:
    """S4, S10: a configured intermediary is not rate-limited as one person."""
    made = [answered(database, n, "forms@council.example", START, (entry,)).acknowledge for n in range(9)]
    assert all(made)


def test_what_was_refused_does_not_count(database: Database) -> None:
    """S4: an acknowledgement that was given up reached nobody."""
    for number in range(2):
        answered(database, number, "pat@example.net", START)
    with database.transaction() as conn:
        conn.execute(update(outbox).values(state="given-up"))
    assert answered(database, 3, "pat@example.net", START).acknowledge


def test_a_clock_that_was_years_ahead_silences_nobody(database: Database) -> None:
    """S4, H2: what a wrong clock dated into another year does not count against anybody once it is right."""
    for number in range(2):
        answered(database, number, "pat@example.net", START + timedelta(days=400))
    send_all(database, START + timedelta(days=400))
    assert answered(database, 2, "pat@example.net", START).acknowledge


@pytest.mark.postgres
def test_several_processes_keep_the_ceiling(postgres_database: Database) -> None:
    """S4: processes that decide about one address at the same time give it two acknowledgements between them."""
    begin, made = threading.Barrier(6), []

    def decide(number: int) -> None:
        begin.wait()
        made.append(answered(postgres_database, number, f"pat+{number}@example.net", START).acknowledge)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(one is not None for one in made) == 2


def test_hourly_ceiling_makes_them_wait(database: Database, clock: Clock) -> None:
    """S4: above the ceiling of the hour acknowledgements wait, say so, lose nothing, and go out in the next hours."""
    for number in range(7):
        answered(database, number, f"pat{number}@example.net", clock.now)
    with database.transaction() as conn:
        queue.enqueue(conn, outgoing(99, "routed"), clock.now)
    assert send_all(database, clock.now, per_hour=3) == 4  # the partner's mail does not wait
    with database.read() as conn:
        waiting = standing.listing(conn, "due-later")
        assert {one.reason_code for one in waiting} == {"hourly-ceiling"}
        assert ceilings.held_back(conn) == len(waiting) == 4
    assert send_all(database, clock.advance(59 * timedelta(minutes=1)), per_hour=3) == 0
    assert send_all(database, clock.advance(timedelta(minutes=1)), per_hour=3) == 3
    assert send_all(database, clock.advance(HOURS), per_hour=3) == 1
    with database.read() as conn:
        assert ceilings.held_back(conn) == 0
        assert standing.counts(conn)["sent"] == 8


def test_acknowledgements_that_may_have_gone_count(database: Database, clock: Clock) -> None:
    """S4, O2: one that is being sent, or of which nobody knows whether it arrived, takes its place of the hour."""
    for number in range(3):
        answered(database, number, f"pat{number}@example.net", clock.now)
    with database.transaction() as conn:
        first, second = queue.claim(conn, "one", clock.now, LEASE, limit=2)
    with database.transaction() as conn:
        queue.unknown(conn, second.id, "one", "no answer", clock.now)
    assert send_all(database, clock.now, per_hour=2) == 0
    with database.transaction() as conn:
        queue.sent(conn, first.id, "one", clock.now)
    assert send_all(database, clock.advance(HOURS), per_hour=2) == 1


def test_key_is_kept_with_the_row(database: Database) -> None:
    """S4: the outbox row bears what the spellings of its recipient share."""
    answered(database, 1, "Pat+x@Example.net", START)
    with database.read() as conn:
        assert conn.scalar(select(outbox.c.recipient_key)) == address_key("pat@example.net") == "pat@example.net"


def test_an_admin_is_told_once(database: Database, clock: Clock) -> None:
    """S4, H3: an admin hears once that acknowledgements wait, `status` says so meanwhile, and once that it is over."""
    alarms = Alarms(database, Alerts(composer(), "it@example.net"), ())

    def told() -> tuple[int, int, bool]:
        with database.read() as conn:
            unwell = health(conn, {}, [], clock.now, working_day).unwell
            mails = conn.scalar(select(func.count()).where(outbox.c.kind == "alert")) or 0
        said = any("acknowledgements-per-hour" in one for one in unwell)
        return alarms.look(), mails, said

    assert told() == (0, 0, False)
    for number in range(3):
        answered(database, number, f"pat{number}@example.net", clock.now)
    send_all(database, clock.now, per_hour=1)
    assert told() == (1, 0, True)
    assert told() == (0, 1, True)
    answered(database, 3, "pat3@example.net", clock.advance(HOURS))
    send_all(database, clock.now, per_hour=1)
    assert told() == (0, 1, True)
    for _hour in range(3):
        send_all(database, clock.advance(HOURS), per_hour=1)
    assert told() == (1, 1, False)
    assert told() == (0, 2, False)


def test_what_a_sender_caused_is_found_by_an_index(sqlite_database: Database) -> None:
    """S4: deciding costs what one sender has caused, however many mails went out that day."""
    looked: list[str] = []
    with sqlite_database.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *told: looked.append(told[2]))
        ceilings._caused(conn, "a" * 64, START)
        asked = next(one for one in looked if "sender_key" in one)
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("",) * asked.count("?")).all()
    steps = "\n".join(step.detail for step in plan)
    assert "ix_messages_sender_key" in steps
    assert "ix_outbox_message_id" in steps
