"""Transfer encodings, broken ones too."""

from __future__ import annotations

import pytest

from intake.mail.transfer import decoded, encoding, from_base64, uu_blocks


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"YWJj", b"abc"),
        (b"YW\r\nJj\r\n", b"abc"),
        (b"YWI", b"ab"),
        (b"YWJjZ", b"abc"),
        (b"YWI=YWI=", b"ab"),
        (b"Y W!J*j", b"abc"),
        (b"", b""),
        (b"=", b""),
        (b"\xff\xfe", b""),
    ],
)
def test_base64(written: bytes, read: bytes) -> None:
    """P1: base64 without padding, with too much of it, or with junk between is read as far as it goes."""
    assert from_base64(written) == read


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("BASE64", "base64"),
        (" base64 ; x=y", "base64"),
        ('"quoted-printable"', "quoted-printable"),
        ("8bit", "8bit"),
        ("7-bit", "8bit"),
        ("x-uue", "x-uuencode"),
        ("nonsense", "8bit"),
        ("", "8bit"),
    ],
)
def test_names(value: str, name: str) -> None:
    """P1: an encoding is known by any of its names; of an unknown one the octets stay as they are."""
    assert encoding(value) == name


def test_decoding() -> None:
    """P1: each encoding comes off."""
    assert decoded(b"caf=C3=A9=\r\n!", "quoted-printable") == "café!".encode()
    assert decoded(b"begin 644 a\n#86)C\n`\nend\n", "x-uuencode") == b"abc"
    assert decoded(b"no block", "x-uuencode") == b"no block"
    assert decoded(b"=41", "8bit") == b"=41"


def test_uuencoded_blocks() -> None:
    """P3: files within a text are taken out of it, and what only looks like one stays."""
    block = b"begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n"
    assert uu_blocks(b"before\r\n" + block + b"after") == (b"before\r\nafter", [(b"a.txt", b"abc")])
    assert uu_blocks(b"begin 644 of\nthe story\nend\n") == (b"begin 644 of\nthe story\nend\n", [])
    assert uu_blocks(b"begin the story") == (b"begin the story", [])
