"""One compiled matcher for every word, phrase and regular expression of a rulebook.

Words are found by one Aho-Corasick automaton over the normal form (see `rules.normal`), where words are parted by
single spaces, so that a space in a pattern is a word boundary. Regular expressions are RE2's, asked all at once which
of them occur at all. What is found is handed to the leaves (the conditions) that asked for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import ahocorasick
import re2

from intake.mail.values import Span
from intake.rules import normal
from intake.rules.normal import Reading

SUBJECT, OWN_WORDS, FULL_TEXT, ATTACHMENT_NAMES = "subject", "own-words", "full-text", "attachment-names"
MOST_FOUND = 2_000  # places of one leaf's words: more than any letter has, so that a rule sees the last as the first
MOST_MATCHES = 50  # of one regular expression in one field

_SURROGATE = re.compile("[\ud800-\udfff]")
_ARABIC = re.compile("[\u0620-\u06ff]{3,}")
_PREFIXING = ("", "ar")  # whose letters write particles onto words; those in Persian, Pashto and Urdu do not
_PARTICLES = ("ال", "وال", "بال", "لل", "فال", "کال")  # that Arabic writes onto the next word
_LETTERS = ("و", "ب", "ل", "ف", "ک")  # the same, of one letter: only onto words of four letters and more


Leaves = tuple[int, ...]  # numbers of leaves whose findings are taken together


class Found(NamedTuple):
    """One place where a leaf's words stand."""

    reading: Reading
    start: int  # in the reading's normal form; in its original text for a regular expression
    end: int
    verbatim: bool  # whether the places are those of the original text

    @property
    def span(self) -> Span:
        """Where that is in the original text."""
        if self.verbatim:
            return Span(self.reading.field, self.start, self.end, self.reading.text[self.start : self.end])
        return self.reading.span(self.start, self.end)

    @property
    def normal(self) -> str:
        """Its words in normal form."""
        return self.span.text.casefold() if self.verbatim else self.reading.normal[self.start : self.end].strip()

    @property
    def words(self) -> tuple[int, int]:
        """The numbers of its first and last word, from 0."""
        if self.verbatim:
            before = len(normal.words(self.reading.text[: self.start]))
            return before, before + max(0, len(normal.words(self.span.text)) - 1)
        return self.reading.word(self.start), self.reading.word(self.end - 1)


class Spoken(NamedTuple):
    """What language a message is in, as far as word lists go."""

    usual: str  # "pl"; "" where it is in doubt
    careful: str  # the same, but already "" at the least doubt


UNKNOWN = Spoken("", "")


class Word(NamedTuple):
    """A word or phrase, and in which letters it is looked for."""

    form: str  # in normal form; a word of which any ending counts bears a *: "wybi* szyb*"
    language: str  # "pl": in Polish ones, and where the language is in doubt; "": in all
    careful: bool = False  # whether the least doubt is enough


def pattern(written: str) -> str | None:
    """Return the form of a word or phrase as an admin writes it, None where part of it holds no letter or digit."""
    found: list[str] = []
    for part in written.split():
        pieces = normal.words(part.rstrip("*"))
        if not pieces:
            return None
        found += pieces
        if part[-1] == "*":
            found[-1] += "*"
    return " ".join(found) or None


def _key(form: str) -> str:
    """Return what the automaton looks for: everything up to the first open ending."""
    before, star, _ = form.partition("*")
    return f" {before}" if star else f" {before} "


def _rest(form: str) -> re.Pattern[str] | None:
    """Return what must follow the key where an open ending is not the last word's."""
    _, star, after = form.partition("*")
    if not star or not after:
        return None
    return re.compile("[^ ]*" + re.escape(after).replace(re.escape("*"), "[^ ]*") + "(?= )")


class _Asker(NamedTuple):
    """Leaves that ask for one word in the same way."""

    fields: frozenset[str] | None  # that they read by choice
    is_open: bool  # whether any ending may follow
    rest: re.Pattern[str] | None  # what must follow the key
    leaves: Leaves


