"""What an item of a digest shows goes by the partner's sharing level."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.redact import Writer
from intake.mail.values import Urgency
from intake.outbox.mime import bodies
from intake.outbox.outgoing import Outgoing
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Agreement, Partner, Sharing
from tests.outbox_values import NOW, POLICE, composer, item, rulebook

COMPOSER, RULEBOOK = composer(), rulebook()
WORDS = "The lamp at our gate is broken, says Ana."
ANA = Writer("Ana Pop", ("ana.pop@home.example",))


def partner(sharing: Sharing, days: int = 1) -> Partner:
    """Return a partner of that level whose agreement ends in so many days."""
    return replace(POLICE, sharing=sharing, agreement=Agreement("DSA-1", (NOW + timedelta(days=days)).date()))


def digest(to: Partner, *items: DigestItem) -> Outgoing:
    """Make it a digest."""
    return COMPOSER.digest(to, items, RULEBOOK, NOW, NOW)


@pytest.mark.parametrize("sharing", Sharing)
def test_levels(sharing: Sharing) -> None:
    """D4: full tells the words, a lower level takes the writer's name out of them, counts tells neither nor when."""
    made = digest(partner(sharing), item(1, own_words=WORDS, writer=ANA, categories=("street-lighting",)))
    for part in bodies(made.mail):
        assert "CSP-0000-001" in part
        assert ("lamp" in part) == (sharing is not Sharing.COUNTS)
        assert ("Ana" in part) == (sharing is Sharing.FULL)
        assert ("hour ago" in part) == ("08:05" in part) == (sharing is not Sharing.COUNTS)
        assert "no agreement in force" not in part


def test_counts_are_counts() -> None:
    """D4: a partner at counts only gets one entry a category and urgency: how many, where, and which cases."""
    items = [item(n, own_words=f"{WORDS} {n}", categories=("street-lighting",), areas=("lings",)) for n in range(1, 8)]
    items.append(item(9, own_words=WORDS, categories=("street-lighting",), urgency=Urgency.TODAY))
    made = digest(partner(Sharing.COUNTS), *items)
    for part in bodies(made.mail):
        assert "7 messages" in part
        assert part.count("lings") == 1
        assert all(f"CSP-0000-00{n}" in part for n in (*range(1, 8), 9))
    assert "DARK STREETS (8)" in bodies(made.mail)[0]


def test_a_lapsed_agreement() -> None:
    """D4: from the day after its agreement ended a partner gets counts only, and the digest says why."""
    for part in bodies(digest(partner(Sharing.FULL, days=-1), item(1, own_words=WORDS)).mail):
        assert "lamp" not in part
        assert "no agreement in force" in part


def test_what_the_sender_asks() -> None:
    """D4: of one who asks not to be named no name goes to a partner that may have it otherwise."""
    items = [item(n, own_words=WORDS, writer=ANA, flags=flags) for n, flags in enumerate([("anonymous",), ()])]
    for part in bodies(digest(partner(Sharing.FULL), *items).mail):
        assert part.count("Ana") == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(["lamp", "Ana", "knife", "12 Abbey Road"]), min_size=1), st.sampled_from(list(Urgency)))
def test_counts_depend_on_no_word(said: list[str], urgency: Urgency) -> None:
    """D4: whatever was written, a digest of counts is the same."""
    to = partner(Sharing.COUNTS)
    made = digest(to, item(1, own_words=" ".join(said), subject=said[0], writer=ANA, urgency=urgency))
    assert bodies(made.mail) == bodies(digest(to, item(1, own_words="", subject="", urgency=urgency)).mail)


def test_what_has_no_case_is_named() -> None:
    """D5: an item without a case is named by its message's number, beyond what is shown too."""
    made = digest(POLICE, *(item(n, reference="", own_words=f"Words {n}") for n in range(2_100)))
    for part in bodies(made.mail):
        assert part.count("message 2") == len([n for n in range(2_100) if str(n).startswith("2")])
