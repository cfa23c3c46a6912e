"""What redacting takes out of a text, and what it leaves."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.mail import redact_numbers
from intake.mail.personal import flat
from intake.mail.redact import _NAMES, _NUMBERS, Found, Kind, Writer, find, redact, with_marks
from intake.mail.redact_names import tokens
from intake.mail.redact_numbers import addresses, births, codes, is_nhs
from intake.mail.redact_words import TITLES
from intake.mail.signature_words import ORGANISATIONS

ALL = frozenset(Kind)
LETTERS = sorted((Path(__file__).parents[1] / "letters").glob("*/*.jsonl"))
SCRIPTS = [
    "0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "੦੧੨੩੪੫੬੭੮੯", "૦૧૨૩૪૫૬૭૮૯", "০১২৩৪৫৬৭৮৯",
    "௦௧௨௩௪௫௬௭௮௯", "〇一二三四五六七八九",
    "０１２３４５６７８９",
]  # fmt: skip
GAPS = st.text(" .-–/()_\u200b\u00a0\n", max_size=3)


def bare(text: str) -> str:
    """Return the digits of a text, of whatever script, as 0 to 9."""
    return "".join(str(number.index(char)) for char in text for number in SCRIPTS if char in number)


def letters() -> Iterator[dict[str, str]]:
    """Yield the labelled letters."""
    for path in LETTERS:
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines())


TAKEN_OUT = [  # (text, what is left of it)
    ("Call 07700 900123 now", "Call [phone number] now"),
    ("+44 (0)1632 960-123", "[phone number]"),
    ("ana.pop@example.org", "[e-mail address]"),
    ("ana (at) example (dot) org", "[e-mail address]"),
    ("ana at example dot org", "[e-mail address]"),
    ("ana (at) example dot org", "[e-mail address]"),
    ("write to ana at example.org", "write to [e-mail address]"),
    ("ring 0️⃣7️⃣7️⃣0️⃣0️⃣ 9️⃣0️⃣0️⃣1️⃣2️⃣3️⃣", "ring [phone number]"),
    ("ring 07700      900123", "ring [phone number]"),
    ("07700|900;123, 0\u034f7\u034f7\u034f00~900123", "[phone number], [phone number]"),
    ("see https://site.example/a?b=c and www.site.example", "see [link] and [link]"),
    ("on facebook.com/ana.pop", "on [link]"),
    ("I live at 12 Elm Road, NN1 2AB.", "I live at [address], [postcode]."),
    ("Flat 3b, 14-16 Abington Street", "[address], [address]"),
    ("in Elm Road 12, next door", "in [address], next door"),
    ("ul. Długa 12", "[address]"),
    ("nn12ab", "[postcode]"),
    ("N N 1 - 2 A B", "[postcode]"),
    ("my NHS number is 943 476 5919", "my NHS number is [NHS number]"),
    ("NI: QQ 12 34 56 C and AB123456C", "NI: QQ 12 34 56 C and [National Insurance number]"),
    ("a white van AB12 CDE", "a white van [number plate]"),
    ("a white van ab12cde, P123 ABC", "a white van [number plate], [number plate]"),
    ("DOB 3.4.72", "DOB [date of birth]"),
    ("born on 3 April 1972, ur. 03/04/1999", "born on [date of birth], ur. [date of birth]"),
    ("My name is Sarah Jones and", "My name is [name] and"),
    ("my name is sarah and i", "my name is [name] and i"),
    ("Mă numesc Ion Popescu.", "Mă numesc [name]."),
    ("Меня зовут Наталья Грабовска", "Меня зовут [name]"),
    ("اسمي رنا الحلبي", "اسمي [name]"),
    ("ਮੇਰਾ ਨਾਮ ਗੁਰਮੀਤ ਹੈ", "ਮੇਰਾ ਨਾਮ [name]"),
    ("我叫李明。", "我叫[name]。"),
    ("Ask Mrs Khan or mr smith", "Ask Mrs [name] or mr [name]"),
    ("my neighbour Dave shouts", "my neighbour [name] shouts"),
    ("Then Priya Patel came", "Then [name] came"),
    ("It is bad.\n\nKind regards,\nJ. Wozniakowa", "It is bad.\n\nKind regards,\n[name]"),
    ("请找王女士", "请找[name]女士"),
]


@pytest.mark.parametrize(("text", "left"), TAKEN_OUT)
def test_is_taken_out(text: str, left: str) -> None:
    """D4: each kind of personal data is replaced by a mark that says what stood there."""
    assert redact(text, ALL) == left


@pytest.mark.parametrize(("kinds", "look"), [*_NUMBERS, *_NAMES], ids=lambda one: getattr(one, "__name__", ""))
def test_kinds_of_each_finder(kinds: frozenset[Kind], look: Callable[..., Iterator[Found]]) -> None:
    """D4: a finder yields the kinds that stand beside it and no other; else what is asked for is never looked for."""
    texts = [flat(text).text for text, _ in TAKEN_OUT]
    more = ((tokens(text),) if (kinds, look) in _NAMES else () for text in texts)
    assert {one.kind for text, words in zip(texts, more, strict=True) for one in look(text, *words)} == kinds


def test_flat_text_is_as_long_in_small_letters() -> None:
    """D4: a place that is found in a flat text in small letters is one of that text, whatever the letter."""
    longer = [char for char in map(chr, range(sys.maxunicode + 1)) if len(char.lower()) != 1]
    assert longer
    assert all(len(flat(char).text.lower()) == len(flat(char).text) for char in longer)


@pytest.mark.parametrize(
    "text",
    [
        "On 02/03/2026 at 18.30 three men came",
        "from 2019-2020 and in 2024",
        "It costs £1200000, 14 of them, 999 and 101",
        "The Kettering Road is dark. Victoria Road too.",
        "In Northampton on Monday, at 10 The lamps went out",
        "The bins on Kingsthorpe Grove, near St James, are full",
        "AT 10 PM IN THE MARKET SQUARE",
        "We want a meeting with the council and the police.",
    ],
)
def test_is_left(text: str) -> None:
    """D4: days, hours, sums, streets without a house and towns stay: a partner needs them."""
    assert redact(text, ALL) == text


def test_own_name() -> None:
    """D4: the sender's own name goes wherever it stands, in parts, declined, in capitals, and from the address."""
    writer = Writer("Anna Kowalska", ("a.kowalska88@example.org",))
    text = "Piszę jako ANNA. Mąż Kowalskiej, kowalska, mówi do Anny"
    assert redact(text, ALL, writer) == "Piszę jako [name]. Mąż [name], [name], mówi do [name]"
    assert redact("ولرنا الحلبي", ALL, Writer("رنا الحلبي")) == "[name]"
    assert redact("是林美玲还是美玲", ALL, Writer("林美玲")) == "是[name]还是[name]"
    assert redact("I hope, said Hope", ALL, Writer("Hope Smith")) == "I hope, said [name]"


