"""Own words -> the language that most of them are written in, as a BCP 47 tag with a confidence."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from string import ascii_letters

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from intake.mail.folding import folded
from intake.mail.language_words import LATIN, LETTERS, ROMANISED, SHARED
from intake.mail.values import Language

_SAMPLE = 6_000  # characters that are judged; more of a letter changes nothing
_SHORT = 60  # letters below which the subject is read too
_PIECE = 240  # characters from which a piece of a letter can be judged by itself
_ENGLISH = math.log(3.0)  # what English is ahead by before anything is read: here it is three times likelier
_ROMANISED = math.log(0.02)  # what a language in letters not its own begins with: it is fifty times less likely
_UNSURE = 0.3  # below this likelihood a text in Latin letters passes for English
_FLOOR = 1e-4  # the least that the identifier's "no" counts for
_LEAST = math.log(_FLOOR)
_CLEAR = 4.0  # lead, as a logarithm, from which the identifier has never disagreed
_CLEAR_ALL, _CLEAR_PIECE = 3.0, 1.0  # the same of a whole text, and of a piece of it that agrees with the whole
_SMALL_WORDS = 20.0  # weight of the share of a language's small words among the words
_OWN_LETTERS = 60.0  # weight of the share of a language's own letters among the characters

_Weights = tuple[tuple[str, float], ...]  # of languages

_LATIN = frozenset(LATIN)
_CYRILLIC = frozenset({"bg", "ru", "uk"})
_ARABIC = frozenset({"ar", "fa", "ps", "ur"})

# First code point of each block, and whose letters it holds: a script's, a language's, or nobody's.
_BLOCKS = (
    (0x0000, ""), (0x0041, "Latn"), (0x005B, ""), (0x0061, "Latn"), (0x007B, ""), (0x00AA, "Latn"), (0x00AB, ""),
    (0x00BA, "Latn"), (0x00BB, ""), (0x00C0, "Latn"), (0x0250, ""), (0x0370, "el"), (0x0400, "Cyrl"), (0x0530, "hy"),
    (0x0590, "he"), (0x0600, "Arab"), (0x0700, ""), (0x0750, "Arab"), (0x0780, ""), (0x08A0, "Arab"), (0x0900, "hi"),
    (0x0980, "bn"), (0x0A00, "pa"), (0x0A80, "gu"), (0x0B00, ""), (0x0B80, "ta"), (0x0C00, "te"), (0x0C80, "kn"),
    (0x0D00, "ml"), (0x0D80, "si"), (0x0E00, "th"), (0x0E80, ""), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, "am"),
    (0x13A0, ""), (0x1E00, "Latn"), (0x1F00, "el"), (0x2000, ""), (0x3040, "ja"), (0x3100, ""), (0x3400, "Hani"),
    (0x4DC0, ""), (0x4E00, "Hani"), (0xA000, ""), (0xAC00, "ko"), (0xD7B0, ""), (0xFB50, "Arab"), (0xFE00, ""),
    (0xFE70, "Arab"), (0xFEFF, ""),
)  # fmt: skip
_STARTS = tuple(start for start, _ in _BLOCKS)
_DENSE = {"Hani": 4, "ja": 3, "ko": 2}  # letters of an alphabet that say what one of these says

_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|(?<!\S)[^\s@]+@\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"\n|\s(?<=[.!?…].)")
_NO_LETTERS = bytes(set(range(128)) - set(ascii_letters.encode()))


def detect(text: str, subject: str = "") -> Language:
    """Return the language of most of `text`; of `subject` too where `text` is short.

    English is assumed where little speaks for anything else; "und" means that there is not a letter to judge by.
    Bounded time: at most 6,000 characters of each are read. The first call loads the identifier (0.7 s, 90 MB).
    """
    sample = _prose(text[:_SAMPLE])
    scripts = _scripts(sample)
    if sum(scripts.values()) < _SHORT:
        sample = f"{sample}\n{_prose(subject[:_SAMPLE])}"
        scripts = _scripts(sample)
    if not scripts:
        return Language("und", 0.0)
    script, letters = scripts.most_common(1)[0]
    tag, confidence = _within(script, sample, scripts)
    return Language(tag, round(confidence * letters / sum(scripts.values()), 3))


def _prose(text: str) -> str:
    """Return `text` without links and addresses."""
    return _NOT_PROSE.sub(" ", text) if "@" in text or "://" in text or "www." in text.lower() else text


def _scripts(text: str) -> Counter[str]:
    """Return the letters of `text` by script, weighed by what a letter of that script says."""
    found: Counter[str] = Counter()
    if text.isascii():
        letters = len(text.encode().translate(None, _NO_LETTERS))
        return Counter(Latn=letters) if letters else found
    for character, times in Counter(text).items():
        script = _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]
        if script:
            found[script] += times * _DENSE.get(script, 1)
    return found


def _within(script: str, text: str, scripts: Mapping[str, int]) -> tuple[str, float]:
    """Return the language and its likelihood among those of `script`."""
    match script:
        case "Latn":
            tag, likelihood = _vote(text)
            return (tag if likelihood >= _UNSURE else "en"), likelihood
        case "Cyrl":
            return _best(_likelihoods(text, _told(text, _CYRILLIC), _CYRILLIC))
        case "Arab":
            return _best(_likelihoods(text, _told(text, _ARABIC), _ARABIC))
        case "Hani" if scripts.get("ja", 0) * 4 <= scripts["Hani"]:
            return _chinese(text), 1.0
        case "Hani":
            return "ja", 0.9
    return script, 1.0


def _vote(text: str) -> tuple[str, float]:
    """Let every piece of a text in Latin letters vote with its length, so that most of a mixed letter wins."""
    pieces = [(piece, _told(piece, _LATIN, romanised=True)) for piece in _pieces(text)]
    usual = _usual(pieces) if len(pieces) > 1 else ""
    votes: dict[str, float] = defaultdict(float)
    for piece, told in pieces:
        for tag, likelihood in _likelihoods(piece, told, _LATIN, usual).items():
            votes[tag] += likelihood * len(piece)
    return _best(votes)


def _usual(pieces: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """Return the language that small words and letters tell of a text by all its pieces, "" where that leaves doubt."""
    sums = {tag: sum(told[tag] * len(piece) for piece, told in pieces) for tag in pieces[0][1]}
    first, lead = _lead(sums)
    return first if first in LATIN and lead > _CLEAR_ALL * sum(len(piece) for piece, _ in pieces) else ""


def _best(votes: Mapping[str, float]) -> tuple[str, float]:
    tag = max(votes, key=lambda each: votes[each])
    return "fa-AF" if tag == "fa" else tag, votes[tag] / sum(votes.values())


def _pieces(text: str) -> list[str]:
    """Return runs of sentences long enough to be judged; a short last one is joined to the one before."""
    pieces = [""]
    for sentence in _BREAK.split(text):
        if len(pieces[-1]) >= _PIECE:
            pieces.append("")
        pieces[-1] += f"{sentence} "
    if len(pieces) > 1 and len(pieces[-1]) < _PIECE:
        rest = pieces.pop()
        pieces[-1] += rest
    return pieces


def _told(text: str, tags: frozenset[str], romanised: bool = False) -> dict[str, float]:
    """Return what small words and letters of its own say for each language, as logarithms."""
    before, small_words = _known(tags, romanised)
    scores = before.copy()
    words = [word for word in _WORD.findall(folded(text)) if not word.isdigit()]
    share = _SMALL_WORDS / (len(words) + 3)
    for word in words:
        if word in small_words:
            for tag, weight in small_words[word]:
                scores[tag] += share * weight
    if not text.isascii():
        for tag in scores.keys() & LETTERS.keys():
            scores[tag] += _OWN_LETTERS * sum(map(text.count, LETTERS[tag])) / (len(text) + 3)
    return scores


def _lead(scores: Mapping[str, float]) -> tuple[str, float]:
    """Return the likeliest language, and by how much."""
    *_, second, first = sorted(scores.values())
    return max(scores, key=scores.__getitem__), first - second


def _likelihoods(text: str, told: Mapping[str, float], tags: frozenset[str], usual: str = "") -> dict[str, float]:
    """Weigh what was told of each language with what the identifier says; the sum is 1.

    The identifier, which takes longest, is not asked where the rest leaves no doubt: of a piece that seems to be in the
    language that is `usual` in its text, a smaller lead is enough.
    """
    first, lead = _lead(told)
    is_clear = lead > (_CLEAR_PIECE if first == usual else _CLEAR)
    identified = dict.fromkeys(tags - {first}, _LEAST) if is_clear else _identified(text, tags)
    return _softmax({tag: score + identified.get(tag, 0.0) for tag, score in told.items()})


def _softmax(scores: Mapping[str, float]) -> dict[str, float]:
    top = max(scores.values())
    raised = {tag: math.exp(score - top) for tag, score in scores.items()}
    total = sum(raised.values())
    return {tag: value / total for tag, value in raised.items()}


def _chinese(text: str) -> str:
    """Tell the two ways of writing by what each one's own national character set lacks."""
    leaning: Counter[tuple[bool, bool]] = Counter()
    for character, times in Counter(text).items():
        leaning[_encodes(character, "gb2312"), _encodes(character, "big5")] += times
    return "zh-Hant" if leaning[False, True] > leaning[True, False] else "zh-Hans"


