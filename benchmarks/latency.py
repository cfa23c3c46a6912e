"""Time how long a resident waits: from the letter's arrival in the mailbox to our acknowledgement's acceptance by SMTP.

The daemon runs as an operator starts it, with the shipped rules and IDLE, on SQLite. Letters come one by one over LMTP
at irregular intervals, each from another resident; the clock starts when the mail server has taken the letter and stops
when the SMTP server has taken the answer. Once in light load; once from the moment on when the daemon begins to take in
a backlog of years, until that has been sorted. What had no answer in the end is counted as missing.
"""

from __future__ import annotations

import random
import smtplib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime, localtime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.figures import Figure, options, tell
from benchmarks.first_start import fill, rows, wait_for
from tests.letters.render import MAILBOX
from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import missing as no_dovecot
from tests.servers.smtp_sink import Received, SmtpSink
from tests.walk.deployment import Deployment

LETTER = """From: Resident <resident{number}@example.net>
To: {to}
Subject: The lamp in our street
Date: {date}
Message-ID: <{number}.{drawn}@example.net>

Hello, the street lamp in front of number {number} has been dark for {days} nights now. Could somebody have a look?
Thank you, a neighbour
"""
PATIENCE = 120.0  # seconds that the last answers are waited for


class Clocked(SmtpSink):
    """Notes when it took each mail, by recipient."""

    def __post_init__(self) -> None:
        """Begin with none."""
        super().__post_init__()
        self.taken: dict[str, float] = {}

    def _keep(self, received: Received) -> None:
        for recipient in received.recipients:
            self.taken.setdefault(recipient, time.monotonic())
        super()._keep(received)


@dataclass
class Residents:
    """Write letters, and know when each arrived."""

    server: Dovecot
    user: str
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    arrived: dict[str, float] = field(default_factory=dict)  # by the resident's address

    def write(self, number: int) -> None:
        """Deliver one letter."""
        said = LETTER.format(
            number=number,
            to=MAILBOX,
            date=format_datetime(localtime()),
            drawn=self.chance.randrange(10**9),
            days=self.chance.randint(2, 90),
        )
        sender = f"resident{number}@example.net"
        with smtplib.LMTP("127.0.0.1", self.server.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [self.user], said.replace("\n", "\r\n"))
        self.arrived[sender] = time.monotonic()

    def write_many(self, numbers: range, apart: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Deliver letters, so many seconds apart on average, until all are written or it is enough."""
        for number in numbers:
            self.write(number)
            time.sleep(self.chance.uniform(0.5, 1.5) * apart)
            if enough():
                return


@contextmanager
def service(server: Dovecot, sink: SmtpSink, base: Path, backlog: int) -> Iterator[tuple[Deployment, Residents]]:
    """Run the daemon on a mailbox with so many old letters."""
    user = server.user()
    deployment = Deployment(base / f"with-{backlog}", server.password)
    fill(server, user, backlog)
    deployment.connect(imap=server.port, user=user, smtp=sink.port)
    daemon = deployment.start("run")
    try:
        yield deployment, Residents(server, user)
    finally:
        daemon.terminate()
        daemon.wait(30)


def waits(sink: Clocked, residents: Residents) -> list[float]:
    """Return the seconds that each answered letter waited, once no more answers are to be expected."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not residents.arrived.keys() <= sink.taken.keys():
        time.sleep(0.2)
    return [sink.taken[who] - at for who, at in residents.arrived.items() if who in sink.taken]


def figures(what: str, seconds: list[float], written: int) -> Iterator[Figure]:
    """Yield median, 99th percentile and the worst."""
    many = [*seconds, *seconds] if len(seconds) == 1 else seconds
    yield Figure(f"{what}: median", median(many) if many else None, "s", "wanted: at most 2")
    centile = quantiles(many, n=100, method="inclusive")[98] if many else None
    yield Figure(f"{what}: 99th percentile", centile, "s", f"wanted: at most 5; {written} letters")
    yield Figure(f"{what}: worst", max(many, default=None), "s")
    yield Figure(f"{what}: without an answer", written - len(seconds), "letters", "wanted: 0")


def light(server: Dovecot, base: Path, letters: int, apart: float) -> Iterator[Figure]:
    """Measure while nothing else is to be done."""
    with Clocked() as sink, service(server, sink, base, 0) as (deployment, residents):
        wait_for(lambda: rows(deployment, "SELECT polled_at FROM mailbox_states WHERE mailbox = 'main'"))
        residents.write_many(range(letters), apart)
        yield from figures("light load", waits(sink, residents), letters)


def loaded(server: Dovecot, base: Path, backlog: int, apart: float) -> Iterator[Figure]:
    """Measure while a backlog is taken in and sorted."""
    old = f"SELECT count(*) >= {backlog} FROM deliveries WHERE late AND state <> 'waiting'"

    def done() -> bool:
        return rows(deployment, old) == [(1,)]

    with Clocked() as sink, service(server, sink, base, backlog) as (deployment, residents):
        wait_for(lambda: rows(deployment, "SELECT 1 FROM deliveries LIMIT 1"))
        began = time.monotonic()
        residents.write_many(range(1_000_000), apart, done)
        taken = time.monotonic() - began
        found = waits(sink, residents)
        yield from figures("during a backlog", found, len(residents.arrived))
        yield Figure("the backlog took", taken, "s", f"{backlog} letters, {backlog / taken:.0f} a second")


def main() -> None:
    """Print the figures."""
    parser = options(__doc__ or "", "latency")
    parser.add_argument("--backlog", type=int, help="old letters; 50,000 by default; quick: 2,000")
    parser.add_argument("--letters", type=int, help="new letters in light load; 300 by default; quick: 8")
    given = parser.parse_args()
    if no_dovecot():
        sys.exit(f"not measured: {no_dovecot()}")
    backlog, letters = given.backlog or (2000 if given.quick else 50_000), given.letters or (8 if given.quick else 300)
    server = Dovecot().start()
    try:
        with tempfile.TemporaryDirectory() as base:
            found = list(light(server, Path(base), letters, apart=1.0))
            tell(given, [*found, *loaded(server, Path(base), backlog, apart=1.0)])
    finally:
        server.stop()


if __name__ == "__main__":
    main()
