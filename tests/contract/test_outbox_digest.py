"""Digests: every item once, one mail a slot; the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from intake.mail.values import Reason
from intake.outbox import digest, queue
from intake.outbox.compose import Composer
from intake.outbox.digest import due_slot
from intake.outbox.mime import bodies
from intake.rules.rulebook import Partner
from intake.store import seen
from intake.store.database import Database
from intake.store.tables import digest_items, digests, outbox
from tests.outbox_values import COUNCIL, LONDON, POLICE, composer, read, rulebook
from tests.store_fixtures import START, Clock
from tests.store_steps import claimed, count, in_threads, kept, recorded
from tests.store_values import fetched

DAY = timedelta(days=1)
SLOT = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
COMPOSER = composer()
RULEBOOK = rulebook()


def letters(database: Database, *contents: str) -> list[int]:
    """Record letters of those contents; return their ids."""
    kept(database, *(fetched(content) for content in contents))
    return [recorded(database, one, one.place.uid).message_id for one in claimed(database)]


def add(database: Database, *ids: int, partner: str = "police") -> list[bool]:
    """Put messages on what a partner has not had yet."""
    with database.transaction() as conn:
        return [digest.add(conn, partner, one, database.clock(conn)) for one in ids]


def make(database: Database, slot: datetime = SLOT, partner: Partner = POLICE) -> int | None:
    """Make a digest in a transaction of its own."""
    with database.transaction() as conn:
        return digest.make(conn, partner, slot, COMPOSER, RULEBOOK, database.clock(conn))


def mails(database: Database) -> list[str]:
    """Claim every mail that waits; return their texts."""
    with database.transaction() as conn:
        return [bodies(one.mail)[0] for one in queue.claim(conn, "one", database.clock(conn), DAY, 100)]


def words(text: str) -> list[str]:
    """Return the contents of the letters that a digest holds, sorted."""
    return sorted(line.rpartition(" ")[2] for line in text.split("\n") if line.startswith("> Our street"))


def test_every_item_once(database: Database) -> None:
    """D1: a partner gets each item in one digest, however often it was added, and each partner its own."""
    one, two, three = letters(database, "one", "two", "three")
    assert add(database, one, two, one) == [True, True, False]
    add(database, two, partner="council")
    assert make(database)
    assert make(database, partner=COUNCIL)
    assert add(database, one, three) == [False, True]
    assert make(database, SLOT + DAY)
    assert [words(text) for text in mails(database)] == [["one", "two"], ["two"], ["three"]]


def test_three_missed_days(database: Database, clock: Clock) -> None:
    """D1: after three missed days the next digest holds every item of all of them, once."""
    expected = []
    for day in range(3):
        content = f"day-{day}"
        add(database, *letters(database, content))
        expected.append(content)
        clock.advance(DAY)
    make(database, SLOT + 3 * DAY)
    with database.transaction() as conn:  # else they are listed as unseen
        seen.see_all_before(conn, clock.now, "Ana Pop", clock.now)
    make(database, SLOT + 4 * DAY)
    assert [words(text) for text in mails(database)] == [expected]


def test_one_a_slot(database: Database) -> None:
    """D1: a slot's second digest is not made, and what has come since then waits for the next."""
    one, two = letters(database, "one", "two")
    add(database, one)
    assert make(database) is not None
    add(database, two)
    assert make(database) is None
    make(database, SLOT + DAY)
    assert [words(text) for text in mails(database)] == [["one"], ["two"]]


def test_made_by_two_at_once(database: Database) -> None:
    """D1: processes that make the same digest at the same time make one."""
    add(database, *letters(database, "one", "two"))
    made: list[int | None] = []
    in_threads(*(lambda: made.append(make(database)) for _ in range(4)))
    assert sorted(one is not None for one in made) == [False, False, False, True]
    assert [words(text) for text in mails(database)] == [["one", "two"]]


def test_two_slots_at_once(database: Database) -> None:
    """D1: two slots made at the same time share no item and lose none."""
    add(database, *letters(database, "one", "two", "three"))
    in_threads(*(lambda slot=SLOT + n * DAY: make(database, slot) for n in range(3)))
    assert sorted(word for text in mails(database) for word in words(text)) == ["one", "three", "two"]


