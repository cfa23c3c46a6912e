"""What nobody has seen stays listed until somebody has, on both databases (D6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from intake import casework
from intake.errors import UserError
from intake.mail.values import Urgency
from intake.store import seen
from intake.store.database import Database
from intake.store.tables import messages
from tests.store_fixtures import START, Clock
from tests.threads import Desk, bounce, letter, reply, vouched

ANN = "ann@home.example"
OFFICER = "Sgt Bell <bell@police.example.net>"


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners."""
    return Desk(database)


def unseen(desk: Desk) -> list[str]:
    """Return the references of what nobody has seen, one a message."""
    with desk.database.read() as conn:
        return [one.reference for one in seen.unseen(conn, 100)]


def test_everything_but_machines_is_listed(desk: Desk) -> None:
    """D6: every message that is not proven automatic is listed, list mail too; a machine's is not."""
    desk.take(letter("Hello", ANN), letter("Buy now", "shop@else.example", list_id="<offers.else.example>"))
    desk.take(bounce(desk.sent("acknowledgement")), letter("I am away", ANN, auto_submitted="auto-replied"))
    assert len(desk.references()) == 3
    assert unseen(desk) == desk.references()[:2]
    with desk.database.read() as conn:
        first, second = seen.unseen(conn, 100)
        assert seen.waiting(conn) == seen.Waiting(2, START, 0)
    assert (first.category, first.urgency, first.kind, first.late) == ("general", Urgency.ROUTINE, "person", False)
    assert (second.kind, first.subject.startswith("Letter")) == ("list", True)


def test_seen_by_whom_and_when(desk: Desk, clock: Clock) -> None:
    """D6: a tick is recorded with who and when, counts once, and holds for the case's messages so far."""
    desk.take(letter("Hello", ANN, subject="Our street"), letter("Other", "eve@else.example"))
    one, two = desk.references()
    later = clock.advance(timedelta(hours=1))
    assert casework.see(desk.database, [one.lower()], "Pat") == [f"{one.lower()}: seen"]
    assert unseen(desk) == [two]
    clock.advance(timedelta(hours=1))
    assert casework.see(desk.database, [one], "Sam") == [f"{one}: had been seen"]
    (stored,) = desk.case(one).messages
    assert (stored.seen_by, stored.seen_at) == ("Pat", later)
    desk.take(letter("More", ANN, subject=f"Our street ({one})"))
    assert unseen(desk) == [two, one]


def test_a_wrong_reference_ticks_nothing(desk: Desk) -> None:
    """D6: where one of the cases does not exist, none is ticked."""
    desk.take(letter("Hello", ANN))
    with pytest.raises(UserError, match="there is no case CSP-0000"):
        casework.see(desk.database, [desk.references()[0], "CSP-0000"], "Pat")
    assert unseen(desk) == desk.references()


def test_a_partner_s_reply_counts(desk: Desk) -> None:
    """D6, T3: a partner's vouched reply ticks what came before it in its case, by its writer's name; not itself."""
    desk.take(letter("There was a burglar", ANN))
    mail = desk.sent("routed", "police")
    desk.take(reply(mail, "We have it.", OFFICER, **vouched("police.example.net")))
    first, note = desk.case().messages
    assert (first.seen_by, note.seen_by) == ("Sgt Bell", None)


def test_an_unvouched_reply_does_not_count(desk: Desk) -> None:
    """D6, S5: a note that nobody vouches for may be anybody's, and ticks nothing."""
    desk.take(letter("There was a burglar", ANN))
    desk.take(reply(desk.sent("routed", "police"), "We have it.", OFFICER))
    assert [one.seen_by for one in desk.case().messages] == [None, None]


def test_a_backlog_comes_last_and_is_ticked_whole(desk: Desk, clock: Clock) -> None:
    """D6, F11: a backlog is listed after what is new, is counted apart, and can be ticked up to a day."""
    desk.take(letter("Old", ANN), age=timedelta(days=30))
    clock.advance(timedelta(minutes=1))
    desk.take(letter("New", "eve@else.example"))
    old, new = desk.references()
    assert unseen(desk) == [new, old]
    with desk.database.read() as conn:
        assert seen.waiting(conn) == seen.Waiting(1, clock(), 1)
        assert [one.reference for one in seen.unseen(conn, 100, late=False)] == [new]
    assert casework.see_backlog(desk.database, START - timedelta(days=1), "Pat") == 1
    assert unseen(desk) == [new]


def test_an_index_serves(desk: Desk, clock: Clock) -> None:
    """D6: the oldest unseen is found by an index, however many messages were seen."""
    desk.take(letter("Hello", ANN))
    with desk.database.transaction() as conn:
        row = conn.execute(select(messages)).mappings().one()
        many = [
            dict(row) | {"id": n, "content_key": str(n), "seen_at": clock(), "seen_by": "Pat"} for n in range(2, 3000)
        ]
        conn.execute(insert(messages), many)
    with desk.database.transaction() as conn:
        if not desk.database.is_sqlite:
            conn.execute(text("ANALYZE messages"))
        explain = "EXPLAIN QUERY PLAN" if desk.database.is_sqlite else "EXPLAIN"
        for query in (seen.OLDEST, seen.COUNTS):
            sql = str(query.compile(conn, compile_kwargs={"literal_binds": True}))
            plan = "\n".join(str(line) for line in conn.execute(text(f"{explain} {sql}")))
            assert "ix_messages_unseen" in plan
