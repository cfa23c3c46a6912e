"""Compiled words and phrases: a trie whose steps are whole words, so that its size does not slow the search down.

A text is walked word by word in normal form (see `rules.normal`). What can begin with a word is looked up once and
remembered, and most words of a letter are the same few in every letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from sys import intern
from typing import Any, NamedTuple

Leaves = tuple[int, ...]  # numbers of leaves whose findings are taken together
Fields = frozenset[str] | None  # that leaves read by choice; None: what is read by default

_REMEMBERED = 50_000  # words; hostile letters may hold more
_ARABIC = re.compile("[\u0620-\u06ff]{3,}")
_PREFIXING = ("", "ar")  # whose letters write particles onto words; those in Persian, Pashto and Urdu do not
_THE = "ال"
_PARTICLES = ("ال", "وال", "بال", "لل", "فال", "کال")  # that Arabic writes onto the next word
_LETTERS = ("و", "ب", "ل", "ف", "ک")  # the same, of one letter: only onto words of four letters and more


class Word(NamedTuple):
    """A word or phrase, and in which letters it is looked for."""

    form: str  # in normal form; a word of which any ending counts bears a *: "wybi* szyb*"
    language: str  # "pl": in Polish ones, and where the language is in doubt; "": in all
    careful: bool = False  # whether the least doubt is enough


class Asker(NamedTuple):
    """Leaves that ask for one word or phrase in the same way."""

    language: str  # as of Word
    careful: bool
    fields: Fields
    leaves: Leaves


class Asked(NamedTuple):
    """Who asks for one word or phrase."""

    always: Leaves  # leaves that ask for it in every language, and read what is read by default
    others: tuple[Asker, ...]

    @classmethod
    def by(cls, askers: Iterable[Asker]) -> Asked:
        """Part them."""
        parted: dict[bool, list[Asker]] = {True: [], False: []}
        for one in askers:
            parted[one.language == "" and one.fields is None].append(one)
        return cls(tuple(leaf for one in parted[True] for leaf in one.leaves), tuple(parted[False]))

    def plus(self, other: Asked) -> Asked:
        """Return both together."""
        return Asked(self.always + other.always, self.others + other.others)


NOBODY = Asked((), ())


class _Node:
    """Where the words so far lead: what asks for them, and what may follow."""

    __slots__ = ("asked", "closed", "lengths", "opened")

    def __init__(self) -> None:
        self.asked = NOBODY
        self.closed: dict[str, _Node] = _NOWHERE  # the next word
        self.opened: dict[str, _Node] = _NOWHERE  # how the next word begins
        self.lengths: tuple[int, ...] = ()  # of the latter

    def __reduce__(self) -> tuple[Any, ...]:
        """Be packed without what stands for nothing, which is told by its identity."""
        return _node, (
            None if self.asked is NOBODY else self.asked,
            self.closed or None,
            self.opened or None,
            self.lengths,
        )

    def follow(self, word: str) -> list[_Node]:
        """Return where `word` leads."""
        nodes = self.begun(word)
        if word in self.closed:
            nodes.append(self.closed[word])
        return nodes

    def begun(self, word: str) -> list[_Node]:
        """Return where the beginnings of `word` lead."""
        nodes = []
        for length in self.lengths:
            if length > len(word):
                break
            if (begin := word[:length]) in self.opened:
                nodes.append(self.opened[begin])
        return nodes

    def child(self, token: str) -> _Node:
        """Return where a word of a pattern leads, made where it is not there yet."""
        if token[-1] != "*":
            if self.closed is _NOWHERE:
                self.closed = {}
            return self.closed.get(token) or self.closed.setdefault(intern(token), _Node())
        if self.opened is _NOWHERE:
            self.opened = {}
        self.lengths = tuple(sorted({*self.lengths, len(token) - 1}))
        return self.opened.get(token[:-1]) or self.opened.setdefault(intern(token[:-1]), _Node())


def _node(asked: Asked | None, closed: Any, opened: Any, lengths: tuple[int, ...]) -> _Node:
    node = _Node()
    node.asked, node.closed, node.opened, node.lengths = (
        asked or NOBODY,
        closed or _NOWHERE,
        opened or _NOWHERE,
        lengths,
    )
    return node


_NOWHERE: dict[str, _Node] = {}  # of the many nodes where nothing may follow: never written to

_Begin = tuple[Asked, list[_Node]]  # who asks for a word alone, and where longer ones go on


class _Begins(dict[str, _Begin | None]):
    """Word -> what can begin with it, None where nothing can; worked out when the word is first met, and remembered."""

    def __init__(self, root: _Node, arabic: _Arabic) -> None:
        super().__init__()
        self._root, self._arabic = root, arabic

    def __reduce__(self) -> tuple[Any, ...]:
        """Be packed without what it remembers."""
        return _Begins, (self._root, self._arabic)

    def __missing__(self, word: str) -> _Begin | None:
        nodes = (*self._root.follow(word), *dict.fromkeys(self._arabic.follow(word)))
        asked = reduce(Asked.plus, (node.asked for node in nodes if node.asked is not NOBODY), NOBODY)
        begin = (asked, [node for node in nodes if node.closed or node.opened]) if nodes else None
        if len(self) < _REMEMBERED:
            self[word] = begin
        return begin


class Phrases:
    """All words and phrases of a rulebook. Immutable but for what it remembers; safe to share between threads."""

    def __init__(self, words: Iterable[tuple[Word, Fields, int]]) -> None:
        """Compile words, each with the fields in which its leaf looks for it."""
        self._root, self._arabic = _Node(), _Arabic()
        self._begins = _Begins(self._root, self._arabic)
        asking: dict[tuple[Word, Fields], list[int]] = {}
        for word, fields, leaf in words:
            asking.setdefault((word, fields), []).append(leaf)
        alone: dict[Asker, Asked] = {}  # most words are asked for in the same few ways
        beside: dict[Asked, Asked] = {}
        for (word, fields), leaves in asking.items():
            asker = Asker(word.language, word.careful, fields, tuple(leaves))
            asked = alone.get(asker) or alone.setdefault(asker, Asked.by([asker]))
            for node in self._ends(word):
                if node.asked is NOBODY:
                    node.asked = asked
                else:
                    both = node.asked.plus(asked)
                    node.asked = beside.setdefault(both, both)

    def search(self, words: Sequence[str]) -> Iterator[tuple[int, int, Asked]]:
        """Yield (number of the first word, of the one after the last, who asked) for everything found in a text."""
        count = len(words)
        for start, begin in enumerate(map(self._begins.__getitem__, words)):
            if begin is None:
                continue
            (asked, nodes), end = begin, start + 1
            if asked is not NOBODY:
                yield start, end, asked
            while nodes and end < count:
                following, next_word = [], words[end]
                for node in nodes:
                    if next_word in node.closed:
                        following.append(node.closed[next_word])
                    if node.lengths:
                        following += node.begun(next_word)
                end += 1
                nodes = following
                for node in nodes:
                    if node.asked is not NOBODY:
                        yield start, end, node.asked

    def _ends(self, word: Word) -> Iterator[_Node]:
        """Yield where a pattern ends."""
        first, *others = word.form.split()
        begins = [self._root.child(first)]
        if word.language in _PREFIXING and _ARABIC.fullmatch(first.rstrip("*")):
            begins.append(self._arabic.child(first))
        for begin in begins:
            yield reduce(_Node.child, others, begin)


class _Arabic:
    """First words of patterns in Arabic script, onto which particles may be written."""

    def __init__(self) -> None:
        self._short, self._long, self._definite = _Node(), _Node(), _Node()

    def child(self, token: str) -> _Node:
        """Return where the first word of a pattern leads."""
        if token.startswith(_THE):
            return self._definite.child(token)
        return (self._long if len(token.rstrip("*")) >= 4 else self._short).child(token)

    def follow(self, word: str) -> Iterator[_Node]:
        """Yield where `word` leads once its particles are off."""
        for particle in _PARTICLES:
            if word.startswith(particle):
                yield from self._short.follow(word[len(particle) :])
                yield from self._long.follow(word[len(particle) :])
        if word.startswith(_LETTERS):
            yield from self._long.follow(word[1:])
            if word[0] != "ل":
                yield from self._definite.follow(word[1:])
        if word.startswith("لل"):
            yield from self._definite.follow(_THE + word[2:])
