"""Mail to partners that the SMTP server refuses for good: where it goes, and who is told, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from intake.daemon.deliver import Deliverer
from intake.outbox import digest
from intake.outbox.alerts import Alerts
from intake.outbox.bounced import Bounced
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.store.database import Database
from intake.store.tables import digest_items
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock
from tests.threads import IT, Desk, letter


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A server whose partners have moved."""
    server = SmtpSink().start()
    yield server
    server.stop()


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners."""
    return Desk(database)


def deliver(desk: Desk, sink: SmtpSink) -> list[str]:
    """Send all that is due; return who got something."""
    composer = desk.processor.composer
    deliverer = Deliverer(
        desk.database,
        SmtpClient(SmtpSettings(sink.host, sink.port, "none")),
        "one",
        1000,
        bounced=lambda: Bounced(composer, desk.rules, Alerts(composer, IT)),
    )
    while deliverer.deliver():
        pass
    deliverer.smtp.close()
    return [one for received in sink.attempts for one in received.recipients]


def make_digest(desk: Desk, partner: str, clock: Clock) -> None:
    with desk.database.transaction() as conn:
        digest.make(conn, desk.rules.partners[partner], clock(), desk.processor.composer, desk.rules, clock())


def open_items(desk: Desk) -> list[tuple[str, int]]:
    """Return whose items are still to be told, and of which message."""
    still = select(digest_items.c.partner, digest_items.c.message_id).where(digest_items.c.digest_id.is_(None))
    with desk.database.read() as conn:
        return [tuple(row) for row in conn.execute(still)]


def address_of(desk: Desk, partner: str) -> str:
    return desk.rules.partners[partner].address


def test_a_refused_digest_goes_to_the_fallback_once(desk: Desk, sink: SmtpSink, clock: Clock) -> None:
    """D3: a digest that the server refuses for good goes to the fallback with its items, once, and alerts."""
    sink.answer("rcpt", "550 5.1.1 no such mailbox", recipient=address_of(desk, "street"))
    desk.take(letter("Rubbish on the verge"))
    make_digest(desk, "street", clock)
    assert deliver(desk, sink).count(desk.rules.partners["street"].fallback) == 1
    assert [row.state for row in desk.mails("digest", "street")] == ["given-up", "sent"]
    assert len(desk.mails("alert")) == 1
    clock.advance(timedelta(days=1))
    make_digest(desk, "street", clock)
    assert len(desk.mails("digest", "street")) == 2, "every item was told once"


def test_a_refused_digest_without_fallback_keeps_its_items(desk: Desk, sink: SmtpSink, clock: Clock) -> None:
    """D3: without a fallback the items wait for the next digest, and whoever looks after the service is told."""
    sink.answer("rcpt", "550 5.1.1 no such mailbox", times=1, recipient=address_of(desk, "officers"))
    desk.take(letter("Good morning to you all, I wonder about the old library"))
    make_digest(desk, "officers", clock)
    deliver(desk, sink)
    assert len(open_items(desk)) == 1
    assert len(desk.mails("alert")) == 1
    clock.advance(timedelta(days=1))
    make_digest(desk, "officers", clock)
    deliver(desk, sink)
    assert [row.state for row in desk.mails("digest", "officers")] == ["given-up", "sent"]
    assert open_items(desk) == []


def test_what_must_be_seen_today_goes_another_way(desk: Desk, sink: SmtpSink) -> None:
    """S7, D3: a mail of today that is refused goes to the fallback, or to the partners of `general`, and alerts."""
    sink.answer("rcpt", "550 5.1.1 no such mailbox", recipient=address_of(desk, "street"))
    sink.answer("rcpt", "550 5.1.1 no such mailbox", recipient=address_of(desk, "police"))
    desk.take(letter("A burglar left rubbish behind"))
    got = deliver(desk, sink)
    assert got.count(desk.rules.partners["street"].fallback) == 1
    assert got.count(address_of(desk, "officers")) == 1
    assert len(desk.mails("alert")) == 2


def test_a_refused_acknowledgement_goes_nowhere_else(desk: Desk, sink: SmtpSink) -> None:
    """O3, promise 2: an acknowledgement that is refused for good is given up, and nobody else gets it."""
    sink.answer("rcpt", "550 5.1.1 no such mailbox", recipient="ann@home.example")
    desk.take(letter("Rubbish on the verge"))
    deliver(desk, sink)
    assert [(row.state, row.reason_code) for row in desk.mails("acknowledgement")] == [("given-up", "refused")]
    assert desk.mails("alert") == []
