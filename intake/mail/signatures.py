"""Which of a sender's lines no sender typed: signature blocks, "Sent from my phone", disclaimers, gateway banners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from intake.mail.folding import any_of
from intake.mail.signature_words import (
    BANNERS,
    BANNERS_CONTINUED,
    CLOSINGS,
    CONFIDENTIAL,
    DEVICES,
    DISCLAIMERS,
    MISTAKE,
    ORGANISATIONS,
    POSTAL,
    PROSE,
    RECIPIENT,
    SENT,
    SENT_LAST,
    SPOKEN_OF,
    STATEMENTS,
    TITLES,
)

_LONG = 600  # characters: a longer line is prose
_SHORT = 90  # characters: the longest line of a contact block
_UNWRAPPED = 100  # characters from which a line was not broken by a program
_PARAGRAPHS = 8  # from the end: where signatures and disclaimers stand
_READ = 3_000  # characters of a paragraph that are judged
_DELIMITER = re.compile(r"(?:--|—|–)\s?")  # RFC 3676 §4.3, and what phones turn it into
_MINE = re.compile(r"\b(?:from )?my\b", re.IGNORECASE)
_WHOLE = 3  # letters: so short a maker's name is told only as a whole word: there is an "ee" in "street"
_DELIMITED = 25  # lines: more below a delimiter is a letter that uses dashes
_TELEPHONE = re.compile(r"\+?\(?\d[\d ().\-/]{7,20}\d")
_WEB = re.compile(r"https?://|www\.|[^\s@]@[^\s@]")
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
_POSTSCRIPT = re.compile(r"\s*(?:p\.?\s?s\b|n\.?b\b)", re.IGNORECASE)
_RULE = re.compile(r"\s*[_\-=*]{5,}\s*")
_NOBODY = re.compile(  # a lawyer's "his or her", and what an officer's signature calls its own
    r"\b(?:(?:he|him|his)(?: or | ?/ ?)(?:she|hers?)|(?:she|hers?)(?: or | ?/ ?)(?:he|him|his)|s/he)\b(?! (?:brother|"
    r"husband|partner|mum|dad|son|mother|father))|\bmy (?:own|employer|company|organisation|council|firm|work(?:ing)?|"
    r"normal|usual|office hours|hours|privacy)\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"\W{0,8}\b(?:external|ext)(?: ?(?:e-?mail|sender|message|mail))?\b\s?(?:[\])>*|:]+|- )\s*", re.IGNORECASE
)
_SENTENCE = re.compile(r"\s*(?:[^.!?\n]|[.!?](?!\s|$)|\n(?=[a-z])){1,500}(?:[.!?]+(?=\s|$)|(?=\n)|$)[*\]|) ]*")
_BANNER_SENTENCES = 12


def banner_end(text: str) -> int:
    """Return how many characters at the top of `text` are a mail gateway's banner; 0 where there is none."""
    end = 0
    for _ in range(_BANNER_SENTENCES):
        tag = _TAG.match(text, end, end + 80)
        sentence = tag or _SENTENCE.match(text, end, end + 700)
        if not sentence or not (tag or _is_banner(" ".join(sentence[0].split()), first=not end)):
            break
        end = sentence.end()
    return end


def _is_banner(sentence: str, *, first: bool) -> bool:
    if any_of(BANNERS, r"^\W*").search(sentence):
        return True
    return not first and bool(any_of(BANNERS_CONTINUED).search(sentence))


def find(lines: Sequence[str]) -> set[int]:
    """Return the indexes of the lines of one stretch of own text that are not typed: they go, the sign-off stays.

    `lines` hold no quotation. Linear in the text: only the end of it is judged as paragraphs.
    """
    after = [*lines[1:], ""]
    found = {index for index, line in enumerate(lines) if not after[index].strip() and _is_device(line)}
    delimiter = _delimiter(lines)
    if delimiter is not None:
        found.update(range(delimiter, len(lines)))
    left = [index for index, line in enumerate(lines) if index not in found and line.strip()]
    paragraphs = _paragraphs(lines, left)
    while len(paragraphs) > 1 and _is_furniture(_joined(lines, paragraphs[-1])):
        found.update(paragraphs.pop())
    for position in range(max(len(paragraphs) - _PARAGRAPHS, 0), len(paragraphs)):
        cut = _contact_block(lines, paragraphs, position)
        if cut is not None:
            rest = [[index for index in each if index >= cut] for each in paragraphs[position:]]
            found.update(index for each in rest if not _is_added(lines, each) for index in each)
            break
    return found


def _is_device(line: str) -> bool:
    """Tell "Sent from my iPhone" and its kin: few words, how it was sent, what from, and no word of a sentence."""
    text = line[:_SHORT].strip(" \t*_-–—<>[]()\u200e\u200f\xa0").lower()
    if not 4 <= len(text) < _SHORT or len(text.split()) > 10 or _is_prose(_MINE.sub("", text)):
        return False
    if not text.startswith(SENT) and not any(verb in text for verb in SENT_LAST):
        return False
    words = _bare(text)
    return any(device in words if len(device) <= _WHOLE and device.isascii() else device in text for device in DEVICES)


def _bare(line: str) -> set[str]:
    """Return the words of a line in small letters, without what stands about them."""
    return {word.strip('.,;:!?()"“”') for word in line.lower().split()}


def _is_prose(line: str) -> bool:
    return not PROSE.isdisjoint(_bare(line)) or _speaks(line)


