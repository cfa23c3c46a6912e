"""What a digest tells beside its items, and as of any day; the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from intake.daemon.digests import Digester
from intake.mail.values import Urgency
from intake.outbox import digest, queue
from intake.outbox.beside import WEEKS, Beside, beside
from intake.outbox.chart import Week
from intake.outbox.mime import bodies, page
from intake.rules.rulebook import Partner
from intake.store import cases, seen
from intake.store.database import Database
from intake.store.tables import messages
from tests.contract.test_outbox_digest import COMPOSER, DAY, RULEBOOK, SLOT, add, letters, make, words
from tests.outbox_values import COUNCIL, LONDON, POLICE, outgoing, read
from tests.store_fixtures import START, Clock
from tests.store_steps import in_threads


def told(database: Database, partner: Partner = POLICE, listed: tuple[int, ...] = ()) -> Beside:
    """Return what stands beside the items of a digest made now."""
    with database.read() as conn:
        return beside(conn, partner, RULEBOOK, listed, database.clock(conn), LONDON)


def plain(database: Database, *contents: str) -> list[int]:
    """Record letters of those contents that ask for nothing special; return their ids."""
    ids = letters(database, *contents)
    with database.transaction() as conn:
        conn.execute(update(messages).where(messages.c.id.in_(ids)).values(flags=[]))
    return ids


def arrived(database: Database, message_id: int, weeks_ago: int) -> None:
    """Have a message arrive so many weeks before the start."""
    with database.transaction() as conn:
        at = START - weeks_ago * timedelta(weeks=1)
        conn.execute(update(messages).where(messages.c.id == message_id).values(arrived_at=at))


def test_weeks(database: Database) -> None:
    """D5: the chart counts a partner's messages of eight weeks, each once, were they sent at once or listed."""
    ids = letters(database, *"abcdef")
    for message_id, weeks_ago in zip(ids, (0, 0, 1, 7, 8, 1), strict=True):
        arrived(database, message_id, weeks_ago)
    add(database, *ids[:5])
    add(database, ids[5], partner="council")
    with database.transaction() as conn:
        for number, message_id in enumerate((ids[0], ids[2]), 1):
            mail = outgoing(number, partner="police", message_id=message_id)
            queue.enqueue(conn, mail, database.clock(conn))
    counts = [week.messages for week in told(database).weeks]
    assert counts == [1, 0, 0, 0, 0, 0, 1, 2]
    assert told(database).weeks[-1] == Week(date(2026, 3, 2), 2, whole=False)
    assert len(counts) == WEEKS


