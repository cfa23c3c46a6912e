"""Case references: short, fit for the telephone, checked, and not guessable in sequence (T4)."""

from __future__ import annotations

import random
import re
import unicodedata

# Without vowels no word comes out; without B I L N O S V Z 0 1 no two look or sound alike. Their number is prime:
# so a weighted sum modulo it finds every single mistake and every two characters that changed places.
ALPHABET = "23456789CDFGHJKMPQRTWXY"
PRIME = len(ALPHABET)
LENGTH = 6  # random characters: 148 million references
PREFIX = "CSP"


def new_reference(rng: random.Random) -> str:
    """Return a reference like `CSP-7K4M-29Q`; `rng` is `secrets.SystemRandom()`, but in tests."""
    code = "".join(rng.choice(ALPHABET) for _ in range(LENGTH))
    return _written(code + ALPHABET[-_sum(code + ALPHABET[0]) % PRIME])


def valid_reference(text: str) -> str | None:
    """Return the reference as it is written, None where `text` is none or has a mistake in it.

    Case, spaces, hyphens and the prefix are free. Found are every one wrong character and any two changed about.
    """
    code = re.sub(r"[\s\W_]+", "", unicodedata.normalize("NFKC", text)).upper()
    code = code.removeprefix(PREFIX) if len(code) == len(PREFIX) + LENGTH + 1 else code
    if len(code) != LENGTH + 1 or not set(code) <= set(ALPHABET) or _sum(code):
        return None
    return _written(code)


def _sum(code: str) -> int:
    """Weigh the characters by 7 to 1, all different and none a multiple of the prime."""
    return sum(weight * ALPHABET.index(one) for weight, one in zip(range(len(code), 0, -1), code, strict=True)) % PRIME


def _written(code: str) -> str:
    return f"{PREFIX}-{code[:4]}-{code[4:]}"
