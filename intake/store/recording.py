"""A triage becomes a message, in a case where its kind has one, in the transaction that ends its delivery's claim.

Many are recorded in one transaction. What nothing reads meanwhile is written at its end, each table's rows together.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, exists, select, update

from intake.mail.addresses import address_hash
from intake.mail.values import Reason, Triage
from intake.store import search, seen, threads
from intake.store.claims import Claimed, hold
from intake.store.facts import encode
from intake.store.locks import take_turn
from intake.store.plain import plain
from intake.store.references import new_reference
from intake.store.tables import attachments, cases, deliveries, message_categories, messages
from intake.store.upsert import insert_new

SAME_ID = Reason("same-message-id", "another message of this sender bears the same Message-ID")
FOLLOW_UP = Reason("follow-up", "it joins a case whose sender has been answered, or was not to be")
NOTE = Reason("partner-note", "it is a partner's note on a case: never answered, never passed to the resident")
NEVER_ANSWERED = {one.code: one for one in (SAME_ID, FOLLOW_UP, NOTE)}  # by its place, whatever rules make of it


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a message belongs: decided before it is recorded."""

    case_id: int | None = None  # the case that it joins; None: none
    opens: bool = True  # it opens a case where it joins none
    may_belong_to: int | None = None  # the case that it names but does not join
    reason: Reason | None = None  # why it joins that case, or does not
    note_of: str | None = None  # the partner whose note it is (T3)
    taken_by: str | None = None  # who takes the case on by it
    unverified: bool = False  # nobody vouches that the note is that partner's
    reopens: bool = False
    ids: tuple[str, ...] = ()  # Message-IDs by which later messages may find the case
    sender: str = ""  # the address of who wrote, behind an intermediary too; "" where nobody can tell


ALONE = Placing()

