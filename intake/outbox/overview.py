"""The partnership's week in numbers: no word, no case, no number below five. All that is told comes from what is shown.

A later overview tells the weeks of an earlier one again, by the same rule, and no sum over weeks: so two of them give
away no more than one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, select

from intake.mail.values import MACHINES
from intake.outbox import queue
from intake.outbox.beside import midnight, monday
from intake.outbox.compose import Composer
from intake.outbox.digest import latest_slot
from intake.outbox.outgoing import Outgoing
from intake.outbox.suppress import FEWEST, alone, told
from intake.rules.rulebook import Partner, Rulebook
from intake.store.columns import begins
from intake.store.tables import cases, message_categories, messages, outbox, takings

WEEKS = 4  # that are told, the last first
KEY = "overview:"
_PERSONS = messages.c.kind.not_in(sorted(one.value for one in MACHINES))

Counts = Mapping[str, Sequence[int]]  # what is counted -> how many in each week


def make(conn: Connection, partner: Partner, composer: Composer, rulebook: Rulebook, now: datetime) -> bool:
    """Queue the partner's overview if its time has come, in the caller's transaction; False where it was or has not."""
    since = _since(conn, partner.id, now)
    if partner.overview is None or since is None:
        return False
    slot = latest_slot([partner.overview], [min(partner.digest_times)], since, now, composer.zone)
    return slot is not None and queue.enqueue(conn, _composed(conn, partner, composer, rulebook, slot, now), now)


def preview(conn: Connection, partner: Partner, composer: Composer, rulebook: Rulebook, at: datetime) -> Outgoing:
    """Return the overview that the partner would get, or would have got, at an instant; write nothing."""
    return _composed(conn, partner, composer, rulebook, at, at)


def _composed(  # noqa: PLR0913, PLR0917 (for whom, by what, and when)
    conn: Connection, partner: Partner, composer: Composer, rulebook: Rulebook, slot: datetime, now: datetime
) -> Outgoing:
    key = f"{KEY}{partner.id}:{slot.isoformat(timespec='minutes')}"
    return composer.overview(key, partner, _body(conn, composer, rulebook, slot), now)


def _since(conn: Connection, partner_id: str, now: datetime) -> datetime | None:
    """Return the partner's latest overview; before the first when messages were first stored, None for never."""
    mine = f"{KEY}{partner_id}:"
    keys = conn.scalars(select(outbox.c.key).where(begins(outbox.c.key, mine)))
    slots = [datetime.fromisoformat(key.removeprefix(mine)).astimezone(UTC) for key in keys]
    slots = [slot for slot in slots if slot <= now]  # a clock that ran ahead may have made another
    return max(slots, default=_began(conn))


def _began(conn: Connection) -> datetime | None:
    first = select(func.min(messages.c.id)).scalar_subquery()
    found: datetime | None = conn.scalar(select(messages.c.recorded_at).where(messages.c.id == first))
    return found


def _body(conn: Connection, composer: Composer, rulebook: Rulebook, slot: datetime) -> dict[str, object]:
    this = monday(slot, composer.zone)
    firsts = [this - timedelta(weeks=ago + 1) for ago in range(WEEKS)]
    rows = _rows(conn, *(midnight(day, composer.zone, slot) for day in (firsts[-1], this)))
    week_of = [firsts.index(monday(row.arrived_at, composer.zone)) for row in rows]

    def counted(known: Iterable[str], of: Callable[[Any], Iterable[str]]) -> Counts:
        found = Counter((one, week) for row, week in zip(rows, week_of, strict=True) for one in of(row))
        names = dict.fromkeys([*known, *(one for one, _ in sorted(found))])
        return {name: [found[name, week] for week in range(WEEKS)] for name in names}

    categories = parts(counted(rulebook.categories, lambda row: [row.category]))
    areas = {one: alone(counts) for one, counts in counted(rulebook.areas, lambda row: row.areas or ()).items()}
    languages = parts(counted([], lambda row: [row.language]))
    names = {one: rulebook.category_name(one) for one in categories}
    return {
        "weeks": [_day(first) for first in firsts],
        "totals": [told([week_of.count(week)]).total for week in range(WEEKS)],
        "categories": _table({names[one]: counts for one, counts in categories.items()}),
        "areas": _table({rulebook.areas.get(one, one): counts for one, counts in areas.items()}),
        "languages": _table(languages),
        "moved": moved({names[one]: counts for one, counts in categories.items()}),
        "unanswered": _unanswered(conn, slot),
    }


def parts(counts: Counts) -> dict[str, tuple[int | None, ...]]:
    """Return the parts of each week's whole as they may be told."""
    weeks = [told(week).counts for week in zip(*counts.values(), strict=True)]
    return dict(zip(counts, zip(*weeks, strict=True), strict=True)) if weeks else {}


def moved(table: Mapping[str, Sequence[int | None]]) -> list[Mapping[str, object]]:
    """Return what changed by half, and by five, against the mean of the weeks before, going by what is shown."""
    found: list[Mapping[str, object]] = []
    for name, (last, *before) in table.items():
        known = [one for one in before if one is not None]
        if last is None or len(known) < len(before):
            continue
        usual = sum(known) / len(known)
        if abs(last - usual) >= max(FEWEST, usual / 2):
            found.append({"name": name, "last": last, "before": known, "up": last > usual})
    return found


def _rows(conn: Connection, start: datetime, end: datetime) -> Sequence[Any]:
    main = (message_categories.c.message_id == messages.c.id) & (message_categories.c.rank == 0)
    named = (messages.c.arrived_at, messages.c.language, messages.c.areas, message_categories.c.category)
    period = (messages.c.arrived_at >= start, messages.c.arrived_at < end)
    return conn.execute(select(*named).join(message_categories, main).where(_PERSONS, *period)).all()


def _unanswered(conn: Connection, slot: datetime) -> Mapping[str, object]:
    """Return how many open cases nobody has taken or noted anything on, and how many weeks the oldest has waited."""
    of_case = messages.c.case_id == cases.c.id
    waits = (
        cases.c.closed_at.is_(None),
        cases.c.opened_at <= slot,
        exists().where(of_case, _PERSONS),
        ~exists().where(of_case, messages.c.note_of.is_not(None)),
        ~exists().where(takings.c.case_id == cases.c.id),
    )
    count, oldest = conn.execute(select(func.count(), func.min(cases.c.opened_at)).where(*waits)).one()
    return {
        "count": count if count >= FEWEST else None,
        "none": count == 0,
        "weeks": (slot - oldest) // timedelta(weeks=1) if oldest else 0,
    }


def _table(rows: Mapping[str, Sequence[int | None]]) -> list[Mapping[str, object]]:
    """Return the rows in which anything is told, by last week's numbers, the largest first."""
    worth = [(name, counts) for name, counts in rows.items() if any(one is not None for one in counts)]
    worth.sort(key=lambda row: [-(one or 0) for one in row[1]])
    return [{"name": name, "counts": list(counts)} for name, counts in worth]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
