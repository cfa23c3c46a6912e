"""A partner whom a sender wants kept out gets nothing of it: by no route, follow-up, digest or bounce."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from intake.mail.values import Kind
from intake.outbox import digest
from intake.store.database import Database
from intake.store.tables import digest_items
from tests.store_fixtures import Clock
from tests.threads import Desk, bounce, letter, reply, rulebook

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
