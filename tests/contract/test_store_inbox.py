"""The inbox: kept once, claimed by one, one outcome; the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import IntegrityError

from intake.mail.values import Kind, Reason, Urgency
from intake.mailbox.source import Place
from intake.store import claims
from intake.store.claims import ClaimLost, claim, hold, let_go
from intake.store.database import Database, upgrade
from intake.store.ledger import (
    ASK_AGAIN_AFTER,
    FEW,
    LATE_AFTER,
    StoredLedger,
    keep,
    mark_settled,
    unsettled,
)
from intake.store.quarantine import quarantine, quarantined, raw_of, release
from intake.store.recording import Recorded, batched, record, repeats_id
from intake.store.tables import cases, deliveries, raws
from tests.servers.postgres import Pooler
from tests.store_fixtures import START, Clock
from tests.store_steps import LEASE, claimed, count, in_threads, kept, recorded, states, stored
from tests.store_values import decision, faulty, fetched, place, triage

SECOND = timedelta(seconds=1)


# Keeping


def test_kept_bytes_come_back(database: Database) -> None:
    """F2: a message is kept byte for byte, once a place, and its UID is known from then on."""
    raw = bytes(range(256)) * 300
    (delivery,) = kept(database, fetched(5, raw))
    with database.read() as conn:
        assert raw_of(conn, delivery) == raw
        assert raw_of(conn, delivery + 1) is None
    ledger = StoredLedger(database)
    assert ledger.known("public", "INBOX", 7) == {"5"}
    assert ledger.known("public", "INBOX", 7, ["4", "5"]) == {"5"}
    assert ledger.known("public", "INBOX", 7, ["4"]) == ledger.known("public", "INBOX", 7, []) == frozenset()
    assert ledger.known("public", "INBOX", 7, [str(uid) for uid in range(5 * FEW)]) == {"5"}
    assert ledger.known("public", "INBOX", 8) == frozenset()
    assert ledger.known("public", "Junk", 7) == frozenset()
    assert ledger.known("other", "INBOX", 7) == frozenset()


def test_kept_once_a_place(database: Database) -> None:
    """F2: the same place is kept once however often it is fetched, within a batch and between two."""
    first = kept(database, fetched(1), fetched(2), fetched(1))
    assert len(first) == 2
    assert kept(database, fetched(2), fetched(3)) != first
    assert count(database, "deliveries") == 3


def test_equal_bytes_are_kept_once(database: Database) -> None:
    """F2: after a new UIDVALIDITY every message is a delivery of its own, and its bytes are kept once."""
    one = fetched(1, b"the same")
    kept(database, one, replace(one, place=place(1, uidvalidity=8)), replace(one, place=place(1, folder="Входящие")))
    assert count(database, "deliveries") == 3
    assert count(database, "raws") == 1


@pytest.mark.parametrize(("age", "late"), [(LATE_AFTER - SECOND, False), (LATE_AFTER, True), (-LATE_AFTER, False)])
def test_late(database: Database, age: timedelta, late: bool) -> None:
    """F11: what is first seen 48 hours or more after it arrived is late."""
    kept(database, fetched(1, arrived=START - age))
    (one,) = claimed(database)
    assert one.late is late
    assert one.arrived_at == START - age


def test_left_behind_is_told(database: Database) -> None:
    """F4: what was not fetched of a message is told with it, and stored with its message."""
    kept(database, replace(fetched(1), left_behind="video.mp4, 80 MB, was not fetched"))
    (one,) = claimed(database)
    assert one.left_behind == "video.mp4, 80 MB, was not fetched"
    assert stored(database, recorded(database, one).message_id)["left_behind"] == one.left_behind


def test_rolled_back_batch_leaves_nothing(database: Database) -> None:
    """H1: a crash before the commit leaves nothing kept and nothing known."""

    def crash() -> None:
        with database.transaction() as conn:
            keep(conn, [fetched(1), faulty(2)], START)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert [count(database, table) for table in ("raws", "deliveries", "quarantine")] == [0, 0, 0]
    assert StoredLedger(database).known("public", "INBOX", 7) == frozenset()


def test_odd_names(database: Database) -> None:
    """F9, P5: folders may be called anything, NUL and lone surrogates included, and are found again."""
    odd = Place("public", "Täglich\0\ud800 / 'x'", 7, "1")
    kept(database, replace(fetched(1), place=odd))
    assert StoredLedger(database).known("public", odd.folder, 7) == {"1"}


# Settling


def test_settled_once(database: Database, clock: Clock) -> None:
    """F8: what is kept is settled once, oldest first; what the server did not hand over never is."""
    kept(database, fetched(1), faulty(2), fetched(3), replace(fetched(4), place=place(4, mailbox="other")))
    with database.read() as conn:
        assert list(unsettled(conn, "public", 1).values()) == [place(1)]
        places = unsettled(conn, "public", 10)
    assert list(places.values()) == [place(1), place(3)]
    with database.transaction() as conn:
        mark_settled(conn, list(places)[:1], clock())
        mark_settled(conn, [], clock())
    with database.read() as conn:
        assert list(unsettled(conn, "public", 10).values()) == [place(3)]
        assert list(unsettled(conn, "other", 10).values()) == [place(4, mailbox="other")]


# What the server did not hand over


def test_fault_is_quarantined_once(database: Database, clock: Clock) -> None:
    """F7: what the server does not hand over is told to a person once, however often it fails, and not triaged."""
    assert kept(database, faulty(1)) == []
    clock.advance(ASK_AGAIN_AFTER)
    assert kept(database, faulty(1), fetched(2)) != []
    with database.read() as conn:
        (row,) = quarantined(conn)
        assert raw_of(conn, row.delivery_id) is None
    assert (row.place, row.stage, row.size) == (place(1), "fetch", None)
    assert row.error == "the server said OK and sent no message"
    assert [one.place for one in claimed(database)] == [place(2)]


def test_fault_is_asked_for_again(database: Database, clock: Clock) -> None:
    """F7: what the server did not hand over is asked for again every hour, not at every poll."""
    ledger = StoredLedger(database)
    kept(database, faulty(1))
    for _ in range(3):
        assert ledger.known("public", "INBOX", 7) == ledger.known("public", "INBOX", 7, ["1", "2"]) == {"1"}
        clock.advance(ASK_AGAIN_AFTER)
        assert ledger.known("public", "INBOX", 7) == ledger.known("public", "INBOX", 7, ["1", "2"]) == frozenset()
        kept(database, faulty(1))


def test_fault_that_passes(database: Database, clock: Clock) -> None:
    """F7, F11: a message that comes at last waits like any other, is late if it comes late, and leaves quarantine."""
    kept(database, faulty(1))
    clock.advance(LATE_AFTER)
    assert len(kept(database, fetched(1))) == 1
    with database.read() as conn:
        assert quarantined(conn) == []
        assert list(unsettled(conn, "public", 10).values()) == [place(1)]
    (one,) = claimed(database)
    assert one.raw == fetched(1).raw
    assert one.late
    kept(database, faulty(1))
    assert recorded(database, one).duplicate is False


def test_released_fault_is_asked_for_at_once(database: Database, clock: Clock) -> None:
    """F7: a person can have it asked for at the next poll; it stays listed until it came."""
    kept(database, faulty(1))
    with database.transaction() as conn:
        (row,) = quarantined(conn)
        assert release(conn, row.id, clock())
    assert StoredLedger(database).known("public", "INBOX", 7) == frozenset()
    kept(database, faulty(1))
    with database.read() as conn:
        assert [one.id for one in quarantined(conn)] == [row.id]


# Claiming


def test_fresh_before_late_and_oldest_first(database: Database) -> None:
    """Promise 2, F11: fresh mail goes before a backlog of any size, and each in the order of its arrival."""
    hour = timedelta(hours=1)
    ages = {"late-1": 90 * hour, "late-2": 80 * hour, "fresh-2": hour, "fresh-1": 3 * hour}
    kept(database, *(fetched(uid, arrived=START - age) for uid, age in ages.items()))
    assert [one.place.uid for one in claimed(database, limit=3)] == ["fresh-1", "fresh-2", "late-1"]
    assert [one.place.uid for one in claimed(database, limit=3)] == ["late-2"]
    assert claimed(database) == []


def test_claim_is_bounded_by_bytes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4: one claim bears only so many bytes, and a message that is larger alone is claimed alone."""
    monkeypatch.setattr(claims, "LARGEST_BYTES", 1000)
    sizes = {"a": 600, "b": 400, "c": 1, "d": 5000, "e": 10}
    kept(database, *(fetched(uid, uid.encode() * size) for uid, size in sizes.items()))
    assert [[one.place.uid for one in claimed(database)] for _ in range(4)] == [["a", "b"], ["c"], ["d"], ["e"]]


