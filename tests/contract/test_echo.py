"""Mail that answers itself: responders that nothing tells for one, against the whole river, for two weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.process import Processor
from intake.mail.values import Identity
from intake.mailbox.source import Fetched, Place
from intake.outbox.compose import Composer, Service
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.rules.load import load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store import ceilings, ledger
from intake.store.database import Database
from intake.store.tables import messages, outbox
from intake.triage import Sorter
from tests.servers.smtp_sink import Received, SmtpSink
from tests.store_fixtures import START, Clock

TOP = Path(__file__).parents[2]
US = "cohesion@example.org"
ZONE = ZoneInfo("Europe/London")
HOST = "intake.example.org"
ALARMING = "If somebody is being stabbed right now, or there is a bomb or a fire in the house, call 999 at once."
STABBED = "My neighbour is being stabbed right now, he has a knife, please send somebody."
ROUNDS = 60  # of letters and answers within one day: far more than any ceiling

LOUD = ("police@partners.example.org", "cohesion-officers@partners.example.org")

Responder = Callable[[Received, int, datetime], bytes]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The shipped rules."""
    return load_rulebook(TOP / "rules")


@dataclass
class World:
    """The service, its mailbox, and everybody else, who answers each mail at once."""

    database: Database
    clock: Clock
    sink: SmtpSink
    processor: Processor
    deliverer: Deliverer
    digester: Digester
    responder: Responder
    answers: Callable[[str], bool]  # which recipients have the responder
    kept: int = 0
    sent: list[tuple[datetime, str, bool]] = field(default_factory=list)  # when, to whom, whether acknowledgement

    def post(self, raw: bytes) -> None:
        """Have a mail arrive in the mailbox."""
        self.kept += 1
        with self.database.transaction() as conn:
            ledger.keep(conn, [Fetched(Place("main", "INBOX", 7, str(self.kept)), raw, self.clock.now)], self.clock.now)

    def settle(self, most: int = ROUNDS) -> int:
        """Sort, send and answer until nothing happens; return the rounds it took, at most `most`."""
        for number in range(most):
            while self.processor.process():
                pass
            while self.deliverer.deliver():
                pass
            received = self.sink.messages
            self.sink.clear()
            if not received:
                return number
            for one in received:
                is_answer = b"Auto-Submitted: auto-replied" in one.raw
                self.sent.append((self.clock.now, one.recipients[0], is_answer))
                if self.answers(one.recipients[0]):
                    self.post(self.responder(one, self.kept, self.clock.now))
        return most

    def acknowledged(self) -> list[datetime]:
        """When acknowledgements went out."""
        return [at for at, _, is_answer in self.sent if is_answer]


@pytest.fixture
def world(database: Database, clock: Clock, smtp_sink: SmtpSink, rulebook: Rulebook) -> Iterator[World]:
    """A service by the shipped rules, and residents whose program answers every mail with a fresh one."""
    service = Service("Community Safety Partnership", US, ZONE, HOST)
    composer = Composer(TOP / "templates", service)
    sorter = Sorter(rulebook, Identity(frozenset({US}), hostnames=frozenset({HOST})), ZONE)
    client = SmtpClient(SmtpSettings(smtp_sink.host, smtp_sink.port, "none"))
    yield World(
        database,
        clock,
        smtp_sink,
        Processor(database, lambda: sorter, composer, "one"),
        Deliverer(database, client, "one", per_minute=100_000),
        Digester(database, composer, lambda: rulebook, ZONE),
        fresh,
        lambda address: address.lower().endswith("home.example"),
    )
    client.close()


def fresh(received: Received, number: int, now: datetime) -> bytes:
    """A new letter of thanks, without a header or a word that tells the machine."""
    return letter(received.recipients[0], number, now, f"Thank you for writing. Ticket {number} was opened.")


