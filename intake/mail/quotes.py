"""Which lines of a mail somebody else wrote: quotations, the lines that introduce them, and forwarded letters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from intake.mail.quote_words import FORWARD_PREFIXES, FORWARDED, LABELS, ORIGINAL, REPLY_PREFIXES, WROTE

_LONG = 600  # characters: a longer line is prose, not a mark
_HEADER_LINES = 9  # lines within which the labels of a header block stand, wrapped values and blank lines included

_WHOLE = frozenset({"from", "date", "to", "subject"})
_LABEL = re.compile(r"[\s>*_]{0,8}([^\s:：*][^:：*]{0,24}?)[\s*]{0,3}[:：]")
_DASHES = frozenset("-–—=*_")
_DASHED = re.compile(r"\s*[-–—=*_]{3,}\s*[^\s\-–—=*_].{2,70}?\s*[-–—=*_]{3,}\s*")
_RULE = re.compile(r"\s*[_\-=*–—]{5,}\s*")
_ADDRESS = re.compile(r"[^\s@<>]@[^\s@<>]")
_BRACKETED = re.compile(r"[<\[]\s?[^\s@<>]{1,90}@[^\s@<>]{1,90}[>\]]")
_MINUTE = re.compile(r"\d[:.h]\d\d(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:[12]|[۱۲٢١]|[১২])\d\d\d(?!\d)")
_TIME = re.compile(rf"{_MINUTE.pattern}|{_YEAR.pattern}")
_COLON = re.compile(r"[:：]\s*$")
_ABOVE = "above this line"
_TYPE_ABOVE = re.compile(rf"(?:reply|write|respond) {_ABOVE}", re.IGNORECASE)
_PREFIX = r"\s*(?:\[[^\]]{0,40}\]\s*)*(?:%s)\s?(?:\[\d+\])?\s?[:：]"
_FORWARD_PREFIX = re.compile(_PREFIX % "|".join(map(re.escape, FORWARD_PREFIXES)), re.IGNORECASE)
_REPLY_PREFIX = re.compile(_PREFIX % "|".join(map(re.escape, REPLY_PREFIXES)), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What `find` made of the lines."""

    lines: frozenset[int]  # indexes of the lines that are not the sender's
    forwarded: bool  # a forwarded letter is among them


def find(lines: list[str], subject: str = "") -> Quoted:
    """Tell the quoted lines, in any language for `>` and "On … wrote:", in the residents' for header blocks.

    Linear in the text: no line is looked at more than a fixed number of times.
    """
    top = next((index for index, line in enumerate(lines) if line.strip()), 0)
    answers = _answers(subject)
    quoted: set[int] = set()
    introduced: list[int] = []
    for index, line in enumerate(lines):
        if _is_quote(line):
            if index - 1 not in quoted:
                introduced.extend(_introduction(lines, index))
            quoted.add(index)
            continue
        start = _rest_from(lines, index, answers=answers) if len(line) <= _LONG else None
        if start is not None and (start > top or answers or not _LABEL.match(lines[start][:60])):
            quoted.update(range(start, len(lines)))
            introduced.extend(range(start, index + 1))
            break
    forwarded = any(_is_forward_mark(lines[index]) for index in introduced)
    forwarded = forwarded or bool(introduced and _FORWARD_PREFIX.match(subject[:200]))
    return Quoted(frozenset(quoted.union(introduced)), forwarded)


def _is_quote(line: str) -> bool:
    """Tell whether the line is quoted by `>`; mbox's `>From ` is not (RFC 4155)."""
    return line.lstrip().startswith((">", "＞")) and not line.startswith(">From ")


def _introduction(lines: list[str], quote: int) -> range:
    """Return the lines that introduce the `>` quotation at `quote`: "On … Jane <jane@…> wrote:", or none."""
    last = quote - 1
    while last >= 0 and last >= quote - 5 and not lines[last].strip():
        last -= 1
    if last < 0 or len(lines[last]) > _LONG or _is_quote(lines[last]):
        return range(0)
    if _is_forward_mark(lines[last]):
        return range(last, quote)
    first = _attribution(lines, last, quoted=True)
    return range(0) if first is None else range(first, quote)


def _attribution(lines: list[str], last: int, *, quoted: bool) -> int | None:
    """Return the first line of the attribution that ends on line `last`, or None.

    Before a `>` line one sign is enough. Elsewhere a person may be telling what somebody said, so that there must be
    what only a program writes: an address in angle brackets and a time, or a verb after the year and the minute.
    """
    if not _COLON.search(lines[last][-3:]):
        return None
    weak = None
    for first in range(last, max(last - 4, -1), -1):
        if not lines[first].strip() or _is_quote(lines[first]) or len(lines[first]) > _LONG:
            break
        block = " ".join(line.strip() for line in lines[first : last + 1])
        if _surely_introduces(block):
            return _reach_up(lines, first, last)
        weak = first if weak is None and quoted and _introduces(block) else weak
    return weak


