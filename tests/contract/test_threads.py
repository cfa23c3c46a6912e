"""Replies join their case and nobody else's mail does, on both databases (T1 to T3)."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from intake.daemon.place import CASELESS, CASELESS_ANSWERS
from intake.mail.tokens import RESIDENT
from intake.mail.values import Intermediary, Kind
from intake.outbox import queue
from intake.reports import case_text
from intake.store import threads
from intake.store.database import Database
from intake.store.tables import digest_items
from intake.unmatched import unmatched
from tests.outbox_values import item
from tests.store_fixtures import Clock
from tests.threads import HOST, IDENTITY, SERVICE, TOP, US, ZONE, Desk, letter, replaced, reply, vouched

ANN, EVE = "ann@home.example", "eve@else.example"
OFFICER = "Sgt Bell <bell@police.example.net>"


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners."""
    return Desk(database)


def opened(desk: Desk, text: str = "There was a burglar at number 4.") -> str:
    """Have Ann write; return her case."""
    desk.take(letter(text, ANN, subject="Our street", message_id="<first@home.example>"))
    return desk.references()[-1]


WAYS = {
    "as written": {},
    "plus-form alone": {"in_reply_to": "", "references": "", "subject": "Something else"},
    "references alone": {"to": US, "in_reply_to": "", "subject": "Something else"},
    "In-Reply-To alone": {"to": US, "references": "", "subject": "Something else"},
    "subject alone": {"to": US, "references": "", "in_reply_to": ""},
    "Microsoft 365 replaced the id": {
        "to": US,
        "in_reply_to": "<AS8P1@prod.outlook.example>",
        "subject": "Something else",
    },
}


def by(way: str, reference: str) -> dict[str, str]:
    """Return the headers of a reply that names its case in that way alone."""
    if "replaced" not in way:
        return WAYS[way]
    kept = f"<first@home.example> <case.{token(reference)}@{HOST}> <AS8P1@prod.outlook.example>"
    return WAYS[way] | {"references": kept}


@pytest.mark.parametrize("way", WAYS)
def test_a_reply_joins(desk: Desk, way: str) -> None:
    """T1, T2: a reply to the acknowledgement joins the case by any one of the ways, and gets no second one."""
    reference = opened(desk)
    acknowledgement = desk.sent("acknowledgement")
    desk.take(reply(acknowledgement, "I forgot: it was a red van.", f"Ann <{ANN.upper()}>", **by(way, reference)))
    case = desk.case()
    assert len(case.messages) == 2
    follow_up = case.messages[1]
    assert (follow_up.acknowledge, follow_up.acknowledge_reason.code) == (None, "follow-up")
    assert follow_up.threading is not None
    assert len(desk.mails("acknowledgement")) == 1


def token(reference: str, audience: str = RESIDENT) -> str:
    return SERVICE.tokens.sign(reference, audience)


@pytest.mark.parametrize("way", WAYS)
def test_another_sender_does_not_join(desk: Desk, way: str) -> None:
    """T1: whoever else brings a case's token, ids or reference gets a case of his own, which points to it."""
    first = opened(desk)
    acknowledgement = desk.sent("acknowledgement")
    desk.take(reply(acknowledgement, "Tell me more.", EVE, **by(way, first)))
    assert len(desk.case(first).messages) == 1
    other = desk.case(desk.references()[1])
    assert other.may_belong_to == first
    assert other.messages[0].threading is not None
    assert other.messages[0].threading.code == "other-sender"
    assert desk.case(first).named_by == (other.reference,)
    assert len(desk.mails("acknowledgement")) == 2


def test_a_forged_token_does_not_join(desk: Desk) -> None:
    """T1: a token that was not made here joins nobody to a case, and the new one points to it."""
    first = opened(desk)
    forged = token(first)[:-1] + ("a" if token(first)[-1] != "a" else "b")
    desk.take(letter("More of it", EVE, to=f"cohesion+{forged}@example.org", references=f"<case.{forged}@{HOST}>"))
    other = desk.case(desk.references()[1])
    assert other.may_belong_to == first
    assert other.messages[0].threading is not None
    assert other.messages[0].threading.code == "forged-token"


