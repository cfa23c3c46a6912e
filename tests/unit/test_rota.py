"""The rota: who is asked at which hour, when partners are at work, and what a working day is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake.errors import UserError
from intake.rules.beside import Pair
from intake.rules.load import load_files, load_rulebook
from intake.rules.rota import NONE, Rota
from tests.threads import RULES

LONDON = ZoneInfo("Europe/London")
ROTA = """
bank-holidays: [2026-12-24]
rotas:
  - partner: police
    hours: {days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}
    chains:
      - days: [mon, tue, wed, thu, fri]
        from: "08:00"
        to: "18:00"
        contacts: [{address: day@police.example.net, minutes: 5}]
      - {days: bank-holiday, contacts: [{address: holiday@police.example.net}]}
      - contacts: [{address: night@police.example.net}, {webhook: "https://pager.example.net/x"}]
  - partner: street
    hours:
      - {days: [mon, fri], from: "22:00", to: "06:00"}
      - {days: [sun], from: "01:30", to: "03:00"}
"""


def rota(text: str = ROTA) -> Rota:
    return load_files(RULES | {"rota.yaml": text}).rota


KEPT = rota()


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "asked"),
    [
        ("2026-03-02 09:00", "day"),
        ("2026-03-02 07:59", "night"),
        ("2026-03-02 18:00", "night"),
        ("2026-03-07 12:00", "night"),
        ("2026-12-24 12:00", "holiday"),
        ("2026-12-26 02:00", "holiday"),
        ("2026-12-27 12:00", "night"),
        ("2026-12-28 02:00", "holiday"),
        ("2026-12-28 12:00", "holiday"),
        ("2024-12-26 02:00", "holiday"),
        ("2026-12-29 08:00", "day"),
        ("2026-03-29 00:30", "night"),
        ("2026-10-25 01:30", "night"),
    ],
    ids=lambda value: value.replace(" ", "T"),
)
def test_who_is_asked(at: str, asked: str) -> None:
    """O8: the hour decides, by wall clock; bank holidays, substitute days and named ones are no weekdays."""
    assert rota().contacts("police", london(at), LONDON)[0].address == f"{asked}@police.example.net"


def test_nobody_is_named() -> None:
    """O8: where the rota names nobody the caller is told so."""
    assert rota().contacts("street", london("2026-03-02 09:00"), LONDON) == ()
    assert NONE.contacts("police", london("2026-03-02 09:00"), LONDON) == ()
    assert rota().addresses("police") == {f"{one}@police.example.net" for one in ("day", "night", "holiday")}


@pytest.mark.parametrize(
    ("partner", "at", "opens"),
    [
        ("police", "2026-03-02 09:00", "2026-03-02 09:00"),
        ("police", "2026-03-02 18:00", "2026-03-03 08:00"),
        ("police", "2026-03-06 18:00", "2026-03-09 08:00"),
        ("police", "2026-12-23 18:00", "2026-12-29 08:00"),
        ("police", "2026-04-02 18:00", "2026-04-07 08:00"),
        ("police", "2026-03-28 12:00", "2026-03-30 08:00"),
        ("police", "2026-10-24 12:00", "2026-10-26 08:00"),
        ("officers", "2026-12-26 02:00", "2026-12-26 02:00"),
        ("street", "2026-03-02 05:59", "2026-03-02 05:59"),
        ("street", "2026-03-02 06:00", "2026-03-02 22:00"),
        ("street", "2026-03-03 01:00", "2026-03-06 00:00"),
    ],
    ids=lambda value: value.replace(" ", "T"),
)
def test_when_a_partner_is_at_work(partner: str, at: str, opens: str) -> None:
    """Promise 4: what must be seen today is due at once within the partner's hours, else when they begin."""
    assert rota().opens(partner, london(at), LONDON) == london(opens)