def _introduces(block: str) -> bool:
    if len(block) < 80 and (_has_verb(block) or _ADDRESS.search(block)):
        return True
    return bool(_TIME.search(block)) and bool(_has_verb(block) or _ADDRESS.search(block))


def _surely_introduces(block: str) -> bool:
    if _BRACKETED.search(block):
        return bool(_YEAR.search(block) or _MINUTE.search(block))
    return bool(_YEAR.search(block) and _MINUTE.search(block) and _has_verb(block[-14:]))


def _reach_up(lines: list[str], first: int, last: int) -> int:
    """Take in a line above that an over-long attribution was wrapped from: a date without its end of sentence."""
    while first > 0 and last - first < 3:
        above = lines[first - 1].strip()
        wrapped = len(above) > 12 and above[-1] not in ".!?…:>" and bool(_TIME.search(above) or _starts_date(above))
        if not wrapped or _is_quote(above):
            break
        first -= 1
    return first


def _starts_date(text: str) -> bool:
    """Tell a wrapped "On Thu, 5 Nov" from a sentence: few words, one of them a number."""
    words = text.split()
    return len(words) <= 8 and any(word.strip(".,").isdigit() for word in words)


def _has_verb(text: str) -> bool:
    lower = text.lower()
    return any(verb in lower for verb in WROTE)


def _rest_from(lines: list[str], index: int, *, answers: bool) -> int | None:
    """Return the line from which all the rest is somebody else's, seen at `index`, or None."""
    line = lines[index]
    if not (":" in line or "：" in line or line.lstrip()[:1] in _DASHES or _ABOVE in line.lower()):
        return None
    if _TYPE_ABOVE.search(line) or _is_forward_mark(line) or _is_original_mark(line):
        return index
    if _COLON.search(line[-3:]):
        following = _next_text(lines, index)
        if following is not None and not _is_quote(lines[following]):
            return _attribution(lines, index, quoted=False)
    if not _LABEL.match(line[:60]):
        return None
    start = _header_start(lines, index)
    return start if _is_header_block(lines, index, whole=not answers and start == index) else None


def _next_text(lines: list[str], index: int) -> int | None:
    return next((each for each in range(index + 1, min(index + 4, len(lines))) if lines[each].strip()), None)


def _role(line: str) -> str | None:
    """Return which header field the line states, in any of the residents' languages: "from", "date", …"""
    found = _LABEL.match(line[:60])
    return LABELS.get(found[1].strip().lower()) if found else None


def _is_header_block(lines: list[str], index: int, *, whole: bool) -> bool:
    """Tell a quoted message's header: its fields within a few lines, the sender's or the date's first.

    Three fields will do in a reply or below a rule; elsewhere, where web forms write "From:" too, the `whole` header
    must be there. In a language whose words are not known: an address in brackets, a date with its minute, two more.
    """
    block = [line for line in lines[index : index + _HEADER_LINES] if len(line) <= _LONG]
    role = _role(block[0])
    if role in {"from", "date", "subject"}:
        named = {_role(line) for line in block}
        return named >= _WHOLE if whole else "from" in named and len(named - {None}) >= 3
    if role or not _BRACKETED.search(block[0]):
        return False
    fields = [line for line in block if line.strip()][:4]
    dated = len(fields) == 4 and _YEAR.search(fields[1]) and _MINUTE.search(fields[1])
    return bool(dated) and all(_LABEL.match(line[:60]) for line in fields)


def _header_start(lines: list[str], index: int) -> int:
    """Return where the quotation starts whose header is at `index`: a rule or an introduction above goes with it."""
    for above in range(index - 1, max(index - 4, -1), -1):
        text = lines[above]
        if len(text) > _LONG or _is_quote(text):
            break
        if _RULE.fullmatch(text) or _DASHED.fullmatch(text) or (_COLON.search(text[-3:]) and _forwards(text)):
            return above
        if text.strip():
            break
    return index


def _answers(subject: str) -> bool:
    """Tell whether the subject is a reply's or a forward's; a header block that tops any other is a web form's."""
    return bool(_REPLY_PREFIX.match(subject[:200]) or _FORWARD_PREFIX.match(subject[:200]))


def _forwards(text: str) -> bool:
    lower = text[:120].lower()
    return any(stem in lower for stem in FORWARDED)


def _is_forward_mark(line: str) -> bool:
    """Tell "---------- Forwarded message ---------" and "Begin forwarded message:"."""
    if len(line) > 120:
        return False
    introduces = bool(_COLON.search(line[-3:])) and len(line.split()) <= 6
    return (introduces or bool(_DASHED.fullmatch(line))) and _forwards(line)


def _is_original_mark(line: str) -> bool:
    return len(line) <= 120 and bool(_DASHED.fullmatch(line)) and any(words in line.lower() for words in ORIGINAL)
