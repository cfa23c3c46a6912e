"""One mail makes so much work and no more, however many parts it has; what is left unread goes to a person."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from intake.mail.budget import BEYOND, RTF_BYTE, SIGNED_PIECE, WORK, Budget
from intake.mail.parse import parse
from intake.mail.values import Identity, Urgency
from intake.triage import Sorter
from tests import packages as made
from tests.unit.rulebooks import rulebook
from tests.unit.strategies import mail, multipart

HTML = b"Content-Type: text/html\r\n\r\n" + b"<b>x" * (WORK // 8)
STORED = struct.pack("<IIII", 0, 0, 0x414C454D, 0) + rb"{\rtf1 " + rb"{\b x}" * 60_000
PACKED_RTF = made.winmail(made.tnef({made.RTF: (made.BINARY, STORED)}))
PIECES = made.smime(made.signed(b"x" * (WORK // SIGNED_PIECE // 3), WORK // SIGNED_PIECE // 3))
PROPERTIES = made.winmail(
    made.tnef({}) + made.attribute(0x69003, struct.pack("<I", 400_000) + b"\x02\x00\x00\x10\0\0\0\0" * 400_000)
)


@pytest.mark.parametrize(
    ("part", "many"),
    [(HTML, 8), (PACKED_RTF, 20), (PIECES, 6), (PROPERTIES, 6)],
    ids=["HTML", "RTF", "signed pieces", "properties"],
)
def test_many_costly_parts(part: bytes, many: int) -> None:
    """P5: parts that are costly to read are read up to one bound a mail, and the mail says that there is more."""
    whole, one = parse(mail(multipart("mixed", *[part] * many))), parse(mail(multipart("mixed", part)))
    assert BEYOND in whole.defects
    assert BEYOND not in one.defects
    assert len(whole.html) <= WORK + many
    assert len(whole.text) <= WORK // min(RTF_BYTE, 2)


@pytest.mark.parametrize("at", [0, 1])
def test_what_is_beyond_goes_to_a_person(at: int) -> None:
    """R9: a mail that holds more than is read is for a person today, whichever of its parts says something."""
    parts = [b"Content-Type: text/plain\r\n\r\nThe lamps in our street are dark again and again.", *[HTML] * 3]
    sorter = Sorter(rulebook(), Identity(frozenset({"cohesion@example.org"})), ZoneInfo("Europe/London"))
    found = sorter.triage(mail(multipart("mixed", *parts[:: 1 if at else -1])), datetime(2026, 3, 2, tzinfo=UTC))
    assert "unreadable" in found.decision.flags
    assert found.decision.urgency is Urgency.TODAY


def test_the_budget() -> None:
    """P5: a budget gives what there is, whole pieces of it, and remembers that it was too little."""
    budget = Budget(10)
    assert (budget.grant(2, 3), budget.exceeded) == (2, False)
    assert (budget.grant(2, 3), budget.exceeded, budget.left) == (1, True, 1)
    assert (budget.grant(5), budget.left) == (1, 0)