def test_what_is_known_to_be_forged_does_not_join(desk: Desk) -> None:
    """S5, T1: mail in the resident's name that fails DMARC opens a case of its own, token or not."""
    first = opened(desk)
    answer = reply(desk.sent("acknowledgement"), "Close it please", ANN)
    answer["Authentication-Results"] = "mx.example.org; dmarc=fail header.from=home.example"
    desk.take(answer)
    other = desk.case(desk.references()[1])
    assert (other.may_belong_to, other.messages[0].kind) == (first, "spoofed")
    assert other.messages[0].threading is not None
    assert other.messages[0].threading.code == "spoofed"


def test_a_reference_that_nobody_has(desk: Desk) -> None:
    """T4: a reference of no case, or with a mistake in it, changes nothing."""
    desk.take(letter("Hello", ANN, subject="CSP-2222-222"), letter("Hello again", ANN, subject="CSP-2222-223"))
    assert [desk.case(one).may_belong_to for one in desk.references()] == [None, None]


def test_an_id_that_was_learnt(desk: Desk) -> None:
    """T1: the id that Microsoft 365 gave our mail is learnt from a reply with the token, and is enough from then on."""
    reference = opened(desk)
    assigned = "<VI1PR02@prod.outlook.example>"
    header = {"to": US, "subject": "Our street", "in_reply_to": assigned}
    desk.take(letter("Too early", ANN, **header))
    assert len(desk.references()) == 2
    desk.take(letter("First reply", ANN, **header, references=f"<case.{token(reference)}@{HOST}>"))
    desk.take(letter("Second reply", ANN, **header))
    assert len(desk.case(reference).messages) == 3
    desk.take(letter("A stranger", EVE, **header))
    assert desk.case(desk.references()[-1]).may_belong_to == reference


def test_own_thread(desk: Desk) -> None:
    """T1: a second letter that answers the sender's own first one joins it, in whatever order the two arrive."""
    second = letter("The photo", ANN, subject="Re: Our street", in_reply_to="<first@home.example>")
    desk.take(second)
    opened(desk)
    assert [one.subject for one in desk.case().messages] == ["Re: Our street", "Our street"]


def test_urgency_rises_and_partners_hear_of_it(desk: Desk) -> None:
    """T2: rules run on a follow-up: it may be more urgent, and goes to who has the case and to whom they newly name."""
    reference = opened(desk, "The rubbish is still there.")
    answer = reply(desk.sent("acknowledgement"), "He has a knife now.", ANN)
    desk.take(answer)
    follow_up = desk.case(reference).messages[1]
    assert follow_up.urgency == "emergency"
    assert [(one.partner, one.delivery.value) for one in follow_up.routes] == [("police", "now"), ("street", "now")]
    assert [one.partner for one in desk.mails("routed")] == ["police", "street"]
    assert reference in desk.sent("routed", "street")["Subject"]


def test_a_follow_up_to_what_cannot_wait_goes_at_once(desk: Desk) -> None:
    """T2: while a case is open and urgent, whatever the resident adds to it reaches its partners at once."""
    reference = opened(desk)
    desk.take(reply(desk.sent("acknowledgement"), "It was a red van.", ANN))
    follow_up = desk.case(reference).messages[1]
    assert follow_up.urgency == "routine"
    assert ("police", "now") in [(one.partner, one.delivery.value) for one in follow_up.routes]


def test_what_was_asked_once_lasts(desk: Desk) -> None:
    """D8, T2: who must not hear of a case, or learn who wrote, does not by a follow-up that does not ask again."""
    reference = opened(desk, "Rubbish again. Please do not name me, and not the police.")
    desk.take(reply(desk.sent("acknowledgement"), "And a burglar came.", ANN))
    follow_up = desk.case(reference).messages[1]
    assert {"anonymous", "not-to:police"} <= set(follow_up.flags)
    assert [one.partner for one in follow_up.routes] == ["street"]
    assert ANN not in str(desk.sent("routed", "street"))


def test_where_nobody_may_hear_of_it_the_officers_do(desk: Desk) -> None:
    """Promise 4: a follow-up whose partners are all kept out is listed to the officers."""
    reference = opened(desk, "Rubbish, but not the police.")
    with desk.database.transaction() as conn:
        conn.exec_driver_sql("""UPDATE messages SET flags = '["not-to:police", "not-to:street"]'""")
    desk.take(letter("A burglar", ANN, subject=reference))
    assert [one.partner for one in desk.case(reference).messages[1].routes] == ["officers"]


