"""All words of a rulebook: named lists expanded, every pattern made once, and handed to the leaf that asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from intake.errors import Problem
from intake.rules.match import Matcher, pattern, regex_fault, regex_size
from intake.rules.phrases import Leaves, Word
from intake.rules.shape import Lists
from intake.yamlfile import MOST_PROBLEMS, Document, Where
from intake.yamlshape import meant

DEEPEST = 20  # lists within one another
MOST_REGEX = 500_000  # instructions of all regular expressions, beyond which searching for them at once would fail
Fields = frozenset[str] | None  # what a condition reads; None: what is read by default


@dataclass(frozen=True, slots=True)
class Source:
    """Something in a file, with where it stands."""

    document: Document
    path: Where

    def __truediv__(self, step: str | int) -> Source:
        """Return what stands under `step`."""
        return Source(self.document, (*self.path, step))

    def problem(self, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """Return the fault `message` at this place."""
        return self.document.problem(self.path, message, hint, key=key)

    def unknown(self, what: str, given: str, known: Iterable[str]) -> Problem:
        """Return the fault that there is no `what` called `given`."""
        if len(self.document.hinted) >= MOST_PROBLEMS:
            return self.problem(f"there is no {what} `{given}`")
        self.document.hinted.add(self.path)
        listed = sorted(known)
        hint = meant(given, listed) or (f"known: {', '.join(listed)}" if len(listed) <= 30 else "")
        return self.problem(f"there is no {what} `{given}`", hint)


class Entry(NamedTuple):
    """One entry of a list, as written."""

    text: str
    language: str  # "pl"; "" for one that every language's letters are searched for
    listed: Source  # in which it stands
    step: int | str  # from 0, within that; or its key

    @property
    def source(self) -> Source:
        """Where it stands."""
        return self.listed / self.step


class Lexicon:
    """Collects lists first, then the words of conditions; `problems` holds every fault met on the way."""

    def __init__(self, *, is_whole: bool = True) -> None:
        """Start empty; where not `is_whole`, files are missing and an unknown list is no fault."""
        self._is_whole = is_whole
        self.problems: list[Problem] = []
        self.leaves = 0  # how many there are so far; the number of the next
        self.used: set[int] = set()  # those that were asked for since somebody emptied this
        self.languages: set[str] = set()  # of the words by which rules sort messages into categories
        self.careful = False  # whether the next conditions are a safety rule's
        self.sorting = False  # whether the next conditions' rule has a category or weights
        self._lists: dict[str, tuple[Entry, ...]] = {}
        self._told: dict[tuple[str, str], str] = {}  # (list, language) -> the file that holds it
        self._expanded: dict[str, tuple[Word, ...]] = {}
        self._patterns: dict[str, str | None] = {}
        self._words: list[tuple[Word, int]] = []
        self._shared: dict[tuple[str, Fields, bool], int] = {}
        self._sizes: Counter[int] = Counter()
        self._regex_room = MOST_REGEX
        self._regexes: list[tuple[str, int]] = []
        self._fields: dict[int, frozenset[str]] = {}

    @property
    def lists(self) -> Mapping[str, tuple[Entry, ...]]:
        """Every named list."""
        return self._lists

    def add_lists(self, document: Document, lists: Lists) -> None:
        """Take up the named lists of one file; another may go on with the same list in other languages."""
        for name, by_language in lists.items():
            source = Source(document, ("lists", name))
            for language in by_language:
                if (first := self._told.setdefault((name, language), document.file)) != document.file:
                    which = f" of `{language}`" if language else ""
                    message = f"there is already a list `{name}`{which}"
                    self.problems.append((source / language if language else source).problem(message, f"in {first}"))
            self._lists[name] = self._lists.get(name, ()) + tuple(
                Entry(text, base, listed, n)
                for language, texts in by_language.items()
                for base, listed in [(_base(language), source / language if language else source)]
                for n, text in enumerate(texts)
            )

    def words(self, texts: Iterable[str], source: Source, fields: Fields, *, by_key: bool = False) -> Leaves:
        """Return the leaves that find any of `texts`: words, phrases, and `$name` for a list.

        A list is looked for once, however many conditions name it. The texts stand in a list, or `by_key`.
        """
        entries = [Entry(text, "", source, text if by_key else n) for n, text in enumerate(texts)]
        parts = [self._list(entry, fields) for entry in entries if entry.text.startswith("$")]
        if plain := [entry for entry in entries if not entry.text.startswith("$")]:
            parts.append(self._found_by(fields, (one for entry in plain for one in self._words_of(entry, ()))))
        self.used |= set(parts)
        return tuple(parts)

    def _list(self, entry: Entry, fields: Fields) -> int:
        found = self._words_of(entry, ())  # tells of a list that is not there, wherever it is named
        if self.sorting:
            self.languages |= {one.language for one in found if one.language}
        known = (entry.text, fields, self.careful)
        if known not in self._shared:
            self._shared[known] = self._found_by(fields, found)
        return self._shared[known]

    def _found_by(self, fields: Fields, words: Iterable[Word]) -> int:
        leaf = self._leaf(fields)
        found = dict.fromkeys(one._replace(careful=True) for one in words) if self.careful else dict.fromkeys(words)
        self._words += [(one, leaf) for one in found]
        self._sizes[leaf] = len(found)
        return leaf

    def regex(self, texts: Iterable[str], source: Source, fields: Fields) -> Leaves:
        """Return leaves, new, that find any of some regular expressions."""
        leaf = self._leaf(fields)
        self.used.add(leaf)
        for n, text in enumerate(texts):
            if self._regex_room < 0:
                break
            if fault := regex_fault(text):
                self.problems.append((source / n).problem(fault, "RE2 syntax: no look-around, no back-references"))
                continue
            self._regex_room -= regex_size(text)
            if self._regex_room < 0:
                message = "with this expression, those of the rules are too large to be searched for together"
                self.problems.append((source / n).problem(message, "shorten repetitions such as {200}"))
            self._regexes.append((text, leaf))
            self._sizes[leaf] += 1
        return (leaf,)

    def size(self, leaf: int) -> int:
        """Return how many words or regular expressions a leaf looks for."""
        return self._sizes[leaf]

    def check(self) -> None:
        """Find the faults of lists that no condition uses."""
        for name in self._lists:
            self._expand(name, ())

    def matcher(self) -> Matcher:
        """Return what finds all of it; only to be called where `problems` is empty."""
        return Matcher(self._words, self._regexes, self._fields)

    def _leaf(self, fields: Fields) -> int:
        leaf = self.leaves
        self.leaves += 1
        if fields is not None:
            self._fields[leaf] = fields
        return leaf

    def _words_of(self, entry: Entry, inside: tuple[str, ...]) -> tuple[Word, ...]:
        if not entry.text.startswith("$"):
            made = self._pattern(entry)
            return (Word(made, entry.language),) if made else ()
        name = entry.text[1:]
        if name not in self._lists:
            if self._is_whole:
                self.problems.append(entry.source.unknown("list", entry.text, [f"${one}" for one in self._lists]))
            return ()
        if name in inside:
            circle = " → ".join((*inside[inside.index(name) :], name))
            self.problems.append(entry.source.problem(f"the list `{name}` holds itself: {circle}"))
            return ()
        if len(inside) >= DEEPEST:
            self.problems.append(
                entry.source.problem(f"lists are held within one another deeper than {DEEPEST} levels")
            )
            return ()
        return self._expand(name, inside)

    def _expand(self, name: str, inside: tuple[str, ...]) -> tuple[Word, ...]:
        if name not in self._expanded:
            found = [one for entry in self._lists[name] for one in self._words_of(entry, (*inside, name))]
            self._expanded[name] = tuple(dict.fromkeys(found))
        return self._expanded[name]

    def _pattern(self, entry: Entry) -> str | None:
        text = entry.text
        if text not in self._patterns:
            self._patterns[text] = pattern(text)
        made = self._patterns[text]
        if made is None:
            self.problems.append(entry.source.problem(f"`{text}`: signs without letters or digits are not looked for"))
        elif "*" in text and any("*" in word[:-1] for word in text.split()):
            self.problems.append(entry.source.problem(f"`{text}`: a * can stand only at the end of a word"))
        elif "*" in made and any(word[-1] == "*" and len(word) < 3 and word.isascii() for word in made.split()):
            hint = "write two letters before the *"
            self.problems.append(entry.source.problem(f"`{text}` would match too much", hint))
        return made


def _base(language: str) -> str:
    """Return "pl" for "pl-PL", and "" for English, which residents of every language mix in."""
    base = language.split("-", 1)[0].lower()
    return "" if base == "en" else base
