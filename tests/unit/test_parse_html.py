"""HTML of a mail to text."""

from __future__ import annotations

import pytest

from intake.mail.html import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("just words,\nno markup &amp; all", "just words,\nno markup & all"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ('<p style="margin:0">one</p><p style="margin: 0cm">two</p>', "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one<br>two<br><br>three<br></div>four", "one\ntwo\n\nthree\nfour"),
        ("<p>a\n  long   line</p>", "a long line"),
        ("<p>one&nbsp;&nbsp;two &amp; three&lt;b&gt;</p>", "one  two & three<b>"),
        ("<b>hate</b>ful", "hateful"),
        ("<h1>Title</h1>text<ul><li>a</li><li>b</li></ul>", "Title\ntext\na\nb"),
        ("<table><tr><td>Name:</td><td>Ana</td></tr><tr><th>Age</th><td>9</td></tr></table>", "Name: Ana\nAge 9"),
        ("<pre>a\n  b\n</pre>c", "a\nb\nc"),
        ("<style>p{}</style><script>x()</script><title>t</title><p>seen</p>", "seen"),
        ("<!-- no --><!--[if mso]>no<![endif]--><![if !mso]>yes<![endif]>", "yes"),
        ('<a href="https://example.org/?a=b">click</a><img src="cid:x" alt="logo">', "click"),
        ("Persian \u200c joiner, \u200bzero width, soft\xadhyphen", "Persian \u200c joiner, zero width, softhyphen"),
        ("<html><frameset><frame src=x></frameset></html>", ""),
        ("a<sup>2</sup> caf&eacute; &#x2019; &#0;", "a2 café ’ \ufffd"),
    ],
)
def test_what_is_seen(html: str, text: str) -> None:
    """P3: block elements stand on lines of their own, inline ones in the line; links give their visible text only."""
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">x</div>',
        '<div style="color:red; DISPLAY : none !important">x<div style="display:none">y</div></div>',
        '<span style="visibility:hidden">x</span>',
        '<span style="mso-hide:all">x</span>',
        '<span style="opacity:0">x</span>',
        '<div style="max-height:0;overflow:hidden">x</div>',
        "<div hidden>x</div>",
    ],
)
def test_hidden_text_is_left_out(hidden: str) -> None:
    """P3: what a program would not show is not read."""
    assert html_to_text(f"<div>before{hidden}after</div>").replace("\n", "") == "beforeafter"


def test_half_seen_text_stays() -> None:
    """P3: styles that only look like hiding do not hide."""
    assert html_to_text('<p style="opacity:0.5">a</p><p style="display:inline">b</p>') == "a\n\nb"


@pytest.mark.parametrize("mark", ['type="cite"', 'cite="mid:1@example.org"', 'class="gmail_quote"'])
def test_quotes_are_marked(mark: str) -> None:
    """P4: quotes that mail programs mark come as "> " lines, nested ones deeper; an indented paragraph does not."""
    html = f"mine<blockquote {mark}>theirs<br>more<blockquote {mark}>mine again</blockquote></blockquote>after"
    assert html_to_text(html) == "mine\n> theirs\n> more\n> > mine again\nafter"
    assert html_to_text("<blockquote>indented</blockquote>") == "indented"


def test_a_large_mail_is_read_like_a_small_one() -> None:
    """P3: above the size from which nesting is looked at, the text is the same."""
    row = '<tr><td><p class="MsoNormal"><span>A &amp; B</span><o:p></o:p></p></td></tr>'
    assert html_to_text(f"<table>{row * 1000}</table>") == "\n".join(["A & B"] * 1000)
