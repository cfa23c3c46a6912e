"""Own words over whatever text: what is always true of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.text import own_words, unwrap_links
from intake.mail.values import Identity

US = Identity(addresses=frozenset({"cohesion@example.org"}))
MARKS = [
    "> quoted",
    ">> more",
    ">",
    "On 12/11/2026 10:02, A <a@example.com> wrote:",
    "-----Original Message-----",
    "--",
    "From: a@example.com",
    "Sent: 3 Nov 2026 10:10",
    "To: us",
    "Subject: x",
    "Sent from my iPhone",
    "Kind regards,",
    "Jo Elm",
    "Housing Officer",
    "01632 960384",
    "________________",
    "Begin forwarded message:",
    "[EXTERNAL]",
    "he wrote:",
    "PS more",
    "This email is confidential. If you have received this in error tell us.",
    "plain words here",
    "CAUTION: This email originated from outside the council.",
    "https://example.org",
    "",
    "Hello,",
]
ODD = ("  ", "-- ", "x" * 300, "\u200e", "e\u0301")
LINES = st.lists(
    st.one_of(st.sampled_from([*MARKS, *ODD]), st.text(st.characters(codec="utf-8"), max_size=40)), max_size=30
)
PLAIN = st.lists(
    st.sampled_from(["The lamps are dark", "since Monday", "and nobody comes", "to mend them"]), max_size=9
)


@given(LINES, st.sampled_from(["", "Re: x", "FW: x"]))
@settings(max_examples=300)
def test_own_words_are_lines_of_the_text_in_their_order(lines: list[str], subject: str) -> None:
    """P4: own words are a part of the text, word for word, and nothing in a text stops the reading (P2)."""
    text = "\n".join(lines)
    own = own_words(text, US, subject).own
    place = 0
    for line in own.split("\n"):
        place = text.index(line, place) + len(line)


@given(PLAIN)
def test_plain_words_are_all_own(lines: list[str]) -> None:
    """P4: a letter without any mark of a program is own words to the last."""
    text = "\n".join(lines)
    assert own_words(text, US).own == text


@given(LINES)
def test_quoted_lines_are_never_own(lines: list[str]) -> None:
    """P4: whatever else stands in a letter, a line behind `>` is not own words."""
    own = own_words("\n".join(lines), US).own
    assert not any(line.startswith("> ") for line in own.split("\n"))


@given(PLAIN, LINES)
def test_what_is_quoted_below_changes_nothing_above(lines: list[str], below: list[str]) -> None:
    """P4: what a quotation holds does not touch the words above it."""
    quotation = "\n".join(f"> {line}" for line in "\n".join(below).splitlines())
    letter = "\n".join(lines)
    attribution = "On 12/11/2026 10:02, A <a@example.com> wrote:"
    assert own_words(f"{letter}\n\n{attribution}\n> x\n{quotation}", US).own == letter


def test_lone_surrogates_do_no_harm() -> None:
    """P5: a text with a lone surrogate is read like any other."""
    assert own_words("lamps \ud800 dark\n> quoted", US).own == "lamps ? dark"


HOSTILE = {
    "a line of a megabyte": "x" * 1_000_000,
    "nothing but marks": ">" * 1_000_000,
    "a hundred thousand quoted lines": "> x\n" * 100_000,
    "deep quotation": "\n".join(">" * (depth % 500) + " x" for depth in range(50_000)),
    "attributions alone": "On 1 Jan 2026 at 10:00 a <a@example.com> wrote:\n" * 50_000,
    "header lines alone": "From: a\nSubject: b\n" * 50_000,
    "colons": ":\n" * 100_000,
    "banners alone": "[EXTERNAL] CAUTION: This email originated from outside. " * 20_000,
    "signatures alone": "Kind regards,\n\nJo Elm\nHousing Officer\n01632 960384\n\n" * 20_000,
    "disclaimers alone": "This is for the intended recipient only.\n\n" * 20_000,
    "rules and links": "____________\nhttps://example.org\n" * 50_000,
    "wrapped links": "https://urldefense.com/v3/__" + "*" * 500_000 + "__;" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    """P5: a text of a megabyte made to be slow is parted at once; were it quadratic, the run would end in a timeout."""
    own_words(text, US, text[:1_000])
    unwrap_links(text)
