"""The outbox: one row a key, one claimer, one outcome; the same on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Row, select

from intake.mail.values import Reason
from intake.outbox import queue, standing
from intake.outbox.mime import SECOND_COPY
from intake.outbox.queue import Queued, backoff
from intake.store.database import Database
from intake.store.tables import outbox
from tests.outbox_values import outgoing
from tests.store_fixtures import START, Clock, empty
from tests.store_steps import claimed as claimed_deliveries
from tests.store_steps import in_threads, kept, recorded
from tests.store_values import fetched

LEASE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def enqueue(database: Database, number: int = 1, kind: str = "routed", **changes: object) -> bool:
    """Queue a mail in a transaction of its own."""
    expires = {"expires_at": database_now(database) + timedelta(hours=24 if kind == "acknowledgement" else 48)}
    with database.transaction() as conn:
        return queue.enqueue(conn, outgoing(number, kind, **(expires | changes)), database.clock(conn))


def database_now(database: Database) -> datetime:
    """Return the database's instant."""
    with database.read() as conn:
        return database.clock(conn)


def claim(database: Database, worker: str = "one", limit: int = 1) -> list[Queued]:
    """Claim in a transaction of its own."""
    with database.transaction() as conn:
        return queue.claim(conn, worker, database.clock(conn), LEASE, limit)


def outcome(database: Database, one: Queued, what: str, *why: str, worker: str = "one") -> bool:
    """Record what became of a claimed mail."""
    with database.transaction() as conn:
        return getattr(queue, what)(conn, one.id, worker, *why, database.clock(conn))  # type: ignore[no-any-return]


def recover(database: Database, *, alone: bool = False) -> int:
    """Take up what dead workers were sending."""
    with database.transaction() as conn:
        return queue.recover(conn, database.clock(conn), alone=alone)


def row(database: Database, key: str = "routed:1") -> Row[tuple[object, ...]]:
    """Return the row of that key."""
    with database.read() as conn:
        return conn.execute(select(outbox).where(outbox.c.key == key)).one()


def test_once_a_key(database: Database) -> None:
    """O1: a second mail of one key is not queued, whatever became of the first."""
    assert enqueue(database)
    assert not enqueue(database)
    (one,) = claim(database)
    assert not enqueue(database)
    outcome(database, one, "sent")
    assert not enqueue(database)
    assert row(database).state == "sent"


def test_part_of_the_transaction(database: Database) -> None:
    """O1: a mail is queued with the decision that asked for it, or not at all."""

    class Undone(Exception):
        pass

    def undo() -> None:
        with database.transaction() as conn:
            queue.enqueue(conn, outgoing(), START)
            raise Undone

    with pytest.raises(Undone):
        undo()
    assert claim(database) == []


def test_comes_back_whole(database: Database) -> None:
    """O2: what is claimed is what was queued, byte for byte, for its one recipient."""
    mail = bytes(range(256)) * 50
    enqueue(database, mail=mail, envelope_from="", recipient="someone@example.net")
    (one,) = claim(database)
    assert (one.mail, one.envelope_from, one.recipient, one.kind) == (mail, "", "someone@example.net", "routed")


def test_the_most_urgent_first(database: Database, clock: Clock) -> None:
    """O7: emergencies go first, then acknowledgements, then the rest, then digests; of equals the oldest."""
    for number, (kind, priority) in enumerate(
        [("digest", 3), ("routed", 2), ("acknowledgement", 1), ("routed", 0), ("routed", 0)]
    ):
        enqueue(database, number, kind, priority=priority)
        clock.advance(MINUTE)
    order = [claim(database)[0].recipient for _ in range(5)]
    assert order == [f"someone{number}@example.net" for number in (3, 4, 2, 1, 0)]
    assert claim(database) == []


def test_claimed_by_one(database: Database) -> None:
    """O2: workers that claim at the same time get different mails."""
    for number in range(24):
        enqueue(database, number)
    got: list[int] = []
    in_threads(*(lambda worker=f"w{n}": got.extend(one.id for one in claim(database, worker, 4)) for n in range(6)))
    assert len(got) == len(set(got))
    got.extend(one.id for one in claim(database, "last", 24))
    assert len(set(got)) == len(got) == 24


def test_sent(database: Database) -> None:
    """O2: what the server took is sent, once, and its text is not kept."""
    enqueue(database)
    (one,) = claim(database)
    assert row(database).state == "sending"
    assert outcome(database, one, "sent")
    done = row(database)
    assert (done.state, done.sent_at, done.mail, done.attempts) == ("sent", START, None, 1)
    assert not outcome(database, one, "sent")


