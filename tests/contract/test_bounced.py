"""Mail of ours that comes back: who is told, where it goes instead, and that it makes no case, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from intake.daemon.place import CASELESS, CASELESS_ANSWERS
from intake.mail.values import Kind
from intake.outbox import digest, overview, queue
from intake.store import cases, threads
from intake.store.database import Database
from intake.store.quarantine import quarantined
from intake.store.tables import digest_items, messages
from tests.store_fixtures import Clock
from tests.threads import LINES, SERVICE, US, Desk, bounce, letter, reply

ANN = "ann@home.example"


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners."""
    return Desk(database)


def kinds(desk: Desk) -> list[tuple[str, bool]]:
    """Return each message's kind, and whether it has a case."""
    found = select(messages.c.kind, messages.c.case_id).order_by(messages.c.id)
    with desk.database.read() as conn:
        return [(row.kind, row.case_id is not None) for row in conn.execute(found)]


def test_the_kinds_that_never_make_a_case() -> None:
    """S7: which kinds make no case stands in one place."""
    assert {Kind.BOUNCE, Kind.OWN} == CASELESS
    assert {Kind.AUTO_REPLY, Kind.AUTOMATIC} == CASELESS_ANSWERS


def test_an_acknowledgement_that_came_back(desk: Desk, clock: Clock) -> None:
    """S7: a permanent failure marks the address: it gets no acknowledgement until somebody takes the mark away."""
    desk.take(letter("Hello", ANN))
    desk.take(bounce(desk.sent("acknowledgement")))
    assert [one.kind for one in desk.case().messages] == ["person", "bounce"]
    (row,) = desk.mails("acknowledgement")
    assert (row.state, row.reason_code, row.reason_detail) == ("sent", "bounced", "came back: 5.1.1")
    desk.take(letter("Another matter", "Ann <ANN@home.example>"))
    (other,) = (desk.case(one) for one in desk.references()[1:])
    assert (other.messages[0].acknowledge, other.messages[0].acknowledge_reason.code) == (None, "dead-address")
    with desk.database.transaction() as conn:
        assert [(one.address, one.since) for one in threads.dead(conn)] == [(ANN, clock())]
        assert threads.revive(conn, ANN.upper())
        assert not threads.revive(conn, ANN)
    desk.take(letter("A third matter", ANN))
    assert len(desk.mails("acknowledgement")) == 2


@pytest.mark.parametrize(("status", "action"), [("4.4.1", "delayed"), ("2.0.0", "delivered"), ("4.2.2", "failed")])
def test_what_is_not_for_good_changes_nothing(desk: Desk, status: str, action: str) -> None:
    """S7: a delay, a delivery or a failure that may pass marks nobody; it is kept with the case."""
    desk.take(letter("Hello", ANN))
    desk.take(bounce(desk.sent("acknowledgement"), status=status, action=action))
    assert [row.state for row in desk.mails("acknowledgement")] == ["sent"]
    assert len(desk.references()) == 1
    with desk.database.read() as conn:
        assert threads.dead(conn) == []


@pytest.mark.parametrize(
    "returned",
    ["Message-ID: {id}\r\n", "References: <x@y.example>\r\n {thread}\r\n", "Reply-To: {reply_to}\r\n"],
    ids=["its id", "the thread alone, as Microsoft 365 returns it", "the plus-form alone"],
)
def test_how_a_bounce_is_tied(desk: Desk, returned: str) -> None:
    """S7, T1: a bounce is tied to its mail by any of our marks in what it returns."""
    desk.take(letter("Hello", ANN))
    mail = desk.sent("acknowledgement")
    thread = str(mail["References"]).split()[-1]
    header = returned.format(id=mail["Message-ID"], thread=thread, reply_to=mail["Reply-To"])
    desk.take(bounce(mail, returned=header))
    assert [row.reason_code for row in desk.mails("acknowledgement")] == ["bounced"]
    assert len(desk.case().messages) == 2


def test_a_forged_bounce_marks_nobody(desk: Desk) -> None:
    """S7: a report without a mark that only our mail bears marks nobody, and makes no case."""
    desk.take(letter("Hello", ANN))
    mail = desk.sent("acknowledgement")
    token = SERVICE.tokens.sign(desk.references()[0], "police")
    forged = token[:-1] + ("3" if token.endswith("2") else "2")
    header = f"Message-ID: <case.{forged}.0@intake.example.org>\r\nSubject: {mail['Subject']}\r\nTo: {ANN}\r\n"
    desk.take(bounce(mail, returned=header))
    assert [row.state for row in desk.mails("acknowledgement")] == ["sent"]
    assert kinds(desk) == [("person", True), ("bounce", False)]