def test_expired_claim_is_claimed_again(database: Database, clock: Clock) -> None:
    """H1: what a dead worker had claimed is claimed by another when the lease ends, not before."""
    kept(database, fetched(1))
    (first,) = claimed(database)
    clock.advance(LEASE - SECOND)
    assert claimed(database, "two") == []
    clock.advance(SECOND)
    (second,) = claimed(database, "two")
    assert (first.attempt, second.attempt) == (1, 2)
    assert second.fence > first.fence


def test_late_worker_is_told(database: Database, clock: Clock) -> None:
    """H2: a worker whose claim another has taken records nothing, whether the other is done or not."""
    kept(database, fetched(1))
    (first,) = claimed(database, "same name")
    clock.advance(LEASE)
    (second,) = claimed(database, "same name")
    with pytest.raises(ClaimLost):
        recorded(database, first, "first")
    recorded(database, second, "second")
    for late in (first, second):
        with pytest.raises(ClaimLost):
            recorded(database, late, "again")
    assert [count(database, table) for table in ("messages", "cases")] == [1, 1]


def test_slow_worker_that_nobody_followed(database: Database, clock: Clock) -> None:
    """H1: a claim that ran out is good as long as nobody else has taken it."""
    kept(database, fetched(1))
    (one,) = claimed(database)
    clock.advance(LEASE * 10)
    assert recorded(database, one).duplicate is False


