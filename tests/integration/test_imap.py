"""The IMAP source against a real Dovecot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from intake.errors import Temporary, UserError
from intake.mailbox import imap
from intake.mailbox.imap import JUNK, Folder, ImapSettings, ImapSource
from intake.mailbox.imap_take import BATCH
from intake.mailbox.source import Fetched
from tests.servers.control import Control, control
from tests.servers.dovecot import PASSWORD, Dovecot, token_of
from tests.servers.embedded_imap import EmbeddedImap
from tests.servers.ledger import Kept, everything, fetched, letter
from tests.servers.proxy import Proxy

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    """A mailbox of the test's own."""
    return dovecot.user()


@pytest.fixture
def staff(dovecot: Dovecot, user: str) -> Iterator[Control]:
    """Somebody else who is signed in to the same mailbox."""
    with control(dovecot, user) as other:
        yield other


@pytest.fixture
def opened(dovecot: Dovecot, user: str) -> Iterator[Callable[..., ImapSource]]:
    """Make sources over the mailbox, and close them in the end."""
    made: list[ImapSource] = []

    def open_(**changes: Any) -> ImapSource:
        made.append(ImapSource(settings(dovecot, user, **changes)))
        return made[-1]

    yield open_
    for source in made:
        source.close()


def settings(server: Dovecot, user: str, **changes: Any) -> ImapSettings:
    """Return settings for clear text on loopback, with `changes`."""
    plain = {"name": "public", "host": server.host, "port": server.port, "tls": "none", "user": user}
    return ImapSettings(**{**plain, "secret": PASSWORD, "timeout": 10.0, **changes})


def letters(count: int) -> list[bytes]:
    """Return letters whose subjects count from 0."""
    return [letter(number, NOW) for number in range(count)]


# Reaching the server and signing in


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_tls_verifies_the_certificate(
    dovecot: Dovecot, staff: Control, opened: Callable[..., ImapSource], tls: str
) -> None:
    """X2: with TLS and STARTTLS the certificate is verified, and mail comes when it is good."""
    _needs_tls(dovecot)
    staff.deliver(letter(1, NOW))
    port = dovecot.tls_port if tls == "tls" else dovecot.port
    assert len(everything(opened(tls=tls, port=port, ca_file=dovecot.ca_file))) == 1
    with pytest.raises(UserError, match="certificate of localhost does not verify"):
        everything(opened(tls=tls, port=port))
    with pytest.raises(UserError, match=r"certificate of 127\.0\.0\.1 does not verify"):
        everything(opened(tls=tls, port=port, host="127.0.0.1", ca_file=dovecot.ca_file))


def test_a_port_without_tls_is_told(opened: Callable[..., ImapSource]) -> None:
    """X2: TLS to a clear-text port is a mistake that a person can mend."""
    with pytest.raises(UserError, match="speaks no TLS"):
        everything(opened(tls="tls"))


def test_a_server_that_is_away_may_come_back(dovecot: Dovecot, opened: Callable[..., ImapSource]) -> None:
    """H2: nobody listening is no mistake of the operator's: it is tried again."""
    with Proxy(dovecot.port) as proxy:
        port = proxy.port
    with pytest.raises(Temporary, match="cannot be reached"):
        everything(opened(port=port))


def test_clear_text_never_leaves_the_machine() -> None:
    """X2: without TLS only this machine is spoken to."""
    for host in ("imap.example.org", "192.0.2.7", "2001:db8::1"):
        with pytest.raises(UserError, match="this machine only"):
            ImapSettings("public", host, 143, "none", "u", "s")
    for host in ("localhost", "127.0.0.1", "::1"):
        ImapSettings("public", host, 143, "none", "u", "s")


def test_a_wrong_password_is_told_without_it(opened: Callable[..., ImapSource], user: str) -> None:
    """X1, G4: what is said of a refused password holds neither it nor the address."""
    with pytest.raises(UserError, match="user name or password") as caught:
        everything(opened(secret="wr0ng-s3cret"))
    assert "wr0ng-s3cret" not in str(caught.value)
    assert user not in str(caught.value)
    assert "wr0ng-s3cret" not in repr(ImapSettings("public", "::1", 143, "none", user, "wr0ng-s3cret"))