def test_nothing_new(database: Database) -> None:
    """D1: with nothing new there is no mail, unless the partner wants one; the slot is done all the same."""
    assert make(database) is None
    assert count(database, "outbox") == 0
    assert make(database, SLOT, replace(COUNCIL, empty_digest=True))
    assert "Nothing new" in mails(database)[0]
    add(database, *letters(database, "one"))
    assert make(database) is None
    with database.read() as conn:
        assert digest.last_slot(conn, "police", SLOT) == SLOT


def test_all_or_nothing(database: Database) -> None:
    """D1: a digest that cannot be made takes no item."""

    class Broken(Composer):
        def digest(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise RuntimeError

    def attempt() -> None:
        with database.transaction() as conn:
            digest.make(conn, POLICE, SLOT, Broken(COMPOSER.templates._folder, COMPOSER._service), RULEBOOK, START)

    add(database, *letters(database, "one"))
    with pytest.raises(RuntimeError):
        attempt()
    make(database)
    assert [words(text) for text in mails(database)] == [["one"]]


def test_a_faulty_template_is_logged(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """O6: a digest goes out by the built-in template where the admins' is faulty, and the fault is logged."""
    add(database, *letters(database, "one"))
    with database.transaction() as conn:
        digest.make(conn, POLICE, SLOT, composer(tmp_path), RULEBOOK, START)
    assert [words(text) for text in mails(database)] == [["one"]]
    faults = [vars(one)["fault"] for one in caplog.records if one.message == "template"]
    assert [one.partition(":")[0] for one in faults] == [
        f"digest/{file}" for file in ("subject.txt", "body.txt", "body.html")
    ]


def test_rows_tell(database: Database) -> None:
    """D1: the digest's row tells its mail and how many items it has; the mail tells whose digest it is."""
    add(database, *letters(database, "one", "two"))
    outbox_id = make(database)
    with database.read() as conn:
        made = conn.execute(select(digests)).one()
        mail = conn.execute(select(outbox)).one()
    assert (made.partner, made.slot, made.items, made.outbox_id) == ("police", SLOT, 2, outbox_id)
    assert (mail.kind, mail.partner, mail.key) == ("digest", "police", "digest:police:2026-03-02T07:30+00:00")


@pytest.mark.parametrize("end", ["give_up", "suppress"])
def test_what_was_not_sent_is_kept(database: Database, end: str) -> None:
    """D3: a digest that could not be sent gives its items back, for the next one."""
    one, two = letters(database, "one", "two")
    add(database, one)
    make(database)
    with database.transaction() as conn:
        if end == "give_up":
            (row,) = queue.claim(conn, "one", START, DAY)
            queue.give_up(conn, row.id, "one", "RCPT: 550 5.1.1", START)
        else:
            queue.suppress(conn, "digest:police:2026-03-02T07:30+00:00", Reason("x", "y"), START)
    add(database, two)
    make(database, SLOT + DAY)
    assert [words(text) for text in mails(database)] == [["one", "two"]]


def test_a_sent_digest_is_done(database: Database) -> None:
    """D1: what was sent is not given back, whatever becomes of later digests."""
    one, two = letters(database, "one", "two")
    for message, slot, outcome in ((one, SLOT, "sent"), (two, SLOT + DAY, "give_up")):
        add(database, message)
        make(database, slot)
        with database.transaction() as conn:
            (row,) = queue.claim(conn, "one", START, DAY)
            getattr(queue, outcome)(conn, row.id, "one", *([] if outcome == "sent" else ["x"]), START)
    with database.read() as conn:
        open_items = select(digest_items.c.message_id).where(digest_items.c.digest_id.is_(None))
        assert conn.scalars(open_items).all() == [two]


def test_preview(database: Database, clock: Clock) -> None:
    """D5: a digest can be seen beforehand, for any instant, and nothing is written."""
    one, two = letters(database, "one", "two")
    add(database, one)
    clock.advance(DAY)
    add(database, two)
    with database.read() as conn:
        seen = [digest.preview(conn, POLICE, COMPOSER, RULEBOOK, at) for at in (START, clock.now)]
        assert conn.scalar(select(func.count()).select_from(digests)) == 0
        assert digest.oldest_open(conn, POLICE, RULEBOOK) == START
        assert digest.oldest_open(conn, COUNCIL, RULEBOOK) is digest.last_slot(conn, "police", SLOT) is None
    assert [words(bodies(each.mail)[0]) for each in seen] == [["one"], ["one", "two"]]
    make(database)
    assert [words(text) for text in mails(database)] == [["one", "two"]]


def test_items_tell_what_is_stored(database: Database) -> None:
    """D5: an item bears its case, its categories in order, its urgency and when it arrived."""
    add(database, *letters(database, "one"))
    with database.read() as conn:
        mail = digest.preview(conn, POLICE, COMPOSER, RULEBOOK, START + 2 * DAY).mail
    text = bodies(mail)[0]
    assert read(mail)["Subject"] == "1 new message, 1 urgent: Westshire Police"
    assert "DARK STREETS (1)" in text
    assert "Mon 2 March 2026, 09:00, 2 days ago. Also: Anything else" in text


def test_latest_slot() -> None:
    """D1: of several missed slots the latest is due; the ones before it are made with it."""
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert due_slot(POLICE, monday - 30 * DAY, monday, LONDON) == SLOT
    assert due_slot(POLICE, SLOT, monday, LONDON) is None
    assert due_slot(POLICE, SLOT - timedelta(seconds=1), SLOT, LONDON) == SLOT
    assert due_slot(POLICE, monday - 30 * DAY, SLOT - timedelta(seconds=1), LONDON) == SLOT - 3 * DAY
    weekly = replace(POLICE, digest_days=(6,))
    assert due_slot(weekly, monday - 30 * DAY, monday, LONDON) == SLOT - DAY
    assert due_slot(replace(POLICE, digest_days=()), monday - 30 * DAY, monday, LONDON) is None


@pytest.mark.parametrize(
    ("day", "at", "slot"),
    [
        ("2026-03-29", "01:30", "2026-03-29T01:30"),  # does not exist: the clock goes from 01:00 GMT to 02:00 BST
        ("2026-03-29", "07:30", "2026-03-29T06:30"),
        ("2026-10-25", "01:30", "2026-10-25T00:30"),  # exists twice
        ("2026-10-25", "07:30", "2026-10-25T07:30"),
    ],
)
def test_when_clocks_change(day: str, at: str, slot: str) -> None:
    """D2: on the days when clocks change there is one slot too, at the partnership's hour."""
    partner = replace(POLICE, digest_days=tuple(range(7)), digest_times=(time.fromisoformat(at),))
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=LONDON).astimezone(UTC)
    found = due_slot(partner, start, start + timedelta(hours=23), LONDON)
    assert found == datetime.fromisoformat(slot).replace(tzinfo=UTC)


@settings(deadline=None)
@given(
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.times().map(lambda each: each.replace(microsecond=0, tzinfo=None, fold=0)),
    st.sets(st.integers(0, 6), min_size=1),
    st.dates(date(2024, 1, 1), date(2030, 12, 1)),
    st.integers(20, 300),
)
def test_one_slot_a_day(zone: str, at: time, days: set[int], first: date, minutes: int) -> None:
    """D2: whenever it is looked, every digest day has one slot, through both clock changes, in any zone."""
    here = ZoneInfo(zone)
    partner = replace(POLICE, digest_days=tuple(days), digest_times=(at,))
    since = now = datetime.combine(first, time(), here).astimezone(UTC) - timedelta(seconds=1)
    found = []
    while now.astimezone(here).date() < first + 9 * DAY:
        now += timedelta(minutes=minutes)
        slot = due_slot(partner, since, now, here)
        if slot is not None:
            found.append(slot)
            since = slot
    whole = [first + n * DAY for n in range(7)]
    named = [
        (slot - timedelta(hours=1) if _shifted(slot, at, here) else slot).astimezone(here).date() for slot in found
    ]
    assert [day for day in named if day in whole] == [day for day in whole if day.weekday() in days]


def _shifted(slot: datetime, at: time, here: ZoneInfo) -> bool:
    """Tell whether the wall clock shows another time at the slot: its hour does not exist that day."""
    return slot.astimezone(here).time() != at


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_several_times_a_day(day: str, hours: int) -> None:
    """D2: a partner with three times a day has three digests on every day, also when the clock changes between them."""
    partner = replace(POLICE, digest_days=tuple(range(7)), digest_times=(time(0, 30), time(7, 30), time(13)))
    since = now = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=LONDON).astimezone(UTC)
    found = []
    for _ in range(hours * 4):
        now += timedelta(minutes=15)
        slot = due_slot(partner, since, now, LONDON)
        found += [slot] if slot else []
        since = slot or since
    assert [one.astimezone(LONDON).strftime("%H:%M") for one in found] == ["00:30", "07:30", "13:00"]
