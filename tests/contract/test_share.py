"""What `intake share preview` tells is what a partner gets, and nobody is shown what a flag keeps from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from intake import share
from intake.daemon.process import Processor
from intake.errors import UserError
from intake.mail.values import Identity
from intake.outbox.mime import bodies
from intake.outbox.queue import claim
from intake.rules.rulebook import Agreement, Rulebook, Sharing
from intake.store import cases
from intake.store.database import Database
from intake.store.ledger import keep
from intake.triage import Sorter
from tests.outbox_values import LONDON, composer
from tests.store_fixtures import START, Clock
from tests.store_values import fetched
from tests.unit.rulebooks import rule, rulebook

COMPOSER = composer()
IDENTITY = Identity(frozenset({"cohesion@example.org"}))
AGREEMENT = Agreement("DSA-7", START.date() + timedelta(days=90))
LETTER = (
    b"From: Ana Pop <ana.pop@example.net>\r\nTo: cohesion@example.org\r\nSubject: %s\r\n"
    b"Message-ID: <%s@example.net>\r\n\r\nA knife. Ring 07700 900123.\r\n\r\nAna\r\n"
)
RULES = rule("{words: knife}", "{category: danger}"), rule("{words: secret}", "{flags: 'not-to:police'}", id_="two")


def book(**levels: Sharing) -> Rulebook:
    """Return a rulebook whose partners have these levels; the others have all."""
    made = rulebook(*RULES)
    partners = made.partners.items()
    agreed = {id_: replace(one, agreement=AGREEMENT, sharing=levels.get(id_, Sharing.FULL)) for id_, one in partners}
    return replace(made, partners=agreed)


def taken_in(database: Database, made: Rulebook, subject: bytes = b"one") -> dict[str, tuple[str, str]]:
    """Take a letter in and sort it; return the bodies of what each partner gets at once."""
    with database.transaction() as conn:
        keep(conn, [fetched(subject.decode(), LETTER % (subject, subject))], database.clock(conn))
    Processor(database, lambda: Sorter(made, IDENTITY, LONDON), COMPOSER, "one").process()
    with database.transaction() as conn:
        found = claim(conn, "one", database.clock(conn), timedelta(minutes=1), 9)
    return {one.recipient.partition("@")[0]: bodies(one.mail) for one in found if "@partners." in one.recipient}


def reference(database: Database) -> str:
    """Return the reference of the only case."""
    with database.read() as conn:
        return cases.search(conn, "knife", 1)[0].reference


@pytest.mark.parametrize("level", Sharing)
def test_preview_is_what_goes(database: Database, clock: Clock, level: Sharing) -> None:
    """D4: the preview is the mail that went, word for word, and names what it holds back."""
    made = book(police=level)
    got = taken_in(database, made)
    found = share.preview(database, COMPOSER, made, reference(database), "police")
    assert (found.text, found.html) == got["police"]
    assert found.level == level.value
    assert ("sender" in found.held_back) == (level is not Sharing.FULL)
    assert ("words" in found.held_back) == (level is Sharing.COUNTS)
    assert all(why == f"sharing: {level}" for why in found.held_back.values())
    assert found.text in share.shown(found)
    assert clock.now == START


def test_officers_get_it_besides(database: Database, clock: Clock) -> None:
    """O8: the partners of `general` get an emergency at once of which another gets counts only, and are in the case."""
    got = taken_in(database, book(police=Sharing.COUNTS))
    assert set(got) == {"police", "officers"}
    assert "07700 900123" in got["officers"][0]
    assert "07700 900123" not in got["police"][0]
    assert clock.now == START


def test_lapsed(database: Database, clock: Clock) -> None:
    """D4: from the day after an agreement's last on, counts go, and the preview says why."""
    made = book()
    taken_in(database, made)
    clock.advance(timedelta(days=92))
    found = share.preview(database, COMPOSER, made, reference(database), "police")
    assert found.level == "counts"
    assert found.held_back["words"] == "no valid agreement"


def test_kept_out(database: Database, clock: Clock) -> None:
    """D8: a partner whom the sender wants kept out is shown nothing of the case, though its id is asked for."""
    made = book()
    assert "police" not in taken_in(database, made, b"secret")
    with pytest.raises(UserError, match=r"Police gets nothing of .*: flag not-to:police"):
        share.preview(database, COMPOSER, made, reference(database), "police")
    with pytest.raises(UserError, match="there is no case CSP-0000-000"):
        share.preview(database, COMPOSER, made, "CSP-0000-000", "police")
    with pytest.raises(UserError, match="`polis` is not a partner: police, "):
        share.preview(database, COMPOSER, made, reference(database), "polis")
    assert clock.now == START