@pytest.mark.postgres
def test_claim_is_kept_while_recording(postgres_database: Database, clock: Clock) -> None:
    """H2: while a slow worker records, nobody else can claim what it holds."""
    kept(postgres_database, fetched(1))
    (one,) = claimed(postgres_database)
    clock.advance(LEASE)
    with postgres_database.transaction() as conn:
        hold(conn, one)
        assert claimed(postgres_database, "two") == []
    assert len(claimed(postgres_database, "two")) == 1


def test_let_go(database: Database) -> None:
    """H1: what a worker gives back, or what the dead had, is claimed at once by the next."""
    kept(database, fetched(1), fetched(2), fetched(3))
    (first,) = claimed(database, "one", 1)
    claimed(database, "two", 1)
    with database.transaction() as conn:
        assert let_go(conn, "one") == 1
    assert [one.place.uid for one in claimed(database, "three", 1)] == ["1"]
    with pytest.raises(ClaimLost):
        recorded(database, first)
    with database.transaction() as conn:
        assert let_go(conn) == 2
    assert len(claimed(database, "four")) == 3


def test_recorded_is_not_let_go(database: Database) -> None:
    """What has its outcome is not claimed again by giving claims back."""
    kept(database, fetched(1))
    recorded(database, claimed(database)[0])
    with database.transaction() as conn:
        assert let_go(conn) == 0
    assert claimed(database) == []


