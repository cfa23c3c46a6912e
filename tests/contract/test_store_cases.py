"""Cases are found and read whole, alike on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from intake.mail.values import Language
from intake.store.cases import Hit, case, search
from intake.store.database import Database
from intake.store.recording import Recorded
from intake.store.search import words
from intake.store.tables import outbox
from tests.plans import heard, whole
from tests.store_fixtures import START, empty
from tests.store_steps import claimed, kept, recorded
from tests.store_values import decision, fetched, triage


def letter(database: Database, uid: int, **changes: object) -> Recorded:
    """Take in one letter."""
    kept(database, fetched(uid, arrived=START + timedelta(minutes=uid)))
    (one,) = claimed(database)
    return recorded(database, one, f"letter {uid}", **changes)


def found(database: Database, query: str, limit: int = 10) -> list[int]:
    """Return the ids that a query finds."""
    with database.read() as conn:
        return [hit.message_id for hit in search(conn, query, limit)]


def test_case_is_read_whole(database: Database) -> None:
    """Promise 6: a case shows its messages with everything that was decided, and why, as it was decided."""
    made = letter(database, 1)
    told = triage("letter 1")
    with database.read() as conn:
        read = case(conn, made.reference.lower().replace("-", " "))
    assert read is not None
    assert (read.id, read.reference, read.opened_at, read.closed_at) == (made.case_id, made.reference, START, None)
    (message,) = read.messages
    assert (message.evidence, message.near_misses) == (decision().evidence, decision().near_misses)
    assert message.routes == decision().routes
    assert (message.categories, message.tags, message.flags, message.areas) == (
        ("street-lighting", "general"),
        ("night",),
        ("child", "not-to:fire"),
        ("lings",),
    )
    assert message.attachments == told.attachments
    assert Language(message.language, message.language_confidence) == told.language
    assert (message.reason, message.acknowledge, message.acknowledge_reason) == (
        None,
        "standard",
        told.acknowledge_reason,
    )
    assert (message.own_words, message.full_text, message.defects) == (told.own_words, told.full_text, told.defects)
    assert read.mails == ()


def test_showing_a_case_reads_no_whole_table(database: Database) -> None:
    """T1: showing a case costs as much as there is of it, however many others there are."""
    made = letter(database, 1)
    with heard() as said, database.read() as conn:
        case(conn, made.reference)
    assert any("may_belong_to = " in one for one in said)
    assert whole(database, said) == {}


def test_case_shows_our_mails(database: Database) -> None:
    """Promise 1: a case shows what was sent about it, and what was not and why."""
    made = letter(database, 1)
    row = {
        "key": "a",
        "kind": "acknowledgement",
        "case_id": made.case_id,
        "message_id": made.message_id,
        "recipient": "ana.pop@example.org",
        "header_id": "1@example.org",
        "priority": 1,
        "state": "suppressed",
        "reason_code": "too-late",
        "queued_at": START,
        "due_at": START,
        "expires_at": START,
    }
    with database.transaction() as conn:
        conn.execute(insert(outbox).values(row))
    with database.read() as conn:
        read = case(conn, made.reference)
    assert read is not None
    (mail,) = read.mails
    assert (mail.kind, mail.state, mail.reason_code, mail.message_id) == (
        "acknowledgement",
        "suppressed",
        "too-late",
        made.message_id,
    )


@pytest.mark.parametrize("reference", ["", "CSP-2222-222", "nonsense", "CSP-7K4M-29Q; DROP TABLE cases"])
def test_no_such_case(database: Database, reference: str) -> None:
    """T4: what is no reference, or nobody's, finds no case."""
    letter(database, 1)
    with database.read() as conn:
        assert case(conn, reference) is None


def test_hits(database: Database) -> None:
    """A hit tells what a list needs: reference, time, subject, sender, kind, main category, urgency."""
    made = letter(database, 1)
    with database.read() as conn:
        (hit,) = search(conn, "street", 10)
    assert hit == Hit(
        reference=made.reference,
        message_id=made.message_id,
        arrived_at=START + timedelta(minutes=1),
        subject="About letter 1",
        from_name="Ana Pop",
        from_address="Ana.Pop@example.org",
        kind="person",
        category="street-lighting",
        urgency="today",
    )


def test_newest_first_and_no_more_than_asked(database: Database) -> None:
    """Hits come newest first, and as many as were asked for."""
    ids = [letter(database, uid).message_id for uid in range(5)]
    assert found(database, "street") == ids[::-1]
    assert found(database, "street", 2) == [ids[4], ids[3]]


TEXTS = {
    1: "Latarnia na ulicy Łódzkiej nie świeci, proszę o naprawę.",
    2: "Iluminatul din strada Ștefan cel Mare nu funcționează.",
    3: "د سړک څراغونه مات دي، مُحَمَّد",
    4: "রাস্তার বাতি জ্বলছে না। কেউ শোনে না।",
    5: "Straßenlaterne defekt; call 07700 900123 or write to Bob.Smith@example.net, re: case",
    6: "火事です。消防車を呼んでください。",
    7: "The lamp \" near \\ the O'Neill: park & ride | !() <-> * is broken",
}


QUERIES = (
    ("lodzkiej", {1}),
    ("ŁÓDZKIEJ ulicy", {1}),
    ("stefan", {2}),
    ("STRADA Ştefan", {2}),
    ("محمد", {3}),
    ("বাতি", {4}),
    ("বা*", {4}),
    ("strassenlaterne", {5}),
    ("07700-900123", {5}),
    ("bob.smith@example.net", {5}),
    ("消防車", {6}),
    ("火事", {6}),
    ("事火", set()),
    ("naprawe*", {1}),
    ("napr*", {1}),
    ("napr", set()),
    ('"lamp near"', {7}),
    ('"near lamp"', set()),
    ("near lamp", {7}),
    ('"the o\'neill" broken', {7}),
    ("lamp funcționează", set()),
    ("ana.pop@example.org", set(TEXTS)),
    ("ana@example.org", set()),
    ("about", set(TEXTS)),
    ('lamp"', {7}),
    ("lamp* OR NOT near( & | ! : <-> \\ '", set()),
    ("park &", {7}),
    ("", set()),
    ("* \" ' & \0 \ud800", set()),
)


def test_found_alike(database: Database) -> None:
    """Words are found in every script whatever their case and diacritics, phrases and addresses as they stand."""
    ids = {letter(database, uid, full_text=text).message_id: uid for uid, text in TEXTS.items()}
    for query, uids in QUERIES:
        assert {ids[message_id] for message_id in found(database, query)} == uids, query


def test_found_by_reference(database: Database) -> None:
    """T4: the messages of a case are found by its reference, however it is spelt."""
    made, _other = letter(database, 1), letter(database, 2)
    assert found(database, made.reference) == [made.message_id]
    assert found(database, f" {made.reference.lower().replace('-', ' ')}") == [made.message_id]


def test_words_that_look_like_a_reference(database: Database) -> None:
    """A word that could be a reference, and is nobody's, is looked for as a word."""
    made = letter(database, 1, full_text="my old reference was CSP-2222-222, and then CSP-7K4M-29Q")
    assert found(database, "CSP-2222-222") == [made.message_id]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60), query=st.text(max_size=20))
def test_any_text_and_any_query(database: Database, text: str, query: str) -> None:
    """P5: any text is indexed and found by each of its words, and no query is an error."""
    empty(database)
    made = letter(database, 1, subject="", from_name="", full_text=text)
    found(database, query)
    for word in words(text):
        assert found(database, word) == [made.message_id]
