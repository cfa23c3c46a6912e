"""The IMAP source against servers that lie, refuse and break off, as some do on some messages."""

from __future__ import annotations

import re
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from intake.errors import Temporary, UserError
from intake.mailbox.imap import JUNK, Folder, ImapSettings, ImapSource
from intake.mailbox.source import Place
from tests.servers.broken_imap import BrokenImap, Client, Drop, asked, drop, say
from tests.servers.ledger import Kept, everything, fetched

ONE, TWO, THREE = (b"Subject: %d\r\nMessage-ID: <%d@example.net>\r\n\r\nwords\r\n" % (n, n) for n in (1, 2, 3))
BODY = b"BODY.PEEK[]"


@contextmanager
def source_over(server: BrokenImap, **changes: Any) -> Iterator[ImapSource]:
    """Yield a source over `server`, and stop both."""
    plain = {"name": "public", "host": server.host, "port": server.port, "tls": "none", "timeout": 10.0}
    settings = ImapSettings(**{**plain, "user": server.user(), "secret": server.password, **changes})
    with server, closing(ImapSource(settings)) as source:
        yield source


def over(uid: int, act: Any) -> Any:
    """Return a trick that acts on every FETCH of a body that asks for `uid`, beside other messages or alone."""

    def trick(client: Client, tag: bytes, rest: bytes) -> bool:
        return BODY in rest and uid in asked(rest) and act(client, tag, rest) is not False

    return trick


@pytest.mark.parametrize("item", [b"FLAGS ()", b"BODY[]<0> NIL", b'BODY[]<0> ""', b"BODY[]<0> {0}\r\n"])
def test_ok_without_data_is_a_fault_of_that_message(item: bytes) -> None:
    """F7: a message that the server says is there, and does not hand over, is told; the others come."""

    def nothing(client: Client, tag: bytes, rest: bytes) -> None:
        for uid in asked(rest):
            client.give(uid, uid, rest) if uid != 2 else client.send(b"* 2 FETCH (UID 2 %s)" % item)
        client.send(tag + b" OK done")

    with source_over(BrokenImap({1: ONE, 2: TWO, 3: THREE}, {"FETCH": over(2, nothing)})) as source:
        taken = {one.place.uid: one for one in everything(source)}
    assert [taken[uid].raw for uid in "123"] == [ONE, b"", THREE]
    assert "handed over nothing" in taken["2"].fault
    assert not taken["1"].fault


def test_an_error_text_instead_of_the_message_is_a_fault() -> None:
    """F7: what Exchange hands over when it cannot convert a message is not taken for the message."""
    stub = (
        b"From: Microsoft Exchange Server 2010\r\n"
        b"Subject: Retrieval using the IMAP4 protocol failed for the following message:\r\n 15541\r\n\r\n"
        b"The server could not retrieve the message.\r\n"
    )
    about = b"Message-ID: <1@example.net>\r\nSubject: Retrieval using the IMAP4 protocol failed?\r\n\r\nHelp\r\n"
    with source_over(BrokenImap({1: stub, 2: about})) as source:
        first, second = everything(source)
    assert (first.raw, "error text" in first.fault) == (b"", True)
    assert second.raw == about


@pytest.mark.parametrize("line", [b"NO FETCH failed", b"BAD Command Error. 12", b"NO [SERVERBUG] Internal error"])
def test_a_refused_message_holds_up_no_other(line: bytes) -> None:
    """P2, F7: one message that the server refuses keeps no other; after three polls it is given up, and told."""
    ledger, told = Kept(), []
    with source_over(BrokenImap({1: ONE, 2: TWO, 3: THREE}, {"FETCH": over(2, say(line))})) as source:
        for _ in range(3):
            taken = everything(source, ledger)
            told.append([(one.place.uid, bool(one.fault)) for one in taken])
    assert told == [[("1", False), ("3", False)], [], [("2", True)]]


def test_a_message_over_which_the_server_breaks_off_holds_up_no_other() -> None:
    """P2, F7: one message that ends the connection each time does not keep the others for ever."""
    ledger, taken, failures = Kept(), [], 0
    server = BrokenImap({1: ONE, 2: TWO, 3: THREE}, {"FETCH": over(2, drop)})
    with source_over(server) as source:
        for _ in range(6):
            try:
                taken += fetched(source, ledger)
            except Temporary:
                failures += 1
        assert server.most == 1
    assert sorted((one.place.uid, bool(one.fault)) for one in taken) == [("1", False), ("2", True), ("3", False)]
    assert failures == 3


