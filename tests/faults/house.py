"""The whole service on real servers, pass by pass under a clock of the test's own; and what must be true of it."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from intake.daemon.alarms import Alarms
from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.escalation import Escalator
from intake.daemon.health import Health, health
from intake.daemon.loop import Loop
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.rules import Rules
from intake.daemon.webhooks import Webhooks
from intake.daemon.worker import Service, Summary
from intake.errors import Temporary, UserError
from intake.mail.values import Identity
from intake.mailbox.backoff import Backoff
from intake.mailbox.imap import ImapSettings, ImapSource
from intake.outbox.alerts import Alerts
from intake.outbox.mime import SECOND_COPY
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.rules.load import load_files, load_rulebook
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import deliveries, messages, outbox
from intake.triage import Sorter
from tests.outbox_values import LONDON, TEMPLATES, composer, read
from tests.servers.broken_imap import BrokenImap
from tests.servers.smtp_sink import SmtpSink
from tests.store_fixtures import START, Clock, working_day
from tests.unit.rulebooks import files, rule

US = "cohesion@example.org"
IT = "it-desk@example.net"
MINUTE = timedelta(minutes=1)
RULES = rule("{words: [shouted]}", "{category: hate}") + rule("{words: [mould]}", id_="two")


def letter(number: int, words: str = "A man shouted at my wife. Please do something about it.") -> bytes:
    """Return a letter that is acknowledged, and goes to two partners at once."""
    head = f"From: Ann <ann{number}@home.example>\nTo: {US}\nSubject: Hello\nMessage-ID: <{number}@home.example>\n"
    return f"{head}Date: Mon, 02 Mar 2026 08:00:00 +0000\n\n{words}\n".replace("\n", "\r\n").encode()


def letters(count: int, first: int = 1) -> dict[int, bytes]:
    """Return so many letters by UID."""
    return {number: letter(number) for number in range(first, first + count)}


class Stop(threading.Event):
    """A stop signal that nobody gives: waiting for it lets the clock go on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        self._clock.advance(timedelta(seconds=timeout or 0))
        return False


