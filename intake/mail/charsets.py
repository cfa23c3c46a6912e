"""Bytes of a mail to text: by the declared charset where it holds, else by what the bytes look like."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from functools import cache

_SAMPLE = 4096  # bytes that a guess is made from

_LABEL = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}")

# What senders write, and the superset that their programs mean by it.
_MEANT = {
    "us-ascii": "us-ascii",
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-mac-cyrillic": "mac-cyrillic",
    "macintosh": "mac-roman",
}
_NOT_TEXT = {"idna", "punycode", "undefined", "unicode_escape", "unicode-escape", "raw_unicode_escape", "oem", "mbcs"}
_ASCII_SHAPED = ("iso2022", "utf-7", "utf-16", "utf-32", "hz")  # ASCII bytes that are not ASCII text
_MULTIBYTE = ("gb18030", "big5", "cp949", "cp932", "euc_jp", "johab", "big5hkscs", "euc_jis_2004")

_PUNCTUATION = frozenset("‘’‚“”„–—…•·«»‹›£€§°№©®™´\xa0\xad")
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ"
_CENTRAL = ("ąćęłńóśźż", "ăâîşţ", "áéíóöőúüű", "áčďéěíňóřšťúůýžäľĺôŕ", "čćđšž")
_CANDIDATES: tuple[tuple[str, tuple[str, ...], str], ...] = (  # codec, alphabets it is used for, their common letters
    (
        "cp1252",
        ("àâæçéèêëîïôœùûüÿ", "áéíñóúü¿¡ºª", "ãáàâçéêíóôõúüºª", "äöüßé", "àèéìíòóùú", "åäöé", "æøåéö", "áðéíóúýþæö"),
        "",
    ),
    ("cp1250", _CENTRAL, ""),
    ("iso8859-2", _CENTRAL, ""),
    ("cp1257", ("ąčęėįšųūž", "āčēģīķļņšūž"), ""),
    ("cp1254", ("çğıi̇öşüâîû",), ""),
    ("cp1251", (_CYRILLIC,), "оеаиінтсрвл"),
    ("koi8-u", (_CYRILLIC,), "оеаиінтсрвл"),
    ("cp1256", ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگکہںےٹڈڑھ؟،؛ًٌٍَُِّْـ\u200c",), "اليمونرتبةه"),
    ("cp1253", ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",), "αοιετσνηυρ"),
)
_BESIDE_LATIN = re.compile(r"[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
_ALONE = re.compile(r"(?<![^\W\d_])[^\W\d_a-zA-Z](?![^\W\d_])")  # a letter beyond ASCII that is no part of a word
_NOT_WESTERN = re.compile(
    r"\ufffd|[À-ÿ]{4}|[^\W\d_][¹³¿±¶¼¾¢¯][^\W\d_]|\b[¹³±¶¼¾¢¯º][^\W\d_]"
)  # words of another codec
_PLAUSIBLE = re.compile(r"[\xa0-\u017f\u0218-\u021b\u0370-\u045f\u0490\u0491\u05d0-\u05ea\u0600-\u06ff\u2010-\u2026€]+")
_CONTROLS = re.compile(r"[\x80-\x84\x86-\x9f]")  # no text has them: the charset is another one
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@cache
def _codec(label: str) -> str:
    """Return Python's name of the codec that `label` means, "" for a charset nobody knows."""
    label = label.strip().strip("\"'").lower()
    if not _LABEL.fullmatch(label):
        return ""
    name = _MEANT.get(label, label)
    try:
        name = codecs.lookup(name).name
        b"abcd".decode(name, "replace")  # LookupError for base64 and its like, which are codecs but no charsets
    except (LookupError, UnicodeError):
        return ""
    return "" if name in _NOT_TEXT else name


def codec(label: str) -> str:
    """Return Python's name of the codec that `label` means ("iso-8859-1" means windows-1252), "" for an unknown one."""
    return _codec(label) if len(label) < 60 else ""


