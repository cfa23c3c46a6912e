"""Whatever order replies arrive in, the cases are the same (T1)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from intake.store.database import Database
from intake.store.tables import cases, messages
from tests.store_fixtures import empty
from tests.threads import HOST, SERVICE, US, Desk, letter, reply, rulebook, vouched

ANN, BOB, CY, EVE = "ann@home.example", "bob@home.example", "cy@home.example", "eve@else.example"
OFFICER = "bell@police.example.net"
RULES = rulebook()


def letters(desk: Desk) -> list[bytes]:
    """Have Ann and Bob write; return all that is written next: replies, notes, forgeries, and a thread of Cy's own."""
    desk.take(letter("A burglar!", ANN, message_id="<ann@home.example>"))
    ann, ann_police = desk.sent("acknowledgement"), desk.sent("routed", "police")
    desk.take(letter("Rubbish.", BOB, message_id="<bob@home.example>"))
    bob = desk.sent("acknowledgement")
    ann_reference, bob_reference = desk.references()
    forged = f"case.{SERVICE.tokens.sign(ann_reference, 'street')[:-1]}a@{HOST}"
    made = [
        reply(ann, "One more thing", ANN, message_id="<ann-1@home.example>"),
        reply(ann, "And another", ANN, message_id="<ann-2@home.example>", in_reply_to="<assigned@m365.example>"),
        letter("By phone", ANN, message_id="<ann-3@home.example>", subject=f"about {ann_reference}"),
        letter("Both", BOB, message_id="<bob-1@home.example>", subject=f"{ann_reference} and {bob_reference}"),
        reply(bob, "Thank you", BOB, message_id="<bob-2@home.example>", to=US),
        reply(bob, "Who is this?", ANN, message_id="<ann-4@home.example>"),
        reply(ann, "Let me in", EVE, message_id="<eve-1@else.example>"),
        letter("Forged", EVE, message_id="<eve-2@else.example>", references=f"<{forged}>"),
        reply(ann_police, "On it", OFFICER, message_id="<bell-1@police.example.net>", **vouched("police.example.net")),
        letter("Mine", CY, message_id="<cy@home.example>"),
        letter("More", CY, message_id="<cy-1@home.example>", references="<cy@home.example>"),
        letter("Most", CY, message_id="<cy-2@home.example>", references="<cy@home.example> <cy-1@home.example>"),
    ]
    return [one.as_bytes() for one in made]


CASES = {
    "ann": {"ann", "ann-1", "ann-2", "ann-3", "bell-1"},
    "bob": {"bob", "bob-1", "bob-2"},
    "cy": {"cy", "cy-1", "cy-2"},
    "ann-4": {"ann-4"},
    "eve-1": {"eve-1"},
    "eve-2": {"eve-2"},
}
POINTS = {"ann-4": "bob", "eve-1": "ann", "eve-2": "ann"}


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)), sizes=st.lists(st.integers(1, 6), max_size=12))
def test_any_order(request: pytest.FixtureRequest, engine: str, order: list[int], sizes: list[int]) -> None:
    """T1: replies, notes and forgeries make the same cases in whatever order and batches they arrive."""
    database: Database = request.getfixturevalue(f"{engine}_database")
    empty(database)
    desk = Desk(database, RULES)
    written = letters(desk)
    arriving = [written[n] for n in order]
    for size in (*sizes, len(arriving)):
        desk.take(*arriving[:size])
        del arriving[:size]
    found = select(messages.c.header_id, messages.c.case_id, cases.c.may_belong_to)
    with database.read() as conn:
        rows = conn.execute(found.join(cases, cases.c.id == messages.c.case_id)).all()
    name = {row.case_id: case for row in rows for case in CASES if row.header_id.partition("@")[0] == case}
    made: dict[str, set[str]] = {}
    for row in rows:
        made.setdefault(name[row.case_id], set()).add(row.header_id.partition("@")[0])
    assert made == CASES
    assert {name[row.case_id]: name[row.may_belong_to] for row in rows if row.may_belong_to} == POINTS