def test_retry_backs_off(database: Database, clock: Clock) -> None:
    """O3: a 4xx is tried again with growing delays, for 48 hours and no longer."""
    enqueue(database)
    waits = []
    while one := claim(database):
        outcome(database, one[0], "retry", "RCPT: 450 4.7.1")
        last = row(database)
        if last.state == "given-up":
            break
        assert last.state == "due-later"
        waits.append(last.due_at - clock.now)
        clock.advance(last.due_at - clock.now - timedelta(seconds=1))
        assert claim(database) == []
        clock.advance(timedelta(seconds=1))
    assert waits[0] < 2 * MINUTE
    assert waits[4] > 8 * MINUTE
    assert timedelta(hours=48) <= sum(waits, timedelta()) < timedelta(hours=52)
    assert (last.reason_code, last.reason_detail) == ("too-late", "RCPT: 450 4.7.1")


def test_a_server_away_for_days(database: Database, clock: Clock) -> None:
    """O3: while the server takes nothing, no mail to a partner grows old: it goes out when the server is back."""
    enqueue(database)
    for _ in range(5):
        (one,) = claim(database)
        assert outcome(database, one, "hold", "connect: Connection refused")
        assert row(database).reason_code == "held"
        clock.advance(timedelta(days=1))
    (one,) = claim(database)
    outcome(database, one, "retry", "RCPT: 450 4.7.1")
    held = row(database)
    assert (held.state, held.attempts) == ("due-later", 1)
    clock.advance(timedelta(hours=1))
    (one,) = claim(database)
    assert outcome(database, one, "sent")


def test_hold_lets_others_try(database: Database) -> None:
    """O3: a mail that was held makes way for others for a moment: it may be this mail after all."""
    enqueue(database, 1, priority=0)
    enqueue(database, 2)
    (first,) = claim(database)
    outcome(database, first, "hold", "MAIL: 451")
    assert claim(database)[0].recipient == "someone2@example.net"


def test_old_acknowledgements(database: Database, clock: Clock) -> None:
    """O7: an acknowledgement older than 24 hours is given up, and that can be seen; other mail is not."""
    enqueue(database, 1, "acknowledgement")
    enqueue(database, 1, "routed")
    clock.advance(timedelta(hours=24))
    assert [one.kind for one in claim(database, limit=9)] == ["routed"]
    gone = row(database, "acknowledgement:1")
    assert (gone.state, gone.reason_code) == ("given-up", "too-late")


def test_given_up(database: Database) -> None:
    """O3: what is refused for good is given up with the server's codes."""
    enqueue(database)
    (one,) = claim(database)
    assert outcome(database, one, "give_up", "RCPT: 550 5.1.1")
    gone = row(database)
    assert (gone.state, gone.reason_code, gone.reason_detail) == ("given-up", "refused", "RCPT: 550 5.1.1")
    assert claim(database) == []


def test_an_unknown_acknowledgement_rests(database: Database, clock: Clock) -> None:
    """O2: an acknowledgement that may have arrived is never sent again by itself."""
    enqueue(database, 1, "acknowledgement")
    (one,) = claim(database)
    assert outcome(database, one, "unknown", "no answer after the final dot")
    clock.advance(timedelta(days=30))
    assert recover(database, alone=True) == 0
    assert claim(database) == []
    rests = row(database, "acknowledgement:1")
    assert (rests.state, rests.reason_code) == ("unknown", "no-answer")


@pytest.mark.parametrize("kind", ["routed", "digest"])
def test_an_unknown_mail_to_a_partner_goes_again(database: Database, clock: Clock, kind: str) -> None:
    """Promise 5: a mail to a partner that may have arrived goes again under the same Message-ID, and says so."""
    enqueue(database, 1, kind)
    (one,) = claim(database)
    outcome(database, one, "unknown", "no answer after the final dot")
    assert row(database, f"{kind}:1").reason_code == "no-answer"
    clock.advance(2 * MINUTE)
    (again,) = claim(database)
    assert f"Subject: {SECOND_COPY}{kind} 1\r\n".encode() in again.mail
    assert b"Message-ID: <%040x@example.org>" % 1 in again.mail
    outcome(database, again, "sent")
    assert row(database, f"{kind}:1").state == "sent"


def test_recovery_by_lease(database: Database, clock: Clock) -> None:
    """O2: a mail that a dead worker was sending is taken up when its lease has run out, and not before."""
    enqueue(database, 1, "acknowledgement")
    enqueue(database, 2)
    claim(database, limit=2)
    clock.advance(LEASE - timedelta(seconds=1))
    assert recover(database) == 0
    clock.advance(timedelta(seconds=1))
    assert recover(database) == 2
    assert row(database, "acknowledgement:1").state == "unknown"
    assert row(database, "routed:2").state == "due-later"


