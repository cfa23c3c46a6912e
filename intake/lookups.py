"""What officers ask of the store: cases, what waits in the outbox, what is quarantined. All of it raises Temporary."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from intake.errors import UserError
from intake.outbox import escalate, queue, standing
from intake.rules.rulebook import Rulebook
from intake.store import cases, emergencies, quarantine, scanning
from intake.store.database import Database

MOST_FOUND = 100  # messages that one search returns


def outbox(database: Database, state: str | None) -> list[dict[str, Any]]:
    """Return the rows in that state, or all that are not sent. Raises UserError for an unknown state."""
    if state is not None and state not in queue.STATES:
        raise UserError(f"`{state}` is not a state: {', '.join(queue.STATES)}")
    with database.read() as conn:
        return [asdict(row) for row in standing.listing(conn, state)]


def quarantined(database: Database) -> list[dict[str, Any]]:
    """Return what is quarantined."""
    with database.read() as conn:
        rows = quarantine.quarantined(conn)
    return [asdict(row) | {"place": f"{row.place.mailbox} {row.place.folder} {row.place.uid}"} for row in rows]


def quarantined_raw(database: Database, number: int) -> bytes:
    """Return the raw bytes of a quarantined message. Raises UserError where there is none."""
    with database.read() as conn:
        row = next((row for row in quarantine.quarantined(conn) if row.id == number), None)
        raw = quarantine.raw_of(conn, row.delivery_id) if row else None
    if raw is None:
        raise UserError(f"nothing is quarantined under {number}, or the server never handed it over")
    return raw


def release(database: Database, number: int) -> None:
    """Have a quarantined message sorted again. Raises UserError where there is none."""
    with database.transaction() as conn:
        released = quarantine.release(conn, number, database.clock(conn))
    if not released:
        raise UserError(f"nothing that could be released is quarantined under {number}")


def dismiss(database: Database, number: int) -> None:
    """Close what a person has seen to. Raises UserError where nothing is quarantined under that number."""
    with database.transaction() as conn:
        dismissed = quarantine.dismiss(conn, number, database.clock(conn))
    if not dismissed:
        raise UserError(f"nothing is quarantined under {number}")


def case(database: Database, reference: str) -> cases.Case:
    """Return a case with its messages and our mails. Raises UserError where there is none."""
    with database.read() as conn:
        found = cases.case(conn, reference)
    if found is None:
        raise UserError(f"there is no case {reference}")
    return found


def raw_of(database: Database, message_id: int) -> bytes:
    """Return a stored message's raw bytes. Raises UserError where one of its attachments is kept back (X5)."""
    with database.read() as conn:
        if verdict := scanning.kept_back(conn, message_id):
            raise UserError(f"the letter is kept back: an attachment is {verdict}; `intake show` prints its text")
        return cases.raw(conn, message_id)


def search(database: Database, words: str) -> list[dict[str, Any]]:
    """Return the newest hundred messages that bear the words, the address or the case reference."""
    with database.read() as conn:
        hits = cases.search(conn, words, MOST_FOUND)
    columns = ("reference", "arrived_at", "category", "urgency", "from_address", "subject")
    return [{column: getattr(hit, column) for column in columns} for hit in hits]


def escalations(database: Database) -> list[dict[str, Any]]:
    """Return the emergencies that nobody has taken, one row a contact that was asked."""
    with database.read() as conn:
        return [
            {"reference": one.reference, "since": one.opened_at, "all_asked": one.state == "alerted"} | asdict(mail)
            for one in emergencies.untaken(conn)
            for mail in escalate.history(conn, one.message_id)
        ]


def would_be_asked(rulebook: Rulebook, partner: str, at: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return whom an emergency would be put to for a partner at an instant. Raises UserError for no partner."""
    steps = escalate.chain(rulebook, rulebook.partner(partner).id, (), at, zone)
    rows = ({"partner": one.partner, "contact": one.contact.key, "minutes": one.contact.minutes} for one in steps)
    return [*rows, {"partner": "", "contact": "alert", "minutes": None}]
