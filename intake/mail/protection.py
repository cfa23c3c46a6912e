"""Tell what keeps us from reading a mail, or from vouching for it: encryption, opaque signatures, rights management."""

from __future__ import annotations

import re
from collections.abc import Sequence

from intake.mail import smime
from intake.mail.parts import Leaf

_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)  # RFC 9580 §6.2; not where it is quoted
_PGP_TYPE = "application/pgp-encrypted"  # RFC 3156 §4; gateways leave it where they break multipart/encrypted up
_RIGHTS = ("application/x-microsoft-rpmsg-message", "application/vnd.ms-rpmsg")
_PORTAL_FILES = ("securedoc", "securemessageatt", "secure_message", "encrypted_message")


def protection(media: str, found: Sequence[Leaf], text: str) -> str | None:
    """Return "encrypted", "signed-opaque" or "rights-managed"; None for a mail that anybody can read.

    `media` is the type of the whole mail, `found` its leaves, those within signed ones too, `text` what was read.
    """
    if any(leaf.type in _RIGHTS or leaf.name.lower().endswith(".rpmsg") for leaf in found):
        return "rights-managed"
    if media == "multipart/encrypted" or _PGP.search(text) or any(_is_locked(leaf) for leaf in found):
        return "encrypted"
    packages = [leaf for leaf in found if smime.is_package(leaf.type, leaf.name)]
    kinds = {smime.kind(leaf.content(), leaf.type, leaf.parameter("smime-type").lower()) for leaf in packages}
    if smime.CLOSED in kinds:
        return "encrypted"
    return "signed-opaque" if smime.SIGNED in kinds else None


def _is_locked(leaf: Leaf) -> bool:
    """Whether a part is PGP/MIME, or the file that a portal sends in place of a letter."""
    name = leaf.name.lower()
    return leaf.type == _PGP_TYPE or (name.startswith(_PORTAL_FILES) and name.endswith((".html", ".htm")))
