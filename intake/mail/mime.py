"""Make a raw mail fit for the parser in linear time: its parts by offset, its headers capped, large bodies left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

from intake.mail import headers as header
from intake.mail.transfer import encoding

LEFT_OUT = "X-Left-Out"  # header of a part whose body stayed behind: its place in `Prepared.bodies`
LARGE = 1024  # bytes of an encoded body from which it is left out
DEEPEST = 30  # multiparts within multiparts
MOST_PARTS = 1_000
MOST_FIELDS = 1_000  # in one header block
LONGEST_FIELD = 64 * 1024  # bytes
LONGEST_BLOCK = 512 * 1024  # bytes of all the fields of one header block
LONGEST_MIME_FIELD = 8 * 1024

_EOL = re.compile(rb"\r\n|\r|\n")
_BLOCK_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n|\Z)")
_FIELD = re.compile(rb"([!-9;-~]{1,200}+)[ \t]*+:([^\r\n]*+(?:(?:\r\n|\r|\n)[ \t][^\r\n]*+)*+)(?:\r\n|\r|\n|\Z)")
_KNOWN = re.compile(
    rb"(?:Received|From|To|Cc|Subject|Date|Message-ID|Reply-To|Sender|Return-Path|Delivered-To|MIME-Version|Content-[\w-]+"
    rb"|X-[\w-]+|DKIM-Signature|In-Reply-To|References|List-[\w-]+)[ \t]*:",
    re.IGNORECASE,
)
_DASHES = re.compile(rb"--([^\r\n]*)")
_BLANK = re.compile(rb"[ \t\r\n]*+")
_INTERPRETED = ("from", "to", "cc", "reply-to", "date")


@dataclass(slots=True)
class Part:
    """One part of a mail while it is being mapped."""

    fields: list[tuple[str, bytes]]  # (name in lower case, raw value), in order, capped
    topmost: dict[str, bytes]  # of each name
    start: int  # of the body, in bytes from the start of the mail
    end: int  # of the body; the line break before a boundary is not the body's
    type: str  # media type as declared
    values: dict[str, str]  # parameters of the Content-Type
    children: list[Part] = field(default_factory=list)
    too_deep: bool = False  # a multipart that is not looked into

    def text(self, name: str) -> str:
        """Return the topmost header `name` as text, "" where there is none."""
        value = self.topmost.get(name)
        return header.value_text(value[:LONGEST_MIME_FIELD]) if value else ""

    def all(self) -> list[Part]:
        """Return this part and those below it, in the order in which they stand."""
        return [self, *(part for child in self.children for part in child.all())]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail made fit: what the parser gets, and what was kept from it."""

    skeleton: bytes  # a small well-formed mail of the same parts
    fields: tuple[tuple[str, str], ...]  # top header: (name in lower case, unfolded text, encoded words not yet read)
    bodies: tuple[tuple[int, int], ...]  # where the bodies that were left out stand in the raw mail
    types: tuple[str, ...]  # media type of every part as declared, in order
    type_parameters: tuple[tuple[str, str], ...]  # of the mail's own Content-Type
    defects: tuple[str, ...]


def prepare(raw: bytes) -> Prepared:
    """Map `raw` and write the skeleton. Time and memory are linear in the size of `raw`."""
    defects: list[str] = []
    top = _mapped(raw, defects)
    parts = top.all()
    if any(part.type.startswith("multipart/") and not part.children and not part.too_deep for part in parts):
        defects.append("a multipart has no parts; read as text")
    charset = next((part.values["charset"] for part in parts if "charset" in part.values), "")
    fields = tuple((name, header.value_text(value, charset)) for name, value in top.fields)
    bodies: list[tuple[int, int]] = []
    boundary = sha256(b"".join(raw[part.start : part.end] for part in parts if _is_kept(part))).hexdigest()[:32]
    lines = [*_top_lines(fields), *_part_lines(top, raw, boundary, bodies)]
    return Prepared(
        b"".join(lines),
        fields,
        tuple(bodies),
        tuple(part.type for part in parts),
        tuple(top.values.items()),
        tuple(dict.fromkeys(defects)),
    )


