"""What the daemon's rooms keep, on both databases: receive, process, digests, deliver."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.health import health
from intake.daemon.process import ATTEMPTS, BATCH, LEASE, Processor
from intake.daemon.receive import Receiver
from intake.errors import Temporary
from intake.mail.values import Identity, Triage
from intake.mailbox.files import FileSource
from intake.mailbox.source import Fetched, Place
from intake.outbox import queue, standing
from intake.outbox.compose import Composer, Service
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.rules.load import load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store import claims, ledger
from intake.store.database import Database
from intake.store.tables import deliveries, digest_items, messages, outbox
from intake.store.tables import quarantine as quarantined
from intake.triage import Sorter
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import Clock, working_day

TOP = Path(__file__).parents[2]
US = "cohesion@example.org"
ZONE = ZoneInfo("Europe/London")
SERVICE = Service("Community Safety Partnership", US, ZONE, "intake.example.org")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The shipped rules."""
    return load_rulebook(TOP / "rules")


@pytest.fixture
def processor(database: Database, rulebook: Rulebook) -> Processor:
    """One that triages by the shipped rules."""
    return Processor(database, lambda: sorter(rulebook), Composer(TOP / "templates", SERVICE), "one")


def sorter(rulebook: Rulebook) -> Sorter:
    return Sorter(rulebook, Identity(frozenset({US})), ZONE)


def letter(number: int, text: str = "Thank you for the street party, we all loved it.") -> bytes:
    return (
        f"From: Ann Example <ann{number}@home.example>\nTo: {US}\nSubject: Hello\n"
        f"Date: Mon, 02 Mar 2026 08:00:00 +0000\nMessage-ID: <{number}@home.example>\n\n{text}\n"
    ).encode()


def keep(database: Database, *raws: bytes, age: timedelta = timedelta(0), first: int = 1) -> None:
    with database.transaction() as conn:
        now = database.clock(conn)
        batch = [Fetched(Place("main", "INBOX", 7, str(first + n)), raw, now - age) for n, raw in enumerate(raws)]
        ledger.keep(conn, batch, now)


def rows(database: Database, kind: str) -> int:
    with database.read() as conn:
        return conn.scalar(select(func.count()).select_from(outbox).where(outbox.c.kind == kind)) or 0


@pytest.fixture
def sender(database: Database, smtp_sink: SmtpSink) -> Iterator[Deliverer]:
    """One that sends to the sink, at most two mails a minute."""
    client = SmtpClient(SmtpSettings(smtp_sink.host, smtp_sink.port, "none"))
    yield Deliverer(database, client, "one", per_minute=2)
    client.close()


def test_two_threads_record_what_became_of_a_mail_once(
    database: Database, processor: Processor, sender: Deliverer, caplog: pytest.LogCaptureFixture
) -> None:
    """H1: a mail's outcome that the tidying thread looks after while it is being recorded is recorded once."""
    keep(database, letter(1))
    processor.process()
    beside = Thread(target=lambda: sender.recover(alone=False))

    class Tidy(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            logger.removeHandler(self)
            beside.start()
            beside.join(0.2)  # it waits for this thread, or comes between

    logger = logging.getLogger("intake.daemon.deliver")
    caplog.set_level(logging.INFO, logger.name)
    logger.addHandler(Tidy())
    assert sender.deliver()
    beside.join()
    with database.read() as conn:
        assert standing.counts(conn)["sent"] == 1


def test_one_outcome_and_one_answer(database: Database, processor: Processor) -> None:
    """Promise 1 and 2, F3: a letter and its copy are one message with one acknowledgement, however often one looks."""
    keep(
        database,
        letter(1),
        b"Received: from elsewhere.example by here.example; Mon, 2 Mar 2026 08:00:01 +0000\n" + letter(1),
    )
    assert processor.process() == 2
    assert processor.process() == 0
    with database.read() as conn:
        states = sorted(conn.scalars(select(deliveries.c.state)))
    assert states == ["duplicate", "recorded"]
    assert rows(database, "acknowledgement") == 1


def test_same_id_with_other_words_is_flagged_and_not_answered(database: Database, processor: Processor) -> None:
    """F3: a second message under the same Message-ID is routed and flagged, and never acknowledged."""
    keep(database, letter(1), letter(1, "There is a fly-tipped mattress on our verge, please collect it."))
    processor.process()
    with database.read() as conn:
        second = conn.execute(select(messages).order_by(messages.c.id.desc()).limit(1)).one()
        routed = conn.scalar(select(func.count()).where(digest_items.c.message_id == second.id))
    assert "same-message-id" in second.flags
    assert second.acknowledge is None
    assert second.acknowledge_code == "same-message-id"
    assert routed
    assert rows(database, "acknowledgement") == 1


def test_late_mail_goes_into_digests_only(database: Database, processor: Processor) -> None:
    """F11: what was first seen 48 hours after it arrived is never acknowledged nor sent at once, urgent or not."""
    urgent = "Somebody is breaking down my neighbour's door with an axe right now, please send help."
    keep(database, letter(1), letter(2, urgent), age=timedelta(hours=48))
    processor.process()
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(outbox)) == 0
        assert conn.scalar(select(func.count()).select_from(digest_items)) >= 2


