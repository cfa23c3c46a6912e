"""An SMTP server that refuses, breaks off, hangs, or is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes

import pytest

from intake.daemon.deliver import Deliverer
from intake.daemon.schedule import DELIVER_SECONDS
from intake.errors import IntakeError
from intake.outbox import queue
from intake.outbox import smtp as module
from intake.outbox.smtp import Hold, SmtpClient, SmtpSettings, Unknown
from intake.store.database import Database
from tests.faults.house import IT, MINUTE, House
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import CLOSE, HANG, SmtpSink

MAIL = b"Subject: x\r\n\r\nwords\r\n"


def test_nothing_wrong(house: House) -> None:
    """H2: without a fault all is as it shall be after each of them."""
    house.one()
    house.whole(2)


@pytest.mark.parametrize("side", ["cut_sent", "cut_after"])
def test_cut_at_every_byte(smtp_sink: SmtpSink, side: str) -> None:
    """O2, O3: wherever the connection is cut, what is held did not arrive, and what may have is unknown."""
    outcomes: list[str] = []
    with Proxy(smtp_sink.port) as proxy:
        while getattr(proxy, side) is None:  # otherwise the whole conversation was shorter
            client = SmtpClient(SmtpSettings("127.0.0.1", proxy.port, "none", timeout=10, answer_timeout=10))
            setattr(proxy, side, len(outcomes) + 1)
            outcomes.append(_outcome(client, b"Subject: %d\r\n\r\nwords\r\n" % len(outcomes)))
            client.close()
            proxy.wait_until_all_left()
    smtp_sink.wait_until(lambda: not smtp_sink.open_connections)
    arrived = Counter(int(message_from_bytes(one.raw)["Subject"]) for one in smtp_sink.messages)
    counts = {(outcome, arrived[number]) for number, outcome in enumerate(outcomes)}
    assert counts <= {("Hold", 0), ("Unknown", 0), ("Unknown", 1), ("sent", 1)}
    assert [outcomes[0], outcomes[-1]] == ["Hold", "sent"]
    assert len(outcomes) > 100


def _outcome(client: SmtpClient, mail: bytes = MAIL) -> str:
    try:
        client.send("cohesion@example.org", "resident@example.net", mail)
    except (Hold, Unknown) as error:
        return type(error).__name__
    return "sent"


@pytest.mark.parametrize("how", ["split", "delay"])
def test_a_slow_line(smtp_sink: SmtpSink, how: str) -> None:
    """O2: bytes that come one by one, or late, are the same answer."""
    with Proxy(smtp_sink.port) as proxy:
        proxy.split, proxy.delay = how == "split", 0.01 if how == "delay" else 0.0
        client = SmtpClient(SmtpSettings("127.0.0.1", proxy.port, "none"))
        assert [_outcome(client), _outcome(client)] == ["sent", "sent"]
        client.close()
    assert len(smtp_sink.messages) == 2


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00\r\n", b"* OK IMAP4\r\n", b"250-\r\n", b"x" * 100_000])
def test_garbage_for_an_answer(smtp_sink: SmtpSink, garbage: bytes) -> None:
    """O3: what is no SMTP holds the queue, and the next mail takes a new connection."""
    with Proxy(smtp_sink.port) as proxy:
        proxy.garbage = garbage
        client = SmtpClient(SmtpSettings("127.0.0.1", proxy.port, "none", timeout=2.0))
        assert [_outcome(client), _outcome(client)] == ["Hold", "sent"]
        client.close()
    assert len(smtp_sink.messages) == 1


@pytest.mark.parametrize("words", [0, 20, 120])
def test_a_black_hole(smtp_sink: SmtpSink, words: int) -> None:
    """F5, O3: a connection on which nothing comes any more is given up after the timeout, at whatever stage."""
    with Proxy(smtp_sink.port) as proxy:
        proxy.hole_after = words
        client = SmtpClient(SmtpSettings("127.0.0.1", proxy.port, "none", timeout=0.2, answer_timeout=0.2))
        assert _outcome(client) == "Hold"
        proxy.thaw()
        assert _outcome(client) == "sent"
        client.close()


def test_a_server_that_does_not_say_good_bye(smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """F5, H1: a server that never answers QUIT keeps no clean stop waiting."""
    monkeypatch.setattr(module, "_FAREWELL", 0.1)
    with Proxy(smtp_sink.port) as proxy:
        client = SmtpClient(SmtpSettings("127.0.0.1", proxy.port, "none", timeout=250))
        assert _outcome(client) == "sent"
        proxy.freeze()
        client.close()
        proxy.thaw()
        proxy.wait_until_all_left()


LATER = [
    ("connect", "421 4.3.2 busy"),
    ("mail", "554 5.2.0 quota exceeded"),
    ("rcpt", "451 4.7.1 greylisted"),
    ("data", CLOSE),
    ("dot", "451 4.4.1 later"),
    ("dot", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException"),
    ("dot", "421 4.3.2 shutting down"),
]


@pytest.mark.parametrize(("stage", "reply"), LATER)
def test_what_passes(house: House, stage: str, reply: str) -> None:
    """O3: whatever the server says for a while that is not for ever, each mail arrives once in the end."""
    house.sink.answer(stage, reply, times=9)
    (first,) = house.passes(1)
    assert first.waiting > 0
    assert house.sink.messages == []
    house.passes(25)
    house.whole(2)


def test_one_recipient_is_refused(house: House) -> None:
    """O3: what is refused for good is given up, visibly, and no other mail suffers for it."""
    house.sink.answer("rcpt", "550 5.1.1 unknown", recipient="police@partners.example.org", times=1)
    house.one()
    assert house.states() == {
        ("acknowledgement", "sent"): 2,
        ("routed", "sent"): 3,
        ("routed", "given-up"): 1,
    }
    assert "mails that could not be sent: 1" in house.told()


@pytest.mark.parametrize("does", [CLOSE, HANG])
def test_no_answer_to_the_final_dot(build: Callable[..., House], sqlite_database: Database, does: str) -> None:
    """O2: an acknowledgement that may have arrived is never sent again, a partner's mail is, and says so."""
    house = build(sqlite_database, answer_timeout=0.2)
    house.sink.answer("dot", does, times=6)
    house.passes(30)
    assert house.states() == {("acknowledgement", "unknown"): 2, ("routed", "sent"): 4}
    assert set(house.acknowledged().values()) == {1}
    again = [count for (who, _), count in house.arrived().items() if "partners" in who]
    assert sorted(again) == [2, 2, 2, 2]  # under the same Message-ID
    assert house.second_copies() == 4
    assert "may or may not have arrived: 2" in house.told()