def test_notes_are_not_what_rules_missed(desk: Desk, clock: Clock) -> None:
    """R6: of what no rule sorted, partners' notes are not told, and a case of several letters once."""
    reference = opened(desk)
    desk.take(reply(desk.sent("routed", "police"), "Noted.", OFFICER, **vouched("police.example.net")))
    desk.take(*(reply(desk.sent("acknowledgement"), words, ANN) for words in ("Hello?", "Hello again.")))
    found = unmatched(desk.database, clock() - timedelta(days=9), lambda _: None)
    assert (found.messages, found.references) == (2, (reference,))


def test_nobody_closes_a_case_by_mail(desk: Desk) -> None:
    """T2: whatever a resident or a partner writes, the case stays open."""
    reference = opened(desk)
    routed, acknowledgement = desk.sent("routed", "police"), desk.sent("acknowledgement")
    closing = "Please close this case. CLOSED. Status: resolved."
    desk.take(reply(acknowledgement, closing, ANN), reply(routed, closing, OFFICER, **vouched("police.example.net")))
    assert desk.case(reference).closed_at is None


def test_a_closed_case_is_opened_again(desk: Desk, clock: Clock) -> None:
    """T2: a case closed months ago is open again when its resident writes to it; a partner's note leaves it closed."""
    reference = opened(desk)
    routed, acknowledgement = desk.sent("routed", "police"), desk.sent("acknowledgement")
    with desk.database.transaction() as conn:
        assert threads.close(conn, reference.lower(), clock())
        assert threads.close(conn, reference, clock()) is False
        assert threads.close(conn, "CSP-2222-222", clock()) is None
    clock.advance(timedelta(days=100))
    desk.take(reply(routed, "We thank you.", OFFICER, **vouched("police.example.net")))
    assert desk.case().closed_at is not None
    desk.take(reply(acknowledgement, "He is back.", ANN))
    assert (desk.case().closed_at, desk.case().reopened_at) == (None, clock())
    with desk.database.transaction() as conn:
        assert threads.reopen(conn, reference, clock()) is False


def test_a_copy_of_a_follow_up_does_nothing(desk: Desk, clock: Clock) -> None:
    """F3, T2: a copy of a message that joined a case is that message: it reopens nothing and is sent to nobody."""
    reference = opened(desk)
    answer = reply(desk.sent("acknowledgement"), "It was a red van.", ANN)
    desk.take(answer)
    with desk.database.transaction() as conn:
        threads.close(conn, reference, clock())
    mails = len(desk.mails("routed"))
    desk.take(
        b"Received: from elsewhere.example by here.example; Mon, 2 Mar 2026 08:00:01 +0000\r\n" + answer.as_bytes()
    )
    assert len(desk.case().messages) == 2
    assert desk.case().closed_at is not None
    assert len(desk.mails("routed")) == mails


def test_a_partner_s_note(desk: Desk, clock: Clock) -> None:
    """T3: a partner's reply with its token, vouched for, is its note: kept, listed to the officers, answered to nobody;
    it says who has taken the case.
    """
    reference = opened(desk, "He has a knife.")
    desk.take(reply(desk.sent("routed", "police"), "Officers attended.", OFFICER, **vouched("police.example.net")))
    case = desk.case(reference)
    note = case.messages[1]
    assert (note.note_of, note.acknowledge, note.acknowledge_reason.code) == ("police", None, "partner-note")
    assert [(one.partner, one.delivery.value) for one in note.routes] == [("officers", "digest")]
    assert [(one.partner, one.taken_by, one.taken_at) for one in case.taken] == [("police", "Sgt Bell", clock())]
    assert "unverified-note" not in note.flags
    assert len(desk.mails("acknowledgement")) == 1
    assert all("attended" not in str(one.recipient) for one in desk.mails("routed"))
    assert {one.recipient for one in desk.mails("acknowledgement")} == {ANN}


