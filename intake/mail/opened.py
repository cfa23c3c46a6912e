"""Open what a mail program packed into one part: TNEF and signed S/MIME become parts like all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message as Tree

from intake.mail import headers as header
from intake.mail import mime, smime, tnef
from intake.mail.budget import Budget
from intake.mail.parts import PACKED, Container, Leaf

MOST_OPENED = 20  # packages of one mail
DEEPEST = 3  # packages within packages

_TNEF_TYPES = (PACKED, "application/vnd.ms-tnef")
_SIGNED = "the S/MIME signature is not verified"
_UNOPENED = "a signed S/MIME part cannot be opened"


@dataclass(slots=True)
class Opener:
    """Opens the packages of one mail."""

    read: Callable[[bytes], Leaf | Container]  # a MIME entity -> its parts
    defects: list[str] = field(default_factory=list)
    packages: list[Leaf] = field(default_factory=list)  # S/MIME parts, whether or not they could be opened
    budget: Budget = field(default_factory=Budget)
    count: int = 0

    def opened(self, node: Leaf | Container, level: int = 0, *, whole: bool = True) -> Leaf | Container:
        """Return `node` with what can be opened in its place; `whole` tells that it is all of a mail."""
        if isinstance(node, Container):
            return Container(node.type, tuple(self.opened(child, level, whole=False) for child in node.children))
        if node.type in _TNEF_TYPES or node.name.lower() == "winmail.dat":
            return self._tnef(node) if self._may(level) else node
        if smime.is_package(node.type, node.name):
            self.packages.append(node)
            return self._signed(node, level, whole) if self._may(level) else node
        return node

    def _may(self, level: int) -> bool:
        self.count += 1
        if self.count <= MOST_OPENED and level < DEEPEST:
            return True
        self.defects.append("it has more packed parts than are opened")
        return False

    def _signed(self, leaf: Leaf, level: int, whole: bool) -> Leaf | Container:
        data = leaf.content()
        if smime.kind(data, leaf.type, leaf.parameter("smime-type").lower()) != smime.SIGNED:
            return leaf
        entity = smime.content(data, self.budget)
        if entity is None:
            self.defects.append(_UNOPENED)
            return leaf
        if not whole and not mime.top_field(entity, "content-type"):  # a signed file, not a signed mail
            return leaf
        self.defects.append(_SIGNED)
        return self.opened(self.read(entity), level + 1)

    def _tnef(self, leaf: Leaf) -> Leaf | Container:
        found = tnef.opened(leaf.content(), self.budget)
        if found is None or not found.whole:
            self.defects.append("winmail.dat (TNEF) cannot be read to its end" if found else "winmail.dat is no TNEF")
        if found is None or not (found.texts or found.files):
            return leaf
        texts = [_leaf(one.data, one.type, "", "", {"charset": one.charset}) for one in found.texts]
        files = [_leaf(one.data, _media(one.type), one.name, one.content_id, {}) for one in found.files]
        kept = () if found.whole else (leaf,)
        return Container(PACKED, (Container("multipart/alternative", tuple(texts)), *files, *kept))


def _leaf(data: bytes, media: str, name: str, content_id: str, parameters: dict[str, str]) -> Leaf:
    part = Tree()
    if content_id.isprintable() and content_id:
        part["Content-ID"] = content_id
    return Leaf(part, data, (0, len(data)), media, name, "" if parameters or content_id else "attachment", parameters)


def _media(declared: str) -> str:
    return header.media_type(declared) if "/" in declared else "application/octet-stream"