def test_smtp_is_down_for_a_day(house: House) -> None:
    """O3, O7: what a day without SMTP costs: nothing; one alert when it begins to last, one when it is over."""
    house.sink.stop()
    house.passes(23 * 2, minutes=30)
    assert "the SMTP server takes nothing (SMTP connect: Connection refused)" in house.told()
    assert "the oldest mail to be sent has waited for 13" in house.told()
    house.sink.start()
    house.passes(3)
    house.whole(2)
    title = "The SMTP server takes no mail"
    assert house.alerts() == [f"Attention: {title}", f"Mended: {title}"]


def test_signing_in_is_refused_for_a_while(house: House) -> None:
    """O3: a refused password holds every mail until it is mended, and `status` says so."""
    house.sink.users["cohesion"] = "open sesame"
    first = house.one()
    assert first.faults == ["the SMTP server takes nothing now (SMTP MAIL: 530 5.7.0); what is due waits for it"]
    assert "530 5.7.0" in house.told()
    house.sink.users.clear()
    house.clock.advance(6 * MINUTE)
    house.one()
    house.whole(2)


@pytest.mark.parametrize("reply", ["535 5.7.8 no", "421 4.7.0 too many connections", CLOSE])
def test_attempts_an_hour(house: House, reply: str) -> None:
    """O3, F6: a server that takes nothing is asked less and less often: no more than forty times an hour, in all."""
    house.receiver.receive()
    house.service.processor.process()
    house.sink.answer("connect", reply, times=None)
    house.hour("deliver", most=DELIVER_SECONDS)
    assert 12 <= house.sink.connections <= 40
    assert "the SMTP server takes nothing" in house.told()


def test_the_pause_grows_and_ends(house: House) -> None:
    """O3: the pauses double up to five minutes, whatever mails are due; the first mail that is taken ends them."""
    house.receiver.receive()
    house.service.processor.process()
    house.sink.answer("mail", "451 4.3.0 later", times=12)
    pauses = []
    for _ in range(12):
        with pytest.raises(IntakeError, match="takes nothing now"):
            house.deliverer.deliver()
        pauses.append(house.deliverer.pause())
        assert not house.deliverer.deliver()
        house.clock.advance(timedelta(seconds=max(61, pauses[-1])))
    assert all(2 ** (n - 1) <= seconds <= 2**n for n, seconds in enumerate(pauses[:8], 1))
    assert all(150 <= seconds <= 300 for seconds in pauses[9:])
    assert house.deliverer.deliver()
    assert house.deliverer.pause() == 0


def test_a_fault_of_ours_while_sending(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """O2: where sending fails in a way that nobody foresaw the mail is unknown, not stuck, and no one else waits."""
    house.receiver.receive()
    house.service.processor.process()
    with monkeypatch.context() as patched:
        patched.setattr(SmtpClient, "send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            house.deliverer.deliver()
    assert house.states()["acknowledgement", "unknown"] == 1
    while house.deliverer.deliver():
        pass
    assert house.states() == {
        ("acknowledgement", "unknown"): 1,
        ("acknowledgement", "sent"): 1,
        ("routed", "sent"): 4,
    }


def test_what_a_thread_fails_at_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2, H3: a thread's fault stands in `status` while it lasts; one mail tells it when it lasts, one when it ends."""
    deliver, mended = Deliverer.deliver, house.clock() + 50 * MINUTE

    def failing(one: Deliverer) -> bool:
        if one.database.clock(None) < mended:
            raise ZeroDivisionError
        return deliver(one)

    def seen() -> bool:
        if house.clock() < mended:
            told.append(house.told())
            house.service.alarms.look()
        return False

    told: list[str] = []
    monkeypatch.setattr(Deliverer, "deliver", failing)
    house.hour("deliver", until=seen)
    assert 12 <= len(told) <= 40
    assert "deliver failed once at one and is tried again: unexpected: ZeroDivisionError at test_faults" in told[0]
    assert f"deliver failed {len(told)} times" in told[-1]
    house.one()
    house.one()
    house.whole(2)
    title = "The service fails at its work: deliver"
    assert sorted(house.alerts()) == [f"Attention: {title}", f"Mended: {title}"]
    assert all(IT in one.recipients for one in house.sink.messages if b"fails at its work" in one.raw)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a mail again sooner than in hours, so that few passes tell the whole story."""
    monkeypatch.setattr(queue, "LONGEST_DELAY", 5 * MINUTE)
