"""The parts of a parsed mail as its body and its attachments need them."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message as Tree

from intake.mail import headers as header
from intake.mail import mime
from intake.mail.transfer import decoded, encoding

PACKED = "application/ms-tnef"  # a Container of that type: the texts and files of a TNEF part
_TEXT = ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown")


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part without parts below it. An attached mail is one, too: it is not looked into."""

    part: Tree
    raw: bytes  # the whole mail
    span: tuple[int, int] | None  # where the body stands in `raw`, where it was kept from the parser
    type: str  # media type in lower case
    name: str  # file name as it came, decoded; "" where there is none
    disposition: str  # "attachment", "inline", ""
    parameters: dict[str, str]  # of the Content-Type, names in lower case

    def content(self) -> bytes:
        """Return the body with its transfer encoding taken off."""
        if self.span is not None:
            start, end = self.span
            return decoded(self.raw[start:end], encoding(str(self.part.get("content-transfer-encoding", ""))))
        payload = self.part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    def parameter(self, name: str) -> str:
        """Return a parameter of the Content-Type, "" where there is none."""
        return self.parameters.get(name, "")

    @property
    def content_id(self) -> str:
        """The Content-ID without brackets, "" where there is none."""
        return str(self.part.get("content-id", "")).strip("<> \t")

    @property
    def readable(self) -> bool:
        """Whether this is text for a person, wherever it stands."""
        return self.type in _TEXT and self.disposition != "attachment"

    def file_name(self) -> str:
        """Return the name to show; an attached mail is named by its subject."""
        name = self.name
        if not name and self.type == "message/rfc822":
            subject = header.decode_words(mime.top_field(self.content(), "subject"))
            name = subject.replace("/", "-").replace("\\", "-") + ".eml" if subject else ""
        return header.file_name(name, self.type)


@dataclass(frozen=True, slots=True)
class Container:
    """A multipart with its parts."""

    type: str
    children: tuple[Leaf | Container, ...]


def tree(part: Tree, raw: bytes, bodies: tuple[tuple[int, int], ...]) -> Leaf | Container:
    """Return what the parser made of the skeleton of `raw`, with the bodies that were kept from it within reach."""
    kind = part.get_content_type()
    behind = part.get(mime.LEFT_OUT)
    if behind is None and part.is_multipart():
        return Container(kind, tuple(tree(child, raw, bodies) for child in _children(part)))
    span = None if behind is None else bodies[int(behind)]
    _, about = header.parameters(str(part.get("content-type", "")))
    disposition, how = header.parameters(str(part.get("content-disposition", "")))
    name = how.get("filename") or about.get("name", "")
    return Leaf(part, raw, span, kind, name, disposition, about)


def _children(part: Tree) -> list[Tree]:
    return [child for child in part.get_payload() if isinstance(child, Tree)]


def leaves(node: Leaf | Container) -> list[Leaf]:
    """Return every leaf, in the order in which they stand."""
    return [node] if isinstance(node, Leaf) else [leaf for child in node.children for leaf in leaves(child)]
