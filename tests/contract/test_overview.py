"""The week in numbers: when it comes, what it counts, and what it never tells; the same on both databases."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from intake.outbox import overview, queue
from intake.outbox.mime import bodies
from intake.store.database import Database
from intake.store.tables import message_categories, messages, outbox, takings
from tests.contract.test_outbox_digest import COMPOSER, DAY, letters
from tests.outbox_values import POLICE, rulebook
from tests.store_fixtures import START, Clock
from tests.store_steps import in_threads

WEEK = timedelta(weeks=1)
READER = replace(POLICE, overview=0)
BOOK = replace(rulebook(), partners={"police": READER}, areas={"lings": "Lings", "abington": "Abington"})
SLOT = START + WEEK - timedelta(minutes=90)  # the next Monday, 07:30


def make(database: Database) -> bool:
    """Make the overview in a transaction of its own, if it is due."""
    with database.transaction() as conn:
        return overview.make(conn, READER, COMPOSER, BOOK, database.clock(conn))


def sent(database: Database) -> list[str]:
    """Return the text of every overview that waits."""
    with database.transaction() as conn:
        return [bodies(one.mail)[0] for one in queue.claim(conn, "one", database.clock(conn), DAY, 100)]


def wrote(database: Database, count: int, weeks_ago: int = 0, **changes: object) -> list[int]:
    """Record so many letters that arrived some weeks before; return their ids."""
    ids = letters(database, *(f"{weeks_ago}-{n}-{changes}" for n in range(count)))
    category = changes.pop("category", "street-lighting")
    with database.transaction() as conn:
        row = {"arrived_at": START - weeks_ago * WEEK, **changes}
        conn.execute(update(messages).where(messages.c.id.in_(ids)).values(row))
        main = message_categories.c.message_id.in_(ids) & (message_categories.c.rank == 0)
        conn.execute(update(message_categories).where(main).values(category=category))
    return ids


def test_once_a_week(database: Database, clock: Clock) -> None:
    """D1, D2: the overview comes once a week at its hour; weeks in which the service was down make one."""
    wrote(database, 6)
    assert not make(database)
    clock.now = SLOT
    assert [make(database) for _ in range(3)] == [True, False, False]
    clock.advance(3 * WEEK + DAY)
    assert [make(database) for _ in range(3)] == [True, False, False]
    with database.read() as conn:
        keys = list(conn.scalars(select(outbox.c.key).order_by(outbox.c.id)))
    assert keys == ["overview:police:2026-03-09T07:30+00:00", "overview:police:2026-03-30T06:30+00:00"]


def test_made_by_two_at_once(database: Database, clock: Clock) -> None:
    """D1: processes that make the same overview at the same time make one."""
    wrote(database, 6)
    clock.now = SLOT
    in_threads(*(lambda: make(database) for _ in range(4)))
    assert len(sent(database)) == 1


def test_nobody_who_did_not_ask(database: Database, clock: Clock) -> None:
    """A partner whose entry names no day gets no overview."""
    wrote(database, 6)
    clock.now = SLOT
    with database.transaction() as conn:
        assert not overview.make(conn, POLICE, COMPOSER, BOOK, clock.now)


def test_what_it_tells(database: Database, clock: Clock) -> None:
    """The overview tells volumes by category, area and language against the weeks before, and what moved."""
    wrote(database, 20, areas=["lings"])
    for weeks_ago in (1, 2, 3):
        wrote(database, 7, weeks_ago, areas=["abington"])
    wrote(database, 6, category="general", language="ro", areas=[])
    clock.now = SLOT
    assert make(database)
    (text,) = sent(database)
    assert "26 messages came" in text
    assert "The weeks before: 7, 7, 7." in text
    assert "Dark streets: 20, 7, 7, 7" in text
    assert "Anything else: 6, –, –, –" in text
    assert "- Dark streets: more, 20 after 7, 7, 7" in text
    assert "Lings: 20, –, –, –" in text
    assert "Abington: –, 7, 7, 7" in text
    assert "Romanian: 6, –, –, –" in text


def test_small_numbers(database: Database, clock: Clock) -> None:
    """G1: no number below five is told, nor one from which it could be reckoned, and nothing that anybody wrote."""
    wrote(database, 12, areas=[])
    wrote(database, 9, category="general", areas=[])
    ids = wrote(database, 2, category="hate-incident", language="ps", areas=["lings"])
    clock.now = SLOT
    assert make(database)
    (text,) = sent(database)
    assert "23 messages" in text
    assert "Dark streets: 12" in text
    assert not re.search(r"Hate|Anything else|Lings|Pashto|Our street|CSP-|example\.org|Ana", text)
    with database.read() as conn:
        assert set(conn.scalars(select(messages.c.id).where(messages.c.language == "ps"))) == set(ids)


def test_what_waits(database: Database, clock: Clock) -> None:
    """The overview tells how many open cases nobody has taken, and for how long the oldest has waited."""
    ids = wrote(database, 8)
    clock.now = SLOT + 2 * WEEK
    with database.read() as conn:
        text = bodies(overview.preview(conn, READER, COMPOSER, BOOK, clock.now).mail)[0]
        assert "8 open cases" in text
        assert "The oldest has waited for 2 weeks." in text
        cases = {row.id: row.case_id for row in conn.execute(select(messages.c.id, messages.c.case_id))}
    with database.transaction() as conn:
        rows = [{"case_id": cases[one], "partner": "police", "taken_by": "Ann", "taken_at": START} for one in ids[:4]]
        conn.execute(insert(takings), rows)
        assert "Fewer than five open cases" in bodies(overview.preview(conn, READER, COMPOSER, BOOK, clock.now).mail)[0]


def test_a_week_by_the_partnerships_clock(database: Database) -> None:
    """D2: a week begins at the partnership's midnight, in the weeks when clocks change too."""
    ids = wrote(database, 12)
    spring = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)  # Monday 00:30 in summer time
    with database.transaction() as conn:
        conn.execute(update(messages).where(messages.c.id.in_(ids[:6])).values(arrived_at=spring))
        conn.execute(update(messages).where(messages.c.id.in_(ids[6:])).values(arrived_at=spring - timedelta(hours=1)))
        text = bodies(overview.preview(conn, READER, COMPOSER, BOOK, datetime(2026, 4, 6, 9, tzinfo=UTC)).mail)[0]
    assert "6 messages came" in text
    assert "The weeks before: 6, fewer than five, fewer than five." in text
