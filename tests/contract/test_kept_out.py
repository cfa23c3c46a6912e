"""A partner whom a sender wants kept out gets nothing of it: by no route, follow-up, digest or bounce."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from intake import casework
from intake.daemon.escalation import Escalator
from intake.errors import UserError
from intake.mail.values import Kind
from intake.outbox import digest, queue
from intake.outbox.alerts import Alerts
from intake.outbox.beside import beside
from intake.outbox.bounced import Bounced
from intake.store import tasks
from intake.store.database import Database
from intake.store.packing import unpack
from intake.store.tables import digest_items, messages
from tests.store_fixtures import START, Clock
from tests.threads import IT, ZONE, Desk, bounce, letter, reply, rulebook, vouched

ANN = "ann@home.example"


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners."""
    return Desk(database)


def waiting(desk: Desk) -> list[tuple[str, int]]:
    """Return (partner, message) of what waits for digests."""
    found = select(digest_items.c.partner, digest_items.c.message_id).where(digest_items.c.digest_id.is_(None))
    with desk.database.read() as conn:
        return sorted((row.partner, row.message_id) for row in conn.execute(found))


def states(desk: Desk, partner: str) -> list[tuple[str, str | None]]:
    """Return what became of the mails to a partner."""
    return [(row.state, row.reason_code) for row in desk.mails("routed", partner)]


def test_routes_and_fallback(desk: Desk) -> None:
    """D8: a letter that keeps the police out goes to others, even where they alone are asked for."""
    desk.take(letter("He has a knife. Tell anybody, not the police.", ANN))
    assert states(desk, "police") == []
    assert states(desk, "officers") == [("queued", None)]
    assert waiting(desk) == []


def test_what_waits_of_the_case_is_taken_back(desk: Desk) -> None:
    """D8: a follow-up that keeps them out takes back what of the case has not gone to them yet, and others get it."""
    desk.take(letter("A burglar. He has a knife.", ANN))
    assert states(desk, "police") == [("queued", None)]
    desk.take(letter("I meant to say: not the police.", ANN, subject=desk.references()[0]))
    assert len(desk.references()) == 1
    assert states(desk, "police") == [("suppressed", "kept-out")]
    (instead,) = [row for row in desk.mails("routed", "officers") if row.message_id == 1]
    assert (instead.state, instead.priority) == ("queued", 0)


def test_digest_items_go_to_others(desk: Desk, clock: Clock) -> None:
    """D8: what waits for their digest goes into that of the partners of `general`; theirs is made without it."""
    desk.take(letter("There is a burglar in the news.", ANN, subject="routine"))
    with desk.database.transaction() as conn:
        digest.add(conn, "police", 1, clock())
    desk.take(letter("not the police, please", ANN, subject=desk.references()[0]))
    assert ("police", 1) not in waiting(desk)
    assert ("officers", 1) in waiting(desk)
    with desk.database.transaction() as conn:
        police, composer = desk.rules.partners["police"], desk.processor.composer
        assert digest.make(conn, police, clock(), composer, desk.rules, clock()) is None


def test_letter_and_follow_up_in_one_transaction(desk: Desk) -> None:
    """D8: what waits is taken back, too, where the letter was recorded in the same transaction as the follow-up."""
    alone, told = letter("Good morning"), letter("A burglar", ANN, message_id="<burglar@home.example>")
    after = letter("I meant to say: not the police.", ANN, in_reply_to="<burglar@home.example>")
    desk.take(alone, told, after, age=timedelta(days=3))
    assert len(desk.references()) == 2
    assert waiting(desk) == [("officers", 1), ("officers", 2), ("officers", 3)]


def test_what_comes_back_goes_to_no_fallback_of_theirs(database: Database) -> None:
    """D8, S7: a mail to them that comes back after the sender wants them kept out goes to the officers instead."""
    book = rulebook()
    police = replace(book.partners["police"], fallback="duty@police.example.net")
    desk = Desk(database, replace(book, partners={**book.partners, "police": police}))
    desk.take(letter("He has a knife", ANN))
    mail = desk.sent("routed", "police")
    desk.take(letter("not the police", ANN, subject=desk.references()[0]))
    desk.take(bounce(mail))
    assert [row.recipient for row in desk.mails("routed", "police")] == ["desk@police.example.net"]
    assert 1 in [row.message_id for row in desk.mails("routed", "officers")]


def test_notes_of_others_stay_away(desk: Desk) -> None:
    """D8, T3: another partner's note in the case, however urgent, does not reach them either."""
    desk.take(letter("Rubbish. He has a knife! not the police", ANN))
    mail = desk.sent("routed", "street")
    desk.take(reply(mail, "A burglar with a knife was seen", "street@council.example.net"))
    assert [one.note_of for one in desk.case().messages] == [None, "street"]
    assert desk.case().messages[1].urgency == "emergency"
    assert states(desk, "police") == []
    assert not [one for one in waiting(desk) if one[0] == "police"]


def test_unsolicited_mail_about_the_officers(desk: Desk) -> None:
    """D8, D6: what nobody would get is not listed to officers whom it keeps out, but to somebody else."""
    from intake.rules.load import load_files
    from intake.triage import judge, read
    from tests.threads import IDENTITY, RULES, ZONE

    rules = RULES["10-all.yaml"] + '  - {id: own, when: {words: cheap}, then: {flags: "not-to:officers"}}\n'
    book = load_files({**RULES, "10-all.yaml": rules})
    found = read(letter("Buy cheap pills", ANN).as_bytes(), IDENTITY, ZONE, None, late=False)
    screening, facts = (replace(one, kind=Kind.UNSOLICITED) for one in (found.screening, found.facts))
    pest = replace(found, screening=screening, facts=facts)
    routes = judge(pest, book).decision.routes
    assert [one.partner for one in routes] == ["police"]
    assert desk.references() == []


