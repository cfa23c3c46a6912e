"""What the spellings of one mailbox share."""

from __future__ import annotations

import hashlib
import unicodedata


def address_key(address: str) -> str:
    """Return the same for every spelling of one mailbox; a bare `@example.org` is its domain's.

    Letter case and Unicode forms do not tell mailboxes apart, and nor do sub-addresses (RFC 5233): a responder that
    answers from pat+1@, pat+2@ and so on is the very loop that ceilings are for.
    """
    local, at, domain = unicodedata.normalize("NFKC", address).strip().lower().rpartition("@")
    seen = "".join(char for char in local if unicodedata.category(char) != "Cf")
    return f"{seen[:1]}{seen[1:].partition('+')[0]}{at}{plain_domain(domain)}"


def address_hash(address: str) -> str:
    """Return the SHA-256 of `address_key`: of one length, however long the address is."""
    return hashlib.sha256(address_key(address).encode("utf-8", "surrogatepass")).hexdigest()


def plain_domain(domain: str) -> str:
    """Return a domain as DNS has it (RFC 3490 A-labels), to which mail goes: signs that nobody sees fall out of it."""
    domain = domain.rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