@pytest.mark.postgres
def test_many_workers_claim_different_ones(postgres_database: Database) -> None:
    """H2: workers that claim and record at the same time get different messages, and none is left out or doubled."""
    kept(postgres_database, *(fetched(uid) for uid in range(200)))
    done: list[str] = []

    def work(name: str) -> None:
        while mine := claimed(postgres_database, name, 7):
            for one in mine:
                recorded(postgres_database, one, one.place.uid)
                done.append(one.place.uid)

    in_threads(*(lambda name=f"worker {number}": work(name) for number in range(8)))
    assert sorted(done, key=int) == [str(uid) for uid in range(200)]
    assert set(states(postgres_database).values()) == {"recorded"}
    assert count(postgres_database, "messages") == 200


@pytest.mark.postgres
def test_behind_a_pooling_proxy(empty_postgres: str) -> None:
    """H2: behind a proxy that gives each transaction another session, all is set up, claimed and recorded alike."""
    if Pooler.program is None:
        pytest.skip("there is no pgbouncer")
    with Pooler(make_url(empty_postgres)) as url:
        database = Database(url.render_as_string())
        assert upgrade(database)
        kept(database, *(fetched(uid) for uid in range(60)))

        def work(name: str) -> None:
            while mine := claimed(database, name, 7):
                for one in mine:
                    recorded(database, one, one.place.uid)

        in_threads(*(lambda name=f"worker {number}": work(name) for number in range(6)))
        assert set(states(database).values()) == {"recorded"}
        assert count(database, "messages") == 60
        database.close()


@pytest.mark.postgres
def test_claims_pass_over_what_is_locked(postgres_database: Database) -> None:
    """H2: a worker does not wait for one that is just claiming."""
    kept(postgres_database, fetched(1), fetched(2))
    with postgres_database.transaction() as conn:
        (first,) = claim(conn, "one", START, LEASE, 1)
        (second,) = claimed(postgres_database, "two")
    assert {first.place.uid, second.place.uid} == {"1", "2"}


# Recording


def test_recorded_whole(database: Database, clock: Clock) -> None:
    """Promise 1: everything that was decided is stored with the message."""
    (delivery,) = kept(database, fetched(1))
    clock.advance(SECOND)
    (one,) = claimed(database)
    made = recorded(database, one, reason=Reason("x-loop", "Ours"), kind=Kind.OWN)
    row = stored(database, made.message_id)
    assert (row["kind"], row["reason_code"], row["reason_detail"]) == ("own", "x-loop", "Ours")
    assert (row["arrived_at"], row["recorded_at"], row["date"]) == (START, clock(), START - timedelta(minutes=1))
    assert (row["language"], row["urgency"], row["tags"]) == ("en", "today", ["night"])
    assert row["routes"] == [
        {"partner": "council", "delivery": "now", "why": "dark-street"},
        {"partner": "police", "delivery": "digest", "why": "general"},
    ]
    assert row["header_id"] == "one@mail.example.org"
    assert (row["acknowledge"], row["acknowledge_code"]) == ("standard", "due")
    assert states(database) == {"1": "recorded"}
    with database.read() as conn:
        outcome = conn.execute(select(deliveries).where(deliveries.c.id == delivery)).one()
        assert (outcome.message_id, outcome.claimed_by, outcome.claimed_until) == (made.message_id, None, None)
        assert conn.scalar(select(cases.c.reference).where(cases.c.id == made.case_id)) == made.reference


def test_copies_are_one_message(database: Database) -> None:
    """F3: copies of one message are one message and one case; each delivery points to it, and nothing else happens."""
    kept(database, fetched(1, b"a"), fetched(2, b"b"), fetched(3, b"b"))
    outcomes = [recorded(database, one) for one in claimed(database)]
    assert [one.duplicate for one in outcomes] == [False, True, True]
    assert [one.repeated_id for one in outcomes] == [False] * 3
    assert len({(one.message_id, one.case_id, one.reference) for one in outcomes}) == 1
    assert states(database) == {"1": "recorded", "2": "duplicate", "3": "duplicate"}
    assert [count(database, table) for table in ("messages", "cases", "message_words")] == [1, 1, 1]


