"""The normal form in which words are compared, and the way back to the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.normal import LONGEST, Reading, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ŁÓDŹ", "lodz"),
        ("cafe\u0301", "café"),
        ("Straße", "STRASSE"),
        ("ﬁre", "fire"),
        ("İSTANBUL ılık", "istanbul ilik"),
        ("Ёлка", "елка"),
        ("știţi", "stiti"),
        ("الشُّرْطَة", "الشرطه"),
        ("می\u200cکنم", "ميكنم"),
        ("۱۸", "18"),
        ("п’ять", "пять"),
        ("don’t", "DONT"),
        ("l’école", "l ecole"),
        ("fly-tipping", "Fly Tipping"),
        ("ＷＩＤＥ", "wide"),
        ("a\u00a0b", "a b"),
        ("ক\u09bc", "ক"),
    ],
)
def test_spellings_that_are_one(one: str, other: str) -> None:
    """R1: case, diacritics, width, apostrophes, hyphens, vowel points and keyboards make no difference."""
    assert words(one) == words(other)


def test_unspaced_scripts_are_read_by_the_character() -> None:
    """Chinese has no spaces: each character is a word, so that a phrase is found in the middle of a sentence."""
    assert words("我被骗了abc👏") == ["我", "被", "骗", "了", "abc", "👏"]


def test_indian_vowel_signs_stay() -> None:
    """Vowel signs that carry meaning are not taken for accents."""
    assert words("থানা") != words("থান")


@pytest.mark.parametrize(
    "text",
    [
        "He's  there -- l'école, 'quoted', ﬁre, cafe\u0301! Straße",
        "室友可能被骗，请帮忙abc",
        "می\u200cکنم \u202eabc\u202c x",
        "\ud800 lone \udfff",
        "' ' ''",
        "",
    ],
)
def test_words_are_found_again_in_the_original(text: str) -> None:
    """R7: the span of each word, read in the original text, has that word as its normal form."""
    check_places(text)


@given(st.text(st.characters() | st.sampled_from("'’aeİßﬁ中\u0301\u200c -.ا"), max_size=60))
def test_places_hold_for_any_text(text: str) -> None:
    """R7, R8: whatever the text, spans point at text whose normal form is what matched."""
    check_places(text)


def check_places(text: str) -> None:
    reading = Reading("own-words", text)
    assert reading.words == words(text)
    for n, word in enumerate(reading.words):
        span = reading.span(n, n + 1)
        assert text[span.start : span.end] == span.text
        assert word in words(span.text)


def test_a_flood_is_cut() -> None:
    """R8: no more than 200,000 characters of a field are read."""
    assert len(Reading("own-words", "a " * LONGEST).words) == LONGEST // 2
