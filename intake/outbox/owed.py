"""What officers have to do by hand: it stands first in their digest until a person has ticked it off (promise 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from intake.outbox import lasting
from intake.outbox.views import age, when
from intake.rules.rulebook import Partner, Rulebook
from intake.rules.weigh import officers
from intake.store import tasks
from intake.store.tables import cases
from intake.store.tasks import Task


def owed(conn: Connection, partner: Partner, rulebook: Rulebook) -> list[Task]:
    """Return the open tasks that the partner is told of: an officers' one, unless it must not hear of the case (D8)."""
    said = lasting.of_cases(conn, cases.c.id.in_(tasks.OF_CASES))
    return [
        one
        for one in tasks.still_open(conn)
        if partner.id in officers(rulebook, [*one.flags, *said.get(one.reference, ())])
    ]


def listed(found: Sequence[Task], zone: ZoneInfo, now: datetime) -> list[Mapping[str, str]]:
    """Return what the bodies of a digest know of tasks: no word of what was written."""
    return [
        {
            "reference": one.reference,
            "urgency": one.urgency,
            "since": when(one.opened_at, zone),
            "age": age(now - one.opened_at),
        }
        for one in found
    ]
