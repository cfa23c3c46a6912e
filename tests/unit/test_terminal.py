"""How tables are printed for a person."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from intake.terminal import table_of

WIDE = ("kind", "partner", "reference", "queued_at", "recipient", "reason_detail")


@pytest.mark.parametrize("reason", ["", "the mailbox is full"])
def test_the_last_column_can_be_read(
    reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 1: what is told in the last column stays whole where the others take a narrow screen's width."""
    monkeypatch.setenv("COLUMNS", "80")
    table_of("Outbox", [dict.fromkeys(WIDE[:-1], "x" * 20) | {WIDE[-1]: reason}], WIDE, ZoneInfo("Europe/London"))
    title, heads, row = capsys.readouterr().out.splitlines()
    assert (title.strip(), heads.split()[-2:]) == ("Outbox", ["reason", "detail"])
    assert row.rstrip().endswith(reason or "x" * 20)
