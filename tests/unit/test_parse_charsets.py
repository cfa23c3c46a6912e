"""Letters in every charset that residents' programs use, declared, undeclared and wrongly declared."""

from __future__ import annotations

import pytest

from intake.mail.charsets import decode
from intake.mail.parse import parse
from tests.letters.render import letters, render
from tests.unit.strategies import (
    CHARSETS,
    ENCODINGS,
    LETTERS,
    encodable,
    encoded_word,
    mail,
    multipart,
    part,
    transferred,
)

SENTENCES = {  # what a program sends that knows one eight-bit charset and does not say which
    "windows-1252": (
        "It’s £5 – the café was closed",
        "L’été dernier, près de la forêt",
        "El niño está aquí, ¿por qué?",
    ),
    "windows-1250": (
        "Proszę o pomoc, dzieci boją się wyjść",
        "Bună ziua, stăm în oraş şi învăţăm",
        "Příliš žluťoučký kůň",
    ),
    "iso-8859-2": ("Proszę o pomoc, dzieci boją się wyjść", "Příliš žluťoučký kůň úpěl ódy"),
    "windows-1251": ("Доброго дня, мене звати Олена, сусід їде", "Здравствуйте, я не получил ответ", "ПРИВЕТ ВСЕМ"),
    "koi8-u": ("Доброго дня, мене звати Олена, сусід їде", "Здравствуйте, я не получил ответ"),
    "windows-1256": ("أكتب إليكم بخصوص طلب السكن الخاص بي وشكرا", "پدر من گفت چرا ژاله رفت"),
    "windows-1257": ("Laba diena, norėčiau paklausti apie šiukšlių išvežimą",),
    "windows-1253": ("Καλημέρα, θέλω να ρωτήσω για το σπίτι",),
    "windows-1254": ("Günaydın, çocuğum okula gidemiyor, şimdi ne yapayım",),
}
UNDECLARED = [(charset, text) for charset, texts in SENTENCES.items() for text in texts]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("charset", CHARSETS)
def test_bodies(charset: str, encoding: str) -> None:
    """P1: each letter that a charset has comes through each transfer encoding, eight-bit octets called 7bit too."""
    text = encodable(f"It cost {LETTERS} and {LETTERS}.", charset)
    message = parse(mail(part(text, charset, encoding)))
    assert message.text == text
    assert message.defects == ()


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("how", ["B", "Q"])
def test_encoded_words(charset: str, how: str) -> None:
    """P1: subjects and names in encoded words (RFC 2047)."""
    text = encodable(f"It cost {LETTERS}", charset).strip()
    written = encoded_word(text, charset, how)
    message = parse(mail(part("x", "utf-8", "8bit"), written, f"{written} <resident@example.org>"))
    assert message.subject == text
    assert message.author.name == text
    assert message.author.address == "resident@example.org"


@pytest.mark.parametrize("charset", CHARSETS)
def test_file_names(charset: str) -> None:
    """P1: file names as RFC 2231 writes them, in one piece and in several, and as encoded words."""
    name = encodable(f"Cost {LETTERS}", charset).strip() + ".pdf"
    octets = [f"%{byte:02X}" for byte in name.encode(charset)]
    half = len(octets) // 2
    forms = (
        f"filename*={charset}'en'{''.join(octets)}",
        f"filename*0*={charset}''{''.join(octets[:half])};\r\n filename*1*={''.join(octets[half:])}",
        f'filename="{encoded_word(name, charset, "B")}"',
        f"filename={encoded_word(name, charset, 'Q')}",
    )
    for form in forms:
        one = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {form}\r\n\r\n%PDF".encode()
        message = parse(mail(multipart("mixed", part("see file", "utf-8", "8bit"), one)))
        assert [found.name for found in message.attachments] == [name], form


@pytest.mark.parametrize(("charset", "text"), UNDECLARED)
def test_undeclared(charset: str, text: str) -> None:
    """P1: eight-bit text without a charset is read by its letters, in the body and in each kind of header value."""
    octets = text.encode(charset)
    lines = (
        b"From: " + octets.replace(b",", b"") + b" <a@example.org>",
        b"Subject: " + octets,
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b\r\n",
        octets,
        b'--b\r\nContent-Disposition: attachment; filename="' + octets + b'.pdf"',
        b"",
        b"x\r\n--b--",
    )
    raw = b"\r\n".join(lines)
    message = parse(raw)
    assert message.text == text
    assert message.subject == text
    assert message.author.name == text.replace(",", "")
    assert message.attachments[0].name == f"{text}.pdf"
    assert any("no charset is declared" in defect for defect in message.defects)


