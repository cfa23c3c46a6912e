"""One compiled matcher for every word, phrase and regular expression of a rulebook.

Words are found word by word in the normal form (see `rules.phrases`). Regular expressions are RE2's, asked all at once
which of them occur at all. What is found is handed to the leaves (the conditions) that asked for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import re2

from intake.mail.values import Span
from intake.rules import normal
from intake.rules.normal import Reading
from intake.rules.phrases import Leaves, Phrases, Word

SUBJECT, OWN_WORDS, FULL_TEXT, ATTACHMENT_NAMES = "subject", "own-words", "full-text", "attachment-names"
MOST_FOUND = 2_000  # places of one leaf's words: more than any letter has, so that a rule sees the last as the first
MOST_MATCHES = 50  # of one regular expression in one field

_SURROGATE = re.compile("[\ud800-\udfff]")


class Found(NamedTuple):
    """One place where a leaf's words stand."""

    reading: Reading
    start: int  # number of its first word, from 0; place in the original text for a regular expression
    end: int  # of what comes after it
    verbatim: bool  # whether the places are those of the original text

    @property
    def field(self) -> str:
        """The field that is read."""
        return self.reading.field

    @property
    def span(self) -> Span:
        """Where that is in the original text."""
        if self.verbatim:
            return Span(self.reading.field, self.start, self.end, self.reading.text[self.start : self.end])
        return self.reading.span(self.start, self.end)

    @property
    def normal(self) -> str:
        """Its words in normal form."""
        return self.span.text.casefold() if self.verbatim else " ".join(self.reading.words[self.start : self.end])

    @property
    def words(self) -> tuple[int, int]:
        """The numbers of its first and last word, from 0."""
        if self.verbatim:
            before = len(normal.words(self.reading.text[: self.start]))
            return before, before + max(0, len(normal.words(self.span.text)) - 1)
        return self.start, self.end - 1


class Spoken(NamedTuple):
    """What language a message is in, as far as word lists go."""

    usual: str  # "pl"; "" where it is in doubt
    careful: str  # the same, but already "" at the least doubt


UNKNOWN = Spoken("", "")


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


class Findings:
    """What one message holds: for every leaf that found something, where."""

    def __init__(self, readings: Sequence[Reading], defaults: frozenset[str]) -> None:
        """Start empty; `defaults` are the fields of `readings` that are read by leaves that name none."""
        self.readings = readings
        self.defaults = defaults
        self.by_leaf: defaultdict[int, list[Found]] = defaultdict(list)  # to be read by `of`

    def reads(self, fields: frozenset[str] | None, name: str) -> bool:
        """Whether a leaf that chose `fields`, or none, reads the field `name`."""
        return name in (self.defaults if fields is None else fields)

    def of(self, leaves: Leaves) -> Sequence[Found]:
        """Return what some leaves found."""
        parts = [self.by_leaf[leaf][:MOST_FOUND] for leaf in leaves if leaf in self.by_leaf]
        return parts[0] if len(parts) == 1 else [found for part in parts for found in part]

    def any(self, leaves: Leaves) -> bool:
        """Whether one of some leaves found something."""
        return any(leaf in self.by_leaf for leaf in leaves)

    def among(self, words: frozenset[str]) -> list[Found]:
        """Return where, in what is read by default, each of `words` stands first; single words in normal form."""
        found = []
        for reading in self.readings:
            if reading.field in self.defaults:
                firsts: dict[str, int] = {}
                for n, word in enumerate(reading.words):
                    if word in words:
                        firsts.setdefault(word, n)
                found += [Found(reading, n, n + 1, False) for n in firsts.values()]
        return found


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
        self._phrases = Phrases((word, fields.get(leaf), leaf) for word, leaf in words)
        self.read = frozenset(name for chosen in fields.values() for name in chosen)
        self._written = tuple(regexes)
        self._compile()

    def _compile(self) -> None:
        self._filter = _filter([written for written, _ in self._written])
        self._regexes = [(self._filter.re(n), leaf) for n, (_, leaf) in enumerate(self._written)]

    def __getstate__(self) -> dict[str, Any]:
        """Be packed with regular expressions as they are written."""
        return {key: value for key, value in self.__dict__.items() if key not in ("_filter", "_regexes")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Compile them again."""
        self.__dict__.update(state)
        self._compile()

    def search(self, readings: Sequence[Reading], defaults: frozenset[str], spoken: Spoken = UNKNOWN) -> Findings:
        """Return everything that the leaves find in `readings`; those without a choice read `defaults`.

        Words of languages that are not `spoken` are passed over.
        """
        findings = Findings(readings, defaults)
        for reading in readings:
            self._search_words(reading, spoken, findings)
            if self._regexes:
                self._search_regexes(reading, findings)
        return findings

    def _search_words(self, reading: Reading, spoken: Spoken, findings: Findings) -> None:
        usual, in_doubt, by_leaf = spoken.usual, not spoken.careful, findings.by_leaf
        field, by_default = reading.field, reading.field in findings.defaults
        for start, end, asked in self._phrases.search(reading.words):
            found = Found(reading, start, end, False)
            if by_default:
                for leaf in asked.always:
                    by_leaf[leaf].append(found)
            for language, careful, fields, leaves in asked.others:
                if language and usual and language != usual and not (careful and in_doubt):
                    continue
                if by_default if fields is None else field in fields:
                    for leaf in leaves:
                        by_leaf[leaf].append(found)

    def _search_regexes(self, reading: Reading, findings: Findings) -> None:
        text = reading.text if reading.text.isascii() else _SURROGATE.sub("\ufffd", reading.text)
        for index in self._filter.Match(text) or ():
            compiled, leaf = self._regexes[index]
            for matched in islice(compiled.finditer(text), MOST_MATCHES):
                if matched.end() > matched.start() and findings.reads(self._fields.get(leaf), reading.field):
                    findings.by_leaf[leaf].append(Found(reading, matched.start(), matched.end(), verbatim=True))


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


def _filter(regexes: Sequence[str]) -> Any:
    """Return what tells which of many expressions match: those of which some literal part stands in the text are tried.

    (RE2's FilteredRE2. Its Set would build one automaton of all of them, which new letters make ever larger.)
    """
    made = re2.Filter()
    for written in regexes:
        made.Add(written, _options())
    if regexes:
        made.Compile()
    return made