@pytest.mark.parametrize("line", [b"NO [UNAVAILABLE] later", b"NO Request is throttled. Suggested Backoff Time: 9 ms"])
def test_a_busy_server_is_no_fault_of_a_message(line: bytes) -> None:
    """F6: a server that says it is busy is tried again later, and no message is given up for it."""
    server = BrokenImap({1: ONE}, {"FETCH": over(1, say(line))})
    with source_over(server) as source:
        for _ in range(5):
            with pytest.raises(Temporary):
                everything(source)
        del server.tricks["FETCH"]
        assert [one.raw for one in everything(source)] == [ONE]


@pytest.mark.parametrize("claimed", [10, 50_000, 400_000])
def test_sizes_are_not_believed(claimed: int) -> None:
    """F4: a message is whole although the server says it is smaller."""
    large = ONE + b"0123456789abcde\r\n" * 20_000
    server = BrokenImap({1: TWO, 2: large, 3: THREE}, sizes={2: claimed})
    with source_over(server) as source:
        assert [one.raw for one in everything(source)] == [TWO, large, THREE]


@pytest.mark.parametrize("claimed", [10, 400_000])
def test_a_message_that_turns_out_too_large_is_taken_in_part(claimed: int) -> None:
    """F4: the limit holds whatever size the server claims, and what was left behind is told."""
    large = ONE + b"0123456789abcde\r\n" * 20_000
    with source_over(BrokenImap({1: TWO, 2: large}, sizes={2: claimed}), size_limit=200_000) as source:
        first, second = everything(source)
    assert first.raw == TWO
    assert second.raw.startswith(ONE)
    assert "only its text was fetched" in second.left_behind


def test_a_literal_beyond_what_was_asked_for_is_thrown_away() -> None:
    """F4: memory stays bounded when a server sends the whole message although a part was asked for."""
    size = 60_000_000

    def everything_at_once(client: Client, tag: bytes, rest: bytes) -> bool:
        if b"BODY.PEEK[" not in rest:
            return False
        for uid in asked(rest):
            client.send(b"* 1 FETCH (UID %d BODY[] {%d}" % (uid, size if uid == 1 else len(TWO)))
            for _ in range(size // 1_000_000 if uid == 1 else 0):
                client.sock.sendall(bytes(1_000_000))
            client.send((TWO if uid == 2 else b"") + b")")
        client.send(tag + b" OK done")
        return True

    server = BrokenImap({1: ONE, 2: TWO}, {"FETCH": everything_at_once})
    ledger, taken = Kept(), []
    with source_over(server) as source:
        tracemalloc.start()
        try:
            for _ in range(3):
                taken += everything(source, ledger)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert server.accepted == 1
    assert peak < 8_000_000
    assert [(one.raw, bool(one.fault)) for one in taken] == [(TWO, False), (b"", True)]


def test_a_message_that_comes_whole_when_a_part_was_asked_for_is_taken_in_part() -> None:
    """F4: where a server ignores the bound on a message and not on its text, the text is taken at once."""
    large = ONE + b"0123456789abcde\r\n" * 20_000

    def unbounded(client: Client, tag: bytes, rest: bytes) -> bool:
        if BODY not in rest:
            return False
        client.send(b"* 1 FETCH (UID 1 BODY[] {%d}" % len(large), large + b")", tag + b" OK done")
        return True

    with source_over(BrokenImap({1: large}, {"FETCH": unbounded}, sizes={1: 500})) as source:
        (one,) = everything(source)
    assert one.raw.startswith(ONE)
    assert "only its text was fetched" in one.left_behind


def test_a_large_folder_is_searched_in_one_line() -> None:
    """F1: the UIDs of a folder with years of mail come in one very long line, and are read."""

    def many(client: Client, tag: bytes, _rest: bytes) -> bool:
        client.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(1, 200_001)), tag + b" OK done")
        return True

    ledger = Kept()
    ledger.places.update(Place("public", "INBOX", 7, str(uid)) for uid in range(1, 200_000))
    with source_over(BrokenImap({200_000: ONE}, {"SEARCH": many})) as source:
        assert [one.place.uid for one in everything(source, ledger)] == ["200000"]


def test_a_hundred_failed_cycles_leave_no_connection() -> None:
    """F6: against a server that accepts and drops, at most one connection is open, and none stays."""
    for tls in ("none", "starttls", "tls"):
        server = BrokenImap(tricks={"GREETING": drop})
        with source_over(server, tls=tls) as source:
            for _ in range(100 if tls == "none" else 10):
                with pytest.raises((Temporary, UserError)):
                    everything(source)
                server.wait_until_all_left()
            assert server.most == 1
            assert server.accepted == (100 if tls == "none" else 10)


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH", "LIST"])
def test_no_step_leaves_a_connection_when_it_breaks_off(command: str) -> None:
    """F6: wherever a connection ends, it is tried again later, and nothing of it stays."""
    server = BrokenImap({1: ONE}, {command: drop})
    with source_over(server, folders=(Folder("INBOX"), Folder(JUNK))) as source:
        for _ in range(5):
            with pytest.raises(Temporary):
                everything(source)
            server.wait_until_all_left()
        assert server.most == 1


