"""Acknowledgements in every language: what each must hold, how it runs, how plain it is, and who has reviewed it."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail import language
from intake.mail.language_words import LATIN, ROMANISED, SHARED
from intake.mail.values import Acknowledge, Language, Urgency
from intake.outbox.compose import Composer
from intake.outbox.contents import SURE
from intake.outbox.mime import bodies
from intake.outbox.outgoing import Outgoing
from intake.outbox.service import Links
from tests.outbox_values import NOW, REFERENCE, SERVICE, TEMPLATES, composer, read
from tests.store_values import triage

TRANSLATED = (
    "ar", "bg", "bn", "es", "fa-AF", "fr", "gu", "hu", "it", "lt", "lv", "pa", "pl", "ps", "pt", "ro", "ru", "so",
    "sq", "ta", "tr", "uk", "ur", "zh-Hans", "zh-Hant",
)  # fmt: skip
UNTRANSLATED = {"am", "de", "el", "he", "hi", "hy", "ja", "ka", "kn", "ko", "ml", "si", "te", "th"}  # told, not spoken
RIGHT_TO_LEFT = {"ar", "fa-AF", "ps", "ur"}
SCRIPTS = {
    **dict.fromkeys(("bg", "ru", "uk"), "CYRILLIC"), **dict.fromkeys(RIGHT_TO_LEFT, "ARABIC"), "bn": "BENGALI",
    "gu": "GUJARATI", "pa": "GURMUKHI", "ta": "TAMIL", "zh-Hans": "CJK", "zh-Hant": "CJK",
}  # fmt: skip
# Signs that a language has and its neighbours have not, so that no two folders were mixed up.
OWN_SIGNS = {
    "bg": "щъ", "es": "ñó", "fr": "éà", "hu": "őű", "it": "èò", "lt": "ėų", "lv": "āņ", "pl": "łżę", "pt": "ãç",
    "ro": "ță", "ru": "ыэ", "sq": "ëç", "tr": "ğış", "uk": "їі", "ar": "ةى", "fa-AF": "گچ", "ps": "ښځ", "ur": "ےں",
}  # fmt: skip
LINKS = Links("https://www.example.org/easy", "https://www.example.org/bsl", "https://www.example.org/privacy")
NUMBERS = ("999", "55", "18000", "101", "111", "999 BSL", "999bsl.co.uk", "Relay UK", "BSL", "NHS", "register")
RULE = "\n----------------------------------------\n"
LRI, PDI, RLM = "\u2066", "\u2069", "\u200f"
FULL = composer(service=replace(SERVICE, links=LINKS))


def answered(tag: str, way: str = "standard", writer: Composer = FULL, **changes: object) -> Outgoing:
    """Answer a letter in that language."""
    changes = {"language": Language(tag, 1.0), "acknowledge": way, **changes}
    return writer.acknowledgement(triage(**changes), REFERENCE, 1, 1, NOW)


def own_text(tag: str, way: str = "standard", writer: Composer = FULL) -> str:
    """Return what stands before the English in the text part."""
    own, _ = bodies(answered(tag, way, writer).mail)[0].split(RULE)
    return own


class _Lines(HTMLParser):
    """A page's visible lines, and the tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = 0
        self.feed(page)
        self.lines = [" ".join(line.split()) for line in self.lines if line.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("head", "style", "title")
        self._end_line(tag)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("head", "style", "title")
        self._end_line(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.lines[-1] += data

    def _end_line(self, tag: str) -> None:
        if tag in ("p", "li", "h1", "h2", "div"):
            self.lines.append("")


def shown(text: str) -> list[str]:
    """Return the lines of a text part without what only steers how they are set."""
    lines = (re.sub(f"[{LRI}{PDI}{RLM}]", "", line).removeprefix("- ").strip() for line in text.split("\n"))
    return [line for line in lines if line and set(line) != {"-"}]


def test_every_language_that_is_told_has_its_folder() -> None:
    """Promise 2: every tag that a letter's language can be told as finds its answer; those without are known."""
    named = {script for _, script in language._BLOCKS} - {"", "Latn", "Cyrl", "Arab", "Hani"}
    told = {"fa-AF" if tag == "fa" else tag for tag in (*LATIN, *ROMANISED, *SHARED)} | named | {"zh-Hans", "zh-Hant"}
    for mail in ("acknowledgement", "acknowledgement-neutral"):
        assert FULL.templates.languages.tags(mail) == TRANSLATED
    assert told - {"en"} == set(TRANSLATED) | UNTRANSLATED
    for tag in TRANSLATED:
        assert read(answered(tag).mail)["Content-Language"] == f"{tag}, en"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_each_is_in_the_language_that_its_folder_says(tag: str) -> None:
    """Promise 2: an answer read back is told to be in the language of its folder, in that language's own letters."""
    own = own_text(tag)
    assert language.detect(own).tag == tag
    letters = [unicodedata.name(one).partition(" ")[0] for one in own if one.isalpha()]
    assert Counter(letters)[SCRIPTS.get(tag, "LATIN")] / len(letters) > 0.6
    assert all(sign in own for sign in OWN_SIGNS.get(tag, ""))


@pytest.mark.parametrize("tag", ["en", *TRANSLATED])
def test_the_standard_answer_says_what_it_must(tag: str) -> None:
    """Promise 2: every number to ring or text, the reference, who we are and every link, in text and HTML alike."""
    text, html = bodies(answered(tag).mail)
    parts = text.split(RULE)
    assert len(parts) == (1 if tag == "en" else 2)
    wanted = (*NUMBERS, REFERENCE, SERVICE.name, LINKS.easy_read, LINKS.bsl, LINKS.privacy)
    for part in parts:
        assert [one for one in wanted if not re.search(rf"(?<![\da-z]){re.escape(one)}(?![\da-z])", part)] == []
        assert len([line for line in part.split("\n") if line.lstrip(RLM).startswith("- ")]) == 6
        assert 500 < len(part) < 1_800
    assert [one for one in wanted if html.count(one) < len(parts)] == []
    links = [attributes.get("href") for name, attributes in _Lines(html).tags if name == "a"]
    assert links == [LINKS.easy_read, LINKS.bsl, LINKS.privacy] * len(parts)


@pytest.mark.parametrize("way", ["standard", "neutral"])
@pytest.mark.parametrize("tag", ["en", "und", *TRANSLATED])
def test_text_and_html_say_the_same(tag: str, way: str) -> None:
    """O5: whichever part a mail program shows, the resident reads the same lines."""
    for writer in (FULL, composer()):
        text, html = bodies(answered(tag, way, writer).mail)
        top = [SERVICE.name] if way == "standard" else []  # the page's head; a mail's text part has From alone
        assert [*top, *shown(text)] == _Lines(html).lines


@pytest.mark.parametrize("tag", ["en", *TRANSLATED])
def test_what_is_not_configured_is_left_out(tag: str) -> None:
    """Promise 2: without links there is no sentence that promises one, and nothing to click."""
    text, html = bodies(answered(tag, writer=composer()).mail)
    assert "https" not in text + html
    assert not any(name == "a" for name, _ in _Lines(html).tags)
    own = len(text.split(RULE)[0].strip().split("\n"))
    assert len(bodies(answered(tag).mail)[0].split(RULE)[0].strip().split("\n")) == own + 3


@pytest.mark.parametrize("tag", TRANSLATED)
def test_the_neutral_answer_says_almost_nothing(tag: str) -> None:
    """Promise 3: in every language it has two lines: no name, no number to ring, no link, no thread."""
    made = answered(tag, "neutral")
    mail = read(made.mail)
    assert mail["From"] == SERVICE.address
    assert mail["In-Reply-To"] is mail["References"] is None
    text, html = bodies(made.mail)
    own = text.split(RULE)[0]
    assert len(shown(own)) == 2
    assert len(own) < 120
    assert len(mail["Subject"]) < 60
    for secret in (SERVICE.name, "999", "101", "111", "https", "NHS", "BSL"):
        assert secret not in (text + html + mail["Subject"]).replace(REFERENCE, "")
    assert not {name for name, _ in _Lines(html).tags} & {"a", "img"}


@pytest.mark.parametrize("tag", sorted(RIGHT_TO_LEFT))
def test_right_to_left(tag: str) -> None:
    """Promise 2: in what runs from right to left, numbers, links, references and our name keep their own order."""
    text, html = bodies(answered(tag).mail)
    own = text.split(RULE)[0]
    assert all(line.startswith(RLM) for line in own.split("\n") if line)
    for kept in (REFERENCE, SERVICE.name, "999 BSL", "999bsl.co.uk", LINKS.easy_read, LINKS.bsl, LINKS.privacy):
        assert own.count(kept) == own.count(f"{LRI}{kept}{PDI}") == 1
    assert own.count(LRI) == own.count(PDI)
    block = html[html.index(f'<div lang="{tag}" dir="rtl">') : html.index('<div lang="en"')]
    bare = re.sub(r'<bdi dir="ltr">[^<]*</bdi>|<[^>]*>', "", block)
    assert not re.search(r"\d|https", bare)


@pytest.mark.parametrize("tag", [one for one in TRANSLATED if one not in RIGHT_TO_LEFT])
def test_left_to_right(tag: str) -> None:
    """Promise 2: what runs from left to right holds no sign that could turn it round."""
    text, html = bodies(answered(tag).mail)
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text + html)
    assert f'<div lang="{tag}" dir="ltr">' in html


LETTERS = {
    "subject": st.text(max_size=40), "from_name": st.text(max_size=20), "own_words": st.text(max_size=60),
    "full_text": st.text(max_size=60), "message_id": st.sampled_from([None, "a@example.org", "b@example.net"]),
    "reply_address": st.sampled_from(["a@example.org", "b@example.net"]),
    "flags": st.lists(st.sampled_from(["child", "safe-contact", "anonymous"]), unique=True).map(tuple),
    "categories": st.lists(st.sampled_from(["general", "safeguarding"]), min_size=1, unique=True).map(tuple),
    "urgency": st.sampled_from(Urgency), "confidence": st.floats(SURE, 1), "hours": st.integers(0, 24 * 400),
}  # fmt: skip


def faceless(tag: str, way: str, letter: dict[str, object]) -> bytes:
    """Return an answer without what may differ: whom it goes to, when, what it answers, and ids made of these."""
    letter = dict(letter)
    decided = {name: letter.pop(name) for name in ("flags", "categories", "urgency")}
    spoken = Language(tag, float(str(letter.pop("confidence"))))
    now = NOW + timedelta(hours=int(str(letter.pop("hours"))))
    decision = replace(triage().decision, **decided)
    written = triage(decision=decision, acknowledge=way, language=spoken, **letter)
    made = FULL.acknowledgement(written, REFERENCE, 1, 1, now)
    mail = made.mail.replace(made.header_id.partition("@")[0].encode(), b"ID")
    return re.sub(rb"(?m)^(To|Date|In-Reply-To|References): .*\r\n(?:[ \t].*\r\n)*", b"", mail)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["en", "und", "tlh", *TRANSLATED]), st.sampled_from(["standard", "neutral"]),
    st.fixed_dictionaries(LETTERS), st.fixed_dictionaries(LETTERS),
)  # fmt: skip
def test_two_letters_get_the_same_bytes(tag: str, way: str, one: dict[str, object], other: dict[str, object]) -> None:
    """Promise 3: two letters with one language and one reference get the same bytes, whatever, whoever and whenever."""
    assert faceless(tag, way, one) == faceless(tag, way, other)