def test_a_bounce_of_anything_else_makes_no_case(desk: Desk) -> None:
    """S7: a report on a mail that is not ours is kept without a case; it can be searched, and goes to nobody."""
    desk.take(bounce(letter("Spam in our name", US, to="x@else.example")))
    assert kinds(desk) == [("bounce", False)]
    assert desk.references() == []
    with desk.database.read() as conn:
        (hit,) = cases.search(conn, "undelivered", 10)
        assert conn.scalar(select(func.count()).select_from(digest_items)) == 0
    assert hit.reference == ""


def test_a_partner_s_mail_goes_to_its_fallback(desk: Desk) -> None:
    """S7: what a partner's address refuses goes to the fallback, once, and whoever looks after the service is told."""
    desk.take(letter("Rubbish.", ANN))
    reference = desk.references()[0]
    desk.take(letter("Rubbish and a knife!", ANN, subject=reference))
    first = desk.sent("routed", "street")
    report = bounce(first)
    desk.take(report, report.replace(b"relay.example>", b"relay2.example>"))
    assert [row.recipient for row in desk.mails("routed", "street")] == [
        "street@council.example.net",
        "duty@council.example.net",
    ]
    again = desk.sent("routed", "street")
    assert again["Subject"] == first["Subject"]
    assert again["Message-ID"] != first["Message-ID"]
    (alert,) = desk.mails("alert")
    assert alert.recipient == "it@desk.example.net"
    assert "Street Scene" in str(desk.sent("alert")["Subject"])
    assert ANN not in str(desk.sent("alert"))


def test_a_fallback_that_fails_too(desk: Desk) -> None:
    """S7: what comes back from the fallback as well goes to the partners of `general`."""
    desk.take(letter("Rubbish and a knife!", ANN))
    desk.take(letter("And rubbish, with a knife", ANN, subject=desk.references()[0]))
    desk.take(bounce(desk.sent("routed", "street")))
    desk.take(bounce(desk.sent("routed", "street")))
    assert [row.recipient for row in desk.mails("routed", "officers")] == ["officers@council.example.net"]
    assert len(desk.mails("alert")) == 2


def test_a_partner_without_fallback(desk: Desk) -> None:
    """S7: without a fallback the partners of `general` get it, as urgent as it was."""
    desk.take(letter("He has a knife", ANN))
    desk.take(bounce(desk.sent("routed", "police")))
    (row,) = desk.mails("routed", "officers")
    assert row.priority == 0
    assert "officers" not in [route.partner for route in desk.case().messages[0].routes]


def test_who_must_not_hear_of_it_does_not_by_a_bounce(desk: Desk) -> None:
    """D8, S7: what came back goes to nobody whom the message keeps out."""
    desk.take(letter("He has a knife", ANN))
    with desk.database.transaction() as conn:
        conn.exec_driver_sql("""UPDATE messages SET flags = '["not-to:officers"]'""")
    desk.take(bounce(desk.sent("routed", "police")))
    assert desk.mails("routed", "officers") == []


def digested(desk: Desk, partner: str, text: str, clock: Clock) -> object:
    """Have a letter come into a partner's digest, and send that."""
    desk.take(letter(text, ANN))
    with desk.database.transaction() as conn:
        digest.make(conn, desk.rules.partners[partner], clock(), desk.processor.composer, desk.rules, clock())
    return desk.sent("digest", partner)


def test_a_digest_goes_to_the_fallback(desk: Desk, clock: Clock) -> None:
    """D3, S7: a digest that came back goes to the fallback with all its items."""
    mail = digested(desk, "street", "Rubbish on the verge", clock)
    desk.take(bounce(mail))  # type: ignore[arg-type]
    assert [row.recipient for row in desk.mails("digest")] == ["street@council.example.net", "duty@council.example.net"]
    assert "verge" in str(desk.sent("digest", "street").get_body(("plain",)))
    assert len(desk.references()) == 1


