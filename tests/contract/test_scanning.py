"""Attachments and the virus scanner, with a real clamd and on both databases."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select

from intake import lookups
from intake.clamd import Clamd
from intake.daemon.alarms import FAILURES, Alarms
from intake.daemon.process import Processor
from intake.daemon.scanning import AWAY_SECONDS, Scanner
from intake.errors import Permanent, Temporary, UserError
from intake.mail.values import Identity
from intake.mailbox.source import Fetched, Place
from intake.outbox.alerts import Alerts
from intake.outbox.compose import Composer, Service
from intake.reports import case_text
from intake.rules.load import load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store import ledger, work
from intake.store.database import Database
from intake.store.tables import cases, outbox
from intake.triage import Sorter
from tests.servers.clamd import LARGEST, PROGRAM, WORD, RunningClamd, running
from tests.unit.strategies import attachment, mail, multipart

TOP = Path(__file__).parents[2]
ZONE = ZoneInfo("Europe/London")
SERVICE = Service("Community Safety Partnership", "cohesion@example.org", ZONE, "intake.example.org")
ROUTINE = b"\r\nThank you for the street party, we all loved it."
EMERGENCY = b"\r\nHe is outside my door now with a knife and says that he will kill me tonight. Please help."


@pytest.fixture(scope="module")
def clamd() -> Iterator[RunningClamd]:
    """One for all tests of a run."""
    if PROGRAM is None:
        pytest.skip("clamd is not installed, so nothing was offered to a virus scanner (Debian: clamav-daemon)")
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The shipped rules."""
    return load_rulebook(TOP / "rules")


def at(server: RunningClamd) -> Clamd:
    return Clamd(server.host, server.port)


def nobody() -> Clamd:
    """Where no scanner listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return Clamd("127.0.0.1", free.getsockname()[1])


def letter(text: bytes, *files: tuple[str, bytes]) -> bytes:
    return mail(multipart("mixed", text, *(attachment(*file) for file in files)))


def recorded(database: Database, rulebook: Rulebook, scanner: Scanner, raw: bytes) -> str:
    """Have one letter sorted; return its case's reference."""
    with database.transaction() as conn:
        now = database.clock(conn)
        ledger.keep(conn, [Fetched(Place("main", "INBOX", 7, "1"), raw, now - timedelta(minutes=1))], now)
    sorter = Sorter(rulebook, Identity(frozenset({"cohesion@example.org"})), ZONE)
    composer = Composer(TOP / "templates", SERVICE)
    assert Processor(database, lambda: sorter, composer, "one", scanner=scanner).process() == 1
    with database.read() as conn:
        return str(conn.scalars(select(cases.c.reference)).one())


def verdicts(database: Database, reference: str) -> tuple[list[str | None], set[str]]:
    """Return the attachments' verdicts, and which of our flags the message bears."""
    one = lookups.case(database, reference).messages[0]
    return [each.verdict for each in one.attachments], set(one.flags) & {"infected", "unscanned"}


def test_what_clamd_says(clamd: RunningClamd) -> None:
    """X5: clean, infected and too large are told apart, over TCP and over a socket, whatever the size."""
    for way in (at(clamd), Clamd("", 0, clamd.path)):
        assert way.scan(b"") == way.scan(b"nothing" * 100_000) == ""
        assert way.scan(b"x" * 900_000 + WORD).startswith("Test.Word")
        with pytest.raises(Permanent, match="StreamMaxLength"):
            way.scan(b"x" * LARGEST * 8)


def test_an_infected_letter(clamd: RunningClamd, database: Database, rulebook: Rulebook) -> None:
    """X5: an infected letter is flagged, seen and routed like any other; its bytes are kept from people."""
    raw = letter(ROUTINE, ("a.bin", b"harmless"), ("b.bin", b"PK" + WORD))
    reference = recorded(database, rulebook, Scanner(at(clamd), database), raw)
    assert verdicts(database, reference) == (["clean", "infected"], {"infected"})
    case = lookups.case(database, reference)
    assert case.messages[0].routes
    assert "b.bin (application/octet-stream, 44 bytes, infected)" in case_text(case, ZONE)
    with pytest.raises(UserError, match="kept back"):
        lookups.raw_of(database, case.messages[0].id)