def storable(text: str) -> str:
    """Return `text` without what PostgreSQL cannot hold: NULs go, lone surrogates become U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    return _SURROGATE.sub("\ufffd", text)


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return `data` as storable text, and a defect: one sentence, "" where nothing was wrong.

    `declared` is the charset as the sender wrote it, "" for none. UTF-8 is told by its form whatever was declared;
    an undeclared, unknown or wrong charset is guessed from the letters.
    """
    name = codec(declared)
    if data.isascii() and not name.startswith(_ASCII_SHAPED):
        return storable(data.decode("ascii")), ""
    text, used = _read(data, name)
    if used in (name, "utf-8") and (name or not declared):
        return storable(text), "" if used == name or not name or name == "ascii" else _relabelled(declared, used)
    return storable(text), _relabelled(declared, used)


def _relabelled(declared: str, used: str) -> str:
    if not declared:
        return f"no charset is declared; read as {used}"
    label = declared if _LABEL.fullmatch(declared.lower()) else "?"
    fault = "does not fit" if codec(declared) else "is unknown"
    return f"charset '{label}' {fault}; read as {used}"


def _read(data: bytes, name: str) -> tuple[str, str]:
    """Return the text and the codec it was read with."""
    utf8 = None if data.isascii() else _strictly(data, "utf-8")
    if utf8 is not None and (name in ("", "utf-8", "ascii") or _surely_utf8(utf8, name)):
        return utf8.removeprefix("\ufeff"), "utf-8"
    if name and name not in ("utf-8", "ascii", "cp1252"):
        text = _strictly(data, name)
        return (text, name) if text is not None and not _CONTROLS.search(text) else _damaged(data, name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and (text := _strictly(data, "utf-16")) is not None:
        return text, "utf-16"
    if name == "utf-8" and _slightly_damaged(data):
        return data.decode("utf-8", "replace"), name
    guess = guessed(data, name)
    return data.decode(guess, "replace"), guess


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


def _damaged(data: bytes, name: str) -> tuple[str, str]:
    """Read `data`, of which a part is not in the codec `name`: by `name` if that part is small."""
    text = data.decode(name, "replace")
    if data.isascii() or (not _CONTROLS.search(text) and text.count("\ufffd") * 20 <= len(text)):
        return text, name
    guess = guessed(data)
    return data.decode(guess, "replace"), guess


def _slightly_damaged(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    whole = sum(char > "\x7f" for char in text) - (broken := text.count("\ufffd"))
    return broken * 4 <= whole


def _surely_utf8(text: str, name: str) -> bool:
    """Tell whether bytes that are UTF-8 by their form are so by intent, although `name` was declared."""
    beyond = [char for char in text if char > "\x7f"]
    if name.startswith(_MULTIBYTE):
        return len(beyond) >= 12
    return len(beyond) >= 4 or max(beyond) > "\uffff" or _PLAUSIBLE.fullmatch("".join(beyond)) is not None


def guessed(data: bytes, declared: str = "") -> str:
    """Return the eight-bit codec whose languages' letters fit `data` best; windows-1252 where none does.

    If that is `declared`, others need strong evidence: every second program labels what it cannot name as Latin-1.
    """
    sample = data[:_SAMPLE]
    if sample.isascii():
        sample = bytes(byte for byte in data if byte > 0x7F)[:_SAMPLE]
    if declared == "cp1252" and not _NOT_WESTERN.search(sample.decode(declared, "replace")):
        return declared
    scores = [_score(sample, *candidate) for candidate in _CANDIDATES]
    best = max(scores)
    return _CANDIDATES[scores.index(best)][0] if best > 0.6 else "cp1252"


def _score(sample: bytes, name: str, alphabets: tuple[str, ...], common: str) -> float:
    """Share of the letters beyond ASCII that one language has, and how common they are there."""
    text = sample.decode(name, "replace").lower()
    counts = Counter(char for char in text if char > "\x7f" and char not in _PUNCTUATION)
    total = sum(counts.values())
    if not total:
        return 1.3 if name == "cp1252" else 0.0
    covered = max(sum(n for char, n in counts.items() if char in alphabet) for alphabet in alphabets)
    if name == "cp1252":
        return covered / total + 0.3
    alone = len(_ALONE.findall(text))
    if not common:
        return (covered - alone) / total + 0.3
    if alone == total:
        return 0.0
    mixed = len(_BESIDE_LATIN.findall(text))
    return (covered - mixed + 0.3 * sum(n for char, n in counts.items() if char in common)) / total