class _Entry(NamedTuple):
    """What the automaton hands over for one key."""

    length: int
    closed: Leaves  # that ask for nothing more, and read what is read by default
    opened: Leaves  # the same, but any ending may follow
    others: tuple[_Asker, ...]
    careful: tuple[_Asker, ...]  # of all of them those of safety rules


class Findings:
    """What one message holds: for every leaf that found something, where."""

    def __init__(self, defaults: frozenset[str]) -> None:
        """Start empty; `defaults` are the fields read by leaves that name none."""
        self.defaults = defaults
        self.by_leaf: defaultdict[int, list[Found]] = defaultdict(list)  # to be read by `of`

    def reads(self, fields: frozenset[str] | None, name: str) -> bool:
        """Whether a leaf that chose `fields`, or none, reads the field `name`."""
        return name in (self.defaults if fields is None else fields)

    def of(self, leaves: Leaves) -> Sequence[Found]:
        """Return what some leaves found."""
        parts = [self.by_leaf[leaf][:MOST_FOUND] for leaf in leaves if leaf in self.by_leaf]
        return parts[0] if len(parts) == 1 else [found for part in parts for found in part]


class Matcher:
    """Compiled words and regular expressions. Immutable once made; safe to share between threads."""

    def __init__(
        self,
        words: Sequence[tuple[Word, int]],
        regexes: Sequence[tuple[str, int]],
        fields: Mapping[int, frozenset[str]],
    ) -> None:
        """Compile `words` and `regexes`, each with its leaf; `fields` holds what leaves read by choice."""
        self._fields = fields
        by_language: dict[str, list[tuple[Word, int]]] = {}
        for one, leaf in words:
            by_language.setdefault(one.language, []).append((one, leaf))
        self._automata = {language: _automaton(found, fields) for language, found in by_language.items()}
        self._regexes = [(re2.compile(written, _options()), leaf) for written, leaf in regexes]
        self._set = _set([written for written, _ in regexes])
        self.read = frozenset(name for chosen in fields.values() for name in chosen)

    def search(self, readings: Iterable[Reading], defaults: frozenset[str], spoken: Spoken = UNKNOWN) -> Findings:
        """Return everything that the leaves find in `readings`; those without a choice read `defaults`.

        Words of languages that are not `spoken` are passed over.
        """
        findings = Findings(defaults)
        for reading in readings:
            for language, automaton in self._automata.items():
                if language in ("", spoken.usual) or not spoken.usual:
                    _search_words(automaton, reading, findings)
                elif not spoken.careful:
                    _search_careful(automaton, reading, findings)
            if self._set is not None:
                self._search_regexes(reading, findings)
        return findings

    def _search_regexes(self, reading: Reading, findings: Findings) -> None:
        text = reading.text if reading.text.isascii() else _SURROGATE.sub("\ufffd", reading.text)
        for index in self._set.Match(text) or ():
            compiled, leaf = self._regexes[index]
            for matched in islice(compiled.finditer(text), MOST_MATCHES):
                if matched.end() > matched.start() and findings.reads(self._fields.get(leaf), reading.field):
                    findings.by_leaf[leaf].append(Found(reading, matched.start(), matched.end(), verbatim=True))


def _search_words(automaton: Any, reading: Reading, findings: Findings) -> None:
    text, by_default, by_leaf = reading.normal, reading.field in findings.defaults, findings.by_leaf
    for last, (length, closed, opened, others, _) in automaton.iter(text):
        start = last + 2 - length
        if by_default and closed:
            found = Found(reading, start, last, False)
            for leaf in closed:
                by_leaf[leaf].append(found)
        if by_default and opened:
            found = Found(reading, start, text.index(" ", last + 1), False)
            for leaf in opened:
                by_leaf[leaf].append(found)
        if others:
            _ask(others, reading, start, last, findings)


