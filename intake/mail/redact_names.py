"""Finds names in flat text: the sender's own, how letters are signed, who is introduced, and names that are known."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from intake.mail.personal import Found, Kind, Writer, flat
from intake.mail.redact_words import (
    EASTERN_INTRODUCED,
    EASTERN_TITLES,
    INTRODUCED,
    LABELLED,
    PLACES,
    RELATIVES,
    STREETS,
    SURNAMES,
    TITLES,
    WEAKLY_INTRODUCED,
)
from intake.mail.signature_words import CLOSINGS, ORGANISATIONS

_L = r"[^\W\d_\u0900-\u0dff\u3400-\u9fff]|[\u0900-\u0963\u0970-\u0dff]"  # vowel signs are no letters to Unicode
_TOKEN = re.compile(rf"(?:{_L})+|[\u3400-\u9fff]+")
_PLAIN_TOKEN = re.compile(r"[^\W\d_]+")  # the same, where a text is of neither of those scripts
_OTHER_SCRIPTS = re.compile("[\u0900-\u0dff\u3400-\u9fff]")
_BETWEEN = re.compile(r"[ \t]{1,2}|[ \t]?[-‐'’][ \t]?")
_INITIAL = re.compile(r"\.?[ \t]{0,2}")  # between "J." and what follows
_HAN = re.compile("[\u3400-\u9fff]")
_SENTENCE = frozenset('.!?…\n:;•*>"“”«»。！？')
_LETTERS = frozenset("IAOEYWZИЯВСКОУ")  # that are words
_SHORTEST_STEM = 4  # letters of a name that an ending follows
_LONGEST_SIGNED = 5  # words of a line that signs
MOST_SIGNED = 40  # places of a text where it may be signed: the last ones count
_SENTENCE_ENDS = re.compile(r"[.!?…。！？,;:]\s*$")


class Token(NamedTuple):
    """A word of a flat text."""

    word: str
    start: int
    end: int
    low: str  # the word in small letters

    @property
    def cased(self) -> bool:
        """Whether its script knows capitals."""
        return self.low != self.word.upper()

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital; of scripts without capitals every word counts so."""
        return not self.cased or self.word[0].isupper()

    def found(self, kind: Kind) -> Found:
        """Return the place of it."""
        return Found(self.start, self.end, kind)


def tokens(text: str) -> list[Token]:
    """Return the words of a flat text."""
    pattern = _TOKEN if not text.isascii() and _OTHER_SCRIPTS.search(text) else _PLAIN_TOKEN
    return [Token(word := one[0], one.start(), one.end(), word.lower()) for one in pattern.finditer(text)]


def written(text: str, words: Sequence[Token], writer: Writer) -> Iterator[Found]:
    """Yield the sender's own name and parts of it, of the local parts of their addresses too."""
    sure, capital = _own(writer)
    heads = {part[:_SHORTEST_STEM] for part in sure | capital}
    if heads:
        alike = (one for one in words if one.low[:_SHORTEST_STEM] in heads or _is_arabic(one.low))
        for one in alike:
            if _is_own(one, sure) or (one.is_capital and _is_own(one, capital)):
                yield one.found(Kind.WRITER)
    for part in {part for part in sure if _HAN.match(part)}:
        for name in {part, part[-2:]} if len(part) > 1 else ():
            yield from (Found(one.start(), one.end(), Kind.WRITER) for one in re.finditer(re.escape(name), text))


@lru_cache(maxsize=32)
def _own(writer: Writer) -> tuple[frozenset[str], frozenset[str]]:
    """Return (parts that are the name wherever they stand, parts that are words too: only with a capital)."""
    named = [one.low for one in tokens(flat(writer.name).text)]
    if ORGANISATIONS.intersection(named):
        named = []
    locals_ = [flat(address.partition("@")[0]).text for address in writer.addresses]
    others = [one.low for local in locals_ for one in tokens(local)]
    parts = [one for one in (*named, *others) if len(one) > 1 and one not in TITLES]
    short = [one for one in parts if one in _common() or (len(one) == 2 and not _HAN.match(one))]
    return frozenset(parts) - frozenset(short), frozenset(short) & frozenset(named)