def test_recovery_alone(database: Database) -> None:
    """O2: the only process, when it starts, takes up all that was being sent."""
    enqueue(database, 1, "acknowledgement")
    claim(database)
    assert recover(database, alone=True) == 1
    assert row(database, "acknowledgement:1").state == "unknown"


def test_recovery_long_after(database: Database, clock: Clock) -> None:
    """Promise 5: a mail to a partner goes again even if nobody was there to send it for a week."""
    enqueue(database)
    claim(database)
    clock.advance(timedelta(days=7))
    assert recover(database) == 1
    clock.advance(2 * MINUTE)
    (one,) = claim(database)
    assert outcome(database, one, "sent")


@pytest.mark.parametrize("what", [("sent",), ("retry", "x"), ("hold", "x"), ("give_up", "x"), ("unknown", "x")])
def test_only_who_holds_it(database: Database, clock: Clock, what: tuple[str, ...]) -> None:
    """O2: only the worker that claimed it records an outcome, and none once another has taken it up."""
    enqueue(database)
    (one,) = claim(database)
    assert not outcome(database, one, *what, worker="two")
    clock.advance(LEASE)
    assert recover(database) == 1
    before = row(database)
    assert not outcome(database, one, *what)
    assert row(database) == before


def test_a_clock_that_jumps_while_sending(database: Database, clock: Clock) -> None:
    """O2, H2: an outcome counts however late the clock says it is, as long as nobody took the mail up."""
    enqueue(database)
    (one,) = claim(database)
    clock.advance(timedelta(days=365))
    assert outcome(database, one, "sent")
    assert row(database).state == "sent"


def test_a_claim_from_before_the_clock_was_set_back(database: Database, clock: Clock) -> None:
    """H2: what a dead worker was sending is taken up soon, also when the clock was set back by a year meanwhile."""
    enqueue(database)
    claim(database)
    clock.advance(timedelta(days=-365))
    assert recover(database) == 1


def test_suppressed(database: Database) -> None:
    """O2: what is decided not to be sent is kept as that, with the reason, and never sent."""
    enqueue(database, 1, "acknowledgement")
    why = Reason("too-many", "this address had two today")
    with database.transaction() as conn:
        assert queue.suppress(conn, "acknowledgement:1", why, START)
        assert not queue.suppress(conn, "acknowledgement:2", why, START)
    assert claim(database) == []
    kept_row = row(database, "acknowledgement:1")
    assert (kept_row.state, kept_row.reason_code, kept_row.mail) == ("suppressed", "too-many", None)
    with database.transaction() as conn:
        assert not queue.suppress(conn, "acknowledgement:1", why, START)


def test_what_is_being_sent_is_not_suppressed(database: Database) -> None:
    """O2: a mail on its way can no longer be held back."""
    enqueue(database)
    claim(database)
    with database.transaction() as conn:
        assert not queue.suppress(conn, "routed:1", Reason("x", "y"), START)


def test_listing(database: Database, clock: Clock) -> None:
    """O2: a person sees every state, the case and the reason, and neither the mail nor an address."""
    kept(database, fetched(1))
    letter = recorded(database, claimed_deliveries(database)[0])
    enqueue(database, 1, case_id=letter.case_id, message_id=letter.message_id)
    clock.advance(MINUTE)
    enqueue(database, 2, "acknowledgement")
    enqueue(database, 3)
    with database.transaction() as conn:
        queue.suppress(conn, "routed:3", Reason("why", "because"), START)
    outcome(database, claim(database)[0], "sent")
    with database.read() as conn:
        shown = standing.listing(conn)
        assert [(one.state, one.partner, one.reference, one.reason_code) for one in shown] == [
            ("queued", "police", letter.reference, None),
            ("suppressed", "police", None, "why"),
        ]
        assert [one.kind for one in standing.listing(conn, "sent")] == ["acknowledgement"]
        assert len(standing.listing(conn, limit=1)) == 1
        assert standing.counts(conn) == {
            "queued": 1, "sending": 0, "sent": 1, "due-later": 0, "given-up": 0, "unknown": 0, "suppressed": 1,
        }  # fmt: skip
        assert standing.oldest(conn) == START
        assert not any("@" in str(one) for one in shown)


def test_nothing_waits(database: Database) -> None:
    """H3: with nothing to send there is no oldest mail."""
    with database.read() as conn:
        assert standing.oldest(conn) is None


