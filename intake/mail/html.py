"""HTML of a mail to the text that a person sees of it."""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

_FEW_TAGS = 2_000  # up to here a tree cannot be deep enough to be slow
_DEEPEST = 500
_MOST = 8_000_000  # characters of HTML that are looked at

_UNSEEN = frozenset(
    {
        "head", "script", "style", "title", "template", "noframes", "object", "svg", "math", "-comment", "-doctype"
    }
)  # fmt: skip
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
        "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"
    }
)  # fmt: skip
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|opacity\s*:\s*0\s*(?:;|$)|max-height\s*:\s*0", re.I
)
_NO_MARGIN = re.compile(r"margin(?:-top|-bottom)?\s*:\s*0", re.IGNORECASE)
_BLOCK, _PARAGRAPH, _LINE, _QUOTE, _UNQUOTE = "\x1e", "\x1d", "\x1f", "\x02", "\x03"
_KEEP = _BLOCK + "\x01"  # the end of an element whose line breaks count
_MARKS = dict.fromkeys(_BLOCKS, (_BLOCK, _BLOCK)) | {
    "br": (_LINE, ""),
    "td": ("", " "),
    "th": ("", " "),
    "pre": (_BLOCK, _KEEP),
}
_SPACES = re.compile(r"[ \t\r\n\f\v\x01]+")
_BREAKS = re.compile(r"[ \x1d-\x1f]*[\x1d-\x1f][ \x1d-\x1f]*")
_AT_END = re.compile(r" +\n")
_BLANK = re.compile(r"\n{3,}")
_INVISIBLE = re.compile("[\x00-\x03\x1c-\x1f\xad\u034f\u200b\u2060\ufeff]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_NEVER_DEEP = frozenset(
    {
        "area", "base", "br", "col", "hr", "img", "input", "link", "meta", "p", "li", "td", "tr", "th", "option",
        "source", "wbr"
    }
)  # fmt: skip
_UNSEEN_EDGE = re.compile(r"(<!--|-->|</?(?:script|style|title)\b)", re.IGNORECASE)
_LONG_TAG = re.compile(r"(<[a-zA-Z][^\s<>]{0,40})[^<>]{4000,}")  # attributes without end take quadratic time
_DEEPEST_QUOTE = 20
_DATA_URI = re.compile(r"data:[^\"'\s<>()]{1000,}")


def html_to_text(html: str) -> str:
    """Return what a person sees of `html`: block elements on lines of their own, hidden text left out.

    A paragraph stands between blank lines unless its margin is nought. Quotes (`<blockquote type=cite>` and those that
    mail programs mark by a class) come with "> " before each line. Of links and images nothing but visible text stays.
    """
    if len(html) > _MOST:
        html = _DATA_URI.sub("", html)[:_MOST]
    html = _LONG_TAG.sub(r"\1 ", _INVISIBLE.sub("", html))
    if "<" not in html:  # plain text under a wrong label
        return _tidy(unescape(html).replace("\n", _LINE))
    if html.count("<") > _FEW_TAGS and _depth(html) > _DEEPEST:
        return _tidy(_BLOCK.join(unescape(text) for text in _TAG.sub("\0", _seen(html)).split("\0")))
    root = LexborHTMLParser(html).body
    return "" if root is None else _tidy("".join(_seen_in(root)))


def _depth(html: str) -> int:
    """How deep elements lie within each other, at most. Building a very deep tree takes quadratic time."""
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() not in _NEVER_DEEP:
            depth = max(0, depth + (-1 if tag[1] else 1))
            deepest = max(deepest, depth)
    return deepest


def _seen(html: str) -> str:
    """Return `html` without comments, scripts and styles, in one pass."""
    out: list[str] = []
    ending = ""
    for piece in _UNSEEN_EDGE.split(html):
        edge = piece.lower()
        if ending:
            ending = "" if edge == ending else ending
        elif edge in ("<!--", "<script", "<style", "<title"):
            ending = "-->" if edge == "<!--" else "</" + edge[1:]
        else:
            out.append(piece)
    return "".join(out)


def _seen_in(root: LexborNode) -> list[str]:
    """Walk the tree and return its visible text, with marks where lines and quotes begin and end.

    The tree is not changed: taking nodes out of it while others point to them is not safe.
    """
    hidden = {node.mem_id for node in root.css("[style],[hidden]") if _is_hidden(node)}
    out: list[str] = []
    ends: list[str] = []  # what to put behind each element that is open
    node = root.first_child
    while node is not None:
        tag = node.tag or ""
        child = None
        if tag == "-text":
            text = node.text()
            out.append(text.replace("\n", _LINE) if _KEEP in ends else text)
        elif tag not in _UNSEEN and not (hidden and node.mem_id in hidden):
            begin, end = _marks(node, tag)
            out.append(begin)
            child = node.first_child
            if child is None:
                out.append(end)
            else:
                ends.append(end)
        if child is None:
            while node.next is None and ends and node.parent is not None:
                out.append(ends.pop())
                node = node.parent
            child = node.next
        node = child
    return out


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN.search(attributes.get("style") or "") is not None


def _marks(node: LexborNode, tag: str) -> tuple[str, str]:
    """What stands before and behind the content of an element."""
    if tag == "p" and not _is_tight(node):
        return _PARAGRAPH, _PARAGRAPH
    if tag == "blockquote" and _is_quote(node):
        return _BLOCK + _QUOTE, _UNQUOTE + _BLOCK
    return _MARKS.get(tag, ("", ""))


def _is_tight(node: LexborNode) -> bool:
    """Whether a paragraph has no margin, as Outlook's."""
    attributes = node.attributes
    name = attributes.get("class") or ""
    return name.startswith("Mso") or _NO_MARGIN.search(attributes.get("style") or "") is not None


def _is_quote(node: LexborNode) -> bool:
    attributes = node.attributes
    return attributes.get("type") == "cite" or "cite" in attributes or "quote" in (attributes.get("class") or "")


def _tidy(text: str) -> str:
    """Turn marks into line breaks and quote signs, and white space into single spaces."""
    text = _BREAKS.sub(_newlines, _SPACES.sub(" ", text))
    text = _BLANK.sub("\n\n", _AT_END.sub("\n", text.replace("\xa0", " ")))
    if _QUOTE in text:
        text = _quoted(text)
    return text.strip()


def _newlines(match: re.Match[str]) -> str:
    """One line break, or two where a line is left blank."""
    marks = match[0].replace(" ", "")
    if _PARAGRAPH in marks:
        return "\n\n"
    lines = marks.count(_LINE) + (marks[0] == _BLOCK and _LINE in marks)
    return "\n" * min(2, max(1, lines))


def _quoted(text: str) -> str:
    depth, out = 0, []
    for line in text.split("\n"):
        depth += line.count(_QUOTE)
        content = line.replace(_QUOTE, "").replace(_UNQUOTE, "")
        if content or not (_QUOTE in line or _UNQUOTE in line):
            out.append("> " * min(depth, _DEEPEST_QUOTE) + content)
        depth = max(0, depth - line.count(_UNQUOTE))
    return "\n".join(line.rstrip() for line in out)