def test_urgency_rules_run_on_notes(desk: Desk) -> None:
    """T3: what is urgent in a note goes on at once, to whom rules name and to the officers, not back to its author."""
    reference = opened(desk, "Rubbish.")
    desk.take(letter("A burglar", ANN, subject=reference))
    desk.take(reply(desk.sent("routed", "police"), "He has a knife.", OFFICER, **vouched("police.example.net")))
    note = desk.case(reference).messages[2]
    assert note.urgency == "emergency"
    assert [(one.partner, one.delivery.value) for one in note.routes] == [("officers", "now")]


def test_a_note_that_nobody_vouches_for(desk: Desk) -> None:
    """T3: without a verdict the token alone makes a note, marked as unverified: it takes no emergency."""
    reference = opened(desk, "He has a knife.")
    desk.take(reply(desk.sent("routed", "police"), "Officers attended.", OFFICER))
    case = desk.case(reference)
    assert (case.messages[1].note_of, case.taken) == ("police", ())
    assert "unverified-note" in case.messages[1].flags


def test_no_verdicts_configured(database: Database) -> None:
    """T3, S5: where nobody's verdict counts a header that claims one proves nothing."""
    desk = Desk(database, identity=replaced(IDENTITY, authserv_id=None))
    reference = opened(desk, "He has a knife.")
    desk.take(reply(desk.sent("routed", "police"), "Officers attended.", OFFICER, **vouched("police.example.net")))
    assert (desk.case(reference).messages[1].note_of, desk.case(reference).taken) == ("police", ())


@pytest.mark.parametrize("is_vouched", [True, False])
def test_a_partner_without_its_token(desk: Desk, is_vouched: bool) -> None:
    """T1, T3: by the reference alone a partner joins only where somebody vouches for it, and takes nothing by that."""
    reference = opened(desk, "He has a knife.")
    headers = vouched("police.example.net") if is_vouched else {}
    desk.take(letter("We know of it", OFFICER, subject=f"Re: {reference}", **headers))
    if is_vouched:
        assert (desk.case(reference).messages[1].note_of, desk.case(reference).taken) == ("police", ())
    else:
        other = desk.case(desk.references()[1])
        assert other.may_belong_to == reference
        assert other.messages[0].threading is not None
        assert other.messages[0].threading.code == "unverified-partner"


def test_a_resident_s_token_makes_no_partner(desk: Desk) -> None:
    """T3: who forges a partner's address and brings the resident's own token leaves no note."""
    reference = opened(desk, "He has a knife.")
    desk.take(reply(desk.sent("acknowledgement"), "Police here: all is well.", OFFICER))
    assert len(desk.case(reference).messages) == 1


def test_a_partner_that_does_not_have_the_case(desk: Desk) -> None:
    """T3: a partner writes notes on the cases that it has."""
    reference = opened(desk, "He has a knife.")
    sender = "street@council.example.net"
    desk.take(letter("Hello", sender, subject=f"Re: {reference}", **vouched("council.example.net")))
    assert len(desk.case(reference).messages) == 1


def test_officers_see_their_own_notes(desk: Desk) -> None:
    """D6: a note is listed to the officers also where one of them wrote it."""
    reference = opened(desk, "Just a thought.")
    sender = "officers@council.example.net"
    desk.take(letter("Phoned her", sender, subject=f"Re: {reference}", **vouched("council.example.net")))
    note = desk.case(reference).messages[1]
    assert note.note_of == "officers"
    with desk.database.read() as conn:
        assert list(conn.scalars(select(digest_items.c.partner).where(digest_items.c.message_id == note.id))) == [
            "officers"
        ]


def test_behind_a_web_form(database: Database) -> None:
    """S10, T1: people who write by one web form are not one person: each joins the case of his own alone."""
    form = "forms@example.org"
    identity = replaced(IDENTITY, intermediaries=(*IDENTITY.intermediaries, Intermediary(form, "reply-to")))
    desk = Desk(database, identity=identity)
    desk.take(letter("A burglar", form, reply_to=ANN))
    reference = desk.references()[0]
    desk.take(letter("Me too", form, reply_to=EVE, subject=reference))
    desk.take(letter("More", form, reply_to=ANN, subject=reference))
    desk.take(letter("By mail", ANN, subject=reference))
    assert len(desk.case(reference).messages) == 3
    assert desk.case(desk.references()[1]).may_belong_to == reference


