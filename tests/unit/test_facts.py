"""What is kept of a message for later rulebooks: nothing that any of them judges is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.values import Identity, Read
from intake.rules.rulebook import Rulebook
from intake.store.columns import storable
from intake.store.facts import Columns, columns, decode, encode
from intake.triage import judge, read
from tests.letters.render import letters, render
from tests.unit import strategies
from tests.unit.rulebooks import rule, rulebook

ZONE = ZoneInfo("Europe/London")
US = Identity(frozenset({"cohesion@example.org"}), silent=frozenset({"noreply@example.org"}))
ASKING = (  # one rule for each thing that a condition can ask of a message
    "{words: [boiler, neighbour*, café], not-near: {within: 2, words: [tea]}}",
    "{words: [fa*, fx*], in: [attachment-names]}",
    "{phrases: [it's a], in: [full-text]}",
    "{regex: ['\\d+', '[^ ]@', '\\pL{9}'], in: [subject, own-words, full-text]}",
    "{near: {within: 4, of: [[a, the], [boiler, and]]}}",
    "{header: {message-id: ''}}",
    "{header: {x-form: council, from: resident}}",
    "{from: ['@example.org', resident@example.org]}",
    "{to: ['@example.org']}",
    "{language: [en, ro, uk, fa]}",
    "{language: [und]}",
    "{attachment: ['image/*', '*.bin']}",
    "{size: {over: 2000}}",
    "{length: {under: 4}}",
    "{received: {days: [sun], from: 23:00, to: 01:30}}",
    "{kind: [bounce, auto-reply, automatic, list]}",
    "{not: {header: {date: ''}}}",
)
EFFECTS = ("{category: housing, weight: 4}", "{category: street, urgency: today, flags: child}", "{acknowledge: none}")


@pytest.fixture(scope="module")
def books() -> list[Rulebook]:
    """Rulebooks that between them read everything there is of a message."""
    rules = [rule(when, EFFECTS[n % 3], id_=f"r{n}", safety=n % 5 == 0) for n, when in enumerate(ASKING)]
    return [rulebook("".join(rules)), rulebook("".join(reversed(rules))), rulebook(*rules[::2])]


def kept(found: Read) -> Columns:
    """Return the columns as a database gives them back."""
    return Columns(*(storable(one) if isinstance(one, str) else one for one in columns(found)))


arrivals = st.integers(0, 1_000_000).map(lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
extras = st.sampled_from(
    ["X-Form: council desk\r\n", "Auto-Submitted: auto-replied\r\n", "List-Id: <x.example.org>\r\n", "Cc: a@b.test\r\n"]
)
mails = (
    st.builds(lambda one, more: more.encode() + one.raw, strategies.samples(), extras)
    | strategies.damaged_mails()
    | strategies.broken_mails()
)


@given(mails, arrivals, st.booleans())
def test_what_was_stored_is_judged_as_what_was_read(
    books: list[Rulebook], raw: bytes, at: datetime, late: bool
) -> None:
    """R2, R6: what-if judges a stored message exactly as live triage did, whatever the rulebook asks."""
    found = read(raw, US, ZONE, at, late=late)
    again = decode(encode(found), kept(found), at.astimezone(ZONE))
    for book in books:
        assert judge(again, book) == judge(found, book)


@pytest.mark.parametrize("text", ["a\0b", "\ud83d\ude00", "\udcff boiler", "x\ud800", "\u202e", "\U0010ffff"])
def test_what_no_column_takes_is_kept(books: list[Rulebook], text: str) -> None:
    """P5: NUL and lone surrogates, which columns only mark, are judged later as they were read."""
    found = read(
        f"From: a{text}@example.org\nSubject: {text}\n\n{text} boiler\n".encode("utf-8", "surrogatepass"),
        US,
        ZONE,
        at := datetime(2026, 1, 1, tzinfo=UTC),
        late=False,
    )
    again = decode(encode(found), kept(found), at)
    assert (again.facts.message.subject, again.facts.own, again.facts.message.text) == (
        found.facts.message.subject,
        found.facts.own,
        found.facts.message.text,
    )
    assert again.facts.message.headers == found.facts.message.headers
    assert [judge(again, book) for book in books] == [judge(found, book) for book in books]


def test_letters_are_kept_in_a_few_hundred_bytes(books: list[Rulebook]) -> None:
    """R6: of a usual letter less is kept twice than it has words; every letter is judged alike."""
    at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=1)
    sizes = []
    for letter in letters():
        found = read(render(letter), US, ZONE, at, late=False)
        packed = encode(found)
        sizes.append(len(packed))
        assert judge(decode(packed, kept(found), at), books[0]) == judge(found, books[0])
    assert sum(sizes) / len(sizes) < 1000