@pytest.mark.parametrize(
    "greeting", [b"* BYE too busy", b"220 mail.example.org ESMTP", b"* OK \xff\xfe", b"\x16\x03\x01"]
)
def test_a_strange_greeting_may_pass(greeting: bytes) -> None:
    """F6: whatever a server says first, the run ends in a word for the operator, and the connection with it."""

    def greet(client: Client, _tag: bytes, _rest: bytes) -> bool:
        client.send(greeting)
        raise Drop

    server = BrokenImap(tricks={"GREETING": greet})
    with source_over(server) as source:
        with pytest.raises(Temporary):
            everything(source)
        server.wait_until_all_left()


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (b"NO [AUTHENTICATIONFAILED] no", UserError, "user name or password"),
        (b"NO LOGIN failed.", UserError, "Microsoft 365 takes no passwords"),
        (b"BAD User is authenticated but not connected.", UserError, "may not open this mailbox"),
        (b"NO [UNAVAILABLE] backend is away", Temporary, "not signed in for now"),
        (b"NO Too many simultaneous connections", Temporary, "not signed in for now"),
        (b"NO cannot sign in somebody@example.org with secret", UserError, r"sign in the user with \*\*\*"),
    ],
)
def test_a_refused_login_says_what_to_do(line: bytes, kind: type[Exception], words: str) -> None:
    """X1, G4: what passes is told from what a person must mend, without the secret or the address."""
    with source_over(BrokenImap(tricks={"LOGIN": say(line)})) as source, pytest.raises(kind, match=words) as caught:
        everything(source)
    assert "secret" not in str(caught.value)
    assert "somebody@example.org" not in str(caught.value)


def test_a_refused_folder_that_exists_may_come_back() -> None:
    """F9: a folder that is there and cannot be opened now is tried again; one that we may not open is told."""
    server = BrokenImap(tricks={"EXAMINE": say(b"NO Server Unavailable. 15")})
    with source_over(server) as source:
        with pytest.raises(Temporary, match="Server Unavailable"):
            everything(source)
        server.tricks["EXAMINE"] = say(b"NO [NOPERM] Access denied")
        with pytest.raises(UserError, match="grant it access"):
            everything(source)


def test_no_uidvalidity_no_mail() -> None:
    """F2: without UIDVALIDITY nothing is taken in: it could not be told apart later."""
    with (
        source_over(BrokenImap({1: ONE}, uidvalidity=None)) as source,
        pytest.raises(Temporary, match="no UIDVALIDITY"),
    ):
        everything(source)


def test_capabilities_are_asked_again_after_login() -> None:
    """F9: what a server offers before login says nothing about after it."""
    before, after = BrokenImap({1: ONE}, capability="IMAP4rev1 MOVE IDLE", later="IMAP4rev1"), Kept()
    with source_over(before, move_to="Done") as source:
        source.settle([one.place for one in everything(source, after)])
        assert len(source.notices) == 1
        assert not [line for line in before.commands if b"MOVE" in line]


def test_a_folder_name_that_nobody_can_decode_costs_only_itself() -> None:
    """F9: broken modified UTF-7 in one folder's name does not hide the others."""

    def listed(client: Client, tag: bytes, _rest: bytes) -> bool:
        client.send(
            b'* LIST () "/" "&AGE"', b'* LIST () "/" "&*-x"', b'* LIST (\\Junk) "/" "Spam &- Co"', tag + b" OK done"
        )
        return True

    with source_over(BrokenImap({1: ONE}, {"LIST": listed}), folders=(Folder(JUNK),)) as source:
        assert [one.place.folder for one in everything(source)] == ["Spam & Co"]


def test_a_server_that_marks_no_junk_folder_is_told_of() -> None:
    """F9: without a folder marked as junk the others are read, and the operator hears of it once."""
    with source_over(BrokenImap({1: ONE}), folders=(Folder("INBOX"), Folder(JUNK))) as source:
        assert len(everything(source)) + len(everything(source)) == 2
        assert len(source.notices) == 1
        assert "junk" in source.notices[0]


