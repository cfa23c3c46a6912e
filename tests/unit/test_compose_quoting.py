"""A resident's words, shown so that nothing comes of them."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.outbox.quoting import one_line, plain, safe, without_contact

# What mail programs turn into links of their own accord.
CLICKABLE = re.compile(
    r"(?<![a-z0-9])(?:https?:|www\.\w|mailto:|tel:|sms:|javascript:|data:|file:)|\w+://|[\w.+-]@\w|\\\\\w"
    r"|[\w-]\.(?:[a-z]{2,}|[^\W\d_a-z])",
    re.IGNORECASE,
)
SCHEMES = ["http", "https", "HTTP", "mailto", "tel:", ":", "//", "\\"]
NAMES = ["www", "com", "org", "рф", "भारत", "a", "é", "1", ".", "。", "@"]
MARKUP = ["<b>", "&lt;", "'", '"', "=?utf-8?q?=0a?=", " ", "\n", "\r", "\u2028"]
UNSEEN = ["\0", "\ud800", "\u202e", "\u200b", "\u2066", "\xad"]
PARTS = st.sampled_from([*SCHEMES, *NAMES, *MARKUP, *UNSEEN])
HOSTILE = st.one_of(st.lists(PARTS, max_size=25).map("".join), st.text(st.characters(), max_size=60))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://evil.example/a.php?x=1", "see hxxps[:]//evil[.]example/a[.]php?x=1"),
        ("HTTP://EVIL.EXAMPLE", "hxxp[:]//EVIL[.]EXAMPLE"),
        ("HTTPS:evil HttpS://x", "hxxpS:evil hxxpS[:]//x"),
        ("www.4chan.example", "www[.]4chan[.]example"),
        ("write to jane.doe@example.org!", "write to jane[.]doe[at]example[.]org!"),
        ("mailto:x@example.org", "mailto[:]x[at]example[.]org"),
        ("Tel:07700900123", "Tel[:]07700900123"),
        (r"\\server\share", r"\[\]server\share"),
        ("пример.рф and उदाहरण.भारत", "пример[.]рф and उदाहरण[.]भारत"),
        ("请看https://evil.example或tel:112", "请看hxxps[:]//evil[.]example或tel[:]112"),
        ("example。com", "example[.]com"),
        ("www。example。co。uk/a", "www[.]example[.]co[.]uk/a"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ or x｡com", "ｅｘａｍｐｌｅ[.]ｃｏｍ or x[.]com"),
        ("пример。рф, उदाहरण。भारत", "пример[.]рф, उदाहरण[.]भारत"),
        ("请看例子。com，例子。中国 和 example。中国/a", "请看例子[.]com，例子[.]中国 和 example[.]中国/a"),
        ("退休前开外卖店。看到你们的信…不会。如果可以，请回复。", None),
        ("住在NN1。他们打了999。警察说可以。OK，谢谢。香港，我的家。", None),
        ("“夜里很吵。”。Thank you", None),
        ("夜がうるさいです。警察に電話しました。ＮＨＳ にも。「はい」。Thank you", None),
        ("よる ﾃﾞｽ｡ｱﾘｶﾞﾄｳ そうです．また書きます．", None),
        ("At 5.30, e.g. on 12.05.2024, it cost £3.50...then nothing.", None),
        ("@neighbour said: no", None),
        ("سلام، نامه‌ی شما", None),
    ],
)
def test_links_are_taken_out(written: str, shown: str | None) -> None:
    """O5: what a program would make a link of stays readable and is none; other text stays as it is."""
    assert safe(written, 1000) == (shown or written)


EASTERN = st.sampled_from(
    "我们住在这里晚上很吵警察没有来謝謝臺灣はいありがとうカタカナー々𠮷ｱﾘ，、！？「」（）“”…0１ \n"
)
STOPPED = st.lists(st.one_of(EASTERN, st.sampled_from("。．｡")), max_size=60).map("".join)


@given(STOPPED)
def test_eastern_prose_stays(text: str) -> None:
    """O5: the full stops of Chinese and Japanese sentences stay as they are written."""
    assert safe(text, 10_000) == plain(text)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), st.sampled_from("。．｡"), EASTERN)
def test_eastern_dots_of_a_host(name: str, stop: str, before: str) -> None:
    """O5: between a name and a domain the same sign is a dot, and no program may read it as one."""
    shown = safe(f"{before}{name}{stop}com", 100)
    assert shown.endswith(f"{name}[.]com")


@given(HOSTILE)
def test_nothing_becomes_a_link(text: str) -> None:
    """O5: no text at all comes out with anything to click on, a control, or an invisible character."""
    shown = safe(text, 10_000)
    assert not CLICKABLE.search(shown)
    assert all(unicodedata.category(one) not in {"Cc", "Cs"} or one == "\n" for one in shown)
    assert not set("\u202e\u2066\u200b\u2028\xad") & set(shown)


@given(HOSTILE, st.integers(1, 50))
def test_bounded(text: str, limit: int) -> None:
    """P5: no more is shown than was allowed, and a cut is marked."""
    whole = plain(text)
    cut = whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"
    assert safe(text, limit) == safe(cut, 10_000)


@given(HOSTILE)
def test_one_line(text: str) -> None:
    """O5: one line is one line in every program."""
    assert len(one_line(text).splitlines()) <= 1


def test_contact_left_out() -> None:
    """D4: addresses and telephone numbers are left out, and the reader is told; dates and sums stay."""
    written = "Call 07700 900123, +44 (0)1604 123456 or a.b@example.org on 12.05.2024 at 14:30; it cost 1,250 pounds"
    left = (
        "Call [number left out], [number left out] or [address left out] on 12.05.2024 at 14:30; it cost 1,250 pounds"
    )
    assert without_contact(written) == left
