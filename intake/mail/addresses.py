"""What the spellings of one mailbox share."""

from __future__ import annotations

import unicodedata


def address_key(address: str) -> str:
    """Return the same for every spelling of one mailbox; a bare `@example.org` is its domain's.

    Letter case and Unicode forms do not tell mailboxes apart, and nor do sub-addresses (RFC 5233): a responder that
    answers from pat+1@, pat+2@ and so on is the very loop that ceilings are for.
    """
    local, at, domain = unicodedata.normalize("NFKC", address).strip().lower().rpartition("@")
    return f"{local[:1]}{local[1:].partition('+')[0]}{at}{domain.rstrip('.')}"
