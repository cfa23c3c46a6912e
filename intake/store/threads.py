"""The cases that a message may join, found by reference or Message-ID with who is in them; and how they change (T1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from intake.errors import UserError
from intake.mail.addresses import address_key
from intake.mail.values import MACHINES, Urgency
from intake.store import emergencies
from intake.store.locks import take_turn
from intake.store.references import valid_reference
from intake.store.tables import cases, dead_addresses, keys, messages, outbox, takings, thread_ids
from intake.store.upsert import adding


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as it stands before another message comes to it."""

    case_id: int
    reference: str
    closed: bool
    residents: frozenset[str]  # lower case: who opened it, and the address that was answered
    partners: tuple[str, ...]  # ids of those who have it
    flags: frozenset[str]  # of all of its messages but machines'
    urgency: Urgency  # the highest of the same


_DEAD = select(dead_addresses.c.since).where(dead_addresses.c.address == bindparam("marked"))
_BY_REFERENCE = select(cases).where(cases.c.reference == bindparam("named"))
_BY_ID = select(cases).where(cases.c.id == bindparam("named"))
_SAID = ("from_address", "reply_address", "kind", "note_of", "urgency", "flags", "routes")
_OF_CASE = (
    select(*(messages.c[name] for name in _SAID)).where(messages.c.case_id == bindparam("case")).order_by(messages.c.id)
)
_SENT_AS = (
    select(outbox).where(outbox.c.header_id.in_(bindparam("header_ids", expanding=True))).order_by(outbox.c.id).limit(1)
)
_SEEN_IN = (
    select(thread_ids.c.case_id)
    .where(thread_ids.c.id_hash.in_(bindparam("hashes", expanding=True)))
    .distinct()
    .order_by(thread_ids.c.case_id)
    .limit(20)
)
NEW = Standing(0, "", False, frozenset(), (), frozenset(), Urgency.ROUTINE)


@dataclass(frozen=True, slots=True)
class DeadAddress:
    """An address that our mail came back from for good."""

    address: str  # what its spellings share
    since: datetime
    detail: str  # the bounce's status


def by_references(conn: Connection, references: Iterable[str]) -> list[Standing]:
    """Return the cases of those references that there are, in that order."""
    found = (valid_reference(one) for one in references)
    return [one for name in found if name and (one := _standing(conn, _BY_REFERENCE, name))]


def by_ids(conn: Connection, ids: Iterable[str]) -> list[Standing]:
    """Return the cases in which one of those Message-IDs was seen, the oldest first."""
    hashes = [_hash(one) for one in ids]
    found = conn.scalars(_SEEN_IN, {"hashes": hashes}).all() if hashes else []
    return [one for id_ in found if (one := _standing(conn, _BY_ID, id_))]


def _standing(conn: Connection, which: Select[Any], named: str | int) -> Standing | None:
    row = conn.execute(which, {"named": named}).one_or_none()
    if row is None:
        return None
    found = conn.execute(_OF_CASE, {"case": row.id}).all()
    said = [one for one in found if one.kind not in MACHINES] or found
    opener = next((one for one in said if one.note_of is None), None)
    addresses = (opener.from_address, opener.reply_address) if opener else ()
    return Standing(
        case_id=row.id,
        reference=row.reference,
        closed=row.closed_at is not None,
        residents=frozenset(one.lower() for one in addresses if one),
        partners=tuple(dict.fromkeys(route["partner"] for one in said for route in one.routes)),
        flags=frozenset(flag for one in said for flag in one.flags),
        urgency=max((Urgency(one.urgency) for one in said), key=lambda level: level.rank, default=Urgency.ROUTINE),
    )


def hold_sender(conn: Connection, address: str) -> None:
    """Let nobody else place a message of that address until the transaction ends: one of two may open the case."""
    take_turn(conn, f"sender {_hash(address)}")


def learn(conn: Connection, case_id: int, ids: Iterable[str]) -> None:
    """Remember that these Message-IDs were seen in that case: who answers one of them may be answering there."""
    rows = [{"id_hash": hashed, "case_id": case_id} for hashed in sorted({_hash(one) for one in ids})]
    if rows:
        conn.execute(adding(conn, thread_ids), rows)