_KNOWN = (
    select(messages.c.raw_hash, messages.c.id, messages.c.case_id, cases.c.reference)
    .outerjoin(cases, cases.c.id == messages.c.case_id)
    .order_by(messages.c.id)
)
_SAME_RAW = _KNOWN.where(messages.c.raw_hash.in_(bindparam("hashes", expanding=True)))
_SAME_CONTENT = _KNOWN.where(messages.c.content_key == bindparam("same")).limit(1)
_HAS_OTHER = select(
    exists().where(messages.c.id_key == bindparam("key"), messages.c.content_key != bindparam("content"))
)
_HELD = select(cases.c.reference).where(cases.c.id == bindparam("case")).with_for_update()
_CATEGORIES, _ATTACHMENTS = message_categories.insert(), attachments.insert()
_DONE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(state=bindparam("outcome"), message_id=bindparam("became"), claimed_by=None, claimed_until=None)
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a delivery became."""

    message_id: int  # of the new message, or of the one that this is a copy of
    case_id: int | None  # None: of a kind that makes no case
    reference: str  # of the case, "" where there is none
    duplicate: bool  # a copy: nothing else is to happen
    repeated_id: bool  # same Message-ID and reply address as another message: never acknowledged (F3)


@dataclass(slots=True)
class Batch:
    """What is recorded in one transaction; `batched` makes one."""

    conn: Connection
    copies: dict[str, Recorded]  # by the hash of their bytes: what other deliveries of the same have become
    _put_off: dict[Executable, list[dict[str, Any]]] = field(default_factory=dict)  # rows, by what writes them

    def put_off(self, statement: Executable, *rows: dict[str, Any]) -> None:
        """Have rows wait that nothing need find before `write`."""
        self._put_off.setdefault(statement, []).extend(rows)

    def write(self) -> None:
        """Write what waits: before the transaction ends, and before anything reads what these messages bear."""
        for statement, rows in self._put_off.items():
            self.conn.execute(statement, rows)
        self._put_off.clear()


@contextmanager
def batched(conn: Connection, *claimed: Claimed) -> Iterator[Batch]:
    """Hold these claims until the transaction ends, for `record`. Raises ClaimLost: nothing is to be recorded."""
    hold(conn, *claimed)
    same = conn.execute(_SAME_RAW, {"hashes": [one.raw_hash for one in claimed]}).all()
    batch = Batch(conn, {row.raw_hash: _copy_of(row) for row in reversed(same)})
    yield batch
    batch.write()


def record(batch: Batch, claimed: Claimed, triage: Triage, now: datetime, placing: Placing = ALONE) -> Recorded:
    """Record a claimed delivery's one outcome: a new message, or a copy of a message that is here (F3).

    A second message of one Message-ID is flagged and bears no acknowledgement.
    """
    recorded = batch.copies.get(claimed.raw_hash) or _insert(batch, claimed, triage, placing, now)
    if recorded is None:
        same = batch.conn.execute(_SAME_CONTENT, {"same": triage.content_key}).one_or_none()
        if same is None:
            raise RuntimeError("the message that this one is a copy of is gone")
        recorded = _copy_of(same)
    outcome = {"outcome": "duplicate" if recorded.duplicate else "recorded", "became": recorded.message_id}
    batch.put_off(_DONE, outcome | {"delivery": claimed.delivery_id})
    batch.copies[claimed.raw_hash] = replace(recorded, duplicate=True, repeated_id=False)
    return recorded


def repeats_id(conn: Connection, triage: Triage) -> bool:
    """Return whether another message, no copy, has this Message-ID and would be answered to the same address (F3).

    Until the transaction ends no other one gets its answer for that pair.
    """
    key = _id_key(triage)
    if key is None:
        return False
    take_turn(conn, key)
    return bool(conn.scalar(_HAS_OTHER, {"key": key, "content": triage.content_key}))


def _copy_of(row: Any) -> Recorded:
    return Recorded(row.id, row.case_id, row.reference or "", duplicate=True, repeated_id=False)


def _insert(batch: Batch, claimed: Claimed, triage: Triage, placing: Placing, now: datetime) -> Recorded | None:
    """Insert a new message and all that belongs to it; None where its content is here already."""
    conn = batch.conn
    repeated = repeats_id(conn, triage)
    if repeated:
        triage = _flagged(triage)
    case_id, reference = _case(conn, placing, now)
    row = _row(claimed, triage, placing) | {"case_id": case_id, "raw_hash": claimed.raw_hash, "recorded_at": now}
    message_id = insert_new(conn, messages, row, "content_key")
    if message_id is None:
        if placing.case_id is None:
            conn.execute(delete(cases).where(cases.c.id == case_id))
        return None
    _put_off_parts(batch, message_id, triage)
    if case_id is not None:
        _change_case(conn, case_id, message_id, placing, now)
    return Recorded(message_id, case_id, reference, duplicate=False, repeated_id=repeated)


def _case(conn: Connection, placing: Placing, now: datetime) -> tuple[int | None, str]:
    """Return (id, reference) of the case that it joins or opens; (None, "") where it has none."""
    if placing.case_id is not None:
        return placing.case_id, conn.execute(_HELD, {"case": placing.case_id}).scalar_one()
    return _open_case(conn, placing, now) if placing.opens else (None, "")


def _change_case(conn: Connection, case_id: int, message_id: int, placing: Placing, now: datetime) -> None:
    threads.learn(conn, case_id, placing.ids)
    if placing.note_of is not None and not placing.unverified:
        seen.see_case(conn, case_id, placing.taken_by or placing.note_of, now, before=message_id)
    if placing.reopens:
        closed = (cases.c.id == case_id) & cases.c.closed_at.is_not(None)
        conn.execute(update(cases).where(closed).values(closed_at=None, reopened_at=now))
    if placing.taken_by is not None:
        threads.take(conn, case_id, placing.taken_by, now, partner=placing.note_of, message_id=message_id)


def _open_case(conn: Connection, placing: Placing, now: datetime) -> tuple[int, str]:
    """Return (id, reference) of a new case; a reference that is taken already is drawn again."""
    while True:
        reference = new_reference(secrets.SystemRandom())
        case = {"reference": reference, "opened_at": now, "may_belong_to": placing.may_belong_to}
        case_id = insert_new(conn, cases, case)
        if case_id is not None:
            return case_id, reference


def _put_off_parts(batch: Batch, message_id: int, triage: Triage) -> None:
    for rank, category in enumerate(triage.decision.categories):
        batch.put_off(_CATEGORIES, {"message_id": message_id, "rank": rank, "category": category})
    for one in triage.attachments:
        batch.put_off(_ATTACHMENTS, {"message_id": message_id} | asdict(one))
    texts = (triage.subject, triage.from_name, triage.from_address, triage.reply_address or "", triage.full_text)
    batch.put_off(*search.entry(batch.conn, message_id, *texts))


def _flagged(triage: Triage) -> Triage:
    """Return the triage of a second message of one Message-ID (F3)."""
    flags = dict.fromkeys((*triage.decision.flags, SAME_ID.code))
    decision = replace(triage.decision, flags=tuple(flags))
    return replace(triage, decision=decision, acknowledge=None, acknowledge_reason=SAME_ID)


def _row(claimed: Claimed, triage: Triage, placing: Placing) -> dict[str, Any]:
    decision = triage.decision
    return {
        "threading_code": placing.reason.code if placing.reason else None,
        "threading_detail": placing.reason.detail if placing.reason else None,
        "note_of": placing.note_of,
        "content_key": triage.content_key,
        "header_id": triage.message_id,
        "id_key": _id_key(triage),
        "arrived_at": claimed.arrived_at,
        "date": triage.date,
        "late": claimed.late,
        "kind": triage.kind,
        "reason_code": triage.reason.code if triage.reason else None,
        "reason_detail": triage.reason.detail if triage.reason else None,
        "subject": triage.subject,
        "from_name": triage.from_name,
        "from_address": triage.from_address,
        "reply_address": triage.reply_address,
        "sender_key": address_hash(placing.sender) if placing.sender else None,
        "language": triage.language.tag,
        "language_confidence": triage.language.confidence,
        "own_words": triage.own_words,
        "full_text": triage.full_text,
        "urgency": decision.urgency,
        "tags": plain(decision.tags),
        "flags": plain(decision.flags),
        "areas": plain(decision.areas),
        "routes": plain(decision.routes),
        "evidence": plain(decision.evidence),
        "near_misses": plain(decision.near_misses),
        "rulebook": decision.rulebook,
        "acknowledge": triage.acknowledge,
        "acknowledge_code": triage.acknowledge_reason.code,
        "acknowledge_detail": triage.acknowledge_reason.detail,
        "defects": plain(triage.defects),
        "left_behind": claimed.left_behind,
        "facts": encode(triage.read) if triage.read else None,
    }


def _id_key(triage: Triage) -> str | None:
    """Return what two messages share that would get one acknowledgement between them; None without a Message-ID."""
    if not triage.message_id:
        return None
    answered = (triage.reply_address or triage.from_address).lower()
    return hashlib.sha256(f"{triage.message_id}\0{answered}".encode("utf-8", "surrogatepass")).hexdigest()