def test_only_what_is_asked_for() -> None:
    """D4: kinds that a level lets go stay as they are."""
    text = "Ana, 07700 900123, 12 Elm Road"
    assert redact(text, frozenset({Kind.PHONE})) == "Ana, [phone number], 12 Elm Road"
    assert redact(text, frozenset()) == text


def test_places_in_the_text() -> None:
    """Promise 6: a place within a text is shown with marks for whatever reaches into it."""
    text = "Call 07700 900123 now"
    found = find(text, ALL)
    assert [(one.start, one.end, one.kind) for one in found] == [(5, 17, Kind.PHONE)]
    assert with_marks(text, found, 11, 21) == "[phone number] now"
    assert with_marks(text, found, 0, 4) == "Call"


def test_limit_cuts_nothing_in_two() -> None:
    """D4: where a long text is cut, no half of a number is left at its end."""
    text = "word " * 20 + "07700 900123 and more"
    for limit in range(90, 120):
        assert not re.search(r"\d", redact(text, ALL, limit=limit))


@settings(deadline=None)
@given(st.sampled_from(SCRIPTS), st.text("0123456789", min_size=11, max_size=13), st.data())
def test_numbers_however_spaced(script: str, digits: str, data: st.DataObject) -> None:
    """D4: no telephone number is left, in whatever digits and however it is spaced."""
    digits = "07" + digits[2:]
    spaced = "".join(script[int(each)] + data.draw(GAPS) for each in digits)
    left = redact(f"Call {spaced} now", ALL)
    assert bare(left) == ""
    assert left.startswith("Call [")


@settings(deadline=None)
@given(
    st.from_regex(r"[a-zA-Z0-9._+-]{1,20}@[a-zA-Z0-9-]{1,20}(\.[a-zA-Z]{2,6}){1,3}", fullmatch=True),
    st.sampled_from(["mail %s.", "<%s>", "(%s)", "mailto:%s", "я %s", "写%s吧"]),
)
def test_addresses_of_mail(address: str, around: str) -> None:
    """D4: no mail address is left, whatever stands beside it."""
    left = redact(around % address, ALL)
    assert "@" not in left
    assert address.split("@", maxsplit=1)[0] not in left or len(address.split("@", maxsplit=1)[0]) < 3


@settings(deadline=None)
@given(
    st.sampled_from(["NN1 2AB", "N1 9GU", "SW1A 1AA", "MK4 5QD", "PE12 9ZZ"]),
    st.booleans(),
    st.text(" .-\u200b", max_size=3),
    st.sampled_from(["at %s.", "(%s)", "%s\n", "код %s", "邮编%s"]),
)
def test_postcodes(code: str, small: bool, gap: str, around: str) -> None:
    """D4: no postcode is left, in small letters or capitals, joined or spaced."""
    written = gap.join(code.replace(" ", ""))
    left = redact(around % (written.lower() if small else written), ALL)
    assert "[postcode]" in left
    assert not re.search("[0-9]", left)


TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.text("0123456789 ./@-ABab\nNn[]namephoumber", max_size=80),
    st.lists(
        st.sampled_from([
            "Mrs", "Khan", "Ana", "Pop", "my name is", "07700", "900123", "@", "example.org", "12", "Elm", "Road",
            "NN1", "2AB", "[name]", "[phone number]", "\n", "Regards,", "1972", "03/04/1972", "AB12", "CDE", ".",
            "www.a.test", "李", "我叫", "اسمي", "born",
        ]),
        max_size=25,
    ).map(" ".join),
)  # fmt: skip


HOUSES = ["x" * 31, "flat", "road", "ul.", "calle", "no.", "number", "12", "3b", "4-16", "中山路", "号", "室"]
BIRTHS = ["x" * 12, "x" * 28, "born", "dob", "date of birth", "生于", "3", "12", "1972", "april", "年", "月", "日"]
CODES = ["x" * 31, "n", "N", "sw", "1", "2", "12", "o", "2ab", "AB", "q", "CDE", "P123", "cde"]
GAP = st.sampled_from([" ", "", ", ", "\n", ".", " - ", "..."])


@pytest.mark.parametrize("look", [addresses, births, codes])
@settings(deadline=None, max_examples=600)
@given(st.one_of(st.lists(st.tuples(st.sampled_from(each), GAP), max_size=30) for each in (HOUSES, BIRTHS, CODES)))
@example([("x" * 31, " ")] * 4 + [("terrace", " "), ("number", " "), ("12", ".")])
@example([("12", " ")] + [("x" * 31, " ")] * 4 + [("terrace", "."), ("x", "")])
@example([("x" * 31, " ")] * 4 + [("date of birth", " "), ("x" * 28, " "), ("3", "."), ("x" * 12, "."), ("1972", "")])
@example([("x" * 31, " ")] * 4 + [(each, "...") for each in "swoa1a"] + [("b", " ")])
def test_what_is_sought_near_digits(look: Callable[[str], Iterator[Found]], words: list[tuple[str, str]]) -> None:
    """D4: houses, births and codes are found near digits as they are in the whole text, however far they reach."""
    text = "".join(word + gap for word, gap in words)
    near = list(look(text))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redact_numbers, "_stretches", lambda text, *_: [(0, len(text))])
        assert near == list(look(text))


@settings(deadline=None, max_examples=400)
@given(TEXT, st.sampled_from(["", "Ana Pop", "Name Number", "李明"]))
@example("Mrs Khan Ana Pop", "")
def test_twice_is_once(text: str, name: str) -> None:
    """D4: what is redacted once is redacted: a second time changes nothing."""
    writer = Writer(name, ("ana.pop@example.org",))
    once = redact(text, ALL, writer)
    assert redact(once, ALL, writer) == once


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1 ", "a@", "a.", "Ana ", "Aa", "my name is ", "Mrs ", "12 Elm ", "www.", "N1", "N N 1 ", "\n",
        "Regards,\n", "(", "李", "ب", "\u0301", "a at b dot ", "1/1/",
    ],
)  # fmt: skip
def test_hostile_text(piece: str) -> None:
    """P5: time grows with the length of the text, whatever is in it: 200,000 characters take less than 20 s."""
    text = (piece * 200_000)[:200_000]
    start = process_time()
    redact(text, ALL, Writer("Ana Pop", ("a.b@example.org",)))
    assert process_time() - start < 20


@pytest.mark.parametrize(("number", "valid"), [("9434765919", True), ("9434765918", False), ("943476591", False)])
def test_nhs_number(number: str, valid: bool) -> None:
    """D4: an NHS number is told from a telephone number by its checksum."""
    assert is_nhs(number) is valid


def test_no_contact_of_the_letters_is_left() -> None:
    """D4: of every labelled letter no mail address, telephone number, postcode or name of its sender is left."""
    count = 0
    for one in letters():
        writer = Writer(one.get("from_name") or "", (one.get("from_address") or "",))
        left = redact(f"{one['subject']}\n{one['body']}", ALL, writer)
        assert not re.search(r"[^\s@]@\w", left), one["id"]
        assert not re.search(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b", left), one["id"]
        for run in re.findall(r"\d[\d ().-]{7,}\d", left):
            assert len(bare(run)) < 9, one["id"]
        own = [word for word in re.findall(r"[^\W\d_]{3,}", writer.name) if word[0].isupper()]
        own = [word for word in own if word.lower() not in TITLES]
        if not ORGANISATIONS & {word.strip(",").lower() for word in writer.name.split()}:
            assert not [word for word in own if re.search(rf"\b{word}\b", left)], one["id"]
        count += 1
    assert count >= 240
