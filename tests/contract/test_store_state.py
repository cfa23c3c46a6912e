"""Leases, old rulebooks, how mailboxes are, and the counts; alike on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.mail.values import Kind, Urgency
from intake.store.database import Database
from intake.store.leases import give_back, renew, take
from intake.store.quarantine import quarantine
from intake.store.rulebooks import keep_rulebook, rulebook
from intake.store.state import Counts, MailboxState, counts, mailbox_states, poll_failed, polled
from tests.store_fixtures import START, Clock, empty
from tests.store_steps import claimed, in_threads, kept, recorded
from tests.store_values import decision, faulty, fetched

MINUTE = timedelta(minutes=1)


def test_lease_is_held_by_one(database: Database, clock: Clock) -> None:
    """H2: a lease is held by one at a time, also by one of the same name, until it ends or is given back."""
    with database.transaction() as conn:
        first = take(conn, "mailbox public", "a", clock(), MINUTE)
        assert first is not None
        assert take(conn, "mailbox public", "b", clock(), MINUTE) is None
        assert take(conn, "mailbox public", "a", clock(), MINUTE) is None
        assert take(conn, "mailbox other", "b", clock(), MINUTE) is not None
        second = take(conn, "mailbox public", "b", clock.advance(MINUTE), MINUTE)
        assert second is not None
        assert second > first
        assert give_back(conn, "mailbox public", second, clock())
        third = take(conn, "mailbox public", "a", clock(), MINUTE)
        assert third is not None
        assert third > second


def test_late_holder_is_told(database: Database, clock: Clock) -> None:
    """H2: who lost a lease can neither renew it nor give it back; who has let it run out, and nobody came, can."""
    with database.transaction() as conn:
        first = take(conn, "digests", "a", clock(), MINUTE)
        assert first is not None
        assert renew(conn, "digests", first, clock.advance(MINUTE * 5), MINUTE)
        assert take(conn, "digests", "b", clock(), MINUTE) is None
        second = take(conn, "digests", "b", clock.advance(MINUTE), MINUTE)
        assert second is not None
        assert not renew(conn, "digests", first, clock(), MINUTE)
        assert not give_back(conn, "digests", first, clock())
        assert renew(conn, "digests", second, clock(), MINUTE)
        assert not renew(conn, "nobody's", second, clock(), MINUTE)


@pytest.mark.postgres
def test_one_of_many_takes_it(postgres_database: Database) -> None:
    """H2: of processes that take a lease at the same moment one gets it."""
    fences: list[int | None] = []

    def one(name: str) -> None:
        with postgres_database.transaction() as conn:
            fences.append(take(conn, "digests", name, START, MINUTE))

    for start in (START, START + MINUTE):
        del fences[:]
        in_threads(*(lambda name=str(number): one(name) for number in range(8)))
        assert sum(fence is not None for fence in fences) == 1, start
        with postgres_database.transaction() as conn:
            assert give_back(conn, "digests", next(fence for fence in fences if fence), START)


holders = st.lists(
    st.tuples(st.sampled_from(["take", "renew", "give back"]), st.sampled_from("abc"), st.integers(0, 90)), max_size=30
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=holders)
def test_never_two_holders(database: Database, steps: list[tuple[str, str, int]]) -> None:
    """H2: in any order of taking, renewing, giving back and being late, only the last to take it holds it."""
    empty(database)
    now, holder, until, last = START, "", START, 0
    fences: dict[str, int] = {}
    with database.transaction() as conn:
        for what, who, seconds in steps:
            now += timedelta(seconds=seconds)
            if what == "take":
                fence = take(conn, "job", who, now, MINUTE)
                assert (fence is not None) == (until <= now)
                if fence is not None:
                    assert fence > last
                    fences[who], last, holder, until = fence, fence, who, now + MINUTE
            elif who in fences:
                done = (renew if what == "renew" else _give_back)(conn, "job", fences[who], now, MINUTE)
                assert done == (who == holder)
                until = until if not done else now + MINUTE if what == "renew" else now


def _give_back(conn: object, name: str, fence: int, now: object, _length: timedelta) -> bool:
    return give_back(conn, name, fence, now)  # type: ignore[arg-type]


def test_old_rulebooks(database: Database) -> None:
    """R5: every rulebook that was used can be read again, as it was first kept."""
    files = {"rules/lights.yaml": "- words: ['światło', 'ё']\n", "categories.yaml": ""}
    with database.transaction() as conn:
        keep_rulebook(conn, "a" * 64, files, START)
        keep_rulebook(conn, "a" * 64, {}, START)
        keep_rulebook(conn, "b" * 64, {}, START)
        assert rulebook(conn, "a" * 64) == files
        assert rulebook(conn, "b" * 64) == {}
        assert rulebook(conn, "c" * 64) is None


@pytest.mark.postgres
def test_rulebook_kept_by_many(postgres_database: Database) -> None:
    """R5: processes that keep the same rulebook at the same moment do not trip over one another."""

    def one() -> None:
        with postgres_database.transaction() as conn:
            keep_rulebook(conn, "a" * 64, {"x": "y"}, START)

    in_threads(*[one] * 8)


def test_mailbox_states(database: Database, clock: Clock) -> None:
    """H3: the last good poll is kept while polls fail, failures are counted, and a good poll clears them."""
    with database.transaction() as conn:
        assert mailbox_states(conn) == []
        poll_failed(conn, "public", clock(), "the server refuses the password")
        assert mailbox_states(conn) == [MailboxState("public", None, START, 1, "the server refuses the password", None)]
        polled(conn, "public", clock.advance(MINUTE), "no MOVE: messages stay in INBOX")
        good = MailboxState("public", clock(), None, 0, None, "no MOVE: messages stay in INBOX")
        assert mailbox_states(conn) == [good]
        for _ in range(3):
            poll_failed(conn, "public", clock.advance(MINUTE), "no answer")
        (bad,) = mailbox_states(conn)
        assert (bad.polled_at, bad.failed_at, bad.failures, bad.notice) == (
            good.polled_at,
            clock(),
            3,
            good.notice,
        )
        polled(conn, "public", clock(), "")
        polled(conn, "another", clock(), "")
        assert [(one.mailbox, one.failures, one.error, one.notice) for one in mailbox_states(conn)] == [
            ("another", 0, None, None),
            ("public", 0, None, None),
        ]


def test_counts_of_nothing(database: Database) -> None:
    """H3: an empty store counts nothing."""
    with database.read() as conn:
        assert counts(conn, START) == Counts(0, None, 0, 0, 0, 0, {}, {}, {})


def test_counts(database: Database, clock: Clock) -> None:
    """H3: the counts tell what waits and since when, what was made of the rest, and what waits for a person."""
    emergency = replace(decision(), urgency=Urgency.EMERGENCY, categories=("general",))
    kept(database, *(fetched(uid) for uid in range(4)), faulty(9))
    one, copy, other, bad = claimed(database)
    recorded(database, one, "one")
    recorded(database, copy, "one")
    recorded(database, other, "other", kind=Kind.LIST, decision=emergency)
    with database.transaction() as conn:
        quarantine(conn, bad.delivery_id, "triage", "ValueError", clock())
    kept(database, fetched(10, arrived=START - timedelta(days=9)))
    clock.advance(MINUTE)
    kept(database, fetched(11))
    with database.read() as conn:
        told = counts(conn, clock.advance(MINUTE))
    assert told == Counts(
        waiting=2,
        oldest_waiting=2 * MINUTE,
        recorded=2,
        duplicates=1,
        quarantined=2,
        late=1,
        kinds={"list": 1, "person": 1},
        categories={"general": 1, "street-lighting": 1},
        urgencies={"emergency": 1, "today": 1},
    )
