"""The normal form in which letters and word lists are compared, and the way back to the words as they were written.

A text becomes its words in normal form, one space between them and around them: NFKC, casefold, without diacritics,
vowel points and format characters; letters that residents' keyboards interchange are one (`ı i`, `ł l`, `ي ی`);
digits are ASCII; an apostrophe within a word is dropped, one after an elided article parts two words. In scripts that
put no space between words, and for emoji, every character is a word.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate, pairwise

from intake.mail.values import Span

LONGEST = 200_000  # code points of one field that rules read
_CACHED = 20_000  # characters remembered; hostile text may hold more

_SAME = {
    **dict.fromkeys("'’‘ʼʹʻ´`′＇", "'"),
    **dict(zip("ıłđðøħŧґ", "ilddohtг", strict=True)),
    **dict(zip("ىيېۍےكګڪةہھۀەۂۃں", "یییییکگکهههههههن", strict=True)),
    **dict(zip("œæþـ", ("oe", "ae", "th", ""), strict=True)),
}
_DROPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u093c\u09bc\u0a3c\u0abc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ELIDED = re.compile(r"(?<![^ ])(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=[^ '])")
_RUN = re.compile(r"[^ ]+")


class _Table(dict[int, str]):
    """Code point -> its normal form, worked out when first met."""

    def __missing__(self, code: int) -> str:
        result = _of_character(chr(code))
        if len(self) < _CACHED:
            self[code] = result
            if len(result) != 1:
                _UNEVEN.add(chr(code))
        return result


_UNEVEN: set[str] = set()  # characters in the table whose normal form is not one character
_TABLE = _Table()


def _of_character(char: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_of_part(_SAME.get(part, part)) for part in folded)


def _of_part(part: str) -> str:
    if len(part) != 1 or part == "'":
        return part
    kind = unicodedata.category(part)
    if kind == "Cf" or _DROPPED.match(part):
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(part))
    if kind == "So" or _UNSPACED.match(part) or ord(part) >= 0x20000:
        return f" {part} " if kind[0] in "LMNS" else " "
    return part if kind[0] in "LMN" else " "


def _one_by_one(text: str) -> str:
    """Return `text` with every character in its normal form; apostrophes are still there, but for elisions."""
    result = text.translate(_TABLE)
    if "'" in result:
        return _ELIDED.sub(lambda found: found.group()[:-1] + " ", result)
    return result


def words(text: str) -> list[str]:
    """Return the words of `text` in normal form."""
    return _one_by_one(text).replace("'", "").split()


class Reading:
    """One field of a message in normal form."""

    def __init__(self, field: str, text: str) -> None:
        """Read `text` (its first 200,000 code points), called `field` in evidence."""
        self.field = field
        self.text = text[:LONGEST]
        self._marked = _one_by_one(self.text)
        self.words = self._marked.replace("'", "").split()
        self._places: list[tuple[int, int]] | None = None

    def span(self, first: int, after: int) -> Span:
        """Return where in the original text the words from number `first` to before `after` stand."""
        if self._places is None:
            self._places = self._original_places()
        start, end = self._places[first][0], self._places[after - 1][1]
        return Span(self.field, start, end, self.text[start:end])

    def _original_places(self) -> list[tuple[int, int]]:
        found = _RUN.finditer(self._marked)
        if "'" in self._marked:
            found = (one for one in found if one.group().strip("'"))
        runs = [one.span() for one in found]
        if self.text.isascii() or (len(self._marked) == len(self.text) and _UNEVEN.isdisjoint(self.text)):
            return runs
        lengths = (len(_TABLE[ord(char)]) for char in self.text)
        return _mapped_back(runs, list(accumulate(lengths, initial=0)))


def _mapped_back(runs: list[tuple[int, int]], offsets: list[int]) -> list[tuple[int, int]]:
    """Map places in the normal form to places in the original, where character n begins at `offsets[n]`.

    A character without normal form (a combining accent) belongs to the one before it.
    """
    first: list[int] = []
    after: list[int] = []
    for index, (start, end) in enumerate(pairwise(offsets)):
        if start == end and after:
            after[-1] = index + 1
        first += [index] * (end - start)
        after += [index + 1] * (end - start)
    return [(first[start], after[end - 1]) for start, end in runs]
