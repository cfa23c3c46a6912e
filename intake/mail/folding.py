"""Word lists and how text is compared with them: small letters without marks, or one automaton in linear time."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

import re2

_CACHED = 20_000  # characters remembered; hostile text may hold more

_PLAIN = str.maketrans(
    {
        "ł": "l",
        "ı": "i",
        "đ": "d",
        "ø": "o",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ي": "ی",
        "ك": "ک",
        "’": "'",
        "\xad": None,
    }
)


def folded(text: str) -> str:
    """Return `text` in small letters without marks: "Mulțumesc" and "multumesc" are one."""
    small = text.lower()
    return small if small.isascii() else small.translate({ord(each): _bare(each) for each in set(small)})


@lru_cache(_CACHED)
def _bare(small: str) -> str:
    """Return one small letter without its marks."""
    decomposed = unicodedata.normalize("NFKD", small)
    return "".join(each for each in decomposed if not unicodedata.combining(each)).translate(_PLAIN)


def phrases(text: str) -> tuple[str, ...]:
    """Return the phrases of a word list that parts them by `|`."""
    return tuple(" ".join(each.split()) for each in text.split("|"))


@cache
def folded_phrases(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return each phrase folded."""
    return tuple(folded(each) for each in words)


@cache
def any_of(patterns: str, start: str = "") -> Any:
    """Compile patterns, one a line, into one that finds any of them behind `start`, whatever the case."""
    lines = [line.strip() for line in patterns.strip().splitlines()]
    return re2.compile(f"(?i){start}(?:{'|'.join(lines)})")
