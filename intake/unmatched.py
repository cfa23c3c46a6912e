"""What no rule sorted lately, and the words that set it apart from the rest: candidates for a rule (R6).

Only words and phrases of two or three words come out, only in normal form, and only those that letters of three
different senders share, so that no resident's sentence, name, address or number does.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from math import log
from typing import NamedTuple

from intake.mail.values import MACHINES
from intake.rules import normal
from intake.rules.rulebook import Rulebook
from intake.rules.weigh import GENERAL, UNSOLICITED
from intake.store import history
from intake.store.database import Database
from intake.store.history import Letter

SENDERS = 3  # different ones in whose letters a candidate must stand
LONGEST = 3  # words of a phrase
MOST_WORDS = 1000  # of one letter that are read
MOST_LETTERS = 5_000  # newest ones whose words are looked at, of either side
MOST_CANDIDATES = 20
SIGNIFICANT = 10.83  # of the log-likelihood ratio: chance does so once in a thousand words
_ADDRESS = re.compile(r"\S*(?:@|://|www\.)\S*", re.IGNORECASE)
_MARK = "\n"  # what no phrase reaches over

Phrase = tuple[str, ...]


class Candidate(NamedTuple):
    """Words that set letters apart."""

    words: str  # one to three, in normal form
    letters: int  # unmatched ones that bear them
    others: int  # of the rest that do
    score: float  # log-likelihood ratio


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What fell to `general`."""

    messages: int
    others: int  # that did not, and which they are compared with
    languages: Mapping[str, int]
    references: tuple[str, ...]  # newest first
    candidates: tuple[Candidate, ...]  # the most telling first


def unmatched(database: Database, since: datetime, step: Callable[[int], None]) -> Unmatched:
    """Look at what people wrote since then; `step` is told the number of letters just read. Raises Temporary."""
    with database.read() as conn:
        read = _told(history.letters(conn, since, MACHINES), step)
        found = [one for one in read if one.category == GENERAL]
        rest = (one for one in history.letters(conn, since, MACHINES) if one.category != GENERAL)
        count, chosen = candidates(found[:MOST_LETTERS], islice(rest, MOST_LETTERS))
    languages = Counter(one.language for one in found)
    references = tuple(dict.fromkeys(one.reference for one in found))
    return Unmatched(len(found), count, dict(languages.most_common()), references, chosen)


def candidates(found: Sequence[Letter], rest: Iterable[Letter]) -> tuple[int, tuple[Candidate, ...]]:
    """Return how many letters `rest` has, and what sets `found` apart from it, the most telling first."""
    shared = _shared(found)
    others: Counter[Phrase] = Counter()
    count = 0
    for one in rest:
        count += 1
        words = _words(one)
        others.update(
            {phrase for length in range(1, LONGEST + 1) for phrase in _phrases(words, length)} & shared.keys()
        )
    made = (
        Candidate(" ".join(phrase), here, others[phrase], _ratio(here, len(found), others[phrase], count))
        for phrase, here in shared.items()
        if count and here / len(found) > others[phrase] / count and _tells(phrase)
    )
    ranked = sorted(made, key=lambda one: (-one.score, -len(one.words), one.words))
    return count, tuple(_apart(one for one in ranked if one.score >= SIGNIFICANT))


def stub(chosen: Collection[Candidate], rulebook: Rulebook) -> str:
    """Return a rule of those words, to be finished by hand; "" where there are none."""
    if not chosen:
        return ""
    category = next((one for one in rulebook.categories if one not in (GENERAL, UNSOLICITED)), GENERAL)
    lines = (
        "rules:",
        "  - id: new-rule  # CHANGE",
        "    name: What these letters are about",
        "    when:",
        "      words:  # KEEP what belongs together",
        *(f"        - {json.dumps(one.words, ensure_ascii=False)}" for one in chosen),
        f"    then: {{category: {category}}}  # CHANGE it; where one word alone says too little, add a weight",
    )
    return "\n".join(lines) + "\n"


def _shared(found: Sequence[Letter]) -> dict[Phrase, int]:
    """Return in how many letters each phrase stands that letters of enough senders share; longer ones grow of those."""
    read = [(_sender(one), _words(one)) for one in found]
    shared: dict[Phrase, int] = {}
    for length in range(1, LONGEST + 1):
        senders: dict[Phrase, set[str]] = defaultdict(set)
        letters: Counter[Phrase] = Counter()
        for sender, words in read:
            for phrase in set(_phrases(words, length)):
                if length == 1 or (phrase[1:] in shared and phrase[:-1] in shared):
                    senders[phrase].add(sender)
                    letters[phrase] += 1
        shared |= {phrase: letters[phrase] for phrase, different in senders.items() if len(different) >= SENDERS}
    return shared


def _sender(one: Letter) -> str:
    """Return who wrote a letter: with `+anything` before the @, an address is still the same person's."""
    local, at, domain = (one.reply_address or one.from_address).strip().lower().rpartition("@")
    return local.partition("+")[0] + at + domain


def _words(one: Letter) -> list[str]:
    """Return a letter's words, with a mark for what no phrase reaches over: the writer's name, numbers, addresses."""
    own = frozenset(normal.words(f"{one.from_name} {one.from_address.partition('@')[0]}"))
    words: list[str] = []
    for text in (one.subject, *one.own_words.splitlines()):
        for part in re.split(r"[.!?;:,()]+(?:\s|$)", _ADDRESS.sub(" , ", text)):
            found = normal.words(part)[:MOST_WORDS]
            words += [_MARK if word in own or any(map(str.isdigit, word)) else word for word in found] + [_MARK]
        if len(words) > MOST_WORDS:
            break
    return words[:MOST_WORDS]


def _phrases(words: Sequence[str], length: int) -> Iterator[Phrase]:
    """Yield every run of so many words without a mark in it."""
    for phrase in zip(*(words[start:] for start in range(length)), strict=False):
        if _MARK not in phrase:
            yield phrase


def _tells(phrase: Phrase) -> bool:
    """Whether it can be looked for: letters, two at least."""
    text = "".join(phrase)
    return len(text) > 1 and any(map(str.isalpha, text))


def _ratio(here: int, of: int, there: int, of_others: int) -> float:
    """Return Dunning's log-likelihood ratio of so many letters of one side against so many of the other."""
    cells = ((here, there), (of - here, of_others - there))
    total = of + of_others
    expected = ([sum(row) * side / total for side in (of, of_others)] for row in cells)
    pairs = zip(chain(*cells), chain(*expected), strict=True)
    return 2 * sum(seen * log(seen / wanted) for seen, wanted in pairs if seen)


def _apart(ranked: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yield the first of them that do not hold one another."""
    chosen: list[str] = []
    for one in ranked:
        text = f" {one.words} "
        if not any(text in other or other in text for other in chosen):
            chosen.append(text)
            yield one
        if len(chosen) == MOST_CANDIDATES:
            return


def _told(letters: Iterable[Letter], step: Callable[[int], None]) -> Iterator[Letter]:
    for one in letters:
        step(1)
        yield one
