"""The end of a data sharing agreement is told ahead, and takes a partner's letters from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from intake.daemon.alarms import Alarms
from intake.errors import UserError
from intake.outbox import agreements
from intake.outbox.alerts import Alerts
from intake.outbox.queue import claim, sent
from intake.rules.rulebook import Agreement, Rulebook, Sharing
from intake.store.database import Database
from tests.outbox_values import LONDON, POLICE, composer, read, rulebook
from tests.store_fixtures import START, Clock

ENDS = START.date() + timedelta(days=40)


def book(expires: date | None, sharing: Sharing = Sharing.FULL) -> Rulebook:
    """Return a rulebook whose only partner has an agreement until then."""
    partner = replace(POLICE, sharing=sharing, agreement=Agreement("DSA-7", expires) if expires else None)
    return replace(rulebook(), partners={"police": partner})


def told(database: Database, clock: Clock, made: Rulebook, days: int) -> list[str]:
    """Look once a day; return the subjects of what was mailed, and the days left."""
    subjects = []
    for _ in range(days):
        Alarms(database, Alerts(composer(), "it@example.net"), (), None, lambda: made, LONDON).look()
        with database.transaction() as conn:
            for mail in claim(conn, "one", clock.now, timedelta(minutes=1), 10):
                subjects.append(f"{read(mail.mail)['Subject']}, {(ENDS - clock.now.date()).days}")
                sent(conn, mail.id, "one", clock.now)
        clock.advance(timedelta(days=1))
    return subjects


def test_told_thirty_days_ahead(database: Database, clock: Clock) -> None:
    """D4: an agreement's end is told once 30 days ahead, once when it has come, and once that there is a new one."""
    needed = "An agreement with Westshire Police is needed"
    assert told(database, clock, book(ENDS), 45) == [f"Attention: {needed}, 30", f"Attention: {needed}, -1"]
    assert told(database, clock, book(ENDS + timedelta(days=365)), 2) == [f"Mended: {needed}, -5"]


def test_none_is_told(database: Database, clock: Clock) -> None:
    """D4: a partner without an agreement is told at once; one that may have counts only needs none."""
    assert len(told(database, clock, book(None), 3)) == 1
    agreements.check(lambda: book(None, Sharing.COUNTS), START.date())


@pytest.mark.parametrize(("days", "said"), [(31, None), (30, "runs out on"), (0, "runs out on"), (-1, "ran out on")])
def test_status(days: int, said: str | None) -> None:
    """D4: `status` tells an agreement's end from thirty days ahead on."""
    made = book(START.date() + timedelta(days=days))
    if said is None:
        agreements.check(lambda: made, START.date())
    else:
        with pytest.raises(UserError, match=f"DSA-7 with Westshire Police {said}"):
            agreements.check(lambda: made, START.date())