def _is_own(one: Token, parts: frozenset[str]) -> bool:
    """Whether a word is a part of the name, also with an ending, or with an Arabic particle before it."""
    low = one.low
    if low in parts or (_is_arabic(low) and (low[1:] in parts or low[2:] in parts)):
        return True
    return one.cased and one.is_capital and any(low[:cut] in parts or _stem(low, cut, parts) for cut in _cuts(low))


def _is_arabic(low: str) -> bool:
    return "\u0600" <= low[0] <= "\u06ff"


def _cuts(low: str) -> Iterable[int]:
    return range(max(_SHORTEST_STEM, len(low) - 3), len(low))


def _stem(low: str, cut: int, parts: frozenset[str]) -> bool:
    return any(low[:cut] + ending in parts for ending in "aeoyiая")


def signed(text: str, words: Sequence[Token]) -> Iterator[Found]:
    """Yield what stands where letters are signed: behind and below "Kind regards", and on a short last line."""
    lines = [one for one in re.finditer(r"[^\n]+", text) if one[0].strip()]
    wanted: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        behind = _closing(line[0].strip())
        if behind is not None:
            wanted.append((line.end() - behind, line.end()))
            wanted += [one.span() for one in lines[index + 1 : index + 3] if _is_short(one[0])]
    if len(lines) > 1 and _is_short(lines[-1][0]) and not _SENTENCE_ENDS.search(lines[-1][0]):
        wanted.append(lines[-1].span())
    within = (one for span in wanted[-MOST_SIGNED:] for one in _within(words, *span))
    yield from (one.found(Kind.WRITER) for one in within if _may_be_name(one, capital=True) and one.low not in TITLES)


def _within(words: Sequence[Token], start: int, end: int) -> Sequence[Token]:
    """Return the words that lie whole in that stretch."""
    return words[
        bisect_left(words, start, key=lambda one: one.start) : bisect_right(words, end, key=lambda one: one.end)
    ]


def _closing(line: str) -> int | None:
    """Return how many characters behind a closing may be a name; None where the line is none."""
    low = line.lower().lstrip("-–— ")
    if len(line) > 60 or len(low.split()) > 7:
        return None
    if not low.startswith(_closings()):
        return None
    return len(low) - max(len(one) for one in _closings() if low.startswith(one))


@cache
def _closings() -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for one in CLOSINGS for each in (one.lower(), flat(one).text.lower())))


def _is_short(line: str) -> bool:
    return len(line.split()) <= _LONGEST_SIGNED and len(line.strip()) <= 60


def introduced(text: str, words: Sequence[Token]) -> Iterator[Found]:
    """Yield what follows "my name is", "Name:", a title or "my son"."""
    places = {one.start: index for index, one in enumerate(words)}
    small = text.lower()
    for pattern, kind, strict in _introductions():
        for found in pattern.finditer(small):
            index = places.get(found.end())
            if index is not None:
                yield from _name_at(text, words, index, kind, strict=strict)
    for pattern, kind in _eastern():
        yield from (Found(*found.span(1), kind) for found in pattern.finditer(text))


@cache
def _introductions() -> tuple[tuple[re.Pattern[str], Kind, bool], ...]:
    """Return expressions of small letters that end where a name begins, what it is, and whether it has a capital."""

    def any_of(phrases: Iterable[str]) -> str:
        return "|".join(
            re.escape(one) for one in sorted({flat(one).text.lower() for one in phrases}, key=len, reverse=True)
        )

    labels = rf"^[ \t*>-]{{0,4}}(?:{any_of(LABELLED)})[ \t]?[:：][ \t]{{0,3}}"
    return (
        (re.compile(rf"(?<!\w)(?:{any_of(INTRODUCED)})[\s:,-]{{0,3}}"), Kind.WRITER, False),
        (re.compile(rf"(?<!\w)(?:{any_of(WEAKLY_INTRODUCED)})[ \t]"), Kind.WRITER, True),
        (re.compile(labels, re.MULTILINE), Kind.NAME, False),
        (re.compile(rf"(?<!\w)(?:{any_of(TITLES)})\.?[ \t\n]{{1,2}}"), Kind.NAME, True),
        (re.compile(r"(?<!\w)(?:mr|mrs|ms|miss|cllr)\.?[ \t]{1,2}"), Kind.NAME, False),
        (re.compile(rf"(?<!\w)(?:{any_of(RELATIVES)}),?[ \t]"), Kind.NAME, True),
    )