def test_a_clean_letter(clamd: RunningClamd, database: Database, rulebook: Rulebook) -> None:
    """X5: a clean letter bears no flag, and its bytes can be had."""
    raw = letter(ROUTINE, ("a.bin", b"harmless"))
    reference = recorded(database, rulebook, Scanner(at(clamd), database), raw)
    assert verdicts(database, reference) == (["clean"], set())
    assert lookups.raw_of(database, lookups.case(database, reference).messages[0].id) == raw


def test_no_scanner_answers(clamd: RunningClamd, database: Database, rulebook: Rulebook) -> None:
    """X5, promise 1: with the scanner away a letter is recorded unscanned; it gets its verdict when there is one."""
    scanner = Scanner(nobody(), database)
    reference = recorded(database, rulebook, scanner, letter(ROUTINE, ("a.bin", WORD), ("b.bin", b"x" * LARGEST * 2)))
    assert verdicts(database, reference) == (["unscanned", "unscanned"], {"unscanned"})
    with pytest.raises(UserError, match="unscanned"):
        lookups.raw_of(database, lookups.case(database, reference).messages[0].id)
    with pytest.raises(Temporary):
        scanner.again()
    assert verdicts(database, reference) == (["unscanned", "unscanned"], {"unscanned"})
    assert Scanner(at(clamd), database).again() == 1
    assert verdicts(database, reference) == (["infected", "unscannable"], {"infected", "unscanned"})
    assert Scanner(at(clamd), database).again() == 0


def test_an_emergency_does_not_wait(clamd: RunningClamd, database: Database, rulebook: Rulebook) -> None:
    """Promise 4: an emergency is on its way before anything of it is scanned; it is scanned afterwards."""
    scanner = Scanner(at(clamd), database)
    reference = recorded(database, rulebook, scanner, letter(EMERGENCY, ("a.bin", b"harmless")))
    assert lookups.case(database, reference).messages[0].urgency == "emergency"
    assert verdicts(database, reference) == (["unscanned"], {"unscanned"})
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(outbox).where(outbox.c.kind == "routed"))
    assert scanner.again() == 1
    assert verdicts(database, reference) == (["clean"], set())


def test_a_silent_scanner_is_asked_once(rulebook: Rulebook, database: Database) -> None:
    """X5: a scanner that takes connections and says nothing holds up one letter a minute, for its time limit."""
    sorter = Sorter(rulebook, Identity(frozenset({"cohesion@example.org"})), ZONE)
    raw = letter(ROUTINE, ("a.bin", b"harmless"))
    triage = sorter.triage(raw)
    moment = 0.0
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        silent.setblocking(False)
        scanner = Scanner(Clamd("127.0.0.1", silent.getsockname()[1], seconds=0.05), database, lambda: moment)
        asked = []
        for moment in (0.0, 1.0, AWAY_SECONDS - 1, AWAY_SECONDS + 1):  # noqa: B007 (the scanner's clock reads it)
            assert scanner.checked(triage, raw).attachments[0].verdict == "unscanned"
            try:
                silent.accept()[0].close()
                asked.append(True)
            except BlockingIOError:
                asked.append(False)
    assert asked == [True, False, False, True]


def test_a_scanner_that_stays_away_is_told(database: Database) -> None:
    """H3, X5: an admin hears once that the scanner has been away for minutes, and once that it is back."""
    alarms = Alarms(database, Alerts(Composer(TOP / "templates", SERVICE), "it@example.net"), ())

    def after(change: Callable[[Connection], None]) -> int:
        with database.transaction() as conn:
            change(conn)
        return alarms.look()

    def away(conn: Connection) -> None:
        work.failed(conn, "scan", "one", database.clock(conn), "the virus scanner does not answer")

    assert [after(away) for _ in range(FAILURES + 1)] == [0] * (FAILURES - 1) + [1, 0]
    assert after(lambda conn: work.well(conn, "scan", "one")) == 1


def test_without_attachments_nobody_is_asked(database: Database, rulebook: Rulebook) -> None:
    """X5: a letter without attachments is recorded as it is, whatever the scanner does."""
    sorter = Sorter(rulebook, Identity(frozenset({"cohesion@example.org"})), ZONE)
    triage = sorter.triage(mail(ROUTINE))
    assert Scanner(nobody(), database).checked(triage, mail(ROUTINE)) == triage
