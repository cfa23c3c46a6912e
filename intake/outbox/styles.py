"""Writes a page's CSS into its elements, for mail programs that read no <style>; the only importer of css_inline."""

from __future__ import annotations

import re

import css_inline

DEPTH = 1_000  # of elements within each other; css_inline overruns the stack at some ten thousand
TOO_DEEP = f"its elements stand within each other more than {DEPTH} deep: is one not closed?"

_TAG = re.compile(r"""<!--(?:-?>|.*?--!?>|.*)|<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:[^>"']++|"[^"]*+"|'[^']*+')*+""", re.DOTALL)
# No end tag, or one that may be left out: these nest only within elements that are counted.
_FLAT = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
    | {"body", "head", "html", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
_ENDS = {"li": {"li"}, "dd": {"dd", "dt"}, "dt": {"dd", "dt"}}  # open elements that such a tag closes
_FOREIGN = {"svg", "math"}  # within them every element may hold every other


def inlined(page: str) -> str:
    """Return an HTML page with the rules of each <style> in the elements that they select. Raises ValueError.

    A <style data-css-inline="keep"> stays there too.
    """
    if page.count("<") > DEPTH and _depth(page) > DEPTH:
        raise ValueError(TOO_DEEP)
    return css_inline.CSSInliner(load_remote_stylesheets=False).inline(page)


def _depth(page: str) -> int:
    """Return how deep elements stand within each other at the most; too high where they are closed out of turn."""
    open_: list[str] = []
    deepest = foreign = 0
    for closing, tag in _TAG.findall(page):
        name = tag.lower()
        if not name or (name in _FLAT and not foreign):
            continue
        ends = _ENDS.get(name, ()) if not closing else () if name in _ENDS else _ENDS
        while open_ and open_[-1] in ends:
            open_.pop()
        if not closing:
            open_.append(name)
            foreign += name in _FOREIGN
            deepest = max(deepest, len(open_))
        elif open_ and open_[-1] == name:
            foreign -= open_.pop() in _FOREIGN
    return deepest