def _speaks(text: str) -> bool:
    """Tell what speaks of somebody, or of danger: it is typed, whatever it stands in."""
    return bool(any_of(SPOKEN_OF).search(_NOBODY.sub("", text)))


def _delimiter(lines: Sequence[str]) -> int | None:
    """Return the line of the signature delimiter, or of the rule above a mailing list's footer, or None.

    No more may stand below it than a signature has.
    """
    below: list[str] = []
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index].strip()
        if len(line) < 5 and _DELIMITER.fullmatch(line):
            return None if _speaks(" ".join(below)) else index
        if _RULE.fullmatch(line) and 0 < len(below) <= 6 and any(_WEB.search(each) for each in below):
            return index
        if line:
            below.append(line[:_READ])
        if len(below) > _DELIMITED:
            return None
    return None


def _paragraphs(lines: Sequence[str], left: Sequence[int]) -> list[list[int]]:
    """Group the indexes in `left` into runs without a gap; a line too long to be wrapped is a paragraph by itself."""
    paragraphs: list[list[int]] = []
    for index in left:
        follows = bool(paragraphs) and paragraphs[-1][-1] == index - 1
        if follows and len(lines[index]) <= _UNWRAPPED and len(lines[index - 1]) <= _UNWRAPPED:
            paragraphs[-1].append(index)
        else:
            paragraphs.append([index])
    return paragraphs


def _joined(lines: Sequence[str], paragraph: Sequence[int]) -> str:
    return " ".join(lines[index].strip()[:_READ] for index in paragraph[:40])[:_READ]


def _is_furniture(text: str) -> bool:
    """Tell a disclaimer, a virus scanner's line, what an organisation says of itself, or a mere rule.

    What speaks of somebody is typed, however much it sounds like one: "my e-mails may be monitored by him".
    """
    if _speaks(text):
        return False
    if _RULE.fullmatch(text) or any_of(DISCLAIMERS).search(text) or any_of(STATEMENTS).search(text):
        return True
    lower = text.lower()
    return _has(RECIPIENT, lower) and (_has(CONFIDENTIAL, lower) or _has(MISTAKE, lower))


def _has(stems: Iterable[str], lower: str) -> bool:
    return any(stem in lower for stem in stems)


def _contact_block(lines: Sequence[str], paragraphs: Sequence[Sequence[int]], position: int) -> int | None:
    """Return the first line of the contact block in the paragraph at `position`, where one is, or None.

    It must be the end of the letter: behind it stand at most a few short paragraphs.
    """
    paragraph = paragraphs[position]
    behind = [_joined(lines, each) for each in paragraphs[position + 1 :]]
    if len(behind) > 4 or any(len(text) > 900 for text in behind):
        return None
    closing = next((each for each in paragraph[-12:] if _is_closing(lines[each])), None)
    block = [each for each in paragraph[-12:] if closing is None or each > closing]
    above = lines[paragraphs[position - 1][-1]] if position else ""
    is_signed = closing is None and not behind and _is_name(above) and not _is_closing(above)
    if not _is_contact([lines[each] for each in block], is_signed=is_signed):
        return None
    if closing is not None:
        return next(each for each in block if _signs(lines[each]))
    if len(block) == len(paragraph) and (_signs_off(above) or (position and _is_name(lines[block[0]]))):
        return block[0]
    return None


def _is_contact(block: Sequence[str], *, is_signed: bool) -> bool:
    """Tell a block of short lines with a post or a house, and a way to reach it or a second such line.

    A name with a post is one only at the end of a letter that `is_signed` above it, and else a typed sign-off.
    """
    if not block or any(_is_sentence(part) for line in block for part in line.split(" | ")):
        return False
    signs = [_signs(line) for line in block]
    named = sum("place" in each for each in signs)
    is_one = " | " in block[0] or (len(block) > 1 and _is_name(block[0]))
    if is_signed and is_one and named and all(signs[1:]):
        return True
    return len(block) > 1 and bool(named) and (named >= 2 or any("reach" in each for each in signs))


def _is_sentence(part: str) -> bool:
    return len(part) > _SHORT or len(part.split()) > 9 or _is_prose(part)


def _signs(line: str) -> frozenset[str]:
    """Return what a line of a contact block gives: a "place" (post, organisation), a way to "reach" one.

    A postal address gives neither: people sign with theirs, and where they live matters.
    """
    found = set()
    words = {word.lower() for word in _WORDS.findall(line)}
    named = words & TITLES or words & ORGANISATIONS or " | " in line or " • " in line
    if named and not (words & POSTAL or _POSTCODE.search(line) or line.lstrip()[:1].isdigit()):
        found.add("place")
    if _TELEPHONE.search(line) or _WEB.search(line):
        found.add("reach")
    return frozenset(found)


def _is_closing(line: str) -> bool:
    text = line.strip().lower()
    return len(text.split()) <= 7 and len(text) <= 60 and text.startswith(CLOSINGS)


def _signs_off(line: str) -> bool:
    return _is_closing(line) or _is_name(line)


def _is_name(line: str) -> bool:
    """Tell what may be a name: one to four words, none of them a sentence's."""
    words = line.split()
    if not 0 < len(words) <= 4 or len(line) > 50:
        return False
    return all(character.isalpha() or character in " .,-'’()&" for character in line.strip())


def _is_added(lines: Sequence[str], paragraph: Sequence[int]) -> bool:
    """Tell what was typed below a contact block: a postscript, or what speaks of somebody."""
    return bool(_POSTSCRIPT.match(lines[paragraph[0]][:20])) or _speaks(_joined(lines, paragraph))
