"""The outbox on both databases before a Microsoft 365 of ours: its limits honoured, its refusals waited out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from intake.daemon.deliver import Deliverer
from intake.errors import Temporary
from intake.oauth import AccessTokens, OAuthSettings
from intake.outbox import queue, standing
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.store.database import Database
from tests.outbox_values import outgoing
from tests.servers.m365 import Microsoft365
from tests.servers.m365_tokens import CLIENT_ID, SCOPE, SECRET
from tests.servers.smtp_sink import CLOSE
from tests.store_fixtures import START, Clock

US = "cohesion@example.org"
PER_MINUTE = 30


@pytest.fixture
def m365(clock: Clock) -> Iterator[Microsoft365]:
    """A tenant on the clock of the database."""
    with Microsoft365(US, clock=clock) as server:
        yield server


@pytest.fixture
def deliverer(database: Database, m365: Microsoft365, clock: Clock) -> Iterator[Deliverer]:
    """What sends to it."""
    made = new_deliverer(database, m365, clock)
    yield made
    made.smtp.close()


def new_deliverer(database: Database, m365: Microsoft365, clock: Clock) -> Deliverer:
    tokens = AccessTokens(OAuthSettings(m365.tokens.url, CLIENT_ID, SCOPE, SECRET, timeout=5), clock)
    settings = SmtpSettings("127.0.0.1", m365.smtp.port, "none", US, tokens.token, "xoauth2", tokens.refused, timeout=5)
    return Deliverer(database, SmtpClient(settings), "one", PER_MINUTE)


def put(database: Database, numbers: range, kind: str, **changes: object) -> None:
    """Queue mails of that kind."""
    with database.transaction() as conn:
        now = database.clock(conn)
        for number in numbers:
            made = outgoing(number, kind, expires_at=now + timedelta(hours=24), **changes)
            queue.enqueue(conn, made, now)


def work(deliverer: Deliverer, clock: Clock, until: datetime) -> int:
    """Deliver as the daemon does until `until`, or until nothing is left; return how often it was told to wait."""
    held = 0
    while clock.now < until and deliverer.waiting():
        try:
            while deliverer.deliver():
                clock.advance(timedelta(milliseconds=100))
        except Temporary:
            held += 1
        clock.advance(timedelta(seconds=max(deliverer.pause(), 1.0)))
    return held


def arrived(m365: Microsoft365) -> list[str]:
    """Return the subjects of what went out, in order."""
    return [one.raw.split(b"\r\n")[0].decode().removeprefix("Subject: ") for one in m365.post.submitted]


def states(database: Database) -> dict[str, int]:
    with database.read() as conn:
        return {state: count for state, count in standing.counts(conn).items() if count}


def test_thirty_a_minute_most_urgent_first(
    database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock
) -> None:
    """O7: a hundred mails keep to 30 a minute; an emergency that comes in between is the next to go."""
    put(database, range(100, 140), "digest")
    put(database, range(200, 240), "acknowledgement")
    put(database, range(300, 310), "routed", priority=0)
    work(deliverer, clock, START + timedelta(seconds=30))
    put(database, range(400, 405), "routed", priority=0)
    held = work(deliverer, clock, START + timedelta(minutes=10))
    kinds = [subject.split()[0] for subject in arrived(m365)]
    assert (len(kinds), held, m365.smtp.too_fast) == (95, 0, 0)
    assert kinds[:10] == ["routed"] * 10
    late = next(n for n, subject in enumerate(arrived(m365)) if subject == "routed 400")
    assert late <= 31
    assert kinds[10:45] == [kind for n, kind in enumerate(kinds) if 10 <= n < 45 and kind != "digest"]
    assert clock.now < START + timedelta(minutes=4, seconds=30)


def test_thirty_a_minute_before_a_slow_server(
    database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock
) -> None:
    """O7: the minute counts from when a mail went out, not from when it was taken up: a slow sign-in earns nothing."""
    issue = m365.tokens.reply

    def slowly(path: str, body: bytes) -> tuple[int, bytes]:
        clock.advance(timedelta(seconds=25))
        return issue(path, body)

    m365.tokens.reply = slowly  # type: ignore[method-assign]
    put(database, range(70), "digest")
    held = work(deliverer, clock, START + timedelta(minutes=10))
    assert (len(arrived(m365)), held, m365.smtp.too_fast) == (70, 0, 0)


def test_thirty_a_minute_over_restarts(
    database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock
) -> None:
    """O7, H1: a daemon that is started again knows what went out within the last minute."""
    put(database, range(70), "digest")
    for _ in range(20):
        for _ in range(6):
            deliverer.deliver()
        deliverer.smtp.close()
        deliverer = new_deliverer(database, m365, clock)
        deliverer.recover(alone=True)
        clock.advance(timedelta(seconds=2))
    work(deliverer, clock, START + timedelta(minutes=10))
    deliverer.smtp.close()
    assert (len(arrived(m365)), m365.smtp.too_fast) == (70, 0)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("trouble", ["send_as_denied", "recipients_a_day", "others", "secret", "revoked"])
def test_what_holds_the_queue(
    database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock, trouble: str
) -> None:
    """O3, F6, H5: SendAsDenied, quota, 432 and a lost token for half an hour hold the queue; then all goes out once."""
    put(database, range(5), "acknowledgement")
    put(database, range(5), "routed")
    put(database, range(5), "digest")
    make(m365, trouble)
    held = work(deliverer, clock, START + timedelta(minutes=30))
    assert not m365.post.submitted
    assert 8 <= held <= 20
    with database.read() as conn:
        assert standing.held(conn)
    mend(m365, trouble)
    work(deliverer, clock, START + timedelta(hours=3))
    assert Counter(subject.split()[0] for subject in arrived(m365)) == dict.fromkeys(
        ["acknowledgement", "routed", "digest"], 5
    )
    assert states(database) == {"sent": 15}
    with database.read() as conn:
        assert standing.held(conn) is None


def make(m365: Microsoft365, trouble: str) -> None:
    if trouble == "send_as_denied":
        m365.smtp.send_as_denied = True
    elif trouble == "recipients_a_day":
        m365.smtp.recipients_a_day = 0
    elif trouble == "others":
        m365.smtp.others = 3
    elif trouble == "secret":
        m365.tokens.answer = (401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.")
    else:
        m365.tokens.good = lambda _token: False  # type: ignore[method-assign]


def mend(m365: Microsoft365, trouble: str) -> None:
    m365.smtp.send_as_denied, m365.smtp.recipients_a_day, m365.smtp.others = False, 10_000, 0
    m365.tokens.answer = None
    if trouble == "revoked":
        m365.tokens.__dict__.pop("good")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_send_as_denied_comes_and_goes(
    database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock
) -> None:
    """O3: where every third mail is denied for no reason, all go out once, and none is given up."""
    put(database, range(12), "acknowledgement")
    put(database, range(12), "routed")
    for _ in range(8):
        m365.smtp.answer("dot", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; Failed to process")
        work(deliverer, clock, clock.now + timedelta(minutes=2))
    work(deliverer, clock, clock.now + timedelta(hours=2))
    assert len(set(arrived(m365))) == len(arrived(m365)) == 24
    assert states(database) == {"sent": 24}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_answer_after_the_dot(database: Database, deliverer: Deliverer, m365: Microsoft365, clock: Clock) -> None:
    """O2: what may have gone out is not acknowledged twice; a partner's mail goes again and says so."""
    put(database, range(1), "acknowledgement")
    put(database, range(1), "routed")
    m365.smtp.answer("dot", CLOSE, times=2)
    work(deliverer, clock, START + timedelta(hours=3))
    subjects = arrived(m365)
    assert subjects == ["acknowledgement 0", "routed 0", "Possibly a second copy: routed 0"]
    assert states(database) == {"sent": 1, "unknown": 1}
    assert len({one.assigned for one in m365.post.submitted}) == 3
