"""Finds in flat text what is written in digits and signs: numbers of every kind, postcodes, plates, addresses, links.

Every expression is bounded, or repeats what its neighbours cannot match, so that time is linear. Most letters hold
nothing of it: where an expression is dear, a cheap sign is looked for first, or it is tried near digits alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from intake.mail.personal import Found, Kind
from intake.mail.redact_words import POSTCODE_AREAS, STREETS, STREETS_BEFORE, TOPS, UNITS

_GAP = r"(?:[\s.()\[\]/\\_·•*|~;‐‑‒–—―-]|,(?!\s))"
_HAN = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HAN_NUMERAL = re.compile("[〇零一二三四五六七八九]")
_LIKE_LATIN = str.maketrans("АВСЕНКМОРТХУаесорхуІіЅѕЈјΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXYaecopxyIiSsJjABEZHIKMNOPTYX")
_DIGITS = re.compile("[0-9]+")
_RUN = re.compile(rf"\+?\(?[0-9](?:{_GAP}{{0,8}}[0-9]){{6,}}")
_DAY, _MONTH, _YEAR = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])", "(?:(?:19|20)[0-9]{2})"
_DATE = (
    rf"(?:{_DAY}\s?([./-])\s?{_MONTH}\s?\1\s?{_YEAR}|{_MONTH}\s?([./-])\s?{_DAY}\s?\2\s?{_YEAR}|"
    rf"{_YEAR}\s?([./-])\s?{_MONTH}\s?\3\s?{_DAY})"
)
_NO_PHONE = re.compile(rf"{_DATE}(?:[\s.,/–-]{{1,3}}[0-9]{{1,2}}(?:[.,][0-9]{{2}})?)?|{_YEAR}\s?[\s/–-]\s?{_YEAR}")
_YEARS = re.compile("(?:19|20)[0-9]{2}")
_OLD = re.compile(rf"{_DATE}(?![0-9])")
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|maj|mai|mag|lip|paź|paz|sty|lut|kwi|cze|sie|wrz|gru|iun|iul|"
    "янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру|яну|юни|юли|ное"
)
_WRITTEN = re.compile(
    rf"[0-9]{{1,2}}(?:st|nd|rd|th)?\s(?:of\s|de\s)?(?:{_MONTHS})[^\W\d_]{{0,10}}\.?,?\s(?:de\s)?((?:19|20)[0-9]{{2}})",
    re.IGNORECASE,
)
_BORN = re.compile(
    r"(?:\bdob\b|d\.o\.b|date of birth|\bborn\b|birthday|urodz|data ur|nascut|născut|data naster|nacid|nascid|"
    r"fecha de nac|data de nasc|date de naissance|\bnee?\b le|geboren|рожд|родил|родена|роден|народж|gim|dogum|"
    r"datelindj|تاريخ الميلاد|مواليد|تاريخ تولد|متولد|تاریخ پیدائش|ਜਨਮ|જન્મ|জন্ম|பிறந்த|出生|生日|生于)"
    r"[^0-9\n]{0,30}([0-9]{1,4}[\s./,年月-]{1,3}(?:[0-9]{1,2}|[^\W\d_]{3,12})[\s./,月日-]{1,3}[0-9]{2,4})"
)
_CHILD_BEFORE = 2016  # a date of a year before this is nobody's appointment
_WORD, _GLUE = r"[^\W\d_]", r"[\s.–_‐-]{0,3}"
_AREAS = "|".join(_GLUE.join(one) for one in POSTCODE_AREAS)
_INWARD = "[ABD-HJLNP-UW-Z]"
# In small letters.
_POSTCODE = re.compile(
    rf"(?:{_AREAS}){_GLUE}[0-9O](?:{_GLUE}[0-9A-Z])?{_GLUE}[0-9]{_GLUE}{_INWARD}{_GLUE}{_INWARD}".lower()
)
_INSURANCE = re.compile(rf"[A-CEGHJ-PR-TW-Z]{_GLUE}[A-CEGHJ-NPR-TW-Z](?:{_GLUE}[0-9]){{6}}{_GLUE}[A-D]".lower())
_PLATES = (
    re.compile(r"[A-HJ-PR-Y][A-HJ-PR-Y][\s-]?[0-9]{2}[\s-]{0,2}[A-HJ-PR-Z]{3}"),
    re.compile(r"[A-HJ-PR-Y][A-HJ-PR-Y][0-9]{2}[\s-]{0,2}[A-HJ-PR-Z]{3}", re.IGNORECASE),
    re.compile(r"[A-HJ-NPR-TV-Y][0-9]{1,3}[\s-]{0,2}[A-HJ-PR-Y]{3}"),
    re.compile(r"[A-HJ-PR-Y]{3}[\s-]{0,2}[0-9]{1,3}[A-HJ-NPR-TV-Y]"),
)
_NO_PLATE = frozenset({"AT", "AS", "BY", "DO", "GO", "HE", "ME", "MY", "NO", "OF", "OR", "SO", "TO", "UP", "US", "WE"})
_AT = r"\s{0,2}(?:@|[(\[{]\s?at\s?[)\]}])\s{0,2}"
_DOT = r"(?:\s{0,2}(?:\.|[(\[{]\s?(?:dot|\.)\s?[)\]}])\s{0,2}|\sdot\s)"
_LOCAL, _LABEL = r"[\w.+%'-]{1,64}", r"[^\W_][\w-]{0,62}"
_TOP = "|".join(TOPS)
_AT_HOST = rf" at (?:{_LABEL}\.){{1,4}}(?:{_TOP})\b"
# For text in small letters: what it must hold, and the expression.
_EMAILS = (
    (
        re.compile(r"[@(\[{](?:(?<=@)|\s?at\s?[)\]}])"),
        re.compile(rf"{_LOCAL}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{1,6}}"),
    ),
    (re.compile(" dot "), re.compile(rf"{_LOCAL} at {_LABEL}(?: dot {_LABEL}){{1,4}}")),
    (re.compile(_AT_HOST), re.compile(_LOCAL + _AT_HOST)),
    (re.compile("@"), re.compile(r"[^\s@<>(),;:\"\x00]{1,64}@[^\s@<>(),;:\"\x00]{1,255}")),
)
_LINKS = (
    (re.compile("//"), re.compile(r"\b(?:https?|hxxps?|ftp)\s?(?:\[:\]|:)\s?//[^\s<>\"\x00]{1,2000}")),
    (re.compile("www"), re.compile(r"\bwww\s?(?:\[\.\]|\.)\s?[^\s<>\"\x00]{1,2000}")),
    (
        re.compile(rf"\.(?:{_TOP})\b"),
        re.compile(rf"(?:{_LABEL}\.){{1,5}}(?:{_TOP})\b(?:/[^\s<>\"\x00]{{0,2000}})?"),
    ),
    (re.compile("@"), re.compile(r"(?:^|(?<=[\s(:,]))@[\w.]{3,40}")),
)
_NUMBERED = r"[0-9]{1,4}(?:\s?[A-Za-zа-я])?(?:\s?[-/–]\s?[0-9]{1,4}[A-Za-z]?)?"
_NAMED = rf"(?:(?!and\b|on\b|in\b|of\b|at\b){_WORD}[\w.'’-]{{0,30}}\s){{1,4}}"
# For text in small letters, with how many characters stand before its first digit at the most, and behind its last.
_ADDRESSES = (
    (re.compile(rf"(?<![\w.,:£$€]){_NUMBERED},?\s{_NAMED}(?:{STREETS})\b\.?"), 0, 200),
    (
        re.compile(rf"\b{_NAMED}(?:{STREETS})\b\.?,?\s(?:no\.?|nr\.?|number|№|#)?\s?{_NUMBERED}(?=\s?[,.;\n)]|$)"),
        200,
        20,
    ),
    (re.compile(rf"\b(?:{UNITS})\s?(?:no\.?|nr\.?|number|№|#)?\s?[0-9]{{1,4}}\s?[A-Za-z]?\b"), 50, 20),
    (
        re.compile(
            rf"(?:{STREETS_BEFORE})\s(?:[\w.'’-]{{1,30}}[\s,]{{1,2}}){{1,4}}(?:nr\.?|№|д\.|رقم)?\s?[0-9]{{1,4}}"
        ),
        200,
        20,
    ),
    (
        re.compile(
            r"[\u3400-\u9fff]{1,8}[路街道巷里弄](?:[0-9]{1,4})[号號]?(?:[0-9]{1,4}[室楼樓])?|"
            r"[0-9]{1,4}[号號](?:[0-9]{1,4}室)?"
        ),
        20,
        20,
    ),
)


def _in_digits(text: str) -> str:
    return text.translate(_HAN) if _HAN_NUMERAL.search(text) else text


def numbers(text: str) -> Iterator[Found]:
    """Yield runs of seven and more digits: NHS numbers by their checksum, dates of long ago, all others as phones."""
    digits = _in_digits(text)
    for found in _RUN.finditer(digits):
        run = found[0].strip("+(")
        if not (
            _NO_PHONE.fullmatch(run) or digits[max(found.start() - 2, 0) : found.start()].strip()[-1:] in {"£", "€"}
        ):
            bare = re.sub("[^0-9]", "", run)
            yield Found(found.start(), found.end(), Kind.NHS if is_nhs(bare) else Kind.PHONE)


def is_nhs(digits: str) -> bool:
    """Tell a ten-digit number with the checksum of NHS numbers (modulus 11)."""
    if len(digits) != 10 or digits[0] == "0":
        return False
    left = 11 - sum(int(each) * weight for each, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return left % 11 == int(digits[9]) and left != 10


def births(text: str) -> Iterator[Found]:
    """Yield dates that are called somebody's birth, and those of a year before nobody would write about today."""
    digits = _in_digits(text)
    yield from (Found(*found.span(1), Kind.BIRTH) for found in _near(_BORN, digits.lower(), 100, 50))
    if not _YEARS.search(digits):
        return
    for found in _OLD.finditer(digits):
        year = next(each for each in re.findall("[0-9]{4}", found[0]))
        if int(year) < _CHILD_BEFORE and not digits[max(found.start() - 1, 0) : found.start()].isdigit():
            yield Found(found.start(), found.end(), Kind.BIRTH)
    for found in _WRITTEN.finditer(digits):
        if int(found[1]) < _CHILD_BEFORE:
            yield Found(found.start(), found.end(), Kind.BIRTH)


