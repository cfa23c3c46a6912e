"""Open S/MIME that is signed in one piece with its signature (RFC 8551 §3.5.2): BER (X.690 §8) is walked, not built.

Linear in the size of the part, however its lengths are written: programs that sign while they stream leave them open.
"""

from __future__ import annotations

from io import BytesIO

from intake.mail.budget import SIGNED_PIECE, Budget

SIGNED = "signed"
CERTIFICATES = "certificates"  # nothing but the signer's
CLOSED = "closed"  # encrypted, or what only the receiver's program can open

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # OID 1.2.840.113549.1.7.2, RFC 5652 §5
_CLOSED = (
    bytes.fromhex("2a864886f70d0107"),
    bytes.fromhex("2a864886f70d0109100117"),
)  # the other kinds, RFC 5652, 5083
_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_OCTETS, _SEQUENCE, _FIRST = 0x04, 0x30, 0xA0
_CONSTRUCTED = 0x20
_LONGEST_LENGTH = 8  # bytes that a length is written in


def is_package(media: str, name: str) -> bool:
    """Whether a part of that type and file name is S/MIME in one piece, by what it says of itself."""
    return media in _TYPES or name.lower().endswith(".p7m")


def kind(data: bytes, media: str, declared: str) -> str | None:
    """Return what such a part holds, None where only its name spoke for S/MIME; `declared` is its smime-type."""
    if declared == "certs-only":
        return CERTIFICATES
    if declared == "signed-data" or _SIGNED_DATA in data[:100]:
        return SIGNED
    return CLOSED if media in _TYPES or any(each in data[:100] for each in _CLOSED) else None


def content(data: bytes, budget: Budget) -> bytes | None:
    """Return the MIME entity that was signed, its signature not verified; None where none can be had."""
    walk = _Walk(data, budget.left // SIGNED_PIECE)
    try:
        return _signed(walk)
    except ValueError:
        return None
    finally:
        budget.grant(walk.count, SIGNED_PIECE)


def _signed(walk: _Walk) -> bytes:
    """Find the content of a ContentInfo with SignedData (RFC 5652 §3, §5.1). Raises ValueError."""
    walk.enter(_SEQUENCE)
    if not walk.data.startswith(_SIGNED_DATA, walk.at):
        raise ValueError("this is no signed data")
    walk.skip()
    walk.enter(_FIRST)
    walk.enter(_SEQUENCE)
    walk.skip()  # version
    walk.skip()  # digest algorithms
    walk.enter(_SEQUENCE)
    walk.skip()  # type of the content
    walk.enter(_FIRST)
    return walk.octets()


class _Walk:
    """Goes through BER, element by element."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data = data
        self.most = most  # elements that are gone through
        self.at = 0
        self.count = 0

    def head(self) -> tuple[int, int | None]:
        """Read a tag and a length in bytes, None for one that is left open. Raises ValueError."""
        data, at = self.data, self.at
        self.count += 1
        if at + 2 > len(data) or data[at] & 0x1F == 0x1F or self.count > self.most:
            raise ValueError("it ends too early, or has what no S/MIME has")
        tag, length = data[at], data[at + 1]
        self.at += 2
        if length == 0x80:
            return tag, None
        if length > 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[self.at : self.at + size], "big")
            self.at += size
            if size > _LONGEST_LENGTH:
                raise ValueError("a length beyond all measure")
        if self.at + length > len(data):
            raise ValueError("it ends too early")
        return tag, length

    def enter(self, wanted: int) -> None:
        """Go to the first element within this one, which must bear the tag `wanted`. Raises ValueError."""
        if self.head()[0] != wanted:
            raise ValueError("an element that does not belong here")

    def skip(self) -> None:
        """Go behind this element. Raises ValueError."""
        still_open = 0
        while True:
            tag, length = self.head()
            if length is None:
                still_open += 1
            elif (tag, length) == (0, 0):
                still_open -= 1
            else:
                self.at += length
            if still_open <= 0:
                return

    def octets(self) -> bytes:
        """Return an octet string, joined where it is in pieces (X.690 §8.7). Raises ValueError."""
        joined, view = BytesIO(), memoryview(self.data)  # few copies: the part may be large
        ends: list[int | None] = []  # of the strings that are open; None: an element says so
        while True:
            tag, length = self.head()
            if tag == _OCTETS | _CONSTRUCTED:
                ends.append(None if length is None else self.at + length)
            elif tag == _OCTETS and length is not None:
                joined.write(view[self.at : self.at + length])
                self.at += length
            elif (tag, length) == (0, 0) and ends and ends[-1] is None:
                ends.pop()
            else:
                raise ValueError("an element that does not belong here")
            while ends and ends[-1] == self.at:
                ends.pop()
            if not ends:
                return joined.getvalue()