@dataclass
class House:
    """A service over one mailbox."""

    database: Database
    clock: Clock
    imap: Any  # the server behind the mailbox; knows host, port, password, user()
    sink: SmtpSink
    folder: Path
    imap_port: int | None = None  # where a proxy stands
    smtp_port: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)  # of the mailbox
    answer_timeout: float = 5.0

    def __post_init__(self) -> None:
        rules_folder = self.folder / "rules"
        rules_folder.mkdir()
        for name, text in files(RULES).items():
            (rules_folder / name).write_text(text)
        alerts = Alerts(composer(), IT)
        self.rules = Rules(
            rules_folder, TEMPLATES, lambda: load_rulebook(rules_folder), load_files, self.database, alerts, "one"
        )
        self.rules.read()
        self.rules.begin(alone=True)
        plain = {"name": "main", "host": self.imap.host, "port": self.imap_port or self.imap.port, "tls": "none"}
        signed = {"user": self.imap.user(), "secret": self.imap.password, "timeout": 10.0}
        self.receiver = Receiver(
            ImapSource(ImapSettings(**{**plain, **signed, **self.settings}), self.clock), self.database, "one"
        )
        smtp = SmtpSettings(
            self.sink.host, self.smtp_port or self.sink.port, "none", timeout=5.0, answer_timeout=self.answer_timeout
        )
        self.deliverer = Deliverer(
            self.database, SmtpClient(smtp), "one", per_minute=1000, backoff=Backoff(random.Random(1))
        )
        identity = Identity(frozenset({US}))
        self.service = Service(
            receivers=(self.receiver,),
            processor=Processor(
                self.database, lambda: Sorter(self.rules.rulebook, identity, LONDON), composer(), "one"
            ),
            digester=Digester(self.database, composer(), lambda: self.rules.rulebook, LONDON),
            deliverer=self.deliverer,
            rules=self.rules,
            poll_seconds={"main": 30},
            zone=LONDON,
            backoff=Backoff(random.Random(2)),
            alone=self.database.is_sqlite,
            alarms=Alarms(self.database, alerts, ("main",)),
            escalator=Escalator(self.database, composer(), lambda: self.rules.rulebook, alerts, LONDON),
            webhooks=Webhooks(self.database, "one"),
        )

    def close(self) -> None:
        """Let go of every connection."""
        self.receiver.source.close()
        self.deliverer.smtp.close()

    def one(self) -> Summary:
        """Do one pass."""
        return self.service.once(Stop(self.clock))

    def passes(self, count: int, minutes: int = 6) -> list[Summary]:
        """Do so many passes, some minutes apart: more than any pause between two tries."""
        done = []
        for _ in range(count):
            self.clock.advance(minutes * MINUTE)
            done.append(self.one())
        return done

    def health(self) -> Health:
        """Return what `intake status` tells."""
        with self.database.read() as conn:
            return health(conn, {"main": 30}, (), self.clock(), working_day)

    def told(self) -> str:
        """Return what is unwell, as one text; the database's own words where it cannot be asked."""
        try:
            return "\n".join(self.health().unwell)
        except (Temporary, UserError) as error:
            return str(error)

    def alerts(self) -> list[str]:
        """Return the subjects of what an operator was sent, or will be, oldest first."""
        with self.database.read() as conn:
            rows = conn.execute(select(outbox).where(outbox.c.kind == "alert").order_by(outbox.c.id)).all()
        waiting = [str(read(unpack(row.mail))["Subject"]) for row in rows if row.mail]
        sent = [str(message_from_bytes(one.raw)["Subject"]) for one in self.sink.messages if IT in one.recipients]
        return sent + waiting

    def states(self) -> Counter[tuple[str, str]]:
        """Return how many rows of the outbox are in which state, by kind."""
        with self.database.read() as conn:
            rows = conn.execute(select(outbox.c.kind, outbox.c.state, func.count()).group_by("kind", "state"))
            return Counter({(kind, state): count for kind, state, count in rows if kind != "alert"})

    def whole(self, count: int) -> None:
        """Nothing is lost or doubled: so many letters, each with one outcome, one answer, and one mail a partner."""
        with self.database.read() as conn:
            outcomes = list(conn.scalars(select(deliveries.c.state)))
            stored = conn.scalar(select(func.count()).select_from(messages))
        assert (outcomes, stored) == (["recorded"] * count, count)
        assert self.states() == {("acknowledgement", "sent"): count, ("routed", "sent"): 2 * count}
        assert max(self.arrived().values()) == 1
        assert len(self.arrived()) == 3 * count, self.arrived()
        assert self.second_copies() == 0
        assert self.told() == ""

    def arrived(self) -> Counter[tuple[str, str]]:
        """Return how often each mail of ours arrived, by recipient and Message-ID; alerts left out."""
        mails = [one for one in self.sink.messages if IT not in one.recipients]
        return Counter((one.recipients[0], str(message_from_bytes(one.raw)["Message-ID"])) for one in mails)

    def acknowledged(self) -> Counter[str]:
        """Return how many acknowledgements each resident got."""
        return Counter(who for (who, _), count in self.arrived().items() for _ in range(count) if "home" in who)

    def second_copies(self) -> int:
        """Return how many mails say that they may have arrived before."""
        return sum(SECOND_COPY.encode() in one.raw for one in self.sink.messages)

    def hour(self, name: str, *, most: float = 300.0, until: Callable[[], bool] = lambda: False) -> list[float]:
        """Let one thread of the service work for an hour of its clock; return the seconds of each of its waits.

        `most` is how long a bell lets it wait.
        """
        waits: list[float] = []

        def pause(event: threading.Event, seconds: float) -> None:
            assert not event.is_set()
            waits.append(seconds)
            rung = event is loops[name]._bell
            self.clock.advance(timedelta(seconds=min(seconds, most) if rung else seconds))
            if self.clock() >= end or until():
                loops[name].stop()

        end = self.clock() + 60 * MINUTE
        self.service.pause = pause
        loops: dict[str, Loop] = self.service._loops()
        loops[name].start()
        assert loops[name].join(120)
        return waits


def server(count: int = 2, **changes: Any) -> BrokenImap:
    """Return a mailbox with so many letters."""
    return BrokenImap(letters(count), **changes)


def subjects(alerts: Sequence[str]) -> list[str]:
    """Return alerts without the words that all of them begin with."""
    return [one.removeprefix("Attention: ") for one in alerts]


__all__ = ["START"]