class Deliveries(RuleBasedStateMachine):
    """Workers that claim, send, crash and come late, in any order; and what the server was handed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self.database, self.clock = database, clock
        self.held: list[tuple[str, Queued]] = []
        self.handed: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.tried: set[str] = set()

    @initialize()
    def begin(self) -> None:
        """Start with an empty outbox."""
        empty(self.database)
        self.clock.now = START

    @rule(number=st.integers(0, 1), kind=st.sampled_from(["acknowledgement", "routed", "digest"]))
    def queue_one(self, number: int, kind: str) -> None:
        """A message causes a mail, perhaps for the second time."""
        enqueue(self.database, number, kind)

    @rule(worker=st.sampled_from(["one", "two"]), limit=st.integers(1, 3))
    def take(self, worker: str, limit: int) -> None:
        """A worker claims; what may have arrived already says so."""
        for one in claim(self.database, worker, limit):
            assert (self.handed[self.key(one)] > 0) <= (SECOND_COPY.encode() in one.mail)
            self.held.append((worker, one))

    @precondition(lambda self: self.held)
    @rule(
        which=st.integers(0, 9),
        what=st.sampled_from(["sent", "retry", "hold", "give_up", "unknown", "crash"]),
        arrived=st.booleans(),
    )
    def send(self, which: int, what: str, arrived: bool) -> None:
        """A worker that holds a mail sends it, and records what it saw, however late; or dies."""
        worker, one = self.held.pop(which % len(self.held))
        key = self.key(one)
        self.handed[key] += what == "sent" or (what in {"unknown", "crash"} and arrived)
        if what == "crash":
            return
        if outcome(self.database, one, what, *(() if what == "sent" else ("why",)), worker=worker):
            self.refused |= {key} if what == "give_up" else set()
            self.tried |= {key} if what in {"retry", "unknown"} else set()

    @rule(minutes=st.sampled_from([2, 14, 15, 180, 60 * 24, 60 * 49]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.clock.advance(minutes * MINUTE)

    @rule()
    def take_up(self) -> None:
        """A process takes up what others left behind."""
        recover(self.database)

    @rule()
    def next_shift(self) -> None:
        """Hours later, a worker finds what others left behind."""
        self.clock.advance(timedelta(hours=3))
        recover(self.database)
        self.take("two", 3)

    @rule()
    def restart(self) -> None:
        """The only process dies and starts again."""
        self.held.clear()
        recover(self.database, alone=True)

    @invariant()
    def acknowledged_once(self) -> None:
        """No acknowledgement is handed over twice."""
        assert all(count <= 1 for key, count in self.handed.items() if key.startswith("acknowledgement"))

    def teardown(self) -> None:
        """In the end, with a server that takes everything, every mail to a partner has arrived or was refused."""
        self.restart()
        for _ in range(12):
            self.clock.advance(timedelta(hours=2, minutes=30))
            for one in claim(self.database, "last", 100):
                self.handed[self.key(one)] += 1
                assert outcome(self.database, one, "sent", worker="last")
        self.acknowledged_once()
        with self.database.read() as conn:
            for one in conn.execute(select(outbox.c.key, outbox.c.kind, outbox.c.state, outbox.c.reason_code)):
                self.check(*one)

    def check(self, key: str, kind: str, state: str, reason: str | None) -> None:
        """Every row has come to an end that can be accounted for."""
        if state == "given-up":
            excused = self.refused if reason == "refused" else self.tried
            assert key in excused or kind == "acknowledgement"
        elif kind == "acknowledgement":
            assert state in {"sent", "unknown"}
        else:
            assert state == "sent"
            assert self.handed[key] >= 1

    @staticmethod
    def key(one: Queued) -> str:
        """Return the key that `enqueue` gave it."""
        return f"{one.kind}:{one.recipient.removeprefix('someone').partition('@')[0]}"


def test_any_order_of_events(database: Database, clock: Clock) -> None:
    """O2: whatever fails in whatever order, no acknowledgement goes out twice and no mail to a partner is lost."""
    examples = settings(max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(lambda: Deliveries(database, clock), settings=examples)


def test_backoff() -> None:
    """O3: delays double from about a minute up to about two hours, the same row always waits the same."""
    for row_id in range(50):
        delays = [backoff(attempts, row_id) for attempts in range(1, 200)]
        assert 45 <= delays[0].total_seconds() <= 75
        assert all(timedelta(hours=1.5) <= one <= timedelta(hours=2.5) for one in delays[10:])
        assert delays[3] > 4 * delays[0]
    assert len({backoff(1, row_id) for row_id in range(50)}) > 40