def _encodes(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _known(tags: frozenset[str], romanised: bool) -> tuple[dict[str, float], dict[str, _Weights]]:
    """Return what each language begins with, and word -> (language, weight): what several have weighs less in each."""
    scores = dict.fromkeys(tags, 0.0) | (dict.fromkeys(ROMANISED, _ROMANISED) if romanised else {})
    if "en" in scores:
        scores["en"] += _ENGLISH
    owners: dict[str, set[str]] = {}
    for tag, words in (*LATIN.items(), *ROMANISED.items(), *SHARED.items()):
        for word in folded(words).split():
            owners.setdefault(word, set()).add(tag)
    weights = {
        word: tuple((tag, 1 / len(all_)) for tag in sorted(all_ & scores.keys())) for word, all_ in owners.items()
    }
    return scores, {word: found for word, found in weights.items() if found}


def _identified(text: str, tags: Iterable[str]) -> dict[str, float]:
    """Return the identifier's likelihoods for `tags` alone, as logarithms."""
    ranked = dict(_identifier().rank(text))
    total = sum(ranked[tag] for tag in tags) or 1.0
    return {tag: math.log(max(ranked[tag] / total, _FLOOR)) for tag in tags}


@cache
def _identifier() -> LanguageIdentifier:
    """Load the identifier once, without the hundred languages that nobody asks it for (28 MB).

    It is only read afterwards, so that threads may share it.
    """
    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    whole.set_languages(_LATIN | _CYRILLIC | _ARABIC)
    tables = (whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output)
    return LanguageIdentifier(*tables, norm_probs=True, tk_row=whole.tk_row)
