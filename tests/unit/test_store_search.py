"""Words as the full-text index holds them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.store.search import LONGEST_WORD, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Łódź, Zażółć!", ["lodz", "zazolc"]),
        ("Çığ İSTANBUL ıslak", ["cig", "istanbul", "islak"]),
        ("știri ŞTIRI s\u0326tiri", ["stiri", "stiri", "stiri"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ёлка Йод", ["елка", "иод"]),
        ("مُحَمَّد محمد", ["محمد", "محمد"]),
        ("كتاب کتاب", ["کتاب", "کتاب"]),
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),
        ("हिन्दी", ["हिनदी"]),
        ("火事だ", ["火", "事", "た"]),
        ("ana.pop@example.org", ["ana", "pop", "example", "org"]),
        ("snake_case don't 07700-900123", ["snake", "case", "don", "t", "07700", "900123"]),
        ("ﬁre １２", ["fire", "12"]),
        ("a\x00b\ud800c", ["a", "b", "c"]),
        ("… – €", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    """P1: words are found in every script, and neither case nor diacritics part them."""
    assert words(text) == found


@given(st.text())
def test_words_hold_nothing_that_a_query_could_trip_over(text: str) -> None:
    """P5: whatever the text, words are short and hold no white space, quote or sign."""
    for word in words(text):
        assert 0 < len(word) <= LONGEST_WORD
        assert all(unicodedata.category(char)[0] in "LNM" or ord(char) > 0xE00 for char in word)
        assert not set(word) & set("'\"\\*:&|!()<> _")