def test_who_is_kept_out_takes_nothing(desk: Desk) -> None:
    """D8, O8: an answer of theirs to a mail that had gone before ends no emergency."""
    desk.take(letter("He has a knife", ANN))
    mail = desk.sent("routed", "police")
    desk.take(letter("not the police", ANN, subject=desk.references()[0]))
    desk.take(reply(mail, "We have it.", "Sgt Bell <bell@police.example.net>", **vouched("police.example.net")))
    assert [one.note_of for one in desk.case().messages] == [None, None, "police"]
    assert desk.case().taken == ()


def test_nobody_tells_them_who_has_it(desk: Desk, clock: Clock) -> None:
    """D8, O8: when somebody takes the emergency, they hear nothing of it, though they were asked at first."""
    desk.take(letter("He has a knife", ANN))
    desk.sent("routed", "police")
    desk.take(letter("not the police", ANN, subject=desk.references()[0]))
    casework.take(desk.database, desk.references()[0], "Pat")
    composer = desk.processor.composer
    Escalator(desk.database, composer, lambda: desk.rules, Alerts(composer, IT), ZONE).look()
    assert "desk@police.example.net" not in [row.recipient for row in desk.mails("taken")]
    assert clock.now == START


def test_no_mail_to_them_is_sent_again(desk: Desk, clock: Clock) -> None:
    """D8, O2: a mail that was given up before is not sent to them, though a person asks for it."""
    desk.take(letter("He has a knife", ANN))
    (mail,) = desk.mails("routed", "police")
    with desk.database.transaction() as conn:
        claimed = queue.claim(conn, "one", clock(), timedelta(minutes=1), 9)
        assert mail.id in [one.id for one in claimed]
        queue.give_up(conn, mail.id, "one", "550", clock())
    desk.take(letter("not the police", ANN, subject=desk.references()[0]))
    with pytest.raises(UserError, match="keeps its partner out"):
        casework.send_again(desk.database, mail.id, "Pat")
    assert states(desk, "police")[0][0] == "given-up"


def test_officers_are_told_nothing_of_the_whole_case(desk: Desk, clock: Clock) -> None:
    """D8, D6: once a follow-up keeps an officer out, what came before is listed there neither as unseen nor as owed."""
    desk.take(letter("Somebody shouts", ANN))
    with desk.database.transaction() as conn:
        tasks.begin(conn, 1, 1, clock())
    desk.take(letter("I meant to add", ANN, subject=desk.references()[0]))
    with desk.database.transaction() as conn:
        conn.execute(update(messages).where(messages.c.id == 2).values(flags=["not-to:officers"]))
    with desk.database.read() as conn:
        told = beside(conn, desk.rules.partners["officers"], desk.rules, (), clock(), ZONE)
    assert (told.unseen, told.tasks) == ((), ())


def test_what_a_follow_up_asks_for_lowers_what_waits(desk: Desk, clock: Clock) -> None:
    """D4: who asks not to be named is named to no further contact and in no digest, of letters before that either."""
    desk.take(letter("He has a knife. My name is Ann Archer.", "Ann Archer <ann@home.example>"))
    with desk.database.transaction() as conn:
        digest.add(conn, "street", 1, clock())
    desk.take(letter("do not name me", ANN, subject=desk.references()[0]))
    composer = desk.processor.composer
    clock.advance(timedelta(minutes=16))
    Escalator(desk.database, composer, lambda: desk.rules, Alerts(composer, IT), ZONE).look()
    (asked,) = [row for row in desk.mails("routed", "officers") if row.message_id == 1]
    with desk.database.read() as conn:
        listed = digest.preview(conn, desk.rules.partners["street"], composer, desk.rules, clock()).mail
    for mail in (unpack(asked.mail), listed):
        assert b"He has a knife" in mail.replace(b"=\r\n", b"")
        assert b"Archer" not in mail
        assert ANN.encode() not in mail


@pytest.mark.parametrize("fallback", ["", "duty@council.example.net"])
def test_a_digest_that_fails_is_not_told_again_of_it(database: Database, clock: Clock, fallback: str) -> None:
    """D8, D3: what a sender has kept from them since is in no digest that is made anew, by the fallback or the next."""
    book = rulebook()
    street = replace(book.partners["street"], fallback=fallback or None)
    desk = Desk(database, replace(book, partners={**book.partners, "street": street}))
    desk.take(letter("Rubbish in Elm Road", ANN), letter("Rubbish in Oak Road", "bob@home.example"))
    composer = desk.processor.composer
    with database.transaction() as conn:
        assert digest.make(conn, street, clock(), composer, desk.rules, clock())
    desk.take(letter("one more thing", ANN, subject=desk.references()[0]))
    with database.transaction() as conn:
        conn.execute(update(messages).where(messages.c.id == 3).values(flags=["not-to:street"]))
    bounced = Bounced(composer, desk.rules, None)
    with database.transaction() as conn:
        (mail,) = queue.claim(conn, "one", clock(), timedelta(minutes=1), 9)[-1:]
        assert bounced.refused(conn, mail.id, "one", "550", clock())
    clock.advance(timedelta(days=1))
    with database.transaction() as conn:
        digest.make(conn, street, clock(), composer, desk.rules, clock())
    mail = desk.mails("digest", "street")[-1]
    assert mail.recipient == (fallback or "street@council.example.net")
    assert b"Oak Road" in unpack(mail.mail)
    assert b"Elm Road" not in unpack(mail.mail)
    assert ("officers", 1) in waiting(desk)
