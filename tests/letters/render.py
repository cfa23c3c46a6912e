"""Render the labelled letters as the mails that a server would hand over; the same letter always gives the same bytes.

python tests/letters/render.py FOLDER [FILE.jsonl...]
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

LETTERS = Path(__file__).parent / "dev"
MAILBOX = "cohesion@example.org"
_MAILERS = ("Microsoft Outlook 16.0", "iPhone Mail (21F90)", "Apple Mail (2.3774.600.62)", None, None)
_ENCODINGS = ("quoted-printable", "base64", "8bit")
_FIRST = datetime(2026, 9, 1, tzinfo=UTC)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return len(data).to_bytes(4, "big") + kind + data + check.to_bytes(4, "big")


def _red_pixel() -> bytes:
    size = (1).to_bytes(4, "big")
    header = size + size + bytes([8, 2, 0, 0, 0])
    pixel = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixel) + _chunk(b"IEND", b"")


_WORD = "vnd.openxmlformats-officedocument.wordprocessingml.document"
_FILES = {  # the smallest file of each kind: main type, subtype, content
    "png": ("image", "png", _red_pixel()),
    "jpg": ("image", "jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")),
    "heic": ("image", "heic", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
    "pdf": ("application", "pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
    "csv": ("text", "csv", b"date,what\r\n2026-10-01,noise\r\n"),
    "docx": ("application", _WORD, b"PK\x05\x06" + bytes(18)),
}


def render(letter: dict[str, Any]) -> bytes:
    """Make the mail of one letter."""
    number = int.from_bytes(hashlib.sha256(letter["id"].encode()).digest()[:4], "big")
    random.seed(number)  # boundaries are drawn from here
    mail = EmailMessage()
    _head(mail, letter, number)
    body = letter["body"] or "\n"
    mail.set_content(body, charset=letter.get("charset") or "utf-8", cte=_ENCODINGS[number % 3])
    if letter.get("html"):
        mail.add_alternative(letter["html"], subtype="html", charset="utf-8", cte="quoted-printable")
    for file in letter.get("attachments") or ():
        main, sub, content = _FILES[file["kind"]]
        mail.add_attachment(content, maintype=main, subtype=sub, filename=file["filename"])
    return mail.as_bytes()


def _head(mail: EmailMessage, letter: dict[str, Any], number: int) -> None:
    address, name = letter["from_address"], letter["from_name"]
    date = format_datetime(_FIRST + timedelta(minutes=number % 100_000))
    mail["Return-Path"] = f"<{address}>"
    mail["Received"] = f"from out.example.net by mx.example.org with ESMTPS id {letter['id']}; {date}"
    mail["Authentication-Results"] = "mx.example.org; dmarc=pass"
    mail["From"] = f'"{name}" <{address}>' if name else address
    mail["To"] = MAILBOX
    if letter["subject"] or number % 2:
        mail["Subject"] = letter["subject"]
    mail["Date"] = date
    mail["Message-ID"] = f"<{letter['id']}.{number:x}@{address.rpartition('@')[2]}>"
    if mailer := _MAILERS[number % 5]:
        mail["X-Mailer"] = mailer


def letters(files: Iterable[Path] = ()) -> list[dict[str, Any]]:
    """Return every letter, labels included, in the order of the files (those beside this module, if none are named)."""
    chosen = list(files) or sorted(LETTERS.glob("*.jsonl"))
    return [json.loads(line) for file in chosen for line in file.read_text(encoding="utf-8").splitlines()]


def main(arguments: list[str]) -> None:
    """Write every letter as FOLDER/ID.eml."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for letter in letters(map(Path, arguments[1:])):
        (folder / f"{letter['id']}.eml").write_bytes(render(letter))


if __name__ == "__main__":
    main(sys.argv[1:])
