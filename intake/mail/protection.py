"""Tell what keeps us from reading a mail, or from vouching for it: encryption, opaque signatures, rights management."""

from __future__ import annotations

from collections.abc import Sequence

from intake.mail.parts import Leaf

_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # OID 1.2.840.113549.1.7.2, RFC 5652 §5
_RIGHTS = ("application/x-microsoft-rpmsg-message", "application/vnd.ms-rpmsg")
_PORTAL_FILES = ("securedoc", "securemessageatt", "secure_message", "encrypted_message")


def protection(media: str, found: Sequence[Leaf], text: str) -> str | None:
    """Return "encrypted", "signed-opaque" or "rights-managed"; None for a mail that anybody can read.

    `media` is the type of the whole mail, `found` its leaves, `text` what was read of it.
    """
    if any(leaf.type in _RIGHTS or leaf.name.lower().endswith(".rpmsg") for leaf in found):
        return "rights-managed"
    if media == "multipart/encrypted" or text.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        return "encrypted"
    for leaf in found:
        if leaf.type in _SMIME:
            signed = leaf.parameter("smime-type").lower() == "signed-data" or _SIGNED_DATA in leaf.content()[:100]
            return "signed-opaque" if signed else "encrypted"
        if leaf.name.lower().startswith(_PORTAL_FILES) and leaf.name.lower().endswith((".html", ".htm")):
            return "encrypted"
    return None
