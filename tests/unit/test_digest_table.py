"""The table that a digest brings: what it holds, and that no cell is a formula."""

from __future__ import annotations

import csv
from dataclasses import replace
from email.message import EmailMessage
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.values import Urgency
from intake.outbox.mime import attached
from intake.outbox.table import COLUMNS, defused
from intake.outbox.views import DigestItem
from intake.rules.rulebook import Partner, Sharing
from tests.outbox_values import NOW, POLICE, composer, item, read, rulebook
from tests.unit.test_campaigns import copy

COMPOSER, RULEBOOK = composer(), rulebook()
ASKS = replace(POLICE, digest_csv=True)


def rows(*items: DigestItem, partner: Partner = ASKS) -> list[dict[str, str]]:
    """Return the rows of the table of a digest with those items, as a spreadsheet reads them."""
    mail = read(COMPOSER.digest(partner, items, RULEBOOK, NOW, NOW).mail)
    (part,) = mail.iter_attachments()
    assert isinstance(part, EmailMessage)
    assert part.get_payload(decode=True).startswith(b"\xef\xbb\xbf")  # type: ignore[union-attr]
    return list(csv.DictReader(StringIO(str(part.get_content()).removeprefix("\ufeff"))))


def test_a_row_an_item() -> None:
    """D5: a partner that asks for it gets one row an item, a campaign's too, with the columns that the page names."""
    others = ("general", "safeguarding")
    found = rows(
        item(1, categories=("street-lighting", *others), areas=("lings",), urgency=Urgency.TODAY, formerly="fire"),
        *(copy(n) for n in range(10, 17)),
        item(3, reference="", own_words="Țară, 请 “quoted”"),
    )
    assert tuple(found[0]) == COLUMNS
    assert list(found[0].values()) == [
        *(
            "CSP-0000-001",
            "today",
            "Dark streets",
            "Anything else; Safeguarding",
            "lings",
            "2026-03-02 08:05",
            "",
            "fire",
        ),
        "Words 1",
    ]
    assert [one["campaign"] for one in found].count("1") == 7
    assert len(found) == 9
    assert any(one["case"] == "message 3" and one["words"] == "Țară, 请 “quoted”" for one in found)


def test_only_where_asked() -> None:
    """D5: a partner that did not ask for a table gets none, and a digest of nothing brings none."""
    made = [
        COMPOSER.digest(partner, items, RULEBOOK, NOW, NOW)
        for partner, items in ((POLICE, [item(1)]), (ASKS, []), (ASKS, [item(1)]))
    ]
    assert [[file.name for file in attached(one.mail)] for one in made] == [[], [], ["digest-police-2026-03-02.csv"]]


def test_the_level_decides() -> None:
    """D4: at counts only, a row has no words and no date."""
    (row,) = rows(item(1), partner=replace(ASKS, sharing=Sharing.COUNTS))
    assert {name for name, cell in row.items() if cell} == {"case", "urgency", "category"}


@settings(deadline=None)
@given(st.text(st.sampled_from("=+-@|\t\r\n ＝＋－＠'\"a,;\u200b\ufeff\xa0"), max_size=12))
def test_no_cell_is_a_formula(words: str) -> None:
    """D5: whatever a resident writes, no cell begins with what makes a spreadsheet reckon or fetch."""
    for row in rows(item(1, own_words=words, subject="=1+1", areas=(f"={words}",))):
        for cell in row.values():
            assert not cell.strip().startswith(("=", "+", "-", "@", "|", "＝", "＋", "－", "＠"))


@given(st.text(max_size=20))
def test_defused_but_whole(cell: str) -> None:
    """D5: a cell is kept as it is but for the sign before a formula."""
    assert defused(cell).removeprefix("'") == cell.removeprefix("'") or defused(cell) == f"'{cell}"