@given(minutes=st.integers(0, 3 * 365 * 1440), partner=st.sampled_from(["police", "street"]))
@example(minutes=87 * 1440, partner="street")  # 29 March, when clocks change
def test_hours_begin_where_they_say(minutes: int, partner: str) -> None:
    """Promise 4: hours never begin in the past, are within themselves but for the hour that spring takes, and come."""
    instant, kept = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), KEPT
    opens = kept.opens(partner, instant, LONDON)
    assert instant <= opens <= instant + timedelta(days=14)
    assert kept.opens(partner, opens, LONDON) == opens


@pytest.mark.parametrize(
    ("since", "over"),
    [
        ("2026-03-02 10:00", "2026-03-03 10:00"),
        ("2026-03-02 08:00", "2026-03-02 17:00"),
        ("2026-03-02 20:00", "2026-03-03 17:00"),
        ("2026-03-06 16:00", "2026-03-09 16:00"),
        ("2026-03-07 12:00", "2026-03-09 17:00"),
        ("2026-12-23 12:00", "2026-12-29 12:00"),
        ("2026-03-27 10:00", "2026-03-30 10:00"),
        ("2026-10-23 10:00", "2026-10-26 10:00"),
    ],
    ids=lambda value: value.replace(" ", "T"),
)
def test_one_working_day(since: str, over: str) -> None:
    """D6: a working day is the office's hours of one, over weekends, bank holidays and clock changes."""
    assert rota().working_day_after(london(since), LONDON) == london(over)


FAULTS: dict[str, Callable[[str], str]] = {
    "there is no partner `polise`": lambda text: text.replace("partner: police", "partner: polise"),
    "already a rota of `police`": lambda text: text.replace("partner: street", "partner: police"),
    "the first of a chain must be an address": lambda text: text.replace(
        "{address: day@police.example.net, minutes: 5}", '{webhook: "https://a.example"}'
    ),
    "a contact is an `address` or a `webhook`": lambda text: text.replace("address: night", "minutes: 2, x: night"),
    "must be a URL that begins with https://": lambda text: text.replace("https://pager", "http://pager"),
    "it is never used": lambda text: text.replace("{days: bank-holiday, contacts", "{contacts"),
    "it says nothing": lambda text: text + "  - {partner: officers}\n",
    "they must begin before they end": lambda text: 'working-hours: {from: "17:00", to: "09:00"}' + text,
}


@pytest.mark.parametrize("said", FAULTS, ids=lambda said: said[:30])
def test_faults_are_told_with_their_place(said: str) -> None:
    """R4: what is wrong with a rota is told with file, line and column, and the rulebook is refused."""
    text = FAULTS[said](ROTA)
    if "x: night" in text:
        text = text.replace("minutes: 2, x: night@police.example.net", "minutes: 2")
    with pytest.raises(UserError) as caught:
        rota(text)
    (problem,) = caught.value.problems
    assert said in problem.message
    assert (problem.file, problem.line > 0, problem.column > 0) == ("rota.yaml", True, True)


def test_several_faults_at_once() -> None:
    """R4: all faults are told at once, unknown keys and days among them."""
    with pytest.raises(UserError) as caught:
        rota(ROTA.replace("days: bank-holiday", "days: bankholiday").replace("hours:\n", "ours:\n"))
    assert len(caught.value.problems) >= 2


def test_a_rota_moves_no_message() -> None:
    """R6: another rota is the same rulebook for what-if: the same version, no rule to be asked again."""
    before, after = load_files(RULES), load_files(RULES | {"rota.yaml": ROTA})
    assert before.version == after.version
    assert load_files(RULES | {"lists.yaml": "lists: {}"}).version != before.version
    pair = Pair.of(before, after)
    assert pair.alike
    assert pair.rest.program.rules == ()


def test_the_shipped_rota() -> None:
    """O8: the shipped rota names a chain for the partners that emergencies go to, at every hour of the year."""
    shipped = load_rulebook(Path(__file__).parents[2] / "rules")
    for partner in ("police", "safeguarding"):
        for hour in range(0, 24 * 365, 7):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
            assert shipped.rota.contacts(partner, at, LONDON)[0].address == shipped.partners[partner].address
