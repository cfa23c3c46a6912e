"""Words that set letters apart: they tell what a rule could look for, and nothing of any one resident."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.load import load_files
from intake.store.history import Letter
from intake.unmatched import Candidate, candidates, stub
from tests.unit.rulebooks import files, rulebook

COMMON = "please could you look at the and our street it is with a to I was there again thank you"
WORDS = COMMON.split(" ")
RULEBOOK = rulebook("  []\n")


def letter(
    number: int, text: str, *, name: str = "", address: str = "", subject: str = "hello", reply: str | None = None
) -> Letter:
    """Return a letter of a sender of its own, unless one is named."""
    return Letter("general", f"CSP-{number}", "en", name, address or f"s{number}@example.org", reply, subject, text)


def talk(seed: int, *words: str) -> str:
    """Return a text of common words around `words`."""
    chance = random.Random(seed)
    return f"{' '.join(chance.choices(WORDS, k=12))}. {' '.join(words)}. {' '.join(chance.choices(WORDS, k=12))}"


REST = [letter(1000 + n, talk(n, "the boiler")) for n in range(200)]


def words(found: list[Letter]) -> list[str]:
    return [one.words for one in candidates(found, REST)[1]]


def test_what_sets_letters_apart_comes_first() -> None:
    """R6: the phrase that unmatched letters share is told before its words, and words of every letter are not told."""
    found = [letter(n, talk(n, "the allotment water butts were stolen")) for n in range(8)]
    count, chosen = candidates(found, REST)
    assert count == 200
    told = {word for one in chosen for word in one.words.split()}
    assert {"allotment", "butts", "stolen"} <= told
    assert "street" not in told
    assert all(one.letters == 8 for one in chosen[:1])


@pytest.mark.parametrize(
    "private",
    [
        "ring me on 07700 900123",
        "write to secret.person@home.example",
        "see https://home.example/secret",
        "www.secret.example",
        "NN4 8AB",
    ],
)
def test_numbers_and_addresses_never_come_out(private: str) -> None:
    """G4: telephone numbers, mail addresses, links and postcodes are no candidates, however many letters bear them."""
    chosen = " ".join(words([letter(n, talk(n, "allotment", private)) for n in range(8)]))
    assert "allotment" in chosen
    assert not any(char.isdigit() for char in chosen)
    assert "secret" not in chosen
    assert "home" not in chosen


def test_the_writers_own_name_never_comes_out() -> None:
    """G4: what people sign with is left out, by the name and by the address they write under."""
    found = [letter(n, talk(n, "allotment") + "\n\nZdzisława Kowalska", name="Zdzisława Kowalska") for n in range(4)]
    found += [letter(n, talk(n, "allotment") + "\n\nKowalska", address=f"kowalska@{n}.example") for n in range(4, 8)]
    assert words(found) == ["allotment"]


def test_one_resident_alone_shows_nothing() -> None:
    """G4: what letters of fewer than three senders share is not told, however often they write."""
    assert words([letter(n, talk(n, "my cat Tiddles"), address="one@example.org") for n in range(20)]) == []
    assert words([letter(n, talk(n, "my cat Tiddles"), address=f"{n % 2}@example.org") for n in range(20)]) == []


def test_people_behind_a_web_form_are_told_apart() -> None:
    """S10: letters through one form are of as many senders as they name."""
    found = [letter(n, talk(n, "allotment"), address="form@example.org", reply=f"{n}@home.example") for n in range(8)]
    assert words(found) == ["allotment"]


def test_without_anything_to_compare_with() -> None:
    """R6: where there is no other letter, nothing is told rather than every word."""
    assert candidates([letter(n, talk(n, "allotment")) for n in range(8)], []) == (0, ())
    assert candidates([], REST) == (200, ())


@given(
    st.lists(
        st.lists(st.sampled_from([*WORDS, "allotment", "被骗", "no", "on"]), max_size=30).map(" ".join), max_size=12
    )
)
def test_no_more_than_three_words_in_a_row(texts: list[str]) -> None:
    """G4: a candidate is at most three words that three senders wrote, never a sentence."""
    found = [letter(n, text, subject="") for n, text in enumerate(texts)]
    for one in candidates(found, REST)[1]:
        assert len(one.words.split()) <= 3
        assert one.letters >= 3
        assert sum(one.words in " ".join(text.casefold().replace("被骗", "被 骗").split()) for text in texts) >= 3


def test_the_stub_is_a_rule() -> None:
    """R6: what is proposed can be pasted into a file as it is, whatever the words are."""
    chosen = [Candidate(one, 3, 0, 20.0) for one in ("no", "water butt", "被 骗", "on", "l arnaque", "null")]
    book = load_files(files() | {"20-new.yaml": stub(chosen, RULEBOOK)})
    assert [rule.id for rule in book.program.rules] == ["new-rule"]
    assert stub([], RULEBOOK) == ""


def test_one_person_with_many_addresses_is_one_sender() -> None:
    """R6: what one resident alone wrote is not told, however often they tagged their address."""
    found = [letter(n, "My secret neighbour hides weapons.", address=f"bob+{n}@example.org") for n in range(5)]
    assert words(found) == []