def top_field(raw: bytes, name: str) -> str:
    """Return the topmost field `name` (lower case) of the header that `raw` begins with, as text; "" without one."""
    fields, _ = _fields(raw[:LONGEST_FIELD], _first_line(raw), [])
    return next((header.value_text(value) for key, value in fields if key == name), "")


def _mapped(raw: bytes, defects: list[str]) -> Part:
    """Find the parts of `raw` by its boundary lines (RFC 2046 §5.1.1)."""
    top = _part(raw, _first_line(raw), "text/plain", defects)
    containers: list[tuple[bytes, Part]] = []  # the multiparts that are open, by boundary, the outermost first
    known = _entered(top, containers, defects)
    count, at = 1, top.start
    while containers and (line := _DASHES.search(raw, at)):
        at = line.end()
        level, closes = known.get(line[1].rstrip(b" \t"), (-1, False))
        if level < 0 or (line.start() and raw[line.start() - 1] not in b"\r\n"):
            continue
        _end_last(containers[level][1], raw, line.start())
        del containers[level + (not closes) :]
        if closes:
            known = _lines(containers)
            continue
        if count >= MOST_PARTS:
            defects.append(f"it has more than {MOST_PARTS} parts; the rest is not read")
            break
        count += 1
        child = _child(raw, at, containers[-1][1], defects)
        known = _entered(child, containers, defects)
        at = child.start
    else:
        if containers:
            defects.append("the mail ends within a multipart")
    return top


def _child(raw: bytes, at: int, container: Part, defects: list[str]) -> Part:
    """Read the header of the part that begins behind the boundary line that ends at `at`."""
    usual = "message/rfc822" if container.type == "multipart/digest" else "text/plain"
    end = _EOL.match(raw, at)
    child = _part(raw, end.end() if end else at, usual, defects)
    container.children.append(child)
    return child


def _first_line(raw: bytes) -> int:
    """Where the header begins: behind a byte order mark and blank lines."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    blank = _BLANK.match(raw, start)
    return blank.end() if blank and _FIELD.match(raw, blank.end()) else start


def _part(raw: bytes, at: int, usual: str, defects: list[str]) -> Part:
    """Read the header block that begins at `at`."""
    fields, start = _fields(raw, at, defects)
    part = Part(fields, dict(reversed(fields)), start, len(raw), usual, {})
    if value := part.text("content-type"):
        head, part.values = header.parameters(value)
        part.type = header.media_type(head)
    return part


def _entered(part: Part, containers: list[tuple[bytes, Part]], defects: list[str]) -> dict[bytes, tuple[int, bool]]:
    """Put a multipart among the open containers; return the lines that now bound parts."""
    if part.type.startswith("multipart/"):
        boundary = part.values.get("boundary", "").rstrip()
        if len(containers) >= DEEPEST:
            part.too_deep = True
            defects.append(f"parts are nested more than {DEEPEST} deep; the deeper ones are not opened")
        elif boundary:
            containers.append((boundary.encode("utf-8"), part))
    return _lines(containers)


def _lines(containers: list[tuple[bytes, Part]]) -> dict[bytes, tuple[int, bool]]:
    """What stands behind the dashes of a boundary line -> (level of its container, whether it ends it)."""
    known: dict[bytes, tuple[int, bool]] = {}
    for level, (boundary, _) in enumerate(containers):
        known[boundary + b"--"] = (level, True)
        known[boundary] = (level, False)
    return known


def _end_last(container: Part, raw: bytes, line: int) -> None:
    """End the last child of `container`, and what is open in it, before the boundary line at `line`."""
    end = line - 2 if raw[line - 2 : line] == b"\r\n" else line - 1
    while container.children:
        container = container.children[-1]
        container.end = max(container.start, min(container.end, end))


def _fields(raw: bytes, at: int, defects: list[str]) -> tuple[list[tuple[str, bytes]], int]:
    """Read header fields (RFC 5322 §2.2) from `at` on; return them and where the body begins."""
    fields: list[tuple[str, bytes]] = []
    begun = at
    while True:
        if len(fields) >= MOST_FIELDS or at - begun > LONGEST_BLOCK:
            defects.append(
                f"a header has more than {MOST_FIELDS} fields or {LONGEST_BLOCK} bytes; the rest is not read"
            )
            end = _BLOCK_END.search(raw, at)
            return fields, end.end() if end else len(raw)
        match = None if raw.startswith(b"--", at) else _FIELD.match(raw, at)
        if match:
            value, cut = _cut(match[2], defects)
            fields.append((match[1].decode("ascii").lower(), value))
            begun += cut
            at = match.end()
        elif blank := _EOL.match(raw, at):
            return fields, blank.end()
        elif fields and (stray := _stray_end(raw, at)):
            defects.append("a line within a header is no header field; left out")
            at = stray
        elif raw.startswith((b"From ", b">From "), at):  # a mailbox file's line between mails
            at = _next_line(raw, at)
        else:
            return fields, at


def _stray_end(raw: bytes, at: int) -> int:
    """Where a line ends that is no field but stands before one, as when a fold was lost; 0 where it is the body's."""
    following = _next_line(raw, at)
    return following if not raw.startswith(b"--", at) and _KNOWN.match(raw, following) else 0


