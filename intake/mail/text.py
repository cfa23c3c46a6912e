"""What a sender newly wrote, told apart from quotations, signatures, banners and forwards; wrapped links unwrapped."""

from __future__ import annotations

import re
import string
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import re2

from intake.mail import quotes, signatures
from intake.mail.values import Identity, OwnWords

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?')\]}]", re.IGNORECASE)
_MOST_LINES = 20_000
_LONGEST_LINK = 8_000
_NESTED = 4  # wraps within wraps that are taken off
_V3 = re.compile(r"https?://[^/]+/v3/__(.+?)__;([^!]*)!", re.IGNORECASE)
_RUN = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def own_words(text: str, identity: Identity, subject: str = "") -> OwnWords:
    """Part `text` (newlines are "\\n") into what the sender newly wrote and the rest.

    `own` consists of whole lines of `text` in their order, less a gateway's banner. `subject` tells a forward whose
    program left no other mark. Linear in the text, of which the first 20,000 lines are read. Raises re2.error for a
    configured banner pattern that is none.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")  # re2 takes no lone surrogates
    for pattern in identity.banners:
        text = _banner(pattern).sub("", text)
    lines = text[signatures.banner_end(text) :].split("\n", _MOST_LINES)[:_MOST_LINES]
    quoted = quotes.find(lines, subject)
    kept: list[str] = []
    stretch: list[str] = []
    for index, line in enumerate([*lines, ""]):
        if index < len(lines) and index not in quoted.lines:
            stretch.append(line)
        elif stretch:
            found = signatures.find(stretch)
            kept.extend(each for place, each in enumerate(stretch) if place not in found)
            stretch = []
    return OwnWords("\n".join(kept).strip(), quoted.forwarded)


@cache
def _banner(pattern: str) -> Any:
    return re2.compile(f"(?im){pattern}")


def unwrap_links(text: str) -> str:
    """Return `text` with the links that Safe Links and urldefense (versions 1 to 3) wrapped as they were sent."""
    return _LINK.sub(lambda found: _unwrapped(found[0]), text)


def _unwrapped(link: str) -> str:
    for _ in range(_NESTED):
        inner = _inner(link) if len(link) <= _LONGEST_LINK else None
        if inner is None or not _LINK.fullmatch(inner):
            break
        link = inner
    return link


def _inner(link: str) -> str | None:
    """Return the link that `link` wraps, or None."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
        if host.endswith(".safelinks.protection.outlook.com"):
            return parse_qs(parts.query).get("url", [None])[0]
        if host in {"urldefense.com", "urldefense.us", "urldefense.proofpoint.com"}:
            return _proofpoint(link, parts.path, parts.query)
    except ValueError:  # not a link at all: a bracket in its host, bytes that are no UTF-8, too many fields
        return None
    return None


def _proofpoint(link: str, path: str, query: str) -> str | None:
    if path.startswith("/v3/"):
        return _third_version(link)
    wrapped = parse_qs(query).get("u", [None])[0]
    if wrapped is None:
        return None
    return unquote(wrapped.replace("-", "%").replace("_", "/")) if path.startswith("/v2/") else unquote(wrapped)


def _third_version(link: str) -> str | None:
    """Put back the characters that version 3 keeps apart: `*` stands for one, `**A` to `**_` for two to 65."""
    found = _V3.match(link)
    if not found:
        return None
    try:
        apart = urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()
    except NotBase64:
        return None
    taken = 0

    def put_back(mark: re.Match[str]) -> str:
        nonlocal taken
        length = 1 if mark[1] is None else _RUN.index(mark[1]) + 2
        taken += length
        return apart[taken - length : taken]

    inner = re.sub(r"\*(?:\*([A-Za-z0-9_-]))?", put_back, found[1])
    return re.sub(r"^(https?:/)(?=[^/])", r"\1/", inner) if taken <= len(apart) else None
