"""Tokens: what is signed is read again by the same key alone, and nothing else is."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.tokens import LENGTH, LOOKS, RESIDENT, Signed, Tokens, code_of, reference_of
from intake.store.references import new_reference, valid_reference

TOKENS = Tokens(lambda: b"k" * 32)
AUDIENCES = (RESIDENT, "police", "housing")

references = st.integers(0, 2**32).map(lambda seed: new_reference(random.Random(seed)))
audiences = st.sampled_from(AUDIENCES)
keys = st.binary(min_size=32, max_size=32)


@given(keys, references, audiences)
def test_what_was_signed_is_read(key: bytes, reference: str, audience: str) -> None:
    """T1: a token names its case and whom it was made for, and is short enough for a local part."""
    tokens = Tokens(lambda: key)
    token = tokens.sign(reference, audience)
    assert tokens.read(token, AUDIENCES) == Signed(code_of(reference), audience)
    assert valid_reference(reference_of(code_of(reference))) == reference
    assert len(token) == LENGTH == 24
    assert set(token) <= set(string.ascii_lowercase + string.digits)


@given(references, audiences)
def test_every_single_bit_change_is_refused(reference: str, audience: str) -> None:
    """T1: a token in which any one bit is another is nobody's."""
    token = TOKENS.sign(reference, audience).encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = bytes([*token[:place], token[place] ^ 1 << bit, *token[place + 1 :]]).decode("latin-1")
            assert TOKENS.read(changed, AUDIENCES) is None


@given(references, audiences, st.sampled_from(string.ascii_lowercase + string.digits), st.integers(0, LENGTH - 1))
def test_every_other_character_is_refused(reference: str, audience: str, other: str, place: int) -> None:
    """T1: no character of a token can be another."""
    token = TOKENS.sign(reference, audience)
    changed = token[:place] + other + token[place + 1 :]
    assert (TOKENS.read(changed, AUDIENCES) is None) == (changed != token)


@given(references, references)
def test_a_token_is_for_its_case_alone(one: str, other: str) -> None:
    """T1: the signature of one case's token is none for another's."""
    moved = "1" + code_of(other) + TOKENS.sign(one, RESIDENT)[8:]
    assert (TOKENS.read(moved, AUDIENCES) is None) == (one != other)


@given(references)
def test_a_token_is_for_its_audience_alone(reference: str) -> None:
    """T3: what a resident was sent does not make anybody a partner, nor one partner another."""
    made = {TOKENS.sign(reference, audience) for audience in AUDIENCES}
    assert len(made) == len(AUDIENCES)
    assert TOKENS.read(TOKENS.sign(reference, RESIDENT), ("police", "housing")) is None


@given(keys, references, st.text(max_size=40))
def test_other_keys_and_other_texts_are_refused(key: bytes, reference: str, text: str) -> None:
    """T1: what another key signed, or nobody, is no token."""
    assert TOKENS.read(Tokens(lambda: key).sign(reference, RESIDENT), AUDIENCES) is None
    assert TOKENS.read(text, AUDIENCES) is None


@pytest.mark.parametrize("reference", ["", "CSP", "CSP-7K4M", "nonsense"])
def test_only_cases_have_tokens(reference: str) -> None:
    """T1: what is no case reference is not signed."""
    with pytest.raises(ValueError, match="reference"):
        TOKENS.sign(reference, RESIDENT)


def test_the_key_is_fetched_once_and_never_shown() -> None:
    """X1: the key is asked for when it is first needed, once, and stands in no representation."""
    asked: list[int] = []

    def fetch() -> bytes:
        asked.append(1)
        return b"secret" * 6

    tokens = Tokens(fetch)
    assert not asked
    assert LOOKS.fullmatch(tokens.sign("CSP-7K4M-29Q", RESIDENT))
    tokens.mail_id("ack:1")
    assert len(asked) == 1
    assert "secret" not in repr(tokens)
