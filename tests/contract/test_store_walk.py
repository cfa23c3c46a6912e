"""Whatever happens in whatever order: no message is missing, none has two outcomes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from intake.mailbox.source import Place
from intake.store.claims import Claimed, ClaimLost, claim, let_go
from intake.store.database import Database
from intake.store.ledger import ASK_AGAIN_AFTER, keep, known, mark_settled, unsettled
from intake.store.quarantine import quarantine, quarantined, release
from intake.store.recording import batched, record
from intake.store.tables import cases, deliveries, messages
from tests.store_fixtures import START, empty
from tests.store_values import faulty, fetched, place, triage

LEASE = timedelta(minutes=5)
CONTENTS = 3  # letters that are copies of one another have their UID alike modulo this

uids = st.integers(0, 8)
crashes = st.booleans()


class Crash(BaseException):
    """The process died before its commit."""


def perhaps(crash: bool) -> None:
    """Die, or do not."""
    if crash:
        raise Crash


class Walk(RuleBasedStateMachine):
    """A mailbox, workers that may die at any moment, and a person."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.now = START
        self.kept: set[Place] = set()  # committed with their bytes
        self.faults: set[Place] = set()  # committed without
        self.settled: set[Place] = set()
        self.claims: list[Claimed] = []  # what workers hold, or once held: they may be slow, or the dead come back
        self.recorded: dict[int, str] = {}  # delivery -> content
        empty(database)

    @rule(which=st.lists(st.tuples(uids, st.booleans()), max_size=4), crash=crashes)
    def fetch(self, which: list[tuple[int, bool]], crash: bool) -> None:
        """A batch comes in, some of it broken, some of it seen before."""
        batch = [faulty(uid) if broken else fetched(uid) for uid, broken in which]
        try:
            with self.database.transaction() as conn:
                keep(conn, batch, self.now)
                perhaps(crash)
        except Crash:
            return
        self.kept |= {one.place for one in batch if not one.fault}
        self.faults = (self.faults | {one.place for one in batch if one.fault}) - self.kept

    @rule(worker=st.sampled_from("ab"), limit=st.integers(1, 4), crash=crashes)
    def claim(self, worker: str, limit: int, crash: bool) -> None:
        """A worker claims some of what waits."""
        try:
            with self.database.transaction() as conn:
                mine = claim(conn, worker, self.now, LEASE, limit)
                perhaps(crash)
        except Crash:
            return
        self.claims += mine

    @rule(index=st.integers(0, 30), crash=crashes)
    def record(self, index: int, crash: bool) -> None:
        """A worker, perhaps a late one, records what it claimed."""
        if not self.claims:
            return
        one = self.claims[index % len(self.claims)]
        content = f"content {int(one.place.uid) % CONTENTS}"
        try:
            with self.database.transaction() as conn:
                with batched(conn, one) as batch:
                    record(batch, one, triage(content), self.now)
                perhaps(crash)
        except (Crash, ClaimLost):
            return
        assert one.delivery_id not in self.recorded, "a second outcome"
        self.recorded[one.delivery_id] = content

    @rule(index=st.integers(0, 30))
    def fail(self, index: int) -> None:
        """A worker, perhaps a late one, cannot triage what it claimed."""
        if self.claims:
            one = self.claims[index % len(self.claims)]
            with self.database.transaction() as conn:
                aside = quarantine(conn, one.delivery_id, "triage", "ValueError", self.now)
            assert not (aside and one.delivery_id in self.recorded)

    @rule(index=st.integers(0, 30))
    def release(self, index: int) -> None:
        """A person has something tried again."""
        with self.database.transaction() as conn:
            rows = quarantined(conn)
            if rows:
                assert release(conn, rows[index % len(rows)].id, self.now)

    @rule(limit=st.integers(1, 4), crash=crashes)
    def settle(self, limit: int, crash: bool) -> None:
        """The mailbox is settled with what is kept."""
        try:
            with self.database.transaction() as conn:
                places = unsettled(conn, "public", limit)
                mark_settled(conn, places, self.now)
                perhaps(crash)
        except Crash:
            return
        assert not self.settled & set(places.values())
        self.settled |= set(places.values())

    @rule(minutes=st.sampled_from([1, 5, 60]))
    def wait(self, minutes: int) -> None:
        """Time passes, and leases end."""
        self.now += timedelta(minutes=minutes)

    @rule()
    def restart(self) -> None:
        """The only service starts anew."""
        with self.database.transaction() as conn:
            let_go(conn)

    @invariant()
    def every_place_is_there_once(self) -> None:
        """F2: what was committed is in the ledger once, and what was not is asked for again."""
        with self.database.read() as conn:
            rows = conn.execute(select(deliveries)).all()
            found = known(conn, ("public", "INBOX", 7), self.now + ASK_AGAIN_AFTER)
        assert sorted(row.uid for row in rows) == sorted(one.uid for one in self.kept | self.faults)
        assert found == {one.uid for one in self.kept}
        assert self.settled <= self.kept

    @invariant()
    def every_delivery_has_one_outcome(self) -> None:
        """Promise 1: a delivery waits, or is recorded, or in quarantine: one of them, and what it says is so."""
        with self.database.read() as conn:
            rows = conn.execute(select(deliveries)).all()
            aside = [row.delivery_id for row in quarantined(conn)]
        with_message = {row.id for row in rows if row.message_id is not None}
        assert with_message == self.recorded.keys()
        assert with_message == {row.id for row in rows if row.state in ("recorded", "duplicate")}
        assert sorted(aside) == sorted(row.id for row in rows if row.state == "quarantined")
        assert {row.id for row in rows if row.raw_hash is None} <= set(aside)

    @invariant()
    def every_content_is_one_message(self) -> None:
        """F3: as many messages and cases as there are contents."""
        with self.database.read() as conn:
            numbers = [conn.scalar(select(func.count()).select_from(table)) for table in (messages, cases)]
            first = conn.scalar(select(func.count()).where(deliveries.c.state == "recorded"))
        assert {*numbers, first} == {len(set(self.recorded.values()))}

    def teardown(self) -> None:
        """Promise 1: at the end of the day, when all comes back, every message has its outcome."""
        for one in self.faults:
            with self.database.transaction() as conn:
                keep(conn, [fetched(one.uid)], self.now)
        with self.database.transaction() as conn:
            for row in quarantined(conn):
                release(conn, row.id, self.now)
            let_go(conn)
            last = claim(conn, "last", self.now, LEASE, 100)
            with batched(conn, *last) as batch:
                for one in last:
                    record(batch, one, triage(f"content {int(one.place.uid) % CONTENTS}"), self.now)
            states = set(conn.scalars(select(deliveries.c.state)))
            assert states <= {"recorded", "duplicate"}
            contents = {int(one.uid) % CONTENTS for one in self.kept | self.faults}
            assert conn.scalar(select(func.count()).select_from(messages)) == len(contents)


@pytest.mark.filterwarnings("ignore:.*RuleBasedStateMachine.*")
def test_nothing_is_lost_and_nothing_is_doubled(database: Database) -> None:
    """H1: fetching, claiming, recording, failing, releasing and dying in any order lose and double nothing."""
    bounds = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(lambda: Walk(database), settings=bounds)


def test_walk_uses_one_place() -> None:
    """The walk's UIDs are all of one folder, as its invariants take for granted."""
    assert place(1) == Place("public", "INBOX", 7, "1")
