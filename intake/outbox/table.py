"""A digest's items -> CSV, as spreadsheets read it: UTF-8 with a byte order mark, and no cell that is a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO

from intake.outbox.campaigns import Entry
from intake.outbox.listing import Reader, excerpt, name
from intake.outbox.views import DigestItem

COLUMNS = ("case", "urgency", "category", "other categories", "areas", "arrived", "campaign", "was for", "words")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠|\t\r]")


def table(entries: Sequence[Entry], reader: Reader) -> bytes:
    """Return one row an item under `COLUMNS`; a cell that the partner's sharing level withholds is empty (D4)."""
    written = StringIO()
    rows = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    length = excerpt(sum(len(one.items) for one in entries))
    rows.writerows([defused(cell) for cell in row] for row in _rows(entries, reader, length))
    return written.getvalue().encode("utf-8-sig")


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _rows(entries: Sequence[Entry], reader: Reader, length: int) -> Iterator[Sequence[str]]:
    campaigns = 0
    for entry in entries:
        counted = not reader.terms(entry.first).has("words")
        many = len(entry.items) > 1 and not counted
        campaigns += many
        for item in entry.items:
            yield _row(item, reader, str(campaigns) if many else "", length)


def _row(item: DigestItem, reader: Reader, campaign: str, length: int) -> Sequence[str]:
    main, *others = (reader.rulebook.category_name(one) for one in item.categories)
    arrived = item.arrived_at.astimezone(reader.zone) if reader.terms(item).has("arrived") else None
    return (
        name(item),
        item.urgency.value,
        main,
        "; ".join(others),
        "; ".join(reader.rulebook.area_names(item.areas)),
        f"{arrived:%Y-%m-%d %H:%M}" if arrived else "",
        campaign,
        item.formerly,
        reader.words(item, length),
    )
