"""The kinds of personal data that text may hold, and text made comparable in every script, with where it came from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple


class Kind(Enum):
    """What can be taken out of a text."""

    WRITER = "writer"  # the sender's own name, wherever it stands, and how letters are signed
    NAME = "name"  # other people's names, as far as they can be told
    ADDRESS = "address"  # a house in a street; a street alone is none
    POSTCODE = "postcode"
    PHONE = "phone number"
    EMAIL = "e-mail address"
    LINK = "link"
    BIRTH = "date of birth"
    NHS = "NHS number"
    INSURANCE = "National Insurance number"
    PLATE = "number plate"

    @property
    def mark(self) -> str:
        """What stands in its place."""
        return f"[{Kind.NAME.value if self is Kind.WRITER else self.value}]"


MARKS = tuple(dict.fromkeys(one.mark for one in Kind))


class Found(NamedTuple):
    """A place in a text that holds personal data."""

    start: int  # code points
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote, as far as the header says."""

    name: str = ""
    addresses: tuple[str, ...] = ()


NOBODY = Writer()


@dataclass(frozen=True, slots=True)
class Flat:
    """A text with digits of every script as 0 to 9, letters without marks, and nothing that nobody sees."""

    text: str
    at: Sequence[int]  # where each character of `text` stood
    length: int  # of the text that it was made from

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where that stretch stood, with the marks that belong to its last letter."""
        return self.at[start], self.at[end] if end < len(self.at) else self.length


_UNSEEN = frozenset({"Cf", "Cs", "Me"})
_VARIES = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # how the character before it looks
BARRIER = "\0"  # stands where a mark stood: no letter, no digit, no space


def flat(text: str) -> Flat:
    """Return `text` made comparable; marks of ours in it are barriers.

    It is as long in small letters: no letter of it is two when small, so that a place found there is one of it.
    """
    if "[" in text:
        for mark in MARKS:
            text = text.replace(mark, BARRIER * len(mark))
    if text.isascii():
        return Flat(text, range(len(text)), len(text))
    table = _table()
    others = {ord(char): table[char] for char in set(text) if table[char] != char}
    unseen = {chr(code) for code, each in others.items() if not each}
    at = [place for place, char in enumerate(text) if char not in unseen] if unseen else range(len(text))
    return Flat(text.translate(others), at, len(text))


class _Table(dict[str, str]):
    """What a character is compared as; "" for what nobody sees."""

    def __missing__(self, char: str) -> str:
        self[char] = found = _compared(char)
        return found


@cache
def _table() -> _Table:
    return _Table({"ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "\xa0": " "})


def _compared(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(char) in _UNSEEN or unicodedata.combining(char) or _VARIES.match(char):
        return ""
    plain = unicodedata.normalize("NFKD", char)
    rest = plain[1:]
    return plain[:1] if not rest or all(unicodedata.combining(each) for each in rest) else char
