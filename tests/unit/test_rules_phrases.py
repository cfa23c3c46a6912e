"""Words and phrases: found wherever they stand, and nowhere else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.match import pattern
from intake.rules.normal import words
from intake.rules.phrases import Phrases, Word

TOKENS = st.sampled_from(["a", "ab", "abc", "b", "ba", "bab", "c"])
FORMS = st.lists(st.builds(str.__add__, TOKENS, st.sampled_from(["", "*"])), min_size=1, max_size=4).map(" ".join)


def found(forms: list[str], text: list[str]) -> set[tuple[int, int, str]]:
    phrases = Phrases((Word(form, ""), None, n) for n, form in enumerate(forms))
    hits = phrases.search(text)
    return {(start, end, forms[leaf]) for start, end, asked in hits for leaf in asked.always}


def one_by_one(forms: list[str], text: list[str]) -> set[tuple[int, int, str]]:
    """Find the same with one regular expression a form, at every word."""
    known = set()
    for form in forms:
        tokens = form.split()
        wanted = re.compile(" ".join(re.escape(one.rstrip("*")) + ("[^ ]*" * one.endswith("*")) for one in tokens))
        for start in range(len(text) - len(tokens) + 1):
            if wanted.fullmatch(" ".join(text[start : start + len(tokens)])):
                known.add((start, start + len(tokens), form))
    return known


@given(st.lists(FORMS, max_size=12), st.lists(TOKENS, max_size=12))
def test_what_stands_there_is_found(forms: list[str], text: list[str]) -> None:
    """R1: a search for all words and phrases together finds what a search for each of them would."""
    assert found(forms, text) == one_by_one(forms, text)


@given(st.lists(FORMS, min_size=1, max_size=6), st.lists(st.lists(TOKENS, max_size=8), max_size=6))
def test_a_text_is_searched_alike_whatever_came_before(forms: list[str], texts: list[list[str]]) -> None:
    """R2: what is remembered of earlier letters changes nothing."""
    phrases = Phrases((Word(form, ""), None, n) for n, form in enumerate(forms))
    assert [list(phrases.search(text)) for text in texts] == [
        list(Phrases((Word(form, ""), None, n) for n, form in enumerate(forms)).search(text)) for text in texts
    ]


@pytest.mark.parametrize(
    ("written", "text", "is_found"),
    [
        ("بيت", "البيت", True),
        ("بيت", "والبيت", True),
        ("بيت", "وبيت", False),  # onto words of three letters single particles are not written: too many look alike
        ("مدرسة", "ومدرسة", True),
        ("المدرسة", "للمدرسة", True),
        ("المدرسة", "بالمدرسة", True),
        ("المدرسة", "لالمدرسة", False),
        ("مدرس*", "بالمدرسين", True),
        ("مدرسة جديدة", "والمدرسة جديدة", True),
        ("مدرسة جديدة", "مدرسة والجديدة", False),
    ],
)
@pytest.mark.parametrize("language", ["", "ar", "fa"])
def test_arabic_particles(written: str, text: str, is_found: bool, language: str) -> None:
    """R1: Arabic words are found with the particles that are written onto them; Persian ones have none."""
    phrases = Phrases([(Word(pattern(written) or "", language), None, 0)])
    assert bool(list(phrases.search(words(text)))) == (is_found and language != "fa")
