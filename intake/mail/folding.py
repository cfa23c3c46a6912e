"""Word lists and how text is compared with them: small letters without marks, or one automaton in linear time."""

from __future__ import annotations

import unicodedata
from functools import cache
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


class _Table(dict[int, str]):
    """Code point of a small letter -> the same without marks, worked out when first met."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code))
        result = "".join(each for each in decomposed if not unicodedata.combining(each)).translate(_PLAIN)
        if len(self) < _CACHED:
            self[code] = result
        return result


_TABLE = _Table()


def folded(text: str) -> str:
    """Return `text` in small letters without marks: "Mulțumesc" and "multumesc" are one."""
    return text.lower() if text.isascii() else text.lower().translate(_TABLE)


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
