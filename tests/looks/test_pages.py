"""Our pages as validators and a real browser judge them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.looks.mails import every, fullest

CHROMIUM = shutil.which("chromium")
PHONE = {"width": 320, "height": 640}  # CSS pixels: the narrowest (WCAG 2.2, 1.4.10)


@pytest.mark.skipif(not shutil.which("tidy"), reason="HTML is not validated: apt install tidy")
@pytest.mark.parametrize("name", every())
def test_html_is_valid(name: str) -> None:
    """D5: a page is valid HTML: every element, attribute and nesting."""
    page = every()[name].rendered.html
    told = subprocess.run(
        ["tidy", "-q", "-e", "-utf8", "--doctype", "html5"], input=page.encode(), capture_output=True, check=False
    )
    assert told.stderr.decode() == ""


@pytest.fixture(scope="module")
def screen() -> Iterator[Page]:
    """A page as wide as a phone's, of one browser for all."""
    if CHROMIUM is None:
        pytest.skip("no accessibility checks: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport=PHONE)
        browser.close()


@pytest.mark.parametrize("name", fullest())
def test_axe_finds_nothing(screen: Page, name: str) -> None:
    """D5: axe-core finds nothing against a page, on a light and a dark screen, WCAG 2.2 AA and best practice."""
    screen.set_content(fullest()[name].rendered.html)
    for scheme in ("light", "dark"):
        screen.emulate_media(color_scheme=scheme)
        assert violations(screen, fullest()[name].kind) == [], scheme


@pytest.mark.parametrize("name", fullest())
def test_nothing_is_clipped(screen: Page, name: str) -> None:
    """D5: on a phone nobody has to scroll sideways, and a dark screen is dark."""
    screen.emulate_media(color_scheme="dark")
    screen.set_content(fullest()[name].rendered.html)
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert screen.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"


def violations(screen: Page, kind: str) -> list[str]:
    """Return what axe-core finds against the page that is shown. A neutral answer, two lines long, has no heading."""
    rules = {"page-has-heading-one": {"enabled": kind != "acknowledgement-neutral"}}
    found: dict[str, Any] = Axe().run(screen, options={"rules": rules}).response
    return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]
