"""Case references."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from intake.store.references import ALPHABET, new_reference, valid_reference

references = st.integers().map(lambda seed: new_reference(random.Random(seed)))


@given(references)
def test_new_references_are_valid(reference: str) -> None:
    """T4: a reference is short, and valid as it is written."""
    assert re.fullmatch(rf"CSP-[{ALPHABET}]{{4}}-[{ALPHABET}]{{3}}", reference)
    assert valid_reference(reference) == reference


@given(references, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(reference: str, place: int, other: str) -> None:
    """T4: a reference with any one character wrong is no reference."""
    code = list(reference.replace("-", "")[3:])
    wrong = [*code[:place], other, *code[place + 1 :]]
    assert valid_reference("".join(wrong)) == (reference if wrong == code else None)


@given(references, st.integers(0, 6), st.integers(0, 6))
def test_two_that_changed_places_are_found(reference: str, one: int, other: int) -> None:
    """T4: a reference with any two characters changed about is no reference."""
    code = list(reference.replace("-", "")[3:])
    wrong = code.copy()
    wrong[one], wrong[other] = code[other], code[one]
    assert valid_reference("".join(wrong)) == (reference if wrong == code else None)


@given(references)
def test_spelling_is_free(reference: str) -> None:
    """T4: case, spaces, hyphens, full-width letters and the prefix make no difference."""
    bare = reference.replace("-", "")
    wide = "".join(chr(ord(char) + 0xFEE0) for char in bare)
    for spelt in (
        bare,
        bare.lower(),
        bare[3:],
        f"  {reference.lower()} ",
        " ".join(bare),
        f"CSP {bare[3:7]} – {bare[7:]}",
        wide,
    ):
        assert valid_reference(spelt) == reference


@given(st.text())
def test_other_text_is_none(text: str) -> None:
    """T4: any other text is no reference, or is written as one."""
    found = valid_reference(text)
    assert found is None or valid_reference(found) == found


def test_one_does_not_tell_the_next() -> None:
    """T4: references do not count up, and spread over all that there are."""
    drawn = [new_reference(random.Random(seed)) for seed in range(3000)]
    assert len(set(drawn)) == 3000
    for place in range(6):
        assert {reference.replace("-", "")[3 + place] for reference in drawn} == set(ALPHABET)