def test_a_refused_idle_is_a_wait() -> None:
    """F5: a server that offers IDLE and refuses it is waited on like one without, not asked in a loop."""
    server = BrokenImap({1: ONE}, {"IDLE": say(b"NO not today")}, capability="IMAP4rev1 IDLE")
    with source_over(server) as source:
        everything(source)
        assert source.wait(0.05) is False
        assert len([line for line in server.commands if b"IDLE" in line]) == 1
        assert len(everything(source)) == 1


def test_a_server_that_closes_during_idle_makes_no_loop_spin() -> None:
    """F5: when IDLE ends with the connection, the rest of the time is waited out."""

    def idle(client: Client, _tag: bytes, _rest: bytes) -> bool:
        client.send(b"+ idling")
        raise Drop

    server = BrokenImap({1: ONE}, {"IDLE": idle}, capability="IMAP4rev1 IDLE")
    with source_over(server) as source:
        everything(source)
        assert source.wait(0.05) is False
        assert server.accepted == 1
        assert len(everything(source)) == 1


def idling(speak: Callable[[Client], None]) -> Callable[[Client, bytes, bytes], bool]:
    """Answer IDLE as `speak` does, then wait for DONE."""

    def idle(client: Client, tag: bytes, _rest: bytes) -> bool:
        speak(client)
        assert client.file.readline().strip() == b"DONE"
        client.send(tag + b" OK done")
        return True

    return idle


@pytest.mark.parametrize("before", [True, False])
def test_news_that_come_with_the_beginning_of_idle_are_heard(before: bool) -> None:
    """F5: new mail that is announced just as IDLE begins ends the wait."""

    def speak(client: Client) -> None:
        client.send(*((b"* 2 EXISTS", b"+ idling") if before else (b"+ idling",)))
        if not before:
            client.sock.sendall(b"* 2 EX")  # one line in two segments
            client.sock.sendall(b"ISTS\r\n")

    server = BrokenImap({1: ONE}, {"IDLE": idling(speak)}, capability="IMAP4rev1 IDLE")
    with source_over(server) as source:
        everything(source)
        assert source.wait(100) is True


def test_news_that_come_with_the_search_before_idle_are_heard() -> None:
    """F5: new mail that is announced at the end of the search just before IDLE, and not again, ends the wait."""

    def search(client: Client, tag: bytes, rest: bytes) -> bool:
        if b":*" in rest:
            client.send(b"* SEARCH 1", b"* 2 EXISTS", tag + b" OK done")
        return b":*" in rest

    server = BrokenImap({1: ONE}, {"SEARCH": search}, capability="IMAP4rev1 IDLE")
    with source_over(server) as source:
        everything(source)
        assert source.wait(100) is True


def test_chatter_does_not_end_idle() -> None:
    """F5: a server's "still here" is no news, and IDLE goes on until there are some."""
    turns = iter((b"* OK Still here", b"* 1 FETCH (FLAGS (\\Seen))", b"* 2 EXISTS"))

    server = BrokenImap(
        {1: ONE}, {"IDLE": idling(lambda client: client.send(b"+ idling", next(turns)))}, capability="IMAP4rev1 IDLE"
    )
    with source_over(server) as source:
        everything(source)
        assert source.wait(100) is True
    assert next(turns, None) is None


def test_endless_chatter_makes_no_loop_spin() -> None:
    """F5: where a server answers every IDLE at once with what is no news, the rest of the time is waited out."""

    chatter = idling(lambda client: client.send(b"+ idling", b"* OK Still here"))
    server = BrokenImap({1: ONE}, {"IDLE": chatter}, capability="IMAP4rev1 IDLE")
    with source_over(server) as source:
        everything(source)
        threading.Timer(1, source.wake).start()
        assert source.wait(100) is False
        assert len([line for line in server.commands if b"IDLE" in line]) <= 50


def test_only_uid_commands_and_peeking_are_used() -> None:
    """F1: nothing is asked for by sequence number, nothing is fetched without PEEK, nothing is stored or expunged."""
    server = BrokenImap({1: ONE, 2: TWO}, capability="IMAP4rev1 IDLE")
    with source_over(server, size_limit=40) as source:
        everything(source)
        source.wait(0)
    commands = [line.split(b" ", 1)[1] for line in server.commands]
    assert any(b"BODYSTRUCTURE" in line for line in commands)
    for line in commands:
        assert re.match(rb"(UID (SEARCH|FETCH) |EXAMINE |CAPABILITY|LOGIN |LOGOUT|IDLE|NE$)|.*DONE", line), line
        assert b"BODY[" not in line
        assert b":*" not in line or line.startswith(b"UID SEARCH UID")
