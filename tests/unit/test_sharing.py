"""What a partner may have of a letter: levels, agreements, and what the sender asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from intake.mail.redact import Kind, Writer
from intake.mail.values import Urgency
from intake.outbox.sharing import MAY_GO, TAKEN_OUT, Terms, terms, words
from intake.rules.rulebook import Agreement, Partner, Sharing
from tests.outbox_values import COUNCIL, rulebook

DAY = date(2026, 3, 2)
RULEBOOK = rulebook()


def council(sharing: Sharing, expires: date | None = DAY) -> Partner:
    """Return a partner of that level; `expires` None: without an agreement."""
    return replace(COUNCIL, sharing=sharing, agreement=Agreement("DSA-7", expires) if expires else None)


def of(partner: Partner, *flags: str, urgency: Urgency = Urgency.ROUTINE, day: date = DAY) -> Terms:
    """Return the terms on which it gets a letter with those flags."""
    return terms(partner, RULEBOOK, flags, urgency, day)


@pytest.mark.parametrize("sharing", Sharing)
def test_valid_agreement(sharing: Sharing) -> None:
    """D4: with an agreement whose last day has not passed, a partner has the level of its entry."""
    assert of(council(sharing)).level is sharing
    assert of(council(sharing)).lowered_by == ()


@pytest.mark.parametrize("sharing", Sharing)
def test_no_valid_agreement(sharing: Sharing) -> None:
    """D4: without an agreement, or from the day after its last on, a partner has counts only."""
    lapsed = of(council(sharing), day=DAY + timedelta(days=1))
    assert lapsed.level is of(council(sharing, None)).level is Sharing.COUNTS
    assert lapsed.lowered_by == (("agreement",) if sharing is not Sharing.COUNTS else ())


@pytest.mark.parametrize(
    ("flags", "lowest"),
    [
        (["anonymous"], Sharing.REDACTED),
        (["safe-contact"], Sharing.CONTACT_WITHHELD),
        (["safe-contact", "anonymous"], Sharing.REDACTED),
    ],
)
@pytest.mark.parametrize("sharing", Sharing)
def test_what_the_sender_asks(sharing: Sharing, flags: list[str], lowest: Sharing) -> None:
    """D4: one who asks not to be named, or to be contacted with care, lowers every level, and raises none."""
    assert of(council(sharing), *flags).level is max(sharing, lowest, key=lambda one: one.care)


def test_levels_nest() -> None:
    """D4: a lower level lets nothing go that a higher one holds back."""
    order = sorted(Sharing, key=lambda one: one.care)
    for higher, lower in pairwise(order):
        assert MAY_GO[lower] < MAY_GO[higher]
        assert TAKEN_OUT[lower] >= TAKEN_OUT[higher]


def test_emergency_keeps_its_place() -> None:
    """O8: where somebody who asks not to be named writes of an emergency, who may know the place still does."""
    place = {Kind.ADDRESS, Kind.POSTCODE}
    emergency = of(council(Sharing.FULL), "anonymous", urgency=Urgency.EMERGENCY)
    assert emergency.level is Sharing.REDACTED
    assert not emergency.taken_out & place
    assert place < of(council(Sharing.REDACTED), "anonymous", urgency=Urgency.EMERGENCY).taken_out
    assert place < of(council(Sharing.FULL), "anonymous", urgency=Urgency.TODAY).taken_out


def test_officers_keep_emergencies() -> None:
    """O8: an agreement that ran out takes no emergency from the partners of `general`, but everything else."""
    officers = replace(council(Sharing.FULL, None), id="police")
    assert of(officers, urgency=Urgency.EMERGENCY).level is Sharing.FULL
    assert of(officers, urgency=Urgency.TODAY).level is Sharing.COUNTS
    assert of(council(Sharing.FULL, None), urgency=Urgency.EMERGENCY).level is Sharing.COUNTS


def test_words_by_level() -> None:
    """D4: the words go as the level lets them: whole, without who wrote, without who anybody is, or not at all."""
    text, writer = "Call 07700 900123", Writer("Ana Pop", ("ana.pop@example.org",))
    said = {one: words(text, of(council(one)), writer) for one in Sharing}
    assert said[Sharing.FULL] == text
    assert said[Sharing.CONTACT_WITHHELD] == said[Sharing.REDACTED] == "Call [phone number]"
    assert said[Sharing.COUNTS] == ""