def test_same_id_with_other_content(database: Database) -> None:
    """F3: a second message of one Message-ID is a message of its own, flagged, and bears no acknowledgement."""
    kept(database, fetched(1), fetched(2))
    one, other = claimed(database)
    recorded(database, one, "one", message_id="x@example.org")
    second = recorded(database, other, "other", message_id="x@example.org", reply_address="ANA.pop@example.org")
    assert (second.duplicate, second.repeated_id) == (False, True)
    row = stored(database, second.message_id)
    assert row["flags"] == ["child", "not-to:fire", "same-message-id"]
    assert (row["acknowledge"], row["acknowledge_code"]) == (None, "same-message-id")


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "x@example.org", "reply_address": "somebody.else@example.org"},
        {"message_id": "y@example.org"},
        {"message_id": None},
        {"message_id": ""},
    ],
)
def test_other_ids_and_other_addresses(database: Database, changes: dict[str, object]) -> None:
    """F3: another address, another Message-ID or none makes no repetition."""
    kept(database, fetched(1), fetched(2))
    one, other = claimed(database)
    recorded(database, one, "one", message_id=changes["message_id"] and "x@example.org")
    second = recorded(database, other, "other", **changes)
    assert not second.repeated_id
    assert stored(database, second.message_id)["acknowledge"] == "standard"


def test_repetition_can_be_asked_before(database: Database) -> None:
    """F3: whether a triage repeats an id is told beforehand; a copy does not."""
    kept(database, fetched(1))
    recorded(database, claimed(database)[0], "one", message_id="x@example.org")
    with database.transaction() as conn:
        assert not repeats_id(conn, triage("one", message_id="x@example.org"))
        assert repeats_id(conn, triage("two", message_id="x@example.org"))


@pytest.mark.postgres
def test_copies_recorded_at_the_same_time(postgres_database: Database) -> None:
    """F3, H2: copies that several workers record at the same moment are one message with one case."""
    kept(postgres_database, *(fetched(uid) for uid in range(8)))
    outcomes: list[Recorded] = []
    waiting = claimed(postgres_database)
    in_threads(*(lambda one=one: outcomes.append(recorded(postgres_database, one)) for one in waiting))
    assert sorted(one.duplicate for one in outcomes) == [False] + [True] * 7
    assert len({one.reference for one in outcomes}) == 1
    assert [count(postgres_database, table) for table in ("messages", "cases")] == [1, 1]


@pytest.mark.postgres
def test_repetitions_recorded_at_the_same_time(postgres_database: Database) -> None:
    """F3, H2: of messages with one Message-ID that are recorded at the same moment one alone is acknowledged."""
    kept(postgres_database, *(fetched(uid) for uid in range(8)))
    outcomes: list[Recorded] = []
    waiting = claimed(postgres_database)
    in_threads(
        *(
            lambda one=one: outcomes.append(recorded(postgres_database, one, one.place.uid, message_id="x@example.org"))
            for one in waiting
        )
    )
    assert sorted(one.repeated_id for one in outcomes) == [False] + [True] * 7
    assert count(postgres_database, "messages") == 8


def test_crash_while_recording_leaves_nothing(database: Database, clock: Clock) -> None:
    """H1: a crash between recording and commit leaves the message waiting, for the next worker to record once."""
    kept(database, fetched(1))
    (first,) = claimed(database)

    def crash() -> None:
        with database.transaction() as conn:
            with batched(conn, first) as batch:
                record(batch, first, triage(), clock())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    tables = ("messages", "cases", "message_categories", "attachments", "message_words")
    assert [count(database, table) for table in tables] == [0] * 5
    clock.advance(LEASE)
    (second,) = claimed(database, "two")
    assert recorded(database, second).duplicate is False