def reply(received: Received, number: int, now: datetime) -> bytes:
    """A reply as a mail program writes it: the same subject, the thread's ids, our mail quoted."""
    mail = message_from_bytes(received.raw, policy=policy.default)
    text = f"Thank you, ticket {number}.\n\n> {ALARMING}"
    return letter(
        received.recipients[0],
        number,
        now,
        text,
        f"Re: {mail['Subject']}",
        str(mail["Message-ID"]),
        str(mail["Reply-To"] or US),
    )


def alarming(received: Received, number: int, now: datetime) -> bytes:
    """A reply that tells in its own words what to do in an emergency, as those of the police do."""
    return reply(received, number, now).replace(b"Thank you, ticket", f"{ALARMING} Ticket".encode())


def alarming_fresh(received: Received, number: int, now: datetime) -> bytes:
    """The same as a new letter."""
    return letter(received.recipients[0], number, now, f"{ALARMING} Ticket {number} was opened.")


def letter(  # noqa: PLR0917 (what a mail is made of)
    author: str, number: int, now: datetime, text: str, subject: str = "", parent: str = "", to: str = US
) -> bytes:
    thread = f"In-Reply-To: {parent}\nReferences: {parent}\n" if parent else ""
    return (
        f"From: {author}\nTo: {to}\nSubject: {subject or f'Ticket {number}'}\n{thread}"
        f"Date: {format_datetime(now)}\nMessage-ID: <{number}@home.example>\n\n{text}\n"
    ).encode()


@pytest.mark.parametrize("address", ["pat@home.example", "Pat+{}@Home.example"])
def test_responder_that_nothing_tells(world: World, address: str) -> None:
    """S4: one that answers each mail of ours with a letter of its own gets two answers a day and four a week."""

    def responder(_: Received, number: int, now: datetime) -> bytes:
        return letter(address.format(number), number, now, f"Thank you, ticket {number}.")

    world.responder = responder
    for day in range(14):
        world.post(letter(address.format(day), 9_000 + day, world.clock.now, f"The lamps are dark, day {day}."))
        assert world.settle() <= 4
        world.clock.advance(timedelta(days=1))
    given = world.acknowledged()
    for span, most in ((timedelta(days=1), 2), (timedelta(days=7), 4)):
        assert max(sum(start <= one < start + span for one in given) for start in given) == most
    assert len(given) == 8


def test_responder_that_replies(world: World) -> None:
    """T2: a reply of such a responder joins the case, and gets no second acknowledgement."""
    world.responder = reply
    world.post(letter("pat@home.example", 9_000, START, "The lamps are dark."))
    assert world.settle() <= 3
    assert len(world.acknowledged()) == 1


@pytest.mark.parametrize("responder", [reply, alarming, fresh, alarming_fresh])
def test_partners_that_answer_every_mail(world: World, responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """S4, T3: partners whose programs answer all that we send, and sound alarming, end it at the ceiling of a day."""
    assert (timedelta(days=1), 20) == ceilings.AT_ONCE
    monkeypatch.setattr(ceilings, "AT_ONCE", (timedelta(days=1), 4))  # as many take a while
    world.responder, world.answers = responder, LOUD.__contains__
    world.post(letter("pat@home.example", 9_000, START, STABBED))
    for _day in range(2):
        assert world.settle() < ROUNDS
        world.digester.make_due()
        assert world.settle() < ROUNDS
        world.clock.advance(timedelta(days=1))
    with world.database.read() as conn:
        made = conn.execute(
            select(outbox.c.queued_at, outbox.c.partner, messages.c.from_address)
            .join(messages, messages.c.id == outbox.c.message_id)
            .where(outbox.c.kind == "routed")
        ).all()
    caused = Counter(map(tuple, made))
    assert max(caused.values()) <= 4
    assert (max(caused.values()) == 4) == (responder in {alarming, alarming_fresh})
    assert set(Counter(world.acknowledged()).values()) <= {1, 2, 3, 4, 5}  # one resident, and two a partner