@pytest.mark.parametrize(("charset", "text"), UNDECLARED)
@pytest.mark.parametrize("declared", ["us-ascii", "utf-8", "x-unknown", "", '"', "utf-8\0", "base64", "idna"])
def test_wrongly_declared(charset: str, text: str, declared: str) -> None:
    """P1: text whose charset is declared as one that cannot be it is read by its letters, with a defect."""
    read, defect = decode(text.encode(charset), declared)
    assert read == text
    assert "read as" in defect


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("windows-1251", "Доброго дня, мене звати Олена, сусід їде"),
        ("koi8-u", "Допоможіть, будь ласка"),
        ("windows-1250", "Proszę o pomoc, jestem właścicielem"),
        ("windows-1256", "أكتب إليكم بخصوص طلب السكن"),
        ("utf-8", "Bună ziua, știu că’s £5"),
        ("utf-8", "é"),
        ("utf-8", "👋"),
    ],
)
def test_called_latin_1(charset: str, text: str, declared: str) -> None:
    """P1: what a program labels as Latin-1 for want of a better word is read as what it is."""
    assert decode(text.encode(charset), declared)[0] == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "ISO-8859-1", "latin1", '"iso-8859-1"'])
@pytest.mark.parametrize(
    "text", ["£20", "ð", "m³", "é’£", "Það er góður dagur", "5º andar, 3ª porta", "Ñandú ¿qué?", "© ® ™"]
)
def test_latin_1_stays(declared: str, text: str) -> None:
    """P1: true Latin-1, in fact windows-1252, is not taken for anything else."""
    assert decode(text.encode("windows-1252"), declared) == (text, "")


def test_damaged_text_keeps_its_charset() -> None:
    """P1: one bad octet in a text does not change how the rest is read."""
    for charset in ("utf-8", "windows-1252", "gb18030"):
        octets = ("Доброго дня " * 20 if charset != "windows-1252" else "café " * 20).encode(charset) + b"\x81"
        assert "\ufffd" in decode(octets, charset)[0]
    assert decode("Доброго дня, мене".encode()[:-1], "utf-8")[0] == "Доброго дня, мен\ufffd"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-2022-jp", "日本語のテスト"),
        ("gb2312", "我想申请住房补贴"),
        ("big5", "我想申請"),
        ("shift_jis", "日本語"),
        ("euc-kr", "고맙습니다"),
        ("utf-16", "Bună ziua"),
        ("utf-7", "Hi Mom ☺"),
    ],
)
def test_declared_multibyte(charset: str, text: str) -> None:
    """P1: multi-byte charsets, those that look like ASCII too, are read as declared."""
    message = parse(mail(part(text, charset, "base64"), encoded_word(text, charset, "B")))
    assert (message.text, message.subject) == (text, text)


def test_html_declares_its_own_charset() -> None:
    """P1: HTML without a charset in its header is read by its meta element."""
    html = '<html><head><meta charset="koi8-u"></head><body>Вітаю</body></html>'.encode("koi8-u")
    raw = mail(b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + transferred(html, "base64"))
    assert parse(raw).text == "Вітаю"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?Q?two words?=", "two words"),  # a space within
        ("=?utf-8?B?w4o=?= =?utf-8?B?w6k=?=", "Êé"),
        ("=?utf-8?B?w?= =?utf-8?B?6k=?=", "é"),  # a quantum split between two words
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9t=C3=A9?=", "été"),  # a character split between two words
        ("Re: =?iso-8859-1?Q?caf=E9?= today", "Re: café today"),
        ("=?utf-8?Q?a?=b=?utf-8?Q?c?=", "abc"),  # no space where one belongs
        ("=?utf-8?Q?what??=", "what?"),
        ("=?utf-8?B?w6k?=", "é"),  # no padding
        ("=?utf-8?B?w6k=!!?=", "é"),
        ("=?x-unknown?Q?caf=E9?=", "café"),
        ("=?utf-8*en?Q?=C3=A9?=", "é"),  # RFC 2231 §5
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q?never ends", "=?utf-8?Q?never ends"),
        ("=?utf-8?Q?a=00b=0D=0AX: y?=", "abX: y"),
        ("=?utf-8?B?7aCA?=", "í\xa0€"),  # a lone surrogate in CESU-8
    ],
)
def test_broken_encoded_words(written: str, read: str) -> None:
    """P1: encoded words that break RFC 2047 are read as their sender meant them; what is none stays as it is."""
    message = parse(mail(part("x", "utf-8", "8bit"), written, f"{written} <resident@example.org>"))
    assert message.subject == read
    assert message.author.address == "resident@example.org"
    assert dict(message.headers)["subject"] == read


@pytest.mark.parametrize("letter", letters(), ids=lambda letter: letter["id"])
def test_labelled_letters(letter: dict[str, object]) -> None:
    """P1: every labelled letter is read as it was written, whatever its charset and encoding."""
    message = parse(render(letter))
    assert message.text == str(letter["body"]).replace("\r\n", "\n").strip("\n")
    assert "".join(message.subject.split()) == "".join(str(letter["subject"] or "").split())
    assert (message.author.name, message.author.address) == (letter["from_name"] or "", letter["from_address"])
    assert [found.name for found in message.attachments] == [one["filename"] for one in letter.get("attachments") or ()]
    assert message.defects == ()