def test_hostile_text(database: Database) -> None:
    """P5: NUL, lone surrogates, a megabyte of Message-ID, of name and of text: recorded, on every database."""
    kept(database, fetched(1))
    (one,) = claimed(database)
    odd = "a\0b\ud800c'\"\\:&|" + "".join(map(chr, range(0x250, 0x3000)))
    long = "".join(chr(0x20000 + number % 40000) for number in range(1_000_000))
    changes = {
        "subject": odd,
        "from_name": long,
        "from_address": odd + "@example.org",
        "message_id": long,
        "own_words": odd,
        "full_text": odd + long,
        "defects": (odd,),
        "reason": Reason("x", odd),
    }
    made = recorded(database, one, **changes)
    row = stored(database, made.message_id)
    assert str(row["subject"]).startswith("a\ufffdb\ufffdc'")
    assert row["defects"] == [row["subject"]]
    assert row["header_id"] == long


def test_many_different_words(database: Database) -> None:
    """P5: a text with more different words than any index takes is recorded."""
    kept(database, fetched(1))
    (one,) = claimed(database)
    text_ = " ".join(f"{number:x}{chr(0x20000 + number % 40000) * 60}" for number in range(60_000))
    recorded(database, one, full_text=text_, own_words="")
    assert states(database) == {"1": "recorded"}


def test_fault_of_ours_while_recording(database: Database) -> None:
    """P2: an error that is no outside one is seen as it is, and leaves the message waiting, for quarantine."""
    kept(database, fetched(1))
    (one,) = claimed(database)
    with pytest.raises(IntegrityError):
        recorded(database, one, decision=replace(decision(), urgency=None))  # type: ignore[arg-type]
    assert states(database) == {"1": "waiting"}
    assert count(database, "cases") == 0


# Quarantine


def test_quarantined_and_released(database: Database, clock: Clock) -> None:
    """P2: what fails is set aside with its bytes, the next goes on, and a person can have it tried again."""
    kept(database, fetched(1), fetched(2))
    one, other = claimed(database)
    with database.transaction() as conn:
        assert quarantine(conn, one.delivery_id, "triage", "ValueError at parse.py:7", clock())
    assert recorded(database, other).duplicate is False
    assert states(database) == {"1": "quarantined", "2": "recorded"}
    clock.advance(LEASE * 2)
    assert claimed(database) == []
    with database.transaction() as conn:
        (row,) = quarantined(conn)
        assert (row.delivery_id, row.place, row.stage) == (one.delivery_id, one.place, "triage")
        assert (row.error, row.size, row.created_at) == ("ValueError at parse.py:7", len(one.raw), START)
        assert release(conn, row.id, clock())
        assert not release(conn, row.id, clock())
        assert not release(conn, 999, clock())
        assert quarantined(conn) == []
    (again,) = claimed(database)
    assert (again.place, again.attempt) == (one.place, 1)
    with pytest.raises(ClaimLost):
        recorded(database, one)
    assert recorded(database, again, "again").duplicate is False


def test_outcome_is_not_quarantined(database: Database) -> None:
    """Promise 1: what has its outcome keeps it: a late worker cannot set it aside, and nothing is set aside twice."""
    kept(database, fetched(1), fetched(2))
    one, other = claimed(database)
    recorded(database, one)
    with database.transaction() as conn:
        assert not quarantine(conn, one.delivery_id, "record", "late", START)
        assert quarantine(conn, other.delivery_id, "record", "first", START)
        assert not quarantine(conn, other.delivery_id, "record", "second", START)
    with database.read() as conn:
        assert [row.error for row in quarantined(conn)] == ["first"]
    with pytest.raises(ClaimLost):
        recorded(database, other)


def test_urgencies_are_stored_as_words(database: Database) -> None:
    """What is stored are the words that people know, not numbers."""
    kept(database, fetched(1))
    made = recorded(database, claimed(database)[0], decision=replace(decision(), urgency=Urgency.EMERGENCY))
    assert stored(database, made.message_id)["urgency"] == "emergency"


def test_raws_are_compressed(database: Database) -> None:
    """Bytes are kept compressed, with the size that they had."""
    kept(database, fetched(1, b"the same words again and again " * 1000))
    with database.read() as conn:
        row = conn.execute(select(raws.c.size, func.length(raws.c.data).label("kept"))).one()
    assert row.size == 31_000
    assert row.kept < 1000
