"""The parts of a mail as its body and its attachments need them."""

from __future__ import annotations

from dataclasses import dataclass

from intake.mail import headers as header
from intake.mail import mime
from intake.mail.transfer import decoded, encoding

PACKED = "application/ms-tnef"  # a Container of that type: the texts and files of a TNEF part
_TEXT = ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown")


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part without parts below it. An attached mail is one, too: it is not looked into."""

    raw: bytes  # the whole mail
    span: tuple[int, int]  # where the body stands in `raw`
    type: str  # media type in lower case
    name: str  # file name as it came, decoded; "" where there is none
    disposition: str  # "attachment", "inline", ""
    encoding: str  # of the body, as `transfer.encoding` names it
    content_id: str  # without brackets, "" where there is none
    parameters: dict[str, str]  # of the Content-Type, names in lower case

    def content(self) -> bytes:
        """Return the body with its transfer encoding taken off."""
        start, end = self.span
        return decoded(self.raw[start:end], self.encoding)

    def parameter(self, name: str) -> str:
        """Return a parameter of the Content-Type, "" where there is none."""
        return self.parameters.get(name, "")

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


def tree(part: mime.Part, raw: bytes) -> Leaf | Container:
    """Return a part of `raw` with those below it."""
    if part.children:
        return Container(part.type, tuple(tree(child, raw) for child in part.children))
    disposition, how = header.parameters(part.text("content-disposition"))
    return Leaf(
        raw,
        (part.start, part.end),
        _leaf_type(part),
        how.get("filename") or part.values.get("name", ""),
        disposition,
        encoding(part.text("content-transfer-encoding")),
        part.text("content-id").strip("<> \t"),
        part.values,
    )


def _leaf_type(part: mime.Part) -> str:
    """Return what a part without parts is read as."""
    if not part.type.startswith("multipart/"):
        return part.type
    return "application/octet-stream" if part.too_deep else "text/plain"


def leaves(node: Leaf | Container) -> list[Leaf]:
    """Return every leaf, in the order in which they stand."""
    return [node] if isinstance(node, Leaf) else [leaf for child in node.children for leaf in leaves(child)]