def test_a_message_that_breaks_something_is_quarantined(database: Database, rulebook: Rulebook) -> None:
    """H1, P2: what cannot be recorded is quarantined with its raw bytes and the error's place; the next goes on."""
    broken = replace(rulebook, partners={k: v for k, v in rulebook.partners.items() if k != "street-scene"})
    processor = Processor(database, lambda: sorter(broken), Composer(TOP / "templates", SERVICE), "one")
    keep(database, letter(1, "There is a fly-tipped mattress on our verge, please collect it."), letter(2))
    assert processor.process() == 2
    with database.read() as conn:
        row = conn.execute(select(quarantined)).one()
        states = sorted(conn.scalars(select(deliveries.c.state)))
        assert health(conn, {}, (), database.clock(conn), working_day).unwell
    assert (row.stage, row.error.split()[0]) == ("record", "KeyError")
    assert states == ["quarantined", "recorded"]
    assert "mattress" not in row.error


def test_a_message_that_ends_the_process_is_quarantined(database: Database, processor: Processor, clock: Clock) -> None:
    """P2: a message on which the process dies again and again does not stop the next one."""
    keep(database, letter(1), letter(2))
    for _ in range(ATTEMPTS):
        with database.transaction() as conn:
            claims.claim(conn, "dead", database.clock(conn), LEASE, BATCH)
        clock.advance(LEASE)
    processor.process()
    with database.read() as conn:
        states = list(conn.scalars(select(deliveries.c.state).order_by(deliveries.c.id)))
    assert states == ["quarantined", "recorded"]


def test_a_process_that_dies_counts_against_the_first_message_alone(database: Database, clock: Clock) -> None:
    """H1: a daemon that is killed again and again quarantines nothing that merely waited behind another message."""
    keep(database, letter(1), letter(2))
    for _ in range(ATTEMPTS + 1):
        with database.transaction() as conn:
            claimed = claims.claim(conn, "dead", database.clock(conn), LEASE, BATCH)
        clock.advance(LEASE)
    assert [one.attempt for one in claimed] == [ATTEMPTS + 1, 0]


class Away(Sorter):
    """As where the database goes away while messages are sorted."""

    def triage(self, *_: object, **__: object) -> Triage:
        raise Temporary("the database does not answer")


def test_a_fault_that_passes_counts_against_no_message(
    database: Database, rulebook: Rulebook, processor: Processor
) -> None:
    """H2: however often the database is away while a batch is sorted, none of it is quarantined; others may have it."""
    keep(database, letter(1), letter(2))
    away = replace(processor, sorter=lambda: Away(rulebook, Identity(frozenset({US})), ZONE), worker="other")
    for _ in range(ATTEMPTS + 2):
        with pytest.raises(Temporary):
            away.process()
    processor.process()
    with database.read() as conn:
        assert list(conn.scalars(select(deliveries.c.state))) == ["recorded", "recorded"]


