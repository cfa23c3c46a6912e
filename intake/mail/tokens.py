"""Signed tokens: what proves that a reply answers a mail of ours about a case, whoever carries it back (T1).

A token is `1`, the case's code, and 80 bits of an HMAC-SHA256 over both and over whom the mail went to. It is made of
lower-case letters and digits, so that it stands in a local part as well as in a Message-ID, and is read only as it was
written: a letter in another case is a change like any other.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

VERSION = "1"
RESIDENT = ""  # whom a token is for: who wrote to us, or a partner by id
CODE = 7  # characters of a reference behind its prefix
MAC_BYTES = 10
LENGTH = len(VERSION) + CODE + MAC_BYTES * 8 // 5
LOOKS = re.compile(rf"{VERSION}[a-z0-9]{{{CODE}}}[a-z2-7]{{{MAC_BYTES * 8 // 5}}}")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token that is ours says."""

    code: str  # of the case: the seven characters of its reference, in lower case
    audience: str  # RESIDENT, or the partner that the mail went to


@dataclass(frozen=True)
class Tokens:
    """Makes tokens and reads them; the key is fetched when it is first needed."""

    fetch: Callable[[], bytes]

    @cached_property
    def _key(self) -> bytes:
        return self.fetch()

    def sign(self, reference: str, audience: str) -> str:
        """Return the token of the case `CSP-7K4M-29Q` for whom the mail goes to. Raises ValueError for no reference."""
        code = code_of(reference)
        if len(code) != CODE:
            raise ValueError("this is not a case reference")
        return VERSION + code + self._mac(f"case\0{VERSION}\0{code}\0{audience}")

    def read(self, token: str, audiences: Iterable[str]) -> Signed | None:
        """Return what a token says that was made for one of `audiences`; None where it was not made here for any."""
        if not LOOKS.fullmatch(token):
            return None
        code = code_in(token)
        mac = token[len(VERSION) + CODE :]
        for audience in audiences:
            if hmac.compare_digest(mac, self._mac(f"case\0{VERSION}\0{code}\0{audience}")):
                return Signed(code, audience)
        return None

    def mail_id(self, key: str) -> str:
        """Return what stands before the `@` of the Message-ID of a mail, by its outbox key: nobody else can tell it."""
        return hmac.new(self._key, f"mail\0{key}".encode("utf-8", "surrogatepass"), sha256).hexdigest()[:40]

    def _mac(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), sha256).digest()
        return b32encode(digest[:MAC_BYTES]).decode("ascii").lower()


def code_of(reference: str) -> str:
    """Return the seven characters of a reference behind its prefix, in lower case."""
    return re.sub(r"[^0-9a-z]", "", reference.lower().partition("-")[2])


def code_in(token: str) -> str:
    """Return the code of the case that what looks like a token names, whoever made it."""
    return token[len(VERSION) :][:CODE]


def reference_of(code: str) -> str:
    """Return the reference as it would be written, in search of a case: whether there is one is the store's to say."""
    return f"CSP-{code[:4]}-{code[4:]}".upper()