def case_id(conn: Connection, reference: str) -> int | None:
    """Return the case of that reference, however it is spelt; None where there is none."""
    found: int | None = conn.scalar(select(cases.c.id).where(cases.c.reference == valid_reference(reference)))
    return found


def case_ids(conn: Connection, references: Iterable[str]) -> dict[str, int]:
    """Return the case of each reference. Raises UserError that names those of which there is none."""
    found = {one: case_id(conn, one) for one in references}
    if missing := [one for one, there in found.items() if there is None]:
        raise UserError(f"there is no case {', '.join(missing)}")
    return {one: there for one, there in found.items() if there is not None}


def close(conn: Connection, reference: str, now: datetime) -> bool | None:
    """Close a case, and with it its emergencies; False where it is closed already, None where there is none."""
    found = case_id(conn, reference)
    closed = None if found is None else _turn(conn, found, {"closed_at": now}, is_closed=False)
    if found is not None and closed:
        emergencies.end(conn, found)
    return closed


def reopen(conn: Connection, reference: str, now: datetime) -> bool | None:
    """Open a case again; False where it is open, None where there is none."""
    found = case_id(conn, reference)
    return None if found is None else _turn(conn, found, {"closed_at": None, "reopened_at": now}, is_closed=True)


def take(  # noqa: PLR0913 (who takes what, for whom, by what, when)
    conn: Connection, case_id: int, by: str, now: datetime, *, partner: str | None = None, message_id: int | None = None
) -> int:
    """Record that a named person takes a case on, by a note or by a command; return how many emergencies that ends.

    Nothing joins the case until the transaction ends: what comes later is not taken by it.
    """
    conn.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())
    row = {"case_id": case_id, "message_id": message_id, "partner": partner, "taken_by": by, "taken_at": now}
    taking_id: int = conn.execute(insert(takings).values(row).returning(takings.c.id)).scalar_one()
    return emergencies.end(conn, case_id, taking_id)


def _turn(conn: Connection, case_id: int, values: dict[str, datetime | None], *, is_closed: bool) -> bool:
    stands = cases.c.closed_at.is_not(None) if is_closed else cases.c.closed_at.is_(None)
    return conn.execute(update(cases).where(cases.c.id == case_id, stands).values(**values)).rowcount > 0


def is_dead(conn: Connection, address: str) -> bool:
    """Tell whether our mail came back from that address for good, and nobody has taken the mark away."""
    return conn.scalar(_DEAD, {"marked": _key(address)}) is not None


def mark_dead(conn: Connection, address: str, message_id: int, detail: str, now: datetime) -> None:
    """Mark an address that our mail came back from; `detail` is the bounce's status, never an address."""
    row = {"address": _key(address), "message_id": message_id, "detail": detail, "since": now}
    conn.execute(adding(conn, dead_addresses), row)


def dead(conn: Connection) -> list[DeadAddress]:
    """Return the addresses that are marked, the latest first."""
    rows = conn.execute(select(dead_addresses).order_by(dead_addresses.c.since.desc(), dead_addresses.c.address))
    return [DeadAddress(row.address, row.since, row.detail) for row in rows]


def revive(conn: Connection, address: str) -> bool:
    """Take the mark away; False where there is none."""
    return conn.execute(delete(dead_addresses).where(dead_addresses.c.address == _key(address))).rowcount > 0


def token_key(conn: Connection) -> bytes | None:
    """Return the key that was made with the database; None where somebody took it away."""
    found: bytes | None = conn.scalar(select(keys.c.value).where(keys.c.name == "tokens"))
    return found


def mail_about(
    conn: Connection, header_ids: Iterable[str], case_id: int | None, partner: str | None
) -> Row[Any] | None:
    """Return the outbox row of the mail of ours with one of these Message-IDs.

    Where there is none: the last mail about that case to that partner, or to who wrote where `partner` is None.
    """
    named = list(header_ids)
    row = conn.execute(_SENT_AS, {"header_ids": named}).one_or_none() if named else None
    if row is None and case_id is not None:
        kind = outbox.c.kind == "acknowledgement" if partner is None else outbox.c.partner == partner
        of_case = select(outbox).where(outbox.c.case_id == case_id, kind)
        row = conn.execute(of_case.order_by(outbox.c.id.desc()).limit(1)).one_or_none()
    return row


def _key(address: str) -> str:
    return address_key(address)[:320]


def _hash(id_: str) -> str:
    return hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()
