"""Full text: words folded alike when they are kept and when they are asked for, in every script."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from sqlalchemy import Connection, TextClause
from sqlalchemy import text as sql

MOST_CHARACTERS = 200_000  # of one message that are indexed; more would not fit into a tsvector (1 MB)
LONGEST_WORD = 64  # characters; longer ones are cut

# Scripts without spaces between words: each character counts as a word, and a word as a phrase.
ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

# Letters that lose nothing a searcher would miss, beside those whose marks Unicode can part off.
LETTERS = {
    "ł": "l", "đ": "d", "ø": "o", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th",
    "ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه",
}  # fmt: skip
_LETTERS = re.compile(f"[{''.join(LETTERS)}]")
_ASCII_WORD = re.compile("[0-9a-z]+")

INTO_SQLITE = sql("INSERT INTO message_words (rowid, words) VALUES (:id, :words)")
INTO_POSTGRESQL = sql("INSERT INTO message_words (message_id, words) VALUES (:id, CAST(:words AS tsvector))")


def words(text: str) -> list[str]:
    """Return the words as the index holds them: lower case, without diacritics, in order."""
    folded = _folded(text[:MOST_CHARACTERS])
    word = _ASCII_WORD if folded.isascii() else _word()
    return [one[:LONGEST_WORD] for one in word.findall(folded)]


def entry(conn: Connection, message_id: int, *texts: str) -> tuple[TextClause, dict[str, object]]:
    """Return the statement that puts a message's texts into the index, and its row; for once."""
    found = words("\n".join(texts))
    if conn.dialect.name == "sqlite":
        insert, kept = INTO_SQLITE, " ".join(found)
    else:
        insert, kept = INTO_POSTGRESQL, " ".join(f"'{word}':{place}" for place, word in enumerate(found, 1))
    return insert, {"id": message_id, "words": kept}


def matching(conn: Connection, query: str) -> TextClause | None:
    """Return the condition for messages that bear every word of `query`, None where it has no word.

    Words in quotes stand side by side; `*` at the end is any ending; an address is looked for as it stands.
    """
    terms = _terms(query)
    if not terms:
        return None
    if conn.dialect.name == "sqlite":
        found = "messages.id IN (SELECT rowid FROM message_words WHERE message_words MATCH :asked)"
        asked = " ".join(f'"{" ".join(term)}"{"*" if open_ended else ""}' for term, open_ended in terms)
    else:
        found = "messages.id IN (SELECT message_id FROM message_words WHERE words @@ CAST(:asked AS tsquery))"
        asked = " & ".join(_phrase(term, ":*" if open_ended else "") for term, open_ended in terms)
    return sql(found).bindparams(asked=asked)


def _phrase(term: list[str], ending: str) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in term) + ending + ")"


def _terms(query: str) -> list[tuple[list[str], bool]]:
    """Return (words side by side, whether the last one's ending is free) for each part of a query."""
    parts = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', query[:1000])]
    return [(found, part.rstrip().endswith("*")) for part in parts if (found := words(part))]


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = unicodedata.normalize("NFKC", _diacritics().sub("", plain))
    return _LETTERS.sub(lambda found: LETTERS[found[0]], bare)[:MOST_CHARACTERS]  # most texts bear none


@cache
def _diacritics() -> re.Pattern[str]:
    """Match what combines with the letter before it; vowel signs, which Unicode gives no class, stay."""
    return re.compile("[" + "".join(char for char in _marks() if unicodedata.combining(char)) + "]+")


@cache
def _word() -> re.Pattern[str]:
    """Match one word: letters, digits, and the vowel signs that belong to them."""
    return re.compile(rf"[{ALONE}]|(?:(?![{ALONE}_])[\w{''.join(_marks())}])+")


def _marks() -> list[str]:
    return [char for char in map(chr, range(0x300, 0x10000)) if unicodedata.category(char)[0] == "M"]
