"""What a person reads of a mail: the text parts of the message proper, whichever form they come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from intake.mail.budget import BEYOND, Budget
from intake.mail.calendar import calendar_text
from intake.mail.charsets import codec, decode
from intake.mail.flowed import unfolded
from intake.mail.html import html_to_text
from intake.mail.parts import PACKED, Container, Leaf, leaves
from intake.mail.transfer import uu_blocks

MOST_BYTES = 4_000_000  # of one text part that are read
_TELLING = 200  # letters and digits by which a text is known again
_SHORT = 400  # characters: a plain part up to here may be only a stand-in for the HTML one

_Best = tuple[str, bool]  # the text of a block, and whether it is the plain one

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_IS_HTML = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Body:
    """What is read of a mail, and what is not part of it."""

    text: str
    html: str
    plain: bool  # whether `text` comes from plain parts alone
    rest: tuple[Leaf, ...]  # the leaves that are attachments
    uuencoded: tuple[tuple[bytes, bytes], ...]  # name and content of files within the text
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A stretch of the body in its plain form, its HTML form, or both."""

    plain: str | None
    html: str | None


class _Reader:
    """Collects what the text parts hold while the tree is walked."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.read: list[Leaf] = []
        self.uuencoded: list[tuple[bytes, bytes]] = []
        self.packed: list[_Block] = []
        self.defects: list[str] = []

    def blocks(self, node: Leaf | Container) -> list[_Block]:
        """Return the stretches of the body below `node`, in order."""
        if isinstance(node, Leaf):
            return [self.block(node)] if node.readable and not node.name else []
        if node.type == "multipart/report":  # RFC 6522: only the first part is for people
            return next((blocks for child in node.children if (blocks := self.blocks(child))), [])
        below = [block for child in node.children for block in self.blocks(child)]
        if node.type == PACKED:
            self.packed += below
            return []
        if node.type == "multipart/alternative" and below:
            return [_Block(_joined(b.plain for b in below), _joined(b.html for b in below))]
        return below

    def block(self, leaf: Leaf) -> _Block:
        """Read one text part."""
        self.read.append(leaf)
        data = leaf.content()
        if len(data) > MOST_BYTES:
            self.defects.append(f"a text part is {len(data)} bytes long; only the first {MOST_BYTES} are read")
            data = data[:MOST_BYTES]
        if leaf.type == "text/html":
            data = data[: self.budget.grant(len(data))]
            return _Block(None, self.decoded(data, leaf.parameter("charset") or _meta_charset(data)))
        if b"begin " in data:
            data, found = uu_blocks(data)
            self.uuencoded += found
        text = self.decoded(data, leaf.parameter("charset"))
        if _IS_HTML.match(text):
            return _Block(None, text[: self.budget.grant(len(text))])
        if leaf.type in ("text/enriched", "text/richtext"):
            text = _MARKUP.sub("", text)
        if leaf.parameter("format").lower() == "flowed":
            text = unfolded(text, delsp=leaf.parameter("delsp").lower() == "yes")
        return _Block(text, None)

    def decoded(self, data: bytes, charset: str) -> str:
        """Return the bytes of a text part as text with "\\n" between lines."""
        text, defect = decode(data, charset)
        if defect:
            self.defects.append(f"text part: {defect}")
        if b"\0" in data and not codec(charset).startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
            self.defects.append("text part: NUL bytes; left out")
        return text.replace("\r\n", "\n").replace("\r", "\n")


def body(top: Leaf | Container, budget: Budget) -> Body:
    """Choose what a person reads.

    Plain parts before HTML ones in a multipart/alternative, unless they are empty or a stand-in; of a
    multipart/report only the first part; nothing of an attached mail. What TNEF says besides comes behind it. Named
    text parts are attachments, and invitations are read, only where there is no other text.
    """
    reader = _Reader(budget)
    blocks = reader.blocks(top)
    if not blocks and not reader.packed:
        blocks = [reader.block(leaf) for leaf in leaves(top) if leaf.readable][:1]
    texts = [_best(block) for block in blocks]
    unsaid = _unsaid(texts, [(block, _best(block)) for block in reader.packed])
    blocks += [block for block, _ in unsaid]
    texts += [best for _, best in unsaid]
    said = [(text, plain) for text, plain in texts if text.strip()]
    read = set(reader.read)
    return Body(
        text="\n".join(text.strip("\n") for text, _ in said) or _invitation(top, reader),
        html="\n".join(block.html for block in blocks if block.html is not None),
        plain=bool(texts) and all(plain for _, plain in said or texts),
        rest=tuple(leaf for leaf in leaves(top) if leaf not in read),
        uuencoded=tuple(reader.uuencoded),
        defects=tuple(dict.fromkeys([*reader.defects, *([BEYOND] if budget.exceeded else [])])),
    )


def _unsaid(texts: list[_Best], packed: list[tuple[_Block, _Best]]) -> list[tuple[_Block, _Best]]:
    """Return the packed blocks that say more than `texts`: Outlook writes most texts twice, a gateway its footer."""
    known = "".join(_telling(text) for text, _ in texts) if packed else ""
    return [(block, best) for block, best in packed if _telling(best[0])[:_TELLING] not in known]


def _telling(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _invitation(top: Leaf | Container, reader: _Reader) -> str:
    """Return what the first invitation says; "" without one."""
    found = next((leaf for leaf in leaves(top) if leaf.type == "text/calendar"), None)
    if found is None:
        return ""
    return calendar_text(reader.decoded(found.content()[:MOST_BYTES], found.parameter("charset") or "utf-8"))


def _best(block: _Block) -> _Best:
    """Return the text of a block, and whether it is the plain one."""
    plain = block.plain or ""
    if not block.html or (plain.strip() and (len(plain) > _SHORT or "html" not in plain.lower())):
        return plain, True
    shown = html_to_text(block.html)
    return (plain, True) if plain.strip() and len(shown) <= len(plain) else (shown, False)


def _joined(texts: Iterable[str | None]) -> str | None:
    found = [text for text in texts if text is not None]
    return "\n".join(found) if found else None


def _meta_charset(data: bytes) -> str:
    match = _META_CHARSET.search(data, 0, 4096)
    return match[1].decode("ascii", "ignore") if match else ""