@cache
def _eastern() -> tuple[tuple[re.Pattern[str], Kind], ...]:
    """Return the same for Chinese, which leaves no space between words."""
    return (
        (re.compile(rf"([{SURNAMES}][\u3400-\u9fff]{{0,2}}?)(?:{EASTERN_TITLES})"), Kind.NAME),
        (re.compile(rf"(?:{EASTERN_INTRODUCED})[是:： ]?([\u3400-\u9fff]{{1,3}})"), Kind.WRITER),
    )


def _name_at(text: str, words: Sequence[Token], index: int, kind: Kind, *, strict: bool) -> Iterator[Found]:
    """Yield up to three words from there on, the first and every further one that looks like a name."""
    for step, one in enumerate(words[index : index + 3]):
        joined = step == 0 or _join(text, words[index + step - 1], one)
        if not joined or not _may_be_name(one, capital=strict or step > 0):
            return
        if _HAN.match(one.word):
            yield Found(one.start, min(one.end, one.start + 3), kind)
            return
        yield one.found(kind)
        if not one.cased and step > 0:
            return


def _join(text: str, first: Token, second: Token) -> bool:
    """Whether two words stand together as parts of one name do."""
    pattern = _INITIAL if len(first.word) == 1 else _BETWEEN
    return bool(pattern.fullmatch(text[first.end : second.start]) or _BETWEEN.fullmatch(text[first.end : second.start]))


def _may_be_name(one: Token, *, capital: bool) -> bool:
    return one.low not in _common() and (one.is_capital or not capital) and one.low not in _not_people()


def known(text: str, words: Sequence[Token]) -> Iterator[Found]:
    """Yield known first names that begin with a capital, each with the words with capitals behind it, and pairs."""
    index = 0
    while index < len(words):
        run = _run(text, words, index) if words[index].word[0].isupper() else []
        if run and _is_named(run, text):
            yield from (one.found(Kind.NAME) for one in run)
        index += max(len(run), 1)


def _run(text: str, words: Sequence[Token], index: int) -> list[Token]:
    """Return the words with capitals that stand together from there on, as far as they may be one name."""
    run: list[Token] = []
    for one in words[index : index + 4]:
        if run and not _join(text, run[-1], one):
            break
        if not (one.cased and one.is_capital):
            break
        if one.low in _not_people():  # "Victoria Road" is no person
            return []
        if one.low in TITLES or one.low in _common() or one.word in _LETTERS:
            break
        run.append(one)
    return run


def _is_named(run: Sequence[Token], text: str) -> bool:
    before = text[max(run[0].start - 4, 0) : run[0].start]
    if before.lower().endswith(("st ", "st. ", "o's ")):
        return False
    begins = not before.strip(" ") or before.rstrip(" ")[-1:] in _SENTENCE or before.endswith("\n")
    if run[0].low in _first_names() and (len(run[0].word) > 3 or len(run) > 1 or not begins):
        return True
    if not begins and len(run[0].low) > 4 and _is_inflected(run[0].low):
        return True
    if run[0].word.isupper() or len(run) < 2 or len(run) > 3 or begins:
        return False
    return not any(one.low.endswith(PLACES) for one in run)


def _is_inflected(low: str) -> bool:
    names = _first_names()
    return any(low[:-cut] in names or low[:-cut] + "a" in names for cut in (1, 2) if len(low) - cut >= 4)


@cache
def _not_people() -> frozenset[str]:
    return frozenset(STREETS.split("|")) | ORGANISATIONS


@cache
def _first_names() -> frozenset[str]:
    return _listed("first-names.txt")


@cache
def _common() -> frozenset[str]:
    return _listed("common-words.txt")


def _listed(name: str) -> frozenset[str]:
    lines = (files("intake.mail") / name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
