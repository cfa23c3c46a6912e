"""Header fields as every program reads them: encoded by RFC 2047 and folded by RFC 5322, with no surprise in either.

Python's own folding starts a new line right after a field's name, and ends base64 words with padding, after which GMime
(notmuch, Balsa) reads no further.
"""

from __future__ import annotations

import re

LINE = 76  # characters of a line that holds an encoded word (RFC 2047 §2)
_ROOM = LINE - len("Subject: ") - len("=?utf-8?q??=")  # characters of an encoded word's text, wherever it stands
_PLAIN = re.compile(r"[!-~]{1,60}")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}")


def unstructured(text: str) -> list[str]:
    """Return what a line may be folded between: words, and where they are not plain, encoded words (RFC 2047 §5)."""
    words = text.split()
    odd = [n for n, word in enumerate(words) if not _PLAIN.fullmatch(word) or "=?" in word]
    if not odd:
        return words
    first, last = odd[0], odd[-1] + 1
    return [*words[:first], *_encoded(" ".join(words[first:last])), *words[last:]]


def mailbox(name: str, address: str) -> list[str]:
    """Return the same of a display name and an address (RFC 5322 §3.4)."""
    words = name.split()
    if not words:
        return [address]
    if not all(map(_PLAIN.fullmatch, words)) or "=?" in name:
        words = _encoded(" ".join(words))
    elif not all(map(_ATOM.fullmatch, words)):
        words = _quoted(" ".join(words))
    return [*words, f"<{address}>"]


def _quoted(name: str) -> list[str]:
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'.split(" ")


def _encoded(text: str) -> list[str]:
    """Return encoded words, each of whole characters."""
    words = [""]
    for letter in text:
        written = _letter(letter)
        if len(words[-1]) + len(written) > _ROOM:
            words.append("")
        words[-1] += written
    return [f"=?utf-8?q?{word}?=" for word in words]


def _letter(letter: str) -> str:
    if letter == " ":
        return "_"
    plain = letter.isascii() and letter.isalnum()  # stands for itself in any encoded word
    return letter if plain else "".join(f"={byte:02X}" for byte in letter.encode())


def field(name: str, words: list[str]) -> bytes:
    """Return the field, which may be folded between these words; its name never stands alone on a line."""
    lines = [" ".join([f"{name}:", *words[:1]])]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
