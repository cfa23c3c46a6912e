"""Who must be reached safely stays on officers' lists until a person ticks it off, on both databases (promise 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from intake import casework
from intake.daemon.digests import Digester
from intake.daemon.health import health
from intake.errors import UserError
from intake.outbox import digest
from intake.outbox.mime import bodies
from intake.reports import case_text
from intake.rules.load import load_files
from intake.store.database import Database
from intake.store.packing import unpack
from tests.store_fixtures import Clock, working_day
from tests.threads import RULES, ZONE, Desk, letter, reply, vouched

ANN = "ann@home.example"
DAY = timedelta(days=1)
SILENT = """
rules:
  - {id: unsafe, safety: true, when: {phrases: do not answer}, then: {acknowledge: none}}
  - {id: sold, when: {phrases: buy now}, then: {category: unsolicited}}
  - {id: not-officers, when: {phrases: not the officers}, then: {flags: "not-to:officers"}}
"""


@pytest.fixture
def desk(database: Database) -> Desk:
    """A service with three partners, whose rules answer nobody who says that it would harm."""
    categories = RULES["categories.yaml"].replace("partners: []", "partners: [], acknowledge: none")
    return Desk(database, load_files({**RULES, "categories.yaml": categories, "20-unsafe.yaml": SILENT}))


def to_do(desk: Desk) -> list[str]:
    """Return the references of what is to be done."""
    return [str(one["reference"]) for one in casework.to_do(desk.database)]


def told(desk: Desk, partner: str) -> str:
    """Return the digest that a partner would get now, as text."""
    with desk.database.read() as conn:
        now = desk.database.clock(conn)
        made = digest.preview(conn, desk.rules.partners[partner], desk.processor.composer, desk.rules, now)
    return bodies(made.mail)[0]


def test_who_must_not_be_answered_is_a_task(desk: Desk) -> None:
    """Promise 3: a letter whose writer must not be answered opens a task; one that is answered does not."""
    desk.take(letter("Please do not answer me", ANN), letter("Hello", "eve@else.example"))
    first, second = desk.references()
    assert to_do(desk) == [first]
    assert [one.done_at for one in desk.case(first).tasks] == [None]
    assert "to be reached safely since" in case_text(desk.case(first), ZONE)
    assert "reached safely" not in case_text(desk.case(second), ZONE)


def test_machines_backlogs_and_notes_make_none(desk: Desk) -> None:
    """Promise 3: nobody waits to be reached behind a machine's mail, a backlog (F11) or a partner's note (T3)."""
    words = "Please do not answer me"
    desk.take(letter(words, ANN, auto_submitted="auto-replied"))
    desk.take(letter(words, ANN), age=timedelta(days=30))
    desk.take(letter("There was a burglar", "eve@else.example"))
    mail = desk.sent("routed", "police")
    desk.take(reply(mail, words, "Bell <bell@police.example.net>", **vouched("police.example.net")))
    assert to_do(desk) == []


def test_a_newsletter_makes_none(desk: Desk) -> None:
    """Promise 3: what is unsolicited gets no answer, but nobody was to be spared one: a list's mail makes no task."""
    desk.take(letter("Buy now", ANN, list_unsubscribe="<mailto:off@sell.example>"))
    (one,) = desk.references()
    assert [(each.kind, each.categories) for each in desk.case(one).messages] == [("list", ("unsolicited",))]
    assert to_do(desk) == []


def test_only_a_person_ticks_it_off(desk: Desk, clock: Clock) -> None:
    """Promise 3: reading the case does not end the task; `done` does, once, with who and when; danger opens it anew."""
    desk.take(letter("Please do not answer me", ANN, subject="Help"))
    (one,) = desk.references()
    casework.see(desk.database, [one], "Pat")
    assert to_do(desk) == [one]
    later = clock.advance(timedelta(hours=2))
    assert casework.finish(desk.database, [one.lower()], "Sam") == [f"{one.lower()}: done"]
    assert casework.finish(desk.database, [one], "Kim") == [f"{one}: there was nothing to do"]
    assert [(task.done_by, task.done_at) for task in desk.case(one).tasks] == [("Sam", later)]
    assert "to be reached safely: done by Sam" in case_text(desk.case(one), ZONE)
    desk.take(letter("Do not answer me yet", ANN, subject=f"Help ({one})"))
    assert to_do(desk) == [one]


def test_a_wrong_reference_ticks_nothing(desk: Desk) -> None:
    """Promise 3: where one of the cases does not exist, none is ticked off."""
    desk.take(letter("Please do not answer me", ANN))
    with pytest.raises(UserError, match="there is no case CSP-0000"):
        casework.finish(desk.database, [desk.references()[0], "CSP-0000"], "Pat")
    assert to_do(desk) == desk.references()


def test_first_in_the_officers_digest_until_done(desk: Desk, clock: Clock) -> None:
    """Promise 3: officers are told first in every digest, though nothing else is new, and nobody else; then no more."""
    desk.take(letter("Please do not answer me", ANN))
    (one,) = desk.references()
    daemon = Digester(desk.database, desk.processor.composer, lambda: desk.rules, ZONE)
    for _ in range(3):
        clock.advance(DAY)
        daemon.make_due()
    found = [bodies(unpack(row.mail)) for row in desk.mails("digest", "officers")]
    assert len(found) == 3
    for text, page in found:
        assert text.index("FIRST: PEOPLE TO REACH SAFELY (1)") < text.index(f"- {one}: since Mon 2 March")
        assert text.index("FIRST") < text.index("since your last digest")
        assert page.index("people to reach safely (1)") < page.index(one)
    assert "Nothing new" in found[-1][0]
    assert one not in told(desk, "police")
    casework.finish(desk.database, [one], "Pat")
    assert "REACH SAFELY" not in told(desk, "officers")


def test_a_partner_that_must_not_hear_of_it(desk: Desk) -> None:
    """D8: a task stands in no digest of a partner that the writer asks to be kept from."""
    desk.take(letter("Please do not answer me. Tell not the officers", ANN))
    (one,) = desk.references()
    assert "not-to:officers" in desk.case(one).messages[0].flags
    assert one not in told(desk, "officers")
    assert any(f"- {one}: since" in told(desk, partner) for partner in ("police", "street"))


def test_status_tells_of_it(desk: Desk, clock: Clock) -> None:
    """H3: `status` counts who is to be reached, and is unwell when somebody has waited for more than a day."""
    polls: Mapping[str, int] = {}
    desk.take(letter("Please do not answer me", ANN))
    with desk.database.read() as conn:
        fresh = health(conn, polls, [], desk.database.clock(conn), working_day)
    clock.advance(DAY + timedelta(minutes=1))
    with desk.database.read() as conn:
        old = health(conn, polls, [], desk.database.clock(conn), working_day)
    assert fresh.tasks == old.tasks == 1
    assert not any("reached safely" in one for one in fresh.unwell)
    assert any("reached safely, for more than a day: 1" in one for one in old.unwell)
