"""Clocks that jump, forth and back, while letters come and mails wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from intake.outbox import queue
from intake.store import claims
from intake.store.database import Database
from intake.store.tables import digest_items, digests
from tests.faults.house import MINUTE, START, House, letter, letters, server
from tests.servers.broken_imap import BrokenImap

JUMPS = [timedelta(days=365), timedelta(hours=3), timedelta(hours=-3), timedelta(days=-365)]
MOULD = "There is mould on every wall of our flat, and the landlord does nothing about it."


def _name(jump: timedelta) -> str:
    return f"{jump.days} days" if abs(jump) > timedelta(days=2) else f"{jump.total_seconds() / 3600:.0f} hours"


@pytest.mark.parametrize("back", [False, True], ids=["stays", "and back"])
@pytest.mark.parametrize("jump", JUMPS, ids=_name)
def test_between_two_passes(build: Callable[..., House], database: Database, jump: timedelta, back: bool) -> None:
    """H2: wherever the clock jumps between two passes, every letter has one outcome, nobody gets anything twice."""
    with server() as behind:
        house = build(database, behind)
        house.one()
        house.clock.advance(jump)
        house.one()
        behind.messages.update(letters(2, first=3))
        if back:
            house.clock.advance(-jump)
        house.passes(2)
        late = jump > timedelta(days=2) and not back  # by such a clock they came days ago: sorted, and never answered
        assert house.health().inbox.recorded == 4
        assert max(house.arrived().values()) == 1
        assert len(house.acknowledged()) == (2 if late else 4)
        assert house.health().inbox.late == (2 if late else 0)


@pytest.mark.parametrize("jump", JUMPS, ids=_name)
def test_while_mails_wait(house: House, jump: timedelta) -> None:
    """H2, O7: mails that are due again go out within four hours of any jump; only acknowledgements grow too old."""
    house.sink.answer("rcpt", "451 4.7.1 greylisted", times=6)
    house.one()
    house.clock.advance(jump)
    house.passes(4, minutes=60)
    house.clock.advance(MINUTE)
    house.one()
    states = house.states()
    assert states["routed", "sent"] + states["routed", "given-up"] == 4
    given_up = jump > timedelta(hours=24)
    assert states["acknowledgement", "given-up" if given_up else "sent"] == 2
    assert ("could not be sent" in house.told()) == given_up
    assert max(house.arrived().values(), default=1) == 1


@pytest.mark.parametrize("jump", JUMPS, ids=_name)
def test_while_a_mail_is_sent(house: House, jump: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2, O2: an outcome counts wherever the clock has jumped: nothing becomes unknown, nothing goes again."""
    send = type(house.deliverer.smtp).send

    def jumping(*arguments: object) -> None:
        send(*arguments)
        if house.clock() < START + timedelta(hours=1) and not jumped:
            jumped.append(house.clock.advance(jump))

    jumped: list[object] = []
    monkeypatch.setattr(type(house.deliverer.smtp), "send", jumping)
    house.one()
    house.passes(2)
    assert jumped
    assert house.states()["acknowledgement", "unknown"] == 0
    assert house.states()["routed", "sent"] == 4
    assert max(house.arrived().values()) == 1
    assert house.second_copies() == 0


@pytest.mark.parametrize("jump", JUMPS, ids=_name)
def test_while_the_queue_is_held(house: House, jump: timedelta) -> None:
    """H2, O3: a pause ends at the latest five minutes after a jump."""
    house.sink.answer("connect", "421 4.3.2 busy", times=7)
    house.passes(7)
    house.clock.advance(jump)
    house.passes(3)
    assert house.states()["routed", "sent"] == 4
    assert house.deliverer.pause() == 0


@pytest.mark.parametrize("jump", JUMPS, ids=_name)
def test_digests(build: Callable[..., House], sqlite_database: Database, jump: timedelta) -> None:
    """H2, D1: wherever the clock jumps, and when it comes back, each item is in exactly one digest."""
    with BrokenImap({1: letter(1, MOULD)}) as behind:
        house = build(sqlite_database, behind)
        house.one()
        house.clock.advance(jump)
        house.passes(2)
        house.clock.advance(-jump)
        behind.messages[2] = letter(2, MOULD)
        house.one()
        house.passes(3, minutes=24 * 60)
        with sqlite_database.read() as conn:
            found = conn.execute(select(digest_items.c.message_id, digest_items.c.digest_id)).all()
            told = conn.scalars(
                select(digests.c.id).where(digests.c["items"] > 0, digests.c.outbox_id.is_not(None))
            ).all()
        assert sorted(one for one, _ in found) == [1, 2]
        assert all(digest for _, digest in found)
        assert set(told) == {digest for _, digest in found}
        assert max(house.arrived().values()) == 1


def test_a_claim_from_a_clock_that_ran_ahead(house: House) -> None:
    """H2: what a dead process was sending when the clock was a year ahead is taken up soon after it was set right."""
    house.receiver.receive()
    house.service.processor.process()
    house.clock.advance(timedelta(days=365))
    with house.database.transaction() as conn:
        assert queue.claim(conn, "dead", house.clock(), timedelta(minutes=20), limit=9)
    house.clock.advance(timedelta(days=-365))
    assert house.deliverer.recover(alone=False) > 0
    house.clock.advance(6 * MINUTE)
    house.passes(2)
    assert house.states()["routed", "sent"] == 4


@pytest.mark.postgres
def test_a_lease_from_a_clock_that_ran_ahead(build: Callable[..., House], postgres_database: Database) -> None:
    """H2: a dead process's mailbox, and what it had claimed, pass on soon after the database's clock was set back."""
    house = build(postgres_database)
    house.clock.advance(timedelta(days=365))
    assert house.receiver.hold()
    house.receiver.receive()
    with postgres_database.transaction() as conn:
        assert len(claims.claim(conn, "dead", house.clock(), timedelta(minutes=2), 9)) == 2
    house.clock.advance(timedelta(days=-365))
    house.receiver._fence = None
    assert house.receiver.hold()
    assert house.service.processor.process() == 2