@pytest.mark.postgres
def test_a_mailbox_is_read_by_one_process(postgres_database: Database, clock: Clock, tmp_path: Path) -> None:
    """F6, H2: of processes that share a database one reads a mailbox at a time, and a dead one's passes on."""
    (tmp_path / "one.eml").write_bytes(letter(1))
    one, other = (Receiver(FileSource(tmp_path), postgres_database, name) for name in ("one", "other"))
    assert one.hold()
    assert not other.hold()
    assert one.receive() == 1
    clock.advance(one.held)
    assert other.hold()
    (tmp_path / "two.eml").write_bytes(letter(2))
    with pytest.raises(Temporary, match="another process"):
        one.receive()
    assert other.receive() == 1
    other.let_go()
    assert one.hold()


def test_rate_limit(
    database: Database, processor: Processor, smtp_sink: SmtpSink, sender: Deliverer, clock: Clock
) -> None:
    """O7: in any sixty seconds no more mails go out than the relay allows."""
    keep(database, *(letter(n) for n in range(3)))
    processor.process()
    assert [sender.deliver() for _ in range(3)] == [True, True, False]
    assert sender.pause() == 60
    clock.advance(timedelta(seconds=59))
    assert not sender.deliver()
    clock.advance(timedelta(seconds=1))
    assert sender.deliver()
    assert len(smtp_sink.messages) == 3


def test_a_server_that_takes_nothing_holds_the_queue(
    database: Database, processor: Processor, smtp_sink: SmtpSink, sender: Deliverer, clock: Clock
) -> None:
    """O3: a refused sender or quota holds every mail; nothing is lost, and it goes out when mail is taken again."""
    keep(database, letter(1))
    processor.process()
    smtp_sink.answer("mail", "554 5.2.0 quota exceeded")
    with pytest.raises(Temporary, match="554"):
        sender.deliver()
    clock.advance(timedelta(minutes=2))
    assert sender.deliver()
    assert not sender.deliver()
    assert len(smtp_sink.messages) == 1


def test_crash_between_the_answer_and_the_commit(
    database: Database, processor: Processor, smtp_sink: SmtpSink, sender: Deliverer, clock: Clock
) -> None:
    """O2: an acknowledgement found half sent is unknown and never sent again; a routed mail goes again and says so."""
    keep(database, letter(1, "A man has just pushed my wife and shouted go back to your country, this morning."))
    processor.process()
    with database.transaction() as conn:
        claimed = queue.claim(conn, "dead", database.clock(conn), timedelta(minutes=20), limit=50)
    assert {row.kind for row in claimed} == {"acknowledgement", "routed"}
    assert sender.recover(alone=True) == len(claimed)
    clock.advance(timedelta(hours=3))
    while sender.deliver():
        clock.advance(timedelta(minutes=1))
    with database.read() as conn:
        states = {(row.kind, row.state) for row in standing.listing(conn, "unknown") + standing.listing(conn, "sent")}
    assert states == {("acknowledgement", "unknown"), ("routed", "sent")}
    assert all(b"Possibly a second copy" in one.raw for one in smtp_sink.messages)


def test_digests_missed_for_days_hold_every_item_once(
    database: Database, processor: Processor, rulebook: Rulebook, clock: Clock
) -> None:
    """D1: after three days without the service each partner gets one digest with everything, and no second one."""
    digester = Digester(database, Composer(TOP / "templates", SERVICE), lambda: rulebook, ZONE)
    for day in range(3):
        keep(database, letter(day, "There is a fly-tipped mattress on our verge, please collect it."), first=day + 1)
        processor.process()
        clock.advance(timedelta(days=1))
    assert digester.make_due() >= 1
    assert digester.make_due() == 0
    with database.read() as conn:
        open_items = conn.scalar(
            select(func.count()).where(digest_items.c.partner == "street-scene", digest_items.c.digest_id.is_(None))
        )
        mails = conn.scalar(select(func.count()).where(outbox.c.kind == "digest", outbox.c.partner == "street-scene"))
    assert (open_items, mails) == (0, 1)
