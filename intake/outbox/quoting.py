"""Makes a resident's words safe to show: no mail program may turn them into a link, a control or our own line.

What a program would make clickable is written so that a person still reads it: `hxxps[:]//site[.]example/path`,
`name[at]site[.]example`. Invisible characters that reorder or hide text are dropped.
"""

from __future__ import annotations

import re

_BREAKS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Controls, soft hyphen, zero-width space, bidi marks and overrides, byte order mark, tags; joiners stay: Persian needs
# them.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_START = "(?<![A-Za-z0-9])"  # not `\b`: in Chinese a link may follow a letter
_STOP = "[。．｡]"  # read as the dot of a host name by some (RFC 3490 §3.1), but the end of a sentence in most letters
# Han, kana, and the signs that stand between them; not the full-width forms of ASCII letters and digits.
_EAST = (
    r"\u2010-\u2027\u2e80-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff0f\uff1a-\uff20"
    r"\uff3b-\uff40\uff5b-\uff9f\U00020000-\U0003ffff"
)
_TOP = "[A-Za-z][A-Za-z-]"  # two ASCII letters, or one of another script, can begin a top-level domain
# What names in these scripts are registered under; other letters after a stop begin a sentence.
_EASTERN_TOPS = (
    "(?:(?:com|net|org|info|biz|top|xyz|vip|shop|site|online|cn|tw|hk|mo|sg|jp)(?![A-Za-z0-9-])"
    "|(?:中国|中國|中文网|公司|网络|網絡|网址|网站|在线|商城|香港|台湾|台灣|澳門|新加坡|みんな|コム)"
    r"(?![^\s/:?#)\]>\"'.,;]))"
)
_SCHEMES = (
    "mailto|tel|smsto?|callto|facetime|skype|sip|im|xmpp|irc|whatsapp|geo|market|intent|news|onenote|outlook|"
    "ms-[a-z]+|search-ms|javascript|vbscript|data|file|cid"
)
# What a text must hold for each, the expression, and what is written instead; what holds none of the first is not read.
_LINKS = (
    (":", re.compile(r"[hH](?<![A-Za-z0-9].)(?i:ttp(?=s?:))"), "hxxp"),
    (":", re.compile(r":(?=[/\\]{2})"), "[:]"),
    (":", re.compile(rf"{_START}({_SCHEMES}):", re.IGNORECASE), r"\1[:]"),
    ("@＠﹫", re.compile(r"[@＠﹫](?<=\S.)(?=\S)"), "[at]"),
    ("wW", re.compile(rf"([wW](?<![A-Za-z0-9].)(?i:ww))(?:\.|{_STOP})"), r"\1[.]"),
    # "e.g." and "3.50" stay.
    (".", re.compile(rf"\.(?<=[^\s.].)(?={_TOP}|(?![A-Za-z])[^\W\d_])"), "[.]"),
    ("。．｡", re.compile(rf"{_STOP}(?<=[^\s.{_EAST}].)(?={_TOP}|(?![A-Za-z{_EAST}])[^\W\d_])"), "[.]"),
    ("。．｡", re.compile(rf"{_STOP}(?<=\S.)(?={_EASTERN_TOPS})", re.IGNORECASE), "[.]"),
    ("\\", re.compile(r"\\\\(?=\w)"), r"\\[\\]"),
)
_ADDRESS = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,255}")
_NUMBER = re.compile(r"(?<!\w)\+?\(?\d(?:[\s().-]{0,3}\d){8,14}(?!\w)")


def plain(text: str) -> str:
    r"""Return `text` with `\n` for every line break and without controls or invisible characters."""
    if text.replace("\n", " ").isprintable():
        return text.strip()
    broken = _BREAKS.sub("\n", _SURROGATES.sub("\ufffd", text)).replace("\t", " ")
    return _INVISIBLE.sub("", broken).strip()


def safe(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, plain and with nothing that becomes a link; `…` where cut."""
    shown = plain(text)
    if len(shown) > limit:
        shown = shown[: max(limit - 1, 0)].rstrip() + "…"
    for signs, pattern, written in _LINKS:
        if any(sign in shown for sign in signs):
            shown = pattern.sub(written, shown)
    return shown


def one_line(text: str) -> str:
    """Return `text` plain and on one line, single spaces between the words: fit for a header."""
    return " ".join(plain(text).split())


def without_contact(text: str) -> str:
    """Return `text` with addresses and telephone numbers (9 to 15 digits) left out, and told so."""
    return _NUMBER.sub("[number left out]", _ADDRESS.sub("[address left out]", text))
