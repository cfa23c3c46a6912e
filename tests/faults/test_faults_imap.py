"""A mail server, or the line to it, that breaks off, falls silent, talks nonsense, or refuses us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from intake import lookups
from intake.errors import Temporary, UserError
from intake.mailbox.imap import ImapSettings, ImapSource
from intake.mailbox.imap_session import Session
from intake.mailbox.source import Fetched
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.store.database import Database
from tests.faults.house import MINUTE, House, letters, server
from tests.servers.broken_imap import BrokenImap, Client, Trick, drop, say
from tests.servers.control import control
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ledger import Kept, everything, fetched, letter
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
LETTERS = [letter(number, NOW) for number in range(30)]


@pytest.fixture
def line(dovecot: Dovecot) -> Iterator[Proxy]:
    """A line to a real server."""
    with Proxy(dovecot.port) as proxy:
        yield proxy


@pytest.fixture
def source(dovecot: Dovecot, line: Proxy) -> Iterator[ImapSource]:
    """A mailbox with thirty letters behind that line."""
    user = dovecot.user()
    with control(dovecot, user) as staff:
        staff.deliver_many(LETTERS)
    settings = ImapSettings("public", line.host, line.port, "none", user, PASSWORD, timeout=2.0)
    with closing(ImapSource(settings)) as made:
        yield made


@pytest.mark.parametrize("how", ["split", "delay"])
def test_a_slow_line(line: Proxy, source: ImapSource, how: str) -> None:
    """F5: bytes that come one by one, or late, are the same letters."""
    line.split, line.delay = how == "split", 0.01 if how == "delay" else 0.0
    assert [one.raw for one in everything(source)] == LETTERS
    assert line.accepted == 1


def test_half_closed(line: Proxy, source: ImapSource) -> None:
    """F6: a server that says no more, and goes on listening, is left, and a new connection made; never two at once."""
    run = source.fetch(Kept())
    next(run)
    line.half_close()
    with pytest.raises(Temporary, match="broke off"):
        everything(source)
    assert source.wait(0.01) is False
    assert [one.raw for one in everything(source)] == LETTERS
    assert (line.accepted, line.most) == (2, 1)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe" * 100 + b"\r\n",
        b"250 2.0.0 OK\r\n",
        b"* 1 FETCH (((((\r\n",
        b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
        b"* BYE overloaded\r\n",
        b"* OK still here\r\n" * 1000,
    ],
)
def test_garbage_for_an_answer(line: Proxy, source: ImapSource, garbage: bytes) -> None:
    """F6, F7: an answer that nobody can read ends the connection or the command, costs no letter, and doubles none."""
    ledger, taken = Kept(), list[Fetched]()
    for batch in source.fetch(ledger):
        taken += batch[:10]  # ten are kept
        break
    ledger.places.update(one.place for one in taken)
    line.garbage = garbage
    for _ in range(4):
        try:
            rest = everything(source, ledger)
        except Temporary:
            line.thaw()
            continue
        taken += rest
        break
    assert [one.raw for one in taken] == LETTERS
    assert line.most == 1


def test_cut_at_every_byte() -> None:
    """F6, H1: wherever the connection is cut, the next run brings exactly what is missing, over one connection."""
    with BrokenImap(letters(1)) as behind, Proxy(behind.port) as proxy:
        settings = ImapSettings("public", proxy.host, proxy.port, "none", "u", "s", timeout=10.0)
        count = 0
        while proxy.cut_after is None:
            count += 1
            proxy.cut_after = count
            with closing(ImapSource(settings)) as source:
                ledger, taken = Kept(), list[Fetched]()
                for _ in range(2):
                    _take(source, ledger, taken)
            assert [one.raw for one in taken] == [*letters(1).values()]
            proxy.wait_until_all_left()
        assert count > 400
        assert proxy.most == 1


def _take(source: ImapSource, ledger: Kept, taken: list[Fetched]) -> None:
    try:
        taken += fetched(source, ledger)
    except Temporary:
        source.close()


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
@pytest.mark.parametrize("words", [0, 30, 400, 1500, 4000])
def test_a_black_hole(dovecot: Dovecot, tls: str, words: int) -> None:
    """F5: at whatever stage nothing comes any more, TLS or not, the timeout notices, and the next run goes well."""
    if tls != "none" and not dovecot.has_tls:
        pytest.skip("openssl is not installed, so a silent TLS connection was not tested")
    user = dovecot.user()
    with control(dovecot, user) as staff:
        staff.deliver_many(LETTERS)
    with Proxy(dovecot.tls_port if tls == "tls" else dovecot.port) as proxy:
        settings = ImapSettings("public", "localhost", proxy.port, tls, user, PASSWORD, ca_file=dovecot.ca_file)
        with closing(ImapSource(replace(settings, timeout=0.3))) as source:
            proxy.hole_after = words
            with pytest.raises(Temporary):
                everything(source)
            source.close()
            proxy.thaw()
            proxy.wait_until_all_left()
        with closing(ImapSource(replace(settings, timeout=10.0))) as source:
            assert len(everything(source)) == 30
        assert proxy.most == 1


UNWELL: dict[str, dict[str, Trick]] = {
    "drops": {"GREETING": drop},
    "busy": {"LOGIN": say(b"NO [UNAVAILABLE] try again later")},
    "refuses the password": {"LOGIN": say(b"NO [AUTHENTICATIONFAILED] no")},
    "refuses the folder": {"EXAMINE": say(b"NO [NOPERM] no")},
    "drops while it hands over": {"FETCH": drop},
}


@pytest.mark.parametrize("tricks", UNWELL.values(), ids=UNWELL)
def test_unwell_for_an_hour(build: Callable[..., House], sqlite_database: Database, tricks: dict[str, Trick]) -> None:
    """F6, H2, H3: a server is asked at most forty times an hour, over one connection at a time; `status` says why.

    One mail tells that it lasts, one that it is over, and then all letters are there once.
    """
    with server(tricks=dict(tricks), capability="IMAP4rev1") as behind:
        house = build(sqlite_database, behind)
        told: list[str] = []

        def look() -> bool:
            behind.wait_until_all_left()
            told.append(house.told())
            house.service.alarms.look()
            return False

        house.hour("mailbox main", until=look)
        assert 12 <= behind.accepted <= 40
        assert behind.most == 1
        assert all("mailbox main: " in one for one in told)
        behind.tricks.clear()
        house.passes(4, minutes=61)  # a letter that broke the connection again and again is asked for every hour
        house.whole(2)
        assert behind.most == 1
        title = "The mailbox main cannot be read"
        assert house.alerts() == [f"Attention: {title}", f"Mended: {title}"]


def test_a_hundred_failed_cycles(build: Callable[..., House], sqlite_database: Database) -> None:
    """F6: after a hundred cycles that failed in every way there was never more than one connection, and none stays."""
    ways = ["GREETING", "CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH"]
    cycle = 0

    def next_way() -> bool:
        nonlocal cycle
        cycle += 1
        behind.wait_until_all_left()
        behind.tricks.clear()
        behind.tricks[ways[cycle % len(ways)]] = [drop, say(b"NO later"), say(b"BAD what?")][cycle % 3]
        return cycle >= 100

    with server() as behind:
        house = build(sqlite_database, behind)
        next_way()
        while not next_way():
            house.hour("mailbox main", until=next_way)
        house.close()
        behind.wait_until_all_left()
        assert behind.most == 1
        assert behind.accepted >= 50
        behind.tricks.clear()
        house.passes(3, minutes=61)
        house.whole(2)


def test_the_server_comes_and_goes(build: Callable[..., House], sqlite_database: Database) -> None:
    """F6, H2: a port that takes nobody, for a while, costs nothing; what came meanwhile is taken in after it."""
    with server() as behind, Proxy(behind.port) as proxy:
        house = build(sqlite_database, behind, imap_port=proxy.port)
        house.one()
        proxy.refusing = True
        proxy.cut()
        behind.messages.update(letters(3, first=3))
        (failed,) = house.passes(1)
        assert "broke off" in failed.faults[0]
        assert "mailbox main" in house.told()
        proxy.refusing = False
        house.one()
        house.whole(5)
        assert proxy.most == 1


def test_a_failed_run_writes_nothing(build: Callable[..., House], sqlite_database: Database) -> None:
    """F8: a run that breaks off sends no command that changes the mailbox, and leaves every letter where it is."""
    with server(tricks={"FETCH": drop}, capability="IMAP4rev1 MOVE") as behind:
        house = build(sqlite_database, behind, settings={"move_to": "Handled"})
        for _ in range(2):
            house.one()
        words = {word for one in behind.commands for word in one.upper().split()[1:3]}
        assert not words & {b"MOVE", b"STORE", b"EXPUNGE", b"COPY", b"CREATE", b"SELECT", b"APPEND"}


def test_what_the_server_never_hands_over(build: Callable[..., House], database: Database) -> None:
    """F7: a letter without its words is told and asked for every hour; a person who has seen to it can close that."""

    def nothing(client: Client, tag: bytes, rest: bytes) -> bool:
        if b"BODY.PEEK" not in rest:
            return False
        asked.append(rest)
        client.send(b"* 1 FETCH (UID 1 BODY[]<0> NIL)", tag + b" OK done")
        return True

    asked: list[bytes] = []
    with server(1, tricks={"FETCH": nothing}) as behind:
        house = build(database, behind)
        house.passes(60, minutes=2)
        assert 2 <= len(asked) <= 4
        assert "quarantined messages: 1" in house.told()
        (row,) = lookups.quarantined(database)
        lookups.dismiss(database, row["id"])
        assert house.told() == ""
        asked.clear()
        house.passes(3, minutes=61)
        assert asked == []
        assert lookups.quarantined(database) == []
        with pytest.raises(UserError, match="nothing is quarantined"):
            lookups.dismiss(database, row["id"])
    assert house.sink.messages == []


def test_the_clock_and_what_was_not_handed_over(build: Callable[..., House], sqlite_database: Database) -> None:
    """F7, H2: a clock that was a year ahead does not keep us from asking again for a year."""

    def nothing(client: Client, tag: bytes, rest: bytes) -> bool:
        if b"BODY.PEEK" not in rest:
            return False
        client.send(b"* 1 FETCH (UID 1 BODY[]<0> NIL)", tag + b" OK done")
        return True

    with server(1, tricks={"FETCH": nothing}) as behind:
        house = build(sqlite_database, behind)
        house.clock.advance(365 * 24 * 60 * MINUTE)
        house.one()
        house.clock.advance(-365 * 24 * 60 * MINUTE)
        behind.tricks.clear()
        house.one()
        assert house.health().inbox.quarantined == 0
        assert house.health().inbox.recorded == 1


def test_every_socket_has_a_timeout() -> None:
    """F5: the sockets of IMAP and SMTP have a timeout from the first moment, and keep it."""
    with server() as behind, SmtpSink() as sink:
        session = Session(ImapSettings("public", behind.host, behind.port, "none", "u", "s", timeout=7.0))
        assert session._client.socket().gettimeout() == 7.0
        session.close()
        client = SmtpClient(SmtpSettings(sink.host, sink.port, "none", timeout=7.0))
        client.send("cohesion@example.org", "resident@example.net", b"Subject: x\r\n\r\nx\r\n")
        kept = client._kept
        assert kept is not None
        assert kept.sock is not None
        assert kept.sock.gettimeout() == 7.0
        client.close()
