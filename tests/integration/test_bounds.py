"""Letters that are too much of something, from a real mailbox to the outbox."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.mailbox.imap import ImapSettings
from intake.store.outcomes import STORED
from tests.integration.test_reconcile import US, House, outcomes
from tests.servers.control import control
from tests.servers.dovecot import Dovecot

MOST = 10_000_000  # bytes of Python's own that taking in and sorting one of them may take
HEAD = "From: Ann <ann@home.example>\r\nSubject: lamp\r\nMessage-ID: <{}@home.example>\r\nMIME-Version: 1.0\r\n"
WORDS = "\r\nThe street lamp is broken.\r\n"


def recipients(count: int) -> str:
    """Return a letter to so many people, us among them in the middle."""
    others = [f"Person {number} <person{number}@example.net>" for number in range(count)]
    others.insert(count // 2, US)
    return HEAD.format("many") + "To: " + ",\r\n ".join(others) + "\r\n" + WORDS


def nested(depth: int) -> str:
    """Return a letter whose parts lie in one another."""
    begin = (f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return HEAD.format("deep") + f"To: {US}\r\n" + "".join(begin) + WORDS


def plain(name: str) -> bytes:
    """Return a letter with nothing to it."""
    return (HEAD.format(name) + f"To: {US}\r\n" + WORDS).encode()


LETTERS = {
    "10,000 recipients": recipients(10_000),
    "a line of 1 MB": HEAD.format("line") + f"To: {US}\r\nX-Long: {'x' * 1_000_000}\r\n" + WORDS,
    "10,000 nested parts": nested(10_000),
    "a reference to 20,000 others": HEAD.format("refs")
    + f"To: {US}\r\nReferences: "
    + "\r\n ".join(f"<{number}@example.net>" for number in range(20_000))
    + "\r\n"
    + WORDS,
}


@pytest.fixture
def house(dovecot: Dovecot, tmp_path: Path) -> Iterator[House]:
    """The service's steps on a mailbox of the test's own."""
    settings = ImapSettings("public", dovecot.host, dovecot.port, "none", dovecot.user(), dovecot.password)
    made = House(tmp_path, settings)
    yield made
    made.database.close()


@pytest.mark.parametrize("name", LETTERS)
def test_too_much_of_something(house: House, dovecot: Dovecot, name: str) -> None:
    """P5, promise 1: it is taken in, sorted and answered at most once, in bounded memory; the next letter too."""
    with control(dovecot, house.settings.user) as staff:
        staff.deliver(plain("before"), datetime.now(UTC))
        house.poll()
        house.sort()
        staff.deliver(LETTERS[name].encode(), datetime.now(UTC))
        staff.deliver(plain("after"), datetime.now(UTC))
    tracemalloc.start()
    try:
        house.poll()
        house.sort()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST
    assert outcomes(house.reconcile()) == dict.fromkeys((1, 2, 3), STORED)
    with house.database.read() as conn:
        answered = conn.scalars(text("SELECT recipient FROM outbox WHERE kind = 'acknowledgement'")).all()
    assert set(answered) == {"ann@home.example"}
    assert len(answered) in (2, 3)