@pytest.mark.parametrize(("tag", "confidence"), [("und", 0.0), ("so", 0.35), ("en", 0.3), ("el", 1.0), ("de", 0.9)])
def test_an_uncertain_language(tag: str, confidence: float) -> None:
    """Promise 2: where nobody can tell the language, or nobody has translated into it, English invites others in."""
    made = answered(tag, language=Language(tag, confidence))
    assert read(made.mail)["Content-Language"] == "en"
    text, html = bodies(made.mail)
    lines = shown(text)[-14:]
    assert [language.detect(line).tag for line in lines if len(line) > 25][:3] == ["ro", "pl", "lt"]
    invited = [attributes["lang"] for name, attributes in _Lines(html).tags if name == "p" and "lang" in attributes]
    assert invited == ["ro", "pl", "lt", "lv", "hu", "it", "pt", "es", "bg", "fr", "uk", "ru", "ar", "fa-AF"]
    assert "invit" not in html
    assert text.index("999") < text.index(lines[0])


@pytest.mark.parametrize(
    ("tag", "way"), [("en", "standard"), ("en-GB", "standard"), ("ro", "standard"), ("und", "neutral")]
)
def test_a_certain_language_invites_nobody(tag: str, way: str) -> None:
    """Promise 2: who wrote in English, or in a language that we answer in, gets no list; nor does a neutral answer."""
    assert "po polsku" not in "".join(bodies(answered(tag, way).mail))