def test_the_chart_in_words(database: Database) -> None:
    """D5: the picture's alternative text, the text part and the numbers say the same; where there are none, nothing."""
    add(database, *letters(database, "one", "two"))
    with database.read() as conn:
        mail = digest.preview(conn, POLICE, COMPOSER, RULEBOOK, START).mail
        empty = digest.preview(conn, COUNCIL, COMPOSER, RULEBOOK, START).mail
    text, html = bodies(mail)
    said = "12 Jan: 0, 19 Jan: 0, 26 Jan: 0, 2 Feb: 0, 9 Feb: 0, 16 Feb: 0, 23 Feb: 0, 2 Mar: 2 so far."
    assert said in text
    assert f'{said}"' in html
    assert "cid:" not in page(mail)
    assert "data:image/png;base64," in page(mail)
    assert [one.get_content_type() for one in read(empty).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_officers_are_told_what_nobody_has_seen(database: Database, clock: Clock) -> None:
    """D6: the officers' digest has a line for each message that nobody has seen, until somebody has; no other has."""
    one, two, three = plain(database, "one", "two", "three")
    add(database, three)
    clock.advance(DAY)
    assert [item.message_id for item in told(database, listed=(three,)).unseen] == [one, two]
    assert told(database, COUNCIL).unseen == ()
    with database.transaction() as conn:
        text = bodies(digest.preview(conn, POLICE, COMPOSER, RULEBOOK, clock.now).mail)[0]
        assert "NOBODY HAS SEEN YET (2)" in text
        seen.see_message(conn, one, "Ann", clock.now)
    assert [item.message_id for item in told(database, listed=(three,)).unseen] == [two]


def test_a_digest_of_nothing_but_the_unseen(database: Database) -> None:
    """D6: officers get their digest where nothing is new and something is unseen, and none once all is seen."""
    (one,) = plain(database, "one")
    assert make(database) is not None
    with database.transaction() as conn:
        seen.see_message(conn, one, "Ann", START)
    assert make(database, SLOT + DAY) is None


def test_who_is_complained_of_is_not_told(database: Database) -> None:
    """D8: what complains of an officer's own team is no line of that team's digest."""
    (one,) = letters(database, "one")
    with database.transaction() as conn:
        conn.execute(update(messages).where(messages.c.id == one).values(flags=["complaint-about:police"]))
    assert told(database).unseen == ()


def test_many_unseen(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """D6: of very many unseen messages the oldest have a line, and the number of the others is told."""
    ids = plain(database, *(str(n) for n in range(8)))
    for n, message_id in enumerate(ids):
        arrived(database, message_id, n)
    monkeypatch.setattr("intake.outbox.beside.UNSEEN", 3)
    found = told(database)
    assert [item.message_id for item in found.unseen] == ids[:4:-1]
    assert found.more == 5


def test_as_of_any_day(database: Database, clock: Clock) -> None:
    """D5: a preview shows what a past day's digest held, though it has gone out, and what a day to come would."""
    one, two = letters(database, "one", "two")
    add(database, one)
    clock.advance(DAY)
    make(database, SLOT + DAY)
    clock.advance(DAY)
    add(database, two)
    with database.read() as conn:
        at = {days: START + days * DAY - timedelta(minutes=1) for days in (0, 1, 2, 3, 300)}
        seen_then = {
            days: words(bodies(digest.preview(conn, POLICE, COMPOSER, RULEBOOK, when).mail)[0])
            for days, when in at.items()
        }
    assert seen_then == {0: [], 1: ["one"], 2: [], 3: ["two"], 300: ["two"]}


def test_a_partner_added_mid_week(database: Database, clock: Clock) -> None:
    """D1: a partner that joined after a message was put on its list gets it with its first slot, and nothing twice."""
    clock.advance(2 * DAY + timedelta(hours=1))
    joined = replace(COUNCIL, id="newcomer", digest_days=(4,))
    (one,) = letters(database, "one")
    add(database, one, partner="newcomer")
    with database.read() as conn:
        since = digest.oldest_open(conn, joined, RULEBOOK)
    assert since == clock.now
    slot = digest.due_slot(joined, since, clock.now, LONDON)
    assert slot is None
    clock.advance(3 * DAY)
    slot = digest.due_slot(joined, since, clock.now, LONDON)
    assert slot == SLOT + 4 * DAY
    assert make(database, slot, joined) is not None
    assert digest.due_slot(joined, slot, clock.now, LONDON) is None


def test_safety_words_of_its_own(database: Database) -> None:
    """D7: the words that a safety rule fired on are known of an item, and of no other rule; they are never shown."""
    (one,) = letters(database, "one")
    add(database, one)
    book = replace(RULEBOOK)
    book.__dict__["safety"] = frozenset({"dark-street"})
    with database.read() as conn:
        (bare,) = digest.of_digest(conn, digest.digest_items.c.partner == "police", RULEBOOK)
        (marked,) = digest.of_digest(conn, digest.digest_items.c.partner == "police", book)
    assert (bare.alarms, marked.alarms) == ((), ("dark-street", "dark-street: street"))
    assert (bare.sender, bare.urgency, bare.flags) == (
        "ana.pop@example.org",
        Urgency.TODAY,
        ("child", "not-to:fire"),
    )


def test_two_processes_make_all_that_is_due(database: Database, clock: Clock) -> None:
    """D1, D2: after three missed days, over a clock change, processes that race make each partner one digest of all."""
    clock.now = datetime(2026, 3, 27, 12, tzinfo=UTC)
    expected = []
    for day in range(3):
        (one,) = letters(database, f"day-{day}")
        add(database, one)
        add(database, one, partner="council")
        expected.append(f"day-{day}")
        clock.advance(DAY)
    clock.now = datetime(2026, 3, 30, 6, 30, tzinfo=UTC)  # 07:30 in summer time
    digesters = [Digester(database, COMPOSER, lambda: RULEBOOK, LONDON) for _ in range(3)]
    in_threads(*(one.make_due for one in digesters))
    assert digesters[0].make_due() == 0
    with database.transaction() as conn:
        made = [one for one in queue.claim(conn, "one", clock.now, DAY, 100) if one.kind == "digest"]
    assert [words(bodies(one.mail)[0]) for one in made] == [expected, expected]


def test_what_has_no_case_is_found(database: Database) -> None:
    """D5: what a digest calls `message 57`, because it has no case, is found by that name."""
    one, two = letters(database, "one", "two")
    with database.read() as conn:
        assert [hit.subject for hit in cases.search(conn, f"message {two}", 9)] == ["About two"]
        assert [hit.subject for hit in cases.search(conn, f"message {one}", 9)] == ["About one"]
        assert cases.search(conn, "message 999", 9) == []