def _search_careful(automaton: Any, reading: Reading, findings: Findings) -> None:
    """Find the words of safety rules alone."""
    for last, entry in automaton.iter(reading.normal):
        _ask(entry.careful, reading, last + 2 - entry.length, last, findings)


def _ask(askers: Iterable[_Asker], reading: Reading, start: int, last: int, findings: Findings) -> None:
    for fields, is_open, rest, leaves in askers:
        if not findings.reads(fields, reading.field):
            continue
        end = _end(reading.normal, last, rest, is_open=is_open)
        if end is not None:
            found = Found(reading, start, end, verbatim=False)
            for leaf in leaves:
                findings.by_leaf[leaf].append(found)


def _end(text: str, last: int, rest: re.Pattern[str] | None, *, is_open: bool) -> int | None:
    """Return where what begins with a key that ends at `last` ends; None where its rest does not follow."""
    if rest is not None:
        matched = rest.match(text, last + 1)
        return matched.end() if matched else None
    return text.index(" ", last + 1) if is_open else last


def regex_fault(written: str) -> str:
    """Return what is wrong with a regular expression, "" where it can be used."""
    try:
        compiled = re2.compile(written, _options())
    except re2.error as error:
        said = error.args[0]
        return f"the expression cannot be read: {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    return "the expression matches the empty text" if compiled.search("") else ""


def regex_size(written: str) -> int:
    """Return how large a regular expression without fault is once it is compiled, in RE2's instructions."""
    size: int = re2.compile(written, _options()).programsize
    return size


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


def _set(regexes: Sequence[str]) -> Any:
    if not regexes:
        return None
    made = re2.Set.SearchSet(_options())
    for written in regexes:
        made.Add(written)
    made.Compile()
    return made


def _automaton(words: Iterable[tuple[Word, int]], fields: Mapping[int, frozenset[str]]) -> Any:
    asking: dict[tuple[Word, frozenset[str] | None], list[int]] = {}
    for one, leaf in words:
        asking.setdefault((one, fields.get(leaf)), []).append(leaf)
    entries: dict[str, list[tuple[_Asker, bool]]] = {}
    for (one, chosen), leaves in asking.items():
        asker = _Asker(chosen, one.form[-1] == "*", _rest(one.form), tuple(leaves))
        for key in _with_particles(_key(one.form)) if one.language in _PREFIXING else (_key(one.form),):
            entries.setdefault(key, []).append((asker, one.careful))
    automaton = ahocorasick.Automaton()
    same: dict[_Entry, _Entry] = {}  # most words are asked for in the same few ways
    for key, known in entries.items():
        entry = _entry(key, known)
        automaton.add_word(key, same.setdefault(entry, entry))
    automaton.make_automaton()
    return automaton


def _entry(key: str, askers: Iterable[tuple[_Asker, bool]]) -> _Entry:
    """Return the entry of a key, from what asks for it and whether that is a safety rule."""
    plain = [one for one, _ in askers if one.fields is None and one.rest is None]
    return _Entry(
        len(key),
        tuple(leaf for one in plain for leaf in one.leaves if not one.is_open),
        tuple(leaf for one in plain for leaf in one.leaves if one.is_open),
        tuple(one for one, _ in askers if one.fields is not None or one.rest is not None),
        tuple(one for one, is_careful in askers if is_careful),
    )


def _with_particles(key: str) -> list[str]:
    """Return `key` and, for Arabic script, its forms with the particles that are written onto it."""
    first = key.split(maxsplit=1)[0]
    if not _ARABIC.fullmatch(first):
        return [key]
    if first.startswith("ال"):
        forms = [f"{letter}{first}" for letter in _LETTERS if letter != "ل"] + [f"لل{first[2:]}"]
    else:
        forms = [f"{particle}{first}" for particle in _PARTICLES + (_LETTERS if len(first) >= 4 else ())]
    return [key, *(key.replace(first, form, 1) for form in forms)]