def digest_to_police(desk: Desk, clock: Clock) -> EmailMessage:
    """Send the police a digest; return it as they got it."""
    partner, composer = desk.rules.partners["police"], desk.processor.composer
    with desk.database.transaction() as conn:
        made = composer.digest(partner, [item(1, categories=("crime",))], desk.rules, clock(), clock())
        assert queue.enqueue(conn, made, clock())
    return desk.sent("digest", "police")


@pytest.mark.parametrize("is_replaced", [False, True], ids=["as written", "Microsoft 365 replaced the id"])
def test_a_partner_answers_a_digest(desk: Desk, clock: Clock, is_replaced: bool) -> None:
    """T3, D6: a partner's answer to a digest is a note of its own: the officers have it, nobody is acknowledged."""
    headers = vouched("police.example.net")
    mail = digest_to_police(desk, clock)
    if is_replaced:
        headers |= {"references": f"{mail['References']} <AS8P1@prod.example>", "in_reply_to": "<AS8P1@prod.example>"}
    desk.take(reply(mail, "Please send us no more of these.", OFFICER, **headers))
    (note,) = desk.case().messages
    assert (note.note_of, note.acknowledge, note.acknowledge_reason.code) == ("police", None, "partner-note")
    assert [(one.partner, one.delivery.value) for one in note.routes] == [("officers", "digest")]
    assert "unverified-note" not in note.flags
    assert desk.mails("acknowledgement") == []


def test_a_stranger_answers_a_digest(desk: Desk, clock: Clock) -> None:
    """T3: whoever else has a digest in hands writes as a resident does, and is answered like one."""
    desk.take(reply(digest_to_police(desk, clock), "I found this on a bus.", EVE))
    (message,) = desk.case().messages
    assert (message.note_of, message.acknowledge) == (None, "standard")


def test_an_answer_to_a_digest_that_nobody_vouches_for(desk: Desk, clock: Clock) -> None:
    """T3: without a verdict an answer to a digest is marked as unverified."""
    desk.take(reply(digest_to_police(desk, clock), "Thanks", OFFICER))
    (note,) = desk.case().messages
    assert (note.note_of, "unverified-note" in note.flags) == ("police", True)


def test_an_out_of_office_reply_to_nothing_of_ours(desk: Desk) -> None:
    """S1, S9: an automatic reply that answers no mail of ours opens a case, as it may be about anything; no answer."""
    desk.take(letter("I am away.", ANN, subject="Automatic reply: hello", auto_submitted="auto-replied"))
    (message,) = desk.case().messages
    assert (message.kind, message.acknowledge) == ("auto-reply", None)


RECEIPT = b"""From: Cohesion <%b>
To: cohesion@example.org
Subject: Read: Our street
Date: Mon, 02 Mar 2026 08:00:00 +0000
Message-ID: <receipt@prod.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b

Your message was read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; cohesion@example.org
Disposition: automatic-action/MDN-sent-automatically; displayed

--b--
"""


@pytest.mark.parametrize(("sender", "cases"), [(US.encode(), 0), (ANN.encode(), 1)])
def test_a_read_receipt_of_our_own(desk: Desk, sender: bytes, cases: int) -> None:
    """S1, H4: a receipt that the mailbox sent to itself is no case; somebody else's, about no mail of ours, is."""
    desk.take((RECEIPT % sender).replace(b"\n", b"\r\n"))
    assert len(desk.references()) == cases
    assert desk.mails("acknowledgement") == []


@pytest.mark.parametrize("kind", Kind)
def test_the_page_names_what_never_makes_a_case(kind: Kind) -> None:
    """S7: docs/threads.md lists every kind of message that never makes a case, and no other."""
    page = (TOP / "docs" / "threads.md").read_text("utf-8").partition("## What never makes a case")[2]
    named = f"\n| `{kind.value}` |" in page.partition("\n## ")[0]
    assert named == (kind in CASELESS | CASELESS_ANSWERS)


def test_a_sender_without_a_name_is_shown_by_the_address(desk: Desk) -> None:
    """R7: `show` begins a message's line with the sender's name, or with the address where there is none."""
    desk.take(letter("A burglar", ANN), letter("A burglar again", f"Ann <{ANN}>"))
    shown = [case_text(desk.case(one), ZONE).splitlines()[2] for one in desk.references()]
    assert shown[0].startswith(f"<{ANN}>, ")
    assert shown[1].startswith(f"Ann <{ANN}>, ")