def test_a_digest_without_fallback(desk: Desk, clock: Clock) -> None:
    """D3, S7: without a fallback its items go into the digests of `general`'s partners, and say whom they were for."""
    rules = desk.rules
    partner = rules.partners["police"]
    desk.take(letter("Rubbish on the verge", ANN))
    with desk.database.transaction() as conn:
        digest.add(conn, "police", desk.case().messages[0].id, clock())
        digest.make(conn, partner, clock(), desk.processor.composer, rules, clock())
    desk.take(bounce(desk.sent("digest", "police")))
    with desk.database.read() as conn:
        found = conn.execute(select(digest_items).where(digest_items.c.partner == "officers")).one()
    assert (found.formerly, found.digest_id) == ("police", None)


@pytest.mark.parametrize("kind", ["overview", "late"])
def test_a_list_that_came_back(desk: Desk, clock: Clock, kind: str) -> None:
    """D3, S7: a list or an overview that came back, which is about no one message, alerts and quarantines nothing."""
    rules, composer = desk.rules, desk.processor.composer
    partner = rules.partners["street"]
    with desk.database.transaction() as conn:
        if kind == "late":
            outgoing = composer.late(partner, [], rules, "late:1:street", clock())
        else:
            outgoing = overview.preview(conn, partner, composer, rules, clock())
        queue.enqueue(conn, outgoing, clock())
    desk.take(bounce(desk.sent(kind, "street")))
    (row,) = desk.mails(kind)
    assert (row.state, row.reason_code) == ("given-up", "bounced")
    assert len(desk.mails("alert")) == 1
    with desk.database.read() as conn:
        assert quarantined(conn) == []


def out_of_office(to: object, sender: str, **headers: str) -> bytes:
    mail = reply(to, "I am away until Monday.", sender, **headers)  # type: ignore[arg-type]
    mail["Auto-Submitted"] = "auto-replied"
    return mail.as_bytes(policy=LINES)


@pytest.mark.parametrize("sender", [ANN, "deputy@else.example"])
def test_out_of_office_makes_no_case(desk: Desk, sender: str) -> None:
    """S7: an automatic answer to a mail of ours stands in its case, whoever's machine it is, and is not answered."""
    desk.take(letter("He has a knife", ANN))
    desk.take(out_of_office(desk.sent("acknowledgement"), sender), out_of_office(desk.sent("routed", "police"), sender))
    assert [one.kind for one in desk.case().messages] == ["person", "auto-reply", "auto-reply"]
    assert [one.note_of for one in desk.case().messages] == [None] * 3
    assert desk.case().taken == ()
    assert len(desk.mails("acknowledgement")) == 1


def test_out_of_office_by_its_subject(desk: Desk) -> None:
    """S7: Outlook's answer names the case in its subject alone; from who is in the case it makes no other."""
    desk.take(letter("Hello", ANN))
    subject = f"Automatic reply: We have received your message ({desk.references()[0]})"
    desk.take(letter("Away", ANN, subject=subject, auto_submitted="auto-replied"))
    assert len(desk.case().messages) == 2


def test_out_of_office_to_a_digest(desk: Desk, clock: Clock) -> None:
    """S7: an automatic answer to a mail that is about no case makes none, and is read all the same (S9)."""
    mail = digested(desk, "street", "Rubbish on the verge", clock)
    desk.take(out_of_office(mail, "street@council.example.net"))
    assert kinds(desk) == [("person", True), ("auto-reply", False)]


def test_other_automatic_answers_make_cases(desk: Desk) -> None:
    """Promise 1: an automatic answer to what we never wrote is a case like any other, and is not answered."""
    desk.take(letter("Your ticket was opened", "desk@else.example", auto_submitted="auto-replied"))
    assert kinds(desk) == [("auto-reply", True)]
    assert desk.mails("acknowledgement") == []


def test_what_we_sent_comes_back(desk: Desk) -> None:
    """S7: a mail of ours that comes back as it was stands in its case, and makes none."""
    desk.take(letter("Hello", ANN))
    desk.take(desk.sent("acknowledgement"))
    assert [one.kind for one in desk.case().messages] == ["person", "own"]


def test_a_machine_s_answer_that_cannot_wait(desk: Desk, clock: Clock) -> None:
    """S9: where a safety rule fires on an automatic answer without a case, it goes on at once all the same."""
    mail = digested(desk, "street", "Rubbish on the verge", clock)
    answer = reply(mail, "I am away. He has a knife.", "other@else.example")  # type: ignore[arg-type]
    answer["Auto-Submitted"] = "auto-replied"
    desk.take(answer)
    assert "(none)" in str(desk.sent("routed", "police")["Subject"])