def test_an_access_token_signs_in(staff: Control, user: str, opened: Callable[..., ImapSource]) -> None:
    """H5: XOAUTH2 asks for a token at each connection; a refused one is told to the operator, without it."""
    staff.deliver(letter(1, NOW))
    tokens = iter([token_of(user), token_of(user), "stale-token"])
    source = opened(auth="xoauth2", secret=lambda: next(tokens))
    for _ in range(2):
        assert len(everything(source)) == 1
        source.close()
    with pytest.raises(UserError, match="access token was not accepted") as caught:
        everything(source)
    assert "stale-token" not in str(caught.value)


def test_nothing_of_the_mailbox_is_logged(
    staff: Control, user: str, opened: Callable[..., ImapSource], caplog: pytest.LogCaptureFixture
) -> None:
    """G4, X1: whatever the log level of our package, no address, secret or message text is written."""
    caplog.set_level(logging.DEBUG, logger="intake")
    staff.deliver(letter(1, NOW, b"very private words\r\n"))
    everything(opened())
    with pytest.raises(UserError):
        everything(opened(secret="wr0ng-s3cret"))
    for secret in ("very private", user, "wr0ng-s3cret", PASSWORD):
        assert secret not in caplog.text


# What is fetched


def test_seen_decides_nothing_and_is_not_touched(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F1: what staff have opened is taken in all the same, and no flag is changed by it."""
    staff.deliver(letter(0, NOW), seen=True)
    staff.deliver(letter(1, NOW))
    before = staff.flags()
    assert len(everything(opened())) == 2
    assert staff.flags() == before
    assert [b"\\Seen" in flags for flags in before.values()] == [True, False]


@pytest.mark.parametrize("name", ["Входящие", "Eingänge & Öffentliches/2026", "公開", 'with "quotes"', "2026"])
def test_folder_names_in_any_language(staff: Control, opened: Callable[..., ImapSource], name: str) -> None:
    """F9: folders are configured by the names that people see."""
    staff.client.create_folder(name)
    staff.deliver(letter(1, NOW), folder=name)
    (one,) = everything(opened(folders=(Folder(name),)))
    assert one.place.folder == name


def test_an_unknown_folder_is_told_with_those_that_exist(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F9: a folder that does not exist is a mistake that a person can mend, and the names are shown."""
    staff.client.create_folder("Пошта")
    with pytest.raises(UserError, match="no folder “Post”; there are: INBOX, Junk, Пошта"):
        everything(opened(folders=(Folder("Post"),)))


def test_the_junk_folder_is_found_and_left_alone(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F1, F9: the folder marked as junk is read too, and each folder's own policy says whether mail moves."""
    staff.deliver(letter(0, NOW))
    staff.deliver(letter(1, NOW), folder="Junk")
    source = opened(folders=(Folder("INBOX"), Folder(JUNK, move=False)), move_to="Taken in")
    taken = everything(source)
    assert [one.place.folder for one in taken] == ["INBOX", "Junk"]
    source.settle([one.place for one in taken])
    assert [staff.subjects(name) for name in ("INBOX", "Junk", "Taken in")] == [[], ["letter 1"], ["letter 0"]]


def test_only_what_arrived_since_a_day_is_taken(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F11: `since` counts by the time of arrival, from midnight UTC, whatever zone the server dates in."""
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    for number, hours in enumerate((-25, -1, 0, 1)):
        staff.deliver(letter(number, NOW), midnight + timedelta(hours=hours))
    taken = everything(opened(since=date(2026, 3, 1)))
    assert [one.arrived for one in taken] == [midnight, midnight + timedelta(hours=1)]


def test_arrival_is_told_in_utc_whatever_zone_the_server_uses(
    staff: Control, opened: Callable[..., ImapSource]
) -> None:
    """F11: INTERNALDATE is turned into UTC."""
    arrived = datetime.fromisoformat("2026-07-01T00:30:00+02:00")
    staff.deliver(letter(1, NOW), arrived)
    (one,) = everything(opened())
    assert one.arrived == arrived
    assert one.arrived.tzinfo is UTC


def test_a_new_uidvalidity_is_a_new_place(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F2: when UIDVALIDITY changes everything is seen again under new places, and old places settle nothing."""
    source, ledger = opened(folders=(Folder("Post"),), move_to="Done"), Kept()
    staff.client.create_folder("Post")
    staff.deliver(letter(1, NOW), folder="Post")
    (before,) = everything(source, ledger)
    ledger.places.add(before.place)
    staff.client.delete_folder("Post")
    staff.client.create_folder("Post")
    staff.deliver(letter(1, NOW), folder="Post")
    (after,) = everything(source, ledger)
    assert after.raw == before.raw
    assert after.place.uid == before.place.uid
    assert after.place.uidvalidity != before.place.uidvalidity
    source.settle([before.place])
    assert staff.subjects("Post") == ["letter 1"]


def test_uidvalidity_that_changes_during_a_run_ends_it(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F2: UIDs are never read under the wrong UIDVALIDITY."""
    staff.client.create_folder("Post")
    staff.deliver_many(letters(60), folder="Post")
    source = opened(folders=(Folder("Post"),))
    run = source.fetch(Kept())
    assert len(next(run)) == 50
    source.close()
    staff.client.delete_folder("Post")
    staff.client.create_folder("Post")
    staff.deliver_many(letters(60), folder="Post")
    with pytest.raises(Temporary, match="UIDVALIDITY changed"):
        next(run)
    assert len(everything(source)) == 60


def test_messages_expunged_during_a_run_are_left_out(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F7: what somebody else removes during a run is no fault, and the rest comes."""
    staff.deliver_many(letters(120))
    run = opened().fetch(Kept())
    first = next(run)
    staff.remove([*range(55, 60), *range(101, 121)])
    rest = [one for batch in run for one in batch]
    assert [one.fault for one in rest] == [""] * len(rest)
    assert len(first) + len(rest) == 95


# What is done with the mailbox


def test_kept_messages_move_to_a_folder_that_is_made_when_missing(
    staff: Control, opened: Callable[..., ImapSource]
) -> None:
    """F8: what is kept moves to the one folder configured, flags unchanged; twice is as good as once."""
    staff.deliver_many(letters(450))
    staff.client.select_folder("INBOX")
    staff.client.add_flags([1], [b"\\Flagged"])
    source = opened(move_to="Aufgenommen/März")
    places = [one.place for one in everything(source)]
    source.settle(places[:400])
    source.settle(places)
    assert len(staff.subjects("Aufgenommen/März")) == 450
    flagged = [flags for flags in staff.flags("Aufgenommen/März").values() if b"\\Flagged" in flags]
    assert len(flagged) == 1
    assert everything(source) == []


def test_settling_between_two_batches_does_not_disturb_the_run(
    staff: Control, opened: Callable[..., ImapSource]
) -> None:
    """F7, F8: each batch may be settled before the next one is fetched."""
    staff.deliver_many(letters(120))
    source = opened(move_to="Done")
    taken = []
    for batch in source.fetch(Kept()):
        source.settle([one.place for one in batch])
        taken += batch
    assert len({one.place for one in taken}) == 120
    assert len(staff.subjects("Done")) == 120


def test_without_move_messages_stay_and_that_is_said_once(
    dovecot_bare: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    """F8, F9: a server without MOVE keeps its messages where they are, and the operator hears of it once."""
    user = dovecot_bare.user()
    with control(dovecot_bare, user) as staff:
        staff.deliver_many(letters(3))
        with closing(ImapSource(settings(dovecot_bare, user, move_to="Done"))) as source:
            for _ in range(2):
                source.settle([one.place for one in everything(source)])
            assert len(source.notices) == 1
            assert "no MOVE" in source.notices[0]
        assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == ["notice"]
        assert len(staff.subjects()) == 3
        assert staff.folders() == {"INBOX", "Junk"}


def test_a_failed_run_writes_nothing(dovecot: Dovecot, user: str, staff: Control) -> None:
    """F8: a run that breaks off leaves the mailbox as it was, and what it had yielded stays good."""
    staff.deliver_many(letters(120))
    before = staff.flags()
    with (
        Proxy(dovecot.port) as proxy,
        closing(ImapSource(settings(dovecot, user, port=proxy.port, host=proxy.host))) as source,
    ):
        run = source.fetch(Kept())
        first = next(run)
        proxy.cut()
        with pytest.raises(Temporary, match="broke off"):
            next(run)
        ledger = Kept()
        ledger.places.update(one.place for one in first)
        assert len(everything(source, ledger)) == 70
        assert proxy.most == 1
    assert staff.flags() == before


@pytest.mark.parametrize("bytes_", [1, 40, 500, 5_000, 20_000])
def test_a_connection_cut_anywhere_loses_and_doubles_nothing(
    dovecot: Dovecot, user: str, staff: Control, bytes_: int
) -> None:
    """F6, H1: wherever a connection breaks, the next runs bring exactly what is missing."""
    staff.deliver_many(letters(120))
    ledger, taken = Kept(), list[Fetched]()
    with (
        Proxy(dovecot.port) as proxy,
        closing(ImapSource(settings(dovecot, user, port=proxy.port, host=proxy.host))) as source,
    ):
        proxy.cut_after = bytes_
        with pytest.raises(Temporary):
            taken += fetched(source, ledger)
        taken += everything(source, ledger)
        assert proxy.most == 1
    assert sorted(one.raw for one in taken) == sorted(letters(120))


def test_a_black_hole_is_noticed(dovecot: Dovecot, user: str, staff: Control) -> None:
    """F5: a connection on which nothing comes any more is given up after the timeout, not waited on for ever."""
    staff.deliver(letter(1, NOW))
    with Proxy(dovecot.port) as proxy:
        source = ImapSource(settings(dovecot, user, port=proxy.port, host=proxy.host, timeout=0.3))
        everything(source)
        proxy.freeze()
        with pytest.raises(Temporary, match="no answer in time"):
            everything(source)
        proxy.thaw()
        assert len(everything(source)) == 1
        proxy.freeze()
        assert source.wait(0.1) is False
        proxy.thaw()
        assert len(everything(source)) == 1
        source.close()


# Waiting


def test_new_mail_ends_idle(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F5: IDLE hears of new mail long before the poll."""
    source, heard = opened(), []
    everything(source)
    waiting = threading.Thread(target=lambda: heard.append(source.wait(100)))
    waiting.start()
    staff.deliver(letter(1, NOW))
    waiting.join(30)
    assert heard == [True]
    assert len(everything(source)) == 1


def test_mail_that_came_between_fetch_and_wait_is_a_hint_once(
    staff: Control, opened: Callable[..., ImapSource]
) -> None:
    """F5: mail that arrived during the run before is not waited over, and never makes the loop spin."""
    source = opened()
    everything(source)
    staff.deliver(letter(1, NOW))
    assert source.wait(100) is True
    assert source.wait(0.05) is False


@pytest.mark.parametrize("folder", ["INBOX", "Second"])
def test_what_comes_during_a_backlog_need_not_wait(
    staff: Control, opened: Callable[..., ImapSource], monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """F1, F5: while a folder full of old mail is fetched, new mail to the first comes between, and all comes once."""
    monkeypatch.setattr(imap, "_LOOK_SECONDS", 0.0)  # that is, after each batch
    staff.client.create_folder("Second")
    staff.deliver_many(letters(3 * BATCH), folder=folder)
    source, ledger = opened(folders=(Folder("INBOX"), Folder("Second"))), Kept()
    raws: list[bytes] = []
    for one in fetched(source, ledger):
        if not raws:
            staff.deliver(letter(1000, NOW))
        raws.append(one.raw)
    assert raws.index(letter(1000, NOW)) <= 2 * BATCH
    assert sorted(raws) == sorted([*letters(3 * BATCH), letter(1000, NOW)])


def test_a_backlog_that_comes_at_once_is_none_to_wait_behind(
    staff: Control, opened: Callable[..., ImapSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F5: where the backlog itself came since the last poll, what comes while it is fetched goes before its rest."""
    monkeypatch.setattr(imap, "_LOOK_SECONDS", 0.0)
    source, ledger = opened(), Kept()
    everything(source, ledger)
    staff.deliver_many(letters(3 * BATCH))
    assert source.wait(100) is True
    uids: list[str] = []
    for one in fetched(source, ledger):
        if not uids:
            staff.deliver(letter(1000, NOW))
        uids.append(one.place.uid)
    assert uids.index(str(3 * BATCH + 1)) <= 2 * BATCH
    assert sorted(map(int, uids)) == list(range(1, 3 * BATCH + 2))


@pytest.mark.parametrize("since", [None, NOW.date()])
def test_what_came_since_goes_before_what_is_asked_for_again(
    staff: Control, opened: Callable[..., ImapSource], since: date | None
) -> None:
    """F1, F5: after a hint what came is fetched first, and then all else that the ledger does not know."""
    staff.deliver_many(letters(3))
    source = opened(since=since)
    assert [one.place.uid for one in everything(source)] == ["1", "2", "3"]
    staff.deliver(letter(4, NOW))
    assert source.wait(100) is True
    assert [one.place.uid for one in everything(source)] == ["4", "1", "2", "3"]


def test_wake_ends_idle_after_a_hint_too(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """H1: what was announced and fetched is not announced again and again, and the stop signal is heard."""
    source, ledger, heard = opened(), Kept(), []
    everything(source, ledger)
    staff.deliver(letter(1, NOW))
    assert source.wait(100) is True
    assert len(everything(source, ledger)) == 1
    waiting = threading.Thread(target=lambda: heard.append(source.wait(100)))
    waiting.start()
    source.wake()
    waiting.join(20)
    assert heard == [False]


def test_what_another_process_took_meanwhile_is_not_fetched(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F1, F7: a process that has the mailbox again after another fetches nothing that the ledger has."""
    source, ledger = opened(), Kept()
    everything(source, ledger)
    staff.deliver_many(letters(3))
    assert source.wait(100) is True
    assert len(everything(opened(), ledger)) == 3
    assert everything(source, ledger) == []


def test_idle_over_tls_hears_of_new_mail(dovecot: Dovecot, staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F5: with TLS too."""
    _needs_tls(dovecot)
    source, heard = opened(tls="tls", port=dovecot.tls_port, ca_file=dovecot.ca_file), []
    everything(source)
    waiting = threading.Thread(target=lambda: heard.append(source.wait(100)))
    waiting.start()
    staff.deliver(letter(1, NOW))
    waiting.join(30)
    assert heard == [True]


def test_wake_ends_idle(opened: Callable[..., ImapSource]) -> None:
    """H1: the stop signal ends an IDLE at once, and the connection stays good."""
    source, heard = opened(), []
    everything(source)
    waiting = threading.Thread(target=lambda: heard.append(source.wait(100)))
    waiting.start()
    source.wake()
    waiting.join(20)
    assert heard == [False]
    assert everything(source) == []


def test_flags_set_by_staff_are_no_news(staff: Control, opened: Callable[..., ImapSource]) -> None:
    """F5: what staff do to old mail does not end a wait."""
    staff.deliver(letter(1, NOW))
    source = opened()
    everything(source)
    start, heard = monotonic(), []
    waiting = threading.Thread(target=lambda: heard.append(source.wait(1.2)))
    waiting.start()
    staff.client.select_folder("INBOX")
    staff.client.add_flags([1], [b"\\Seen"])
    waiting.join(20)
    assert heard == [False]
    assert monotonic() - start >= 1.2


def test_another_server_moves_and_announces_too(embedded_imap: EmbeddedImap) -> None:
    """F8, F9: what holds with Dovecot holds with a server that shares no code with it."""
    user, heard = embedded_imap.user(), list[bool]()
    with control(embedded_imap, user) as staff:
        staff.deliver_many(letters(3))
        plain = ImapSettings(
            "public",
            embedded_imap.host,
            embedded_imap.port,
            "none",
            user,
            embedded_imap.password,
            move_to="Erledigt – ok",
        )
        with closing(ImapSource(plain)) as source:
            places = [one.place for one in everything(source)]
            source.settle(places)
            source.settle(places)
            assert staff.subjects("Erledigt – ok") == ["letter 0", "letter 1", "letter 2"]
            waiting = threading.Thread(target=lambda: heard.append(source.wait(2)))
            waiting.start()
            staff.deliver(letter(4, NOW))
            waiting.join(30)
            assert heard == [True]  # at the latest when IDLE ends: pymap overlooks what comes just as it begins
            assert [one.raw for one in everything(source)] == [letter(4, NOW)]


def test_without_idle_the_wait_is_a_wait(dovecot_bare: Dovecot) -> None:
    """F9: a server without IDLE is polled."""
    with closing(ImapSource(settings(dovecot_bare, dovecot_bare.user()))) as source:
        everything(source)
        assert source.wait(0.05) is False
        source.wake()
        assert source.wait(100) is False


def test_a_hundred_cycles_use_one_connection(dovecot: Dovecot, user: str, staff: Control) -> None:
    """F6: cycles that succeed share one connection; those that fail leave none behind."""
    staff.deliver(letter(1, NOW))
    with Proxy(dovecot.port) as proxy:
        source = ImapSource(settings(dovecot, user, port=proxy.port, host=proxy.host))
        for _ in range(100):
            everything(source)
            source.wait(0)
        assert (proxy.accepted, proxy.open) == (1, 1)
        source.close()


def _needs_tls(server: Dovecot) -> None:
    if not server.has_tls:
        pytest.skip("openssl is not installed, so TLS was not tested")