def codes(text: str) -> Iterator[Found]:
    """Yield postcodes, National Insurance numbers, number plates; also in letters that look like Latin ones."""
    latin = text if text.isascii() else text.translate(_LIKE_LATIN)
    small, near = latin.lower(), list(_stretches(text, 30, 30))
    yield from _alone(_POSTCODE, small, near, Kind.POSTCODE)
    yield from _alone(_INSURANCE, small, near, Kind.INSURANCE)
    for pattern in _PLATES:
        yield from (
            one
            for one in _alone(pattern, latin, near, Kind.PLATE)
            if latin[one.start : one.start + 2].upper() not in _NO_PLATE
        )


def _alone(pattern: re.Pattern[str], text: str, near: Sequence[tuple[int, int]], kind: Kind) -> Iterator[Found]:
    """Yield what no letter or digit stands beside, in these stretches."""
    for first, last in near:
        place = first
        while found := pattern.search(text, place, last):
            start, end = found.span()
            before, after = text[max(start - 1, 0) : start], text[end : end + 1]
            free = not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
            if free:
                yield Found(start, end, kind)
            place = end if free else start + 1


def _stretches(text: str, before: int, after: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of what stands so many characters before and after each digit; none touches another."""
    start = end = 0
    for found in _DIGITS.finditer(text):
        if found.start() - before > end:
            if end:
                yield start, end
            start = found.start() - before
        end = found.end() + after
    if end:
        yield start, end


def _near(pattern: re.Pattern[str], text: str, before: int, after: int) -> Iterator[re.Match[str]]:
    """Yield what matches, where that holds a digit and no more than so many characters before and after its digits."""
    for start, end in _stretches(text, before, after):
        yield from pattern.finditer(text, start, end)


def mails(text: str) -> Iterator[Found]:
    """Yield mail addresses, also with "(at)" and spaces in them."""
    yield from _where_sign(_EMAILS, text.lower(), Kind.EMAIL)


def links(text: str) -> Iterator[Found]:
    """Yield links, hosts and names of accounts."""
    yield from _where_sign(_LINKS, text.lower(), Kind.LINK)


def _where_sign(sought: Sequence[tuple[re.Pattern[str], re.Pattern[str]]], text: str, kind: Kind) -> Iterator[Found]:
    """Yield what each expression finds, tried only where the text holds its sign."""
    for sign, pattern in sought:
        if sign.search(text):
            yield from (Found(*found.span(), kind) for found in pattern.finditer(text))


def addresses(text: str) -> Iterator[Found]:
    """Yield houses in streets, flats, rooms."""
    digits = _in_digits(text).lower()
    for pattern, before, after in _ADDRESSES:
        yield from (Found(*found.span(), Kind.ADDRESS) for found in _near(pattern, digits, before, after))
