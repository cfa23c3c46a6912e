"""What is taken of a message above the size limit: its header and its text, told apart by BODYSTRUCTURE (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256
from typing import Any

HEADER = 262_144  # bytes of the header that are taken
TEXT = 2_000_000  # bytes that are taken of one text part
TEXTS = 8  # text parts that are taken
_MIME = 16_384  # bytes of one part's own header
_NAMED = 20  # parts left behind that the sentence names
_OURS = re.compile(rb"(?:^|(?<=\n))(?:Content-[^\n:]*|MIME-Version)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n?", re.I)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message's structure (RFC 9051 §7.5.2)."""

    number: str  # "1.2"; "TEXT" where the message is not multipart
    type: str  # media type in lower case
    name: str  # decoded file name; "" without one
    size: int  # bytes after decoding, about
    attached: bool  # Content-Disposition: attachment

    @property
    def readable(self) -> bool:
        """Whether it is text that a person wrote into the message."""
        return self.type in {"text/plain", "text/html"} and not self.attached


def parts(structure: Any, prefix: str = "") -> Iterator[Part]:
    """Yield the leaves of a BODYSTRUCTURE as imapclient gives it; attached messages are leaves."""
    if isinstance(structure[0], list):
        for index, child in enumerate(structure[0], 1):
            yield from parts(child, f"{prefix}{index}.")
    else:
        yield _leaf(structure, prefix.rstrip(".") or "TEXT")


def sections(part: Part) -> tuple[tuple[str, int], ...]:
    """Return what must be fetched for a text part: (section, most bytes)."""
    content = (part.number, TEXT)
    return (content,) if part.number == "TEXT" else ((f"{part.number}.MIME", _MIME), content)


def assemble(header: bytes, texts: Sequence[tuple[Part, Mapping[str, bytes]]]) -> bytes:
    """Return a message with the original header and the text parts, whose fetched sections stand beside them."""
    header = _whole_lines(header, HEADER).rstrip(b"\r\n") + b"\r\n"
    if len(texts) == 1 and texts[0][0].number == "TEXT":
        return header + b"\r\n" + _whole_lines(texts[0][1].get("TEXT", b""), TEXT)
    own = _OURS.sub(b"", header)
    boundary = b"=_" + sha256(b"".join(text for _, found in texts for text in found.values())).hexdigest().encode()
    kind = b"alternative" if sorted(part.type for part, _ in texts) == ["text/html", "text/plain"] else b"mixed"
    lines = [own + b'MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary="%s"\r\n' % (kind, boundary)]
    for part, found in texts:
        mime = found.get(f"{part.number}.MIME", b"").strip(b"\r\n")
        body = _whole_lines(found.get(part.number, b""), TEXT)
        lines.append(b"--%s\r\n%s\r\n\r\n%s" % (boundary, mime, body))
    return b"\r\n".join([*lines, b"--%s--\r\n" % boundary])


def sentence(size: int, limit: int, everything: Sequence[Part], taken: Sequence[Part], cut: Sequence[Part]) -> str:
    """Say what was left behind in the mailbox: names, types and sizes; of the parts in `cut` only the rest."""
    left = [part for part in everything if part not in taken]
    named = [_called(part) for part in left[:_NAMED]]
    if len(left) > _NAMED:
        named.append(f"{len(left) - _NAMED} more")
    named += [f"all but the first {_mb(TEXT)} of {_called(part)}" for part in cut]
    nothing = "nothing else" if everything else "all but its header"
    return (
        f"The message has {_mb(size)}, more than the {_mb(limit)} that are taken in; only its text was fetched. "
        f"Left in the mailbox: {', '.join(named) or nothing}."
    )


def _leaf(structure: Any, number: str) -> Part:
    type_ = f"{_text(structure[0])}/{_text(structure[1])}".lower()
    encoding = _text(structure[5]).lower()
    size = structure[6] if isinstance(structure[6], int) else 0
    disposition = _disposition(structure, 9 if type_.startswith("text/") else 11 if type_ == "message/rfc822" else 8)
    kind = _text(disposition[0]).lower() if disposition else ""
    name = _name(disposition[1] if disposition and len(disposition) > 1 else None) or _name(structure[2])
    return Part(number, type_, name, size * 3 // 4 if encoding == "base64" else size, kind == "attachment")


def _disposition(structure: Any, index: int) -> Any:
    value = structure[index] if len(structure) > index else None
    return value if isinstance(value, tuple) and value else None


def _name(parameters: Any) -> str:
    """Decode `filename` or `name`, RFC 2231 and RFC 2047 both."""
    if not isinstance(parameters, tuple):
        return ""
    keys = [_text(key).lower() for key in parameters[::2]]
    header = Message()
    for kind in ("filename", "name"):
        pairs = [
            f'{key.replace("name", "filename") if kind == "name" else key}="{_text(value)}"'.replace("\r", "")
            for key, value in zip(keys, parameters[1::2], strict=False)
            if key.partition("*")[0] == kind
        ]
        if pairs:
            header["Content-Disposition"] = "; ".join(["attachment", *pairs]).replace("\n", " ")
            return _decoded(header.get_filename() or "")
    return ""


def _decoded(name: str) -> str:
    with suppress(ValueError, LookupError, AssertionError):
        name = str(make_header(decode_header(name)))
    return _UNSAFE.sub(" ", name).strip()[:120]


def _whole_lines(data: bytes, limit: int) -> bytes:
    """Cut what was cut off in the middle of a line (base64 and UTF-8 would break there)."""
    return data if len(data) < limit else data[: data.rfind(b"\n") + 1] or data


def _called(part: Part) -> str:
    return f"{part.name or 'a part without a name'} ({part.type}, {_mb(part.size)})"


def _mb(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
