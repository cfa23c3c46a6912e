"""A backlog is sorted by processes beside the service, and sorted all the same where they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from intake.daemon.pool import PATIENCE, Pool
from intake.daemon.process import ATTEMPTS, BATCH, LEASE, TURNS, Processor
from intake.mail.values import Identity
from intake.mailbox.source import Fetched, Place
from intake.outbox.compose import Composer, Service
from intake.rules.load import load_files
from intake.store import claims, ledger
from intake.store.database import Database
from intake.store.tables import WAITING, deliveries, messages
from intake.triage import Sorter
from tests.store_fixtures import Clock
from tests.unit.rulebooks import files, rule

US = "cohesion@example.org"
ZONE = ZoneInfo("Europe/London")
SERVICE = Service("Community Safety Partnership", US, ZONE, "intake.example.org")
SORTER = Sorter(load_files(files(rule("{words: [bomb]}"))), Identity(frozenset({US})), ZONE)
ARRIVED = datetime(2026, 3, 2, 8, tzinfo=UTC)


def letter(number: int) -> bytes:
    return (
        f"From: Ann <ann{number}@home.example>\nTo: {US}\nSubject: Hello {number}\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\nMessage-ID: <{number}@home.example>\n\nThe {number}th bomb.\n"
    ).encode()


@pytest.fixture
def pool() -> Iterator[Pool]:
    """One whose processes are up."""
    made = Pool()
    for _ in range(PATIENCE):
        made.call(SORTER)
    until = time.monotonic() + 60
    while not made.is_up(SORTER) and time.monotonic() < until:
        time.sleep(0.05)
    assert made.is_up(SORTER)
    yield made
    made.dismiss()


def keep(database: Database, count: int) -> None:
    with database.transaction() as conn:
        now = database.clock(conn)
        batch = [Fetched(Place("main", "INBOX", 7, str(n)), letter(n), now) for n in range(count)]
        ledger.keep(conn, batch, now)


def outcomes(database: Database) -> dict[str, int]:
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(messages)) == len(
            set(conn.scalars(select(deliveries.c.message_id).where(deliveries.c.message_id.is_not(None))))
        )
        return dict(conn.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state)).all())


def test_it_sorts_as_one_process_does(pool: Pool) -> None:
    """R2: what processes beside the service make of letters is what the service itself makes of them, in order."""
    letters = [(letter(n), ARRIVED, n % 2 == 0) for n in range(21)]
    assert list(pool.sort(letters)) == [SORTER.triage(raw, arrived, late=late) for raw, arrived, late in letters]


def test_a_backlog_gets_one_outcome_each(database: Database, pool: Pool) -> None:
    """Promise 1: of a backlog that processes sort, every message is recorded once; then they are sent away."""
    keep(database, count := BATCH * TURNS + BATCH + 1)
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one", pool=pool)
    assert [processor.process() for _ in range(3)] == [BATCH * TURNS, BATCH + 1, 0]
    assert outcomes(database) == {"recorded": count}
    assert not pool.is_up(SORTER)


def test_what_processes_sort_ahead_does_not_count_as_tried(
    database: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 1: while a batch is recorded the next is being sorted; should the service end, that counts for none."""
    keep(database, count := BATCH * 3)
    tried: list[tuple[int, int]] = []  # (claimed, tried), as each batch is recorded
    record = Processor._record

    def looked(self: Processor, claimed, triages, sorter) -> None:
        with database.read() as conn:
            states = deliveries.c.claimed_by.is_not(None), deliveries.c.attempts > 0
            a, b = (conn.scalar(select(func.count()).where(WAITING, one)) for one in states)
            tried.append((a, b))
        record(self, claimed, triages, sorter)

    monkeypatch.setattr(Processor, "_record", looked)
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one", pool=pool)
    assert processor.process() == count
    assert tried == [(BATCH, 1), (2 * BATCH - 1, 0), (2 * BATCH, 0), (BATCH, 0)]
    assert outcomes(database) == {"recorded": count}


def test_a_stop_during_a_backlog_claims_no_more(database: Database, pool: Pool) -> None:
    """H1: told to stop while processes sort a backlog, the service records what it has in hand and claims no more."""
    keep(database, BATCH * 4)
    recorded: list[None] = []
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one", pool=pool)
    done = processor.process(lambda: recorded.append(None), lambda: len(recorded) >= 2)
    assert done == BATCH * 2
    assert outcomes(database) == {"recorded": BATCH * 2, "waiting": BATCH * 2}


def test_processes_that_end_lose_nothing(database: Database, pool: Pool) -> None:
    """Promise 1: where the processes are ended from outside, the service sorts what they had, once each."""
    keep(database, count := BATCH * 2)
    for one in active_children():
        one.kill()
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one", pool=pool)
    assert processor.process()
    assert not pool.is_up(SORTER)
    while processor.process():
        pass
    assert outcomes(database) == {"recorded": count}


def test_processes_that_end_between_two_batches_are_called_anew(pool: Pool) -> None:
    """Promise 1: a pool whose processes ended while nothing was sorted is not taken for one that is up."""
    for one in active_children():
        one.kill()
    until = time.monotonic() + 20
    while time.monotonic() < until and not pool._coming.result()._broken:  # type: ignore[union-attr]
        time.sleep(0.05)
    with pytest.raises(BrokenProcessPool):
        next(pool.sort([[(letter(1), ARRIVED, False)]]))
    assert not pool.is_up(SORTER)


def test_one_letter_that_cannot_be_recorded_harms_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2, promise 1: of letters that are recorded together, the one that fails is quarantined, the others recorded."""
    keep(database, 20)
    compose = Composer.acknowledgement

    def broken(self: Composer, triage, *args, **kwargs):
        if "13" in triage.subject:
            raise ValueError("no")
        return compose(self, triage, *args, **kwargs)

    monkeypatch.setattr(Composer, "acknowledgement", broken)
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one")
    assert processor.process() == 20
    assert outcomes(database) == {"recorded": 19, "quarantined": 1}


def test_what_takes_long_is_recorded_meanwhile(database: Database) -> None:
    """Promise 1: letters that take a second each are recorded one by one, long before their claims are over."""
    keep(database, 6)
    ticks = iter(range(0, 1000, 2))
    recorded: list[int] = []
    processor = Processor(
        database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one", seconds=lambda: float(next(ticks))
    )
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(messages)) == 0
    together = Processor._record

    def counted(self: Processor, claimed, triages, sorter) -> None:
        recorded.append(len(claimed))
        together(self, claimed, triages, sorter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Processor, "_record", counted)
        assert processor.process() == 6
    assert recorded == [1] * 6
    assert outcomes(database) == {"recorded": 6}


def test_a_claim_that_ran_out_counts_against_no_letter(database: Database, clock: Clock) -> None:
    """Promise 1: a letter whose claim runs out again and again, while its worker lives, is never given up."""
    keep(database, 2)
    for turn in range(ATTEMPTS * 2):
        with database.transaction() as conn:
            slow = claims.claim(conn, f"slow-{turn}", clock(), LEASE, 1)
        clock.advance(LEASE * 1.5)
        with database.transaction() as conn:
            other = claims.claim(conn, "other", clock(), LEASE, 1)
            claims.spare(conn, slow[0])
            claims.let_go(conn, "other", unharmed=other[0])
    processor = Processor(database, lambda: SORTER, Composer(Path("templates"), SERVICE), "one")
    while processor.process():
        pass
    assert outcomes(database) == {"recorded": 2}