def _next_line(raw: bytes, at: int) -> int:
    line = _LINE.match(raw, at)
    return line.end() if line else at


def _cut(value: bytes, defects: list[str]) -> tuple[bytes, int]:
    """Return `value`, cut behind an address if it is too long, and how many bytes went."""
    if len(value) <= LONGEST_FIELD:
        return value, 0
    defects.append(f"a header field is {len(value)} bytes long; cut to {LONGEST_FIELD}")
    kept = value[:LONGEST_FIELD]
    kept = kept.rpartition(b",")[0] or kept
    return kept, len(value) - len(kept)


def _is_kept(part: Part) -> bool:
    """Whether the parser gets the body of `part`: that of a short leaf."""
    if part.children or part.too_deep or part.type.startswith("message/"):
        return False
    return part.end - part.start < LARGE


def _top_lines(fields: tuple[tuple[str, str], ...]) -> list[bytes]:
    """Write the fields of the top header that the parser interprets."""
    lines: list[bytes] = []
    for wanted in _INTERPRETED:
        values = [value for name, value in fields if name == wanted and value]
        if values:
            value = ", ".join(values) if wanted in ("to", "cc") else values[0]
            lines.append(f"{wanted}: {header.repair_words(value[:LONGEST_FIELD])}\r\n".encode())
    return lines


def _part_lines(part: Part, raw: bytes, boundary: str, bodies: list[tuple[int, int]]) -> list[bytes]:
    """Write a part and those below it. Boundaries come from a hash, so that no body holds one."""
    lines: list[bytes] = []
    values = {name: value for name, value in part.values.items() if name != "boundary"}
    media = part.type
    if part.children:
        boundary += "."
        values["boundary"] = boundary
    elif not _is_kept(part):
        lines.append(f"{LEFT_OUT}: {len(bodies)}\r\n".encode())
        bodies.append((part.start, part.end))
    if part.type.startswith("multipart/") and not part.children:
        media = "application/octet-stream" if part.too_deep else "text/plain"
    lines.append(f"Content-Type: {header.written(media, values)}\r\n".encode())
    lines += _other_lines(part)
    lines.append(b"\r\n")
    if _is_kept(part):
        lines.append(raw[part.start : part.end])
    for child in part.children:
        lines += [f"\r\n--{boundary}\r\n".encode(), *_part_lines(child, raw, boundary, bodies)]
    if part.children:
        lines.append(f"\r\n--{boundary}--\r\n".encode())
    return lines


def _other_lines(part: Part) -> list[bytes]:
    """Write disposition, encoding and id of a part so that every parser reads them alike."""
    lines: list[str] = []
    if value := part.text("content-disposition"):
        lines.append(f"Content-Disposition: {header.written(*header.parameters(value))}\r\n")
    if value := part.text("content-transfer-encoding"):
        lines.append(f"Content-Transfer-Encoding: {encoding(value)}\r\n")
    if value := part.text("content-id"):
        lines.append(f"Content-ID: {value}\r\n")
    return [line.encode() for line in lines]
