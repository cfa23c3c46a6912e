"""Campaigns: what says nearly the same is told together, and what does not never is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.values import Urgency
from intake.outbox import alike as alikes
from intake.outbox.alike import ALIKE, alike, resemblance, shingles
from intake.outbox.campaigns import FEWEST, Entry, entries
from intake.outbox.mime import bodies
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Sharing
from tests.outbox_values import NOW, POLICE, composer, item, rulebook

LETTER = (
    "Please save the night bus to Kingsthorpe. My neighbours and I depend on it to come home safely from late shifts "
    "at the hospital. Without it we walk an hour in the dark along the Welland Way, where lamps have been broken "
    "since spring. I ask the partnership to speak up for the bus before the council decides in June."
)
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=8)


def copy(number: int, words: str = LETTER, **changes: object) -> DigestItem:
    """Return a copy of the letter, by a sender of its own."""
    return item(number, own_words=words, **{"sender": f"a{number}@home.example", **changes})  # type: ignore[arg-type]


def sizes(found: list[Entry]) -> list[int]:
    """Return how many letters each entry holds, the most first."""
    return sorted((len(one.items) for one in found), reverse=True)


@st.composite
def batches(draw: st.DrawFn) -> list[str]:
    """Texts of which some are others with a few words changed, added or left out."""
    bases = draw(st.lists(st.lists(WORDS, max_size=60), min_size=1, max_size=4))
    texts = []
    for _ in range(draw(st.integers(1, 12))):
        text = list(draw(st.sampled_from(bases)))
        for at in draw(st.lists(st.integers(0, 60), max_size=4)):
            text[at : at + draw(st.integers(0, 2))] = draw(st.lists(WORDS, max_size=2))
        texts.append(" ".join(text))
    return texts


@settings(deadline=None)
@given(batches())
def test_each_text_is_in_one_group_and_like_its_first(texts: list[str]) -> None:
    """D7: every text is in exactly one group, and shares at least `ALIKE` of its runs with the first of that group."""
    groups = alike(texts)
    assert sorted(one for group in groups for one in group) == list(range(len(texts)))
    for first, *others in groups:
        assert all(resemblance(shingles(texts[first]), shingles(texts[one])) >= ALIKE for one in others)


@settings(deadline=None)
@given(batches(), st.integers(0, 11))
def test_copies_are_always_found(texts: list[str], at: int) -> None:
    """D7: word for word the same, however it is spaced, is always in one group."""
    text = f"{texts[at % len(texts)]} {LETTER}"
    copies = {len(texts), len(texts) + 1}
    assert any(copies <= set(group) for group in alike([*texts, text, f"  {text}\n".replace(" ", "\n ")]))


def test_a_name_and_a_street_of_ones_own() -> None:
    """D7: letters that differ in a name, a street and a date are one group, and another letter is none of it."""
    texts = [f"I am Resident {n * 7919}, of {n} Abbey Road. {LETTER} Signed on day {n}." for n in range(40)]
    other = "There is a mattress on our verge in Abbey Road, since Sunday, and nobody has come to take it away yet."
    assert alike([*texts, other]) == [list(range(40)), [40]]


def test_what_says_too_little_is_not_the_same() -> None:
    """D7: notes of a few words, such as "please see the attached", are never told together: what they send differs."""
    assert alike(["Please see the attached letter"] * 30) == [[n] for n in range(30)]
    assert alike([""] * 3) == [[0], [1], [2]]


def test_every_script() -> None:
    """D7: near copies are found in scripts without spaces between words, too."""
    chinese = "我们要求社区安全合作组织为夜班公交车说话因为许多居民下班回家需要它路灯坏了很久没有人修理我们很害怕"
    assert alike(
        [chinese, chinese.replace("很久", "多日"), "请来修理我家门口的路灯它已经坏了三个星期了谢谢你们的帮助"]
    ) == [[0, 1], [2]]


def test_the_work_grows_with_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """D7: a text is compared with a bounded number of others, however many there are and however alike they are."""
    asked = Counter[str]()
    agreement = alikes._agreement

    def counted(one: alikes.Sketch, other: alikes.Sketch) -> int:
        asked["times"] += 1
        return agreement(one, other)

    texts = [f"{LETTER} {LETTER[: n * 3]} number {n}" for n in range(100)]
    monkeypatch.setattr(alikes, "_agreement", counted)
    alike(texts)
    assert 0 < asked["times"] <= len(texts) * alikes._BINS // alikes._BAND


def test_one_counted_item() -> None:
    """D7: 43 letters by 43 people are one entry, which tells how many, the first, the last and every case."""
    made = composer().digest(POLICE, [copy(n) for n in range(1, 44)], rulebook(), NOW, NOW)
    for part in bodies(made.mail):
        assert "43 letters that say nearly the same" in part
        assert "From 43 addresses" in part
        assert part.count("night bus") == 1
        assert all(f"CSP-0000-{n:03}" in part for n in range(1, 44))
        assert "First: Sat 28 February 2026, 14:05" in part
        assert "Last: Mon 2 March 2026, 08:05" in part
    assert "43 new messages" in bodies(made.mail)[0]
    assert "ANYTHING ELSE (43)" in bodies(made.mail)[0]


def test_few_hands_make_no_campaign() -> None:
    """D7: what fewer than five people wrote, however often, is listed letter by letter: each may need an answer."""
    assert sizes(entries([copy(n, sender="one@home.example") for n in range(30)])) == [1] * 30
    assert sizes(entries([copy(n) for n in range(FEWEST - 1)])) == [1] * (FEWEST - 1)
    assert sizes(entries([copy(n) for n in range(FEWEST)])) == [FEWEST]


def test_a_copy_with_danger_of_its_own_stands_out() -> None:
    """D7: a copy that rules made more of than of its fellows is an item of its own, and shows what only it says."""
    own = "Last night somebody followed my daughter home."
    danger = copy(50, LETTER.replace("I ask", f"{own} I ask"), flags=("child",))
    urgent = copy(51, f"{LETTER} He waits at my door.", urgency=Urgency.TODAY)
    other = copy(52, f"{LETTER} The lamps too.", categories=("street-lighting",))
    found = entries([*(copy(n) for n in range(20)), danger, urgent, other])
    assert sizes(found) == [20, 1, 1, 1]
    assert [one.first.message_id for one in found if len(one.items) == 1 and one.first.flags] == [50]
    made = composer().digest(POLICE, [*(copy(n) for n in range(20)), danger], rulebook(), NOW, NOW)
    for part in bodies(made.mail):
        assert own in part
        assert "One of 21 that say nearly the same" in part
        assert part.count("save the night bus") == 1


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            lambda number, text, urgency, marks, category: copy(
                number, f"{LETTER} {text}", urgency=urgency, alarms=marks, categories=(category,)
            ),
            st.integers(0, 30),
            st.sampled_from(["", "And so say I.", "Help."]),
            st.sampled_from(list(Urgency)),
            st.sampled_from([(), ("child",), ("threat knife",)]),
            st.sampled_from(["general", "safeguarding"]),
        ),
        max_size=40,
    )
)
def test_no_item_is_lost_or_hidden(items: list[DigestItem]) -> None:
    """D7: every item is in one entry, and all items of an entry are equally urgent and marked alike."""
    items = [replace(one, message_id=n, arrived_at=NOW - timedelta(minutes=n)) for n, one in enumerate(items)]
    found = entries(items)
    assert sorted(one.message_id for each in found for one in each.items) == [one.message_id for one in items]
    for each in found:
        assert all(
            (a.urgency, a.alarms, a.categories) == (b.urgency, b.alarms, b.categories)
            for a, b in combinations(each.items, 2)
        )
        assert [one.urgency.rank for one in (each.first for each in found)] == sorted(
            (each.first.urgency.rank for each in found), reverse=True
        )


@pytest.mark.parametrize("sharing", [Sharing.REDACTED, Sharing.CONTACT_WITHHELD])
def test_own_sentences_without_who_signed_them(sharing: Sharing) -> None:
    """D4, D7: a name that only its place below "Kind regards" tells is taken out of a letter's own sentences, too."""
    usual = [copy(n, f"{LETTER}\n\nKind regards,\nResident") for n in range(8)]
    own = copy(9, f"{LETTER} They smashed it too.\n\nKind regards,\nXyzzy Plugh\nsent from a train", flags=("child",))
    to = replace(POLICE, sharing=sharing)
    for part in bodies(composer().digest(to, [*usual, own], rulebook(), NOW, NOW).mail):
        assert "They smashed it too." in part
        assert "Plugh" not in part
