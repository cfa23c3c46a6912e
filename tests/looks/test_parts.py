"""What a mail says as text and as a page."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.looks.mails import every
from tests.outbox_values import SERVICE

SPOKEN = re.compile(r"\w+")


def words_of_the_page(page: str, without: str) -> Counter[str]:
    """Return the words that a page shows, but for what `without` selects."""
    tree = LexborHTMLParser(page)
    for hidden in tree.css(without):
        hidden.decompose()
    for image in tree.css("img"):
        image.replace_with(image.attributes["alt"] or "")
    return words(tree.body.text(separator=" ") if tree.body else "")


def words(text: str) -> Counter[str]:
    """Return the words of `text`, in one letter case, without what only sets them apart."""
    return Counter(word.casefold() for word in SPOKEN.findall(text))


def test_the_letterhead_is_who_writes() -> None:
    """What the comparison below leaves out of a page is the service's name, which the text has in From."""
    heads = {head.text() for one in every().values() for head in LexborHTMLParser(one.rendered.html).css(".service")}
    assert heads == {SERVICE.name}


@pytest.mark.parametrize("name", every())
def test_both_parts_say_the_same(name: str) -> None:
    """O5: a mail's text and its page say the same words, each as often, in every language.

    Only what heads the columns of a table may stand in the page alone.
    """
    text, page = words(every()[name].rendered.text), every()[name].rendered.html
    assert words_of_the_page(page, "head, .service, thead") - text == Counter()
    assert text - words_of_the_page(page, "head, .service") == Counter()
