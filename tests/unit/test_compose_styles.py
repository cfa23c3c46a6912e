"""The look of our pages: what stands in each element, and what phones and dark screens are told besides."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.outbox.mime import bodies
from intake.outbox.styles import DEPTH, TOO_DEEP, inlined
from tests.outbox_values import NOW, POLICE, REFERENCE, SERVICE, TEMPLATES, composer, item, rulebook
from tests.store_values import triage


def page_of_a_digest() -> str:
    """Return the HTML part of a digest."""
    return bodies(composer().digest(POLICE, [item(1)], rulebook(), NOW, NOW).mail)[1]


def test_styles_stand_in_the_elements() -> None:
    """D5: a mail program that reads no <style> shows the same: the rules stand in the elements."""
    page = page_of_a_digest()
    for tag in ("body", "div", "h1", "h2", "p", "table", "th", "td"):
        assert re.search(rf'<{tag}\b[^>]* style="', page), tag
    assert "grid" not in page
    assert "flex" not in page


def test_dark_screens_and_phones_are_told() -> None:
    """D5: what only <style> can say stays there, and wins: colours of a dark screen, and room on a phone."""
    (style,) = re.findall(r"<style[^>]*>(.*?)</style>", page_of_a_digest(), re.DOTALL)
    assert "prefers-color-scheme: dark" in style
    assert "max-width" in style
    declared = re.findall(r"[a-z-]+: #[0-9a-f]+([^;]*);", style)
    assert declared
    assert set(declared) == {" !important"}


def test_outlook_is_given_its_width() -> None:
    """D5: the table that only Outlook reads comes through."""
    page = page_of_a_digest()
    assert page.index("<!--[if mso]><table") < page.index('<div class="page"') < page.index("<!--[if mso]></td>")


def test_who_writes_stands_at_the_top() -> None:
    """The service's name is the first of what a page shows; of a neutral answer nothing tells who wrote it."""
    answer = composer().acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    neutral = composer().acknowledgement(triage(acknowledge="neutral"), REFERENCE, 1, 1, NOW)
    shown = re.sub(r"<[^>]+>", "", bodies(answer.mail)[1].partition("<body")[2].partition("[endif]-->")[2])
    assert shown.strip().startswith(SERVICE.name)
    assert SERVICE.name not in bodies(neutral.mail)[1]


def test_nothing_is_fetched() -> None:
    """X3: a style sheet that a page names is neither fetched nor read, and its link does not go out."""
    page = inlined('<link rel="stylesheet" href="file:///etc/passwd"><link rel="stylesheet" href="a.css"><p>x</p>')
    assert page == "<html><head></head><body><p>x</p></body></html>"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")))
def test_words_stay_words(words: str) -> None:
    """X3: what was escaped stays so, and no word is lost: writing the styles changes no text."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = inlined(f"<style>p {{ margin: 0 }}</style><body><p>x{escaped}</p></body>")
    held = page.partition('<p style="margin: 0;">x')[2].rpartition("</p>")[0]
    assert held.replace("&nbsp;", "\xa0") == escaped


def test_the_same_twice() -> None:
    """O1: the same mail has the same bytes, its styles included."""
    assert page_of_a_digest() == page_of_a_digest()


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "table"])
def test_elements_without_an_end(tag: str) -> None:
    """O6: elements within each other without end are refused before they overrun the stack."""
    assert inlined(f"<{tag}>" * 100 + "x")
    with pytest.raises(ValueError, match="more than 1000 deep"):
        inlined(f"<{tag}>" * 1_000_000)


def test_a_long_page_is_not_deep() -> None:
    """O6: many elements behind each other are no fault, even where some end tags are left out."""
    assert inlined("<ul>" + "<li><p>x<br>" * 10 * DEPTH + "</ul>" + "<p><b>x</b></p>" * 10 * DEPTH)


def test_a_template_without_an_end(tmp_path: Path) -> None:
    """O6: a template that leaves elements open in a loop gives way to the built-in one, and the fault is told."""
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (templates / "routed/body.html").write_text("{% for one in range(50000) %}<div>{% endfor %}x")
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert made.mail == composer().routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW).mail
    assert [(one.file, one.message) for one in made.problems] == [
        ("routed/body.html", f"it does not render: ValueError: {TOO_DEEP}")
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "<li><dd>",
        "<dd><li>",
        "<div><!-- </div> -->",
        "<div title='</div>'>",
        '<div title="</div>">',
        "<svg><option>",
        "<math><td>",
    ],
)
def test_elements_that_hide_how_deep_they_are(piece: str) -> None:
    """O6: however elements come to stand within each other, a page that is too deep is refused, and crashes nothing."""
    page = piece.replace("<option>", "<option>" * 5_000).replace("<td>", "<td>" * 5_000) * 5_000
    with pytest.raises(ValueError, match="elements stand within each other"):
        inlined(page if len(page) < 1_000_000 else page[:1_000_000])


def test_lists_that_leave_out_ends_are_not_deep() -> None:
    """D5: a long list whose items are not closed is no deep one, nor are many such lists."""
    items = "<ul>" + "<li>one" * 3_000 + "</ul><dl>" + "<dt>a<dd>b" * 3_000 + "</dl>"
    assert inlined(items * 2).count("<li>") == 6_000
    assert inlined("<ul><li>a</ul>" * 3_000).count("<ul>") == 3_000