def syllables(word: str) -> int:
    """Return about how many syllables an English word has: groups of vowels, a mute e left out."""
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    mute = re.search(r"[^aeiouyl]e[ds]?$", word.lower()) and not re.search(r"[td]ed$", word.lower())
    return max(groups - bool(mute and groups > 1), 1)


def grade(lines: list[str]) -> float:
    """Return the Flesch-Kincaid grade of English lines, each of at least one sentence; names and numbers left out."""
    sentences = [one for line in lines for one in re.split(r"(?<=[.!?])\s", line) if re.search("[a-z]", one)]
    words = [one for line in lines for one in re.findall(r"[A-Za-z]+(?:’[a-z]+)?", line)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_grade_knows_plain_from_stilted() -> None:
    """The measure tells a primer from an office."""
    assert grade(["The cat sat on the mat. It was a fat cat."]) < 1
    assert grade(["Consideration of your correspondence will commence immediately upon receipt thereof."]) > 12
    assert [syllables(one) for one in ("message", "received", "wanted", "people", "emergency")] == [2, 2, 2, 2, 4]


@pytest.mark.parametrize("way", ["standard", "neutral"])
def test_reading_age(way: str) -> None:
    """Promise 2: the English is as plain as a child of nine to eleven reads: grade 5 at most, no long sentence."""
    text, _ = bodies(answered("en", way, composer()).mail)
    lines = [line.replace(SERVICE.name, "us").replace(REFERENCE, "") for line in shown(text)]
    assert grade(lines) <= 5
    for sentence in (one for line in lines for one in re.split(r"(?<=[.!?:])\s", line)):
        assert len(sentence.split()) <= 20


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A deployment's own copy of the templates."""
    return shutil.copytree(TEMPLATES, tmp_path / "templates")


def review(templates: Path, tag: str) -> None:
    """Have somebody review a language."""
    for mail in ("acknowledgement", "acknowledgement-neutral"):
        about = templates / mail / tag / "about.yaml"
        about.write_text(
            re.sub(r"(?m)^reviewed-by:.*", "reviewed-by: Ana Pop, 2026-03-02", about.read_text("utf-8")), "utf-8"
        )


def test_unreviewed_translations_may_be_held_back(templates: Path) -> None:
    """Promise 2: `unreviewed: english` sends only what somebody has reviewed, and invites to nothing else."""
    review(templates, "pl")
    writer = composer(templates, replace(SERVICE, reviewed_only=True))
    assert read(answered("pl", writer=writer).mail)["Content-Language"] == "pl, en"
    made = answered("ro", writer=writer)
    assert read(made.mail)["Content-Language"] == "en"
    assert shown(bodies(made.mail)[0])[-1] == "Mogą Państwo pisać do nas po polsku."
    assert "în limba" not in bodies(made.mail)[0]
    (templates / "acknowledgement/pl/about.yaml").unlink()
    assert read(answered("pl", writer=writer).mail)["Content-Language"] == "en"


def test_which_languages_nobody_has_reviewed(templates: Path) -> None:
    """Promise 2: the languages that nobody has reviewed are told; one counts as reviewed when both its answers are."""
    assert composer(templates).unreviewed() == TRANSLATED
    review(templates, "pl")
    assert set(TRANSLATED) - set(composer(templates).unreviewed()) == {"pl"}
    shutil.copy(
        TEMPLATES / "acknowledgement-neutral/pl/about.yaml", templates / "acknowledgement-neutral/pl/about.yaml"
    )
    assert "pl" in composer(templates).unreviewed()


FAULTY = [
    ("ro/about.yaml", "language: Romanian\n", "acknowledgement/ro/about.yaml:1:1: `name` is missing"),
    (
        "ro/about.yaml",
        "language: R\nname: R\ninvitation: R\nreviewed-by: yes\n",
        "`yes` is neither `nobody` nor a name and a date, such as: Ana Pop, 2026-03-02",
    ),
    ("ro/about.yaml", "language: R\nname: R\ninvitation: R\nreviewed: false\n", "about.yaml:4:1: "),
    ("ro/about.yaml", "language: R\nname: R\n", "acknowledgement/ro/about.yaml has no `invitation`"),
    ("about.yaml", "invitations: ro\n", "acknowledgement/about.yaml:1:14: must be a list"),
    ("about.yaml", "\tx", "acknowledgement/about.yaml:1:"),
]


@pytest.mark.parametrize(("file", "words", "told"), FAULTY)
def test_faults_of_about(templates: Path, file: str, words: str, told: str) -> None:
    """O6: a fault in what a language says about itself is told with its place, and stops no answer."""
    (templates / "acknowledgement" / file).write_text(words, "utf-8")
    writer = composer(templates)
    assert [one for one in map(str, writer.check()) if told in one] != []
    for tag in ("ro", "und"):
        assert answered(tag, writer=writer).problems == ()


def test_a_language_may_be_taken_away(templates: Path) -> None:
    """O6: a language whose folder is gone is no fault: it is not answered in, and nobody is invited to it."""
    shutil.rmtree(templates / "acknowledgement/ro")
    writer = composer(templates)
    assert writer.check() == ()
    assert "română" not in bodies(answered("ro", writer=writer).mail)[0]


def test_links_are_tried_before_a_letter_comes(templates: Path) -> None:
    """O6: a fault in the sentence about a link is found though the link is not configured."""
    file = templates / "acknowledgement/ro/body.txt"
    file.write_text(
        file.read_text("utf-8").replace("{{ service.links.privacy }}", "{{ service.links.privcy }}"), "utf-8"
    )
    (told,) = composer(templates).check()
    assert told.file == "acknowledgement/ro/body.txt"


def test_three_outcomes() -> None:
    """R1: there are three ways to answer, and none more."""
    assert [one.value for one in Acknowledge] == ["standard", "neutral", "none"]
    assert all(one.care < other.care for one, other in pairwise(Acknowledge))
