"""What a person makes of mails that were given up, or may or may not have arrived: close them, or have them sent again.

Until then `status` counts them, and their text is kept. Nothing here is ever done by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, func, select, update

from intake.mail.values import Reason
from intake.outbox import lasting
from intake.outbox.mime import as_second_copy
from intake.outbox.outgoing import ACKNOWLEDGE_FOR, TRY_FOR
from intake.outbox.queue import State
from intake.rules.weigh import barred
from intake.store.packing import pack, unpack
from intake.store.tables import outbox

FOR_A_PERSON: tuple[State, ...] = ("given-up", "unknown")
OPEN = and_(outbox.c.state.in_(FOR_A_PERSON), outbox.c.closed_at.is_(None))

ASKED = Reason("asked", "somebody has it sent again")
Again = Literal["queued", "none", "digest", "gone", "kept-out"]  # what came of it, or why it cannot be sent again


def open_counts(conn: Connection) -> Mapping[State, int]:
    """Return how many mails wait for a person, by state; only states that there are."""
    rows = conn.execute(select(outbox.c.state, func.count()).where(OPEN).group_by(outbox.c.state))
    return dict(rows.all())


def close(conn: Connection, row_id: int, by: str, now: datetime) -> bool:
    """Record who has seen to it; its text is not kept any longer. False where it waits for nobody."""
    closed = {"closed_at": now, "closed_by": by, "mail": None}
    return conn.execute(update(outbox).where(outbox.c.id == row_id, OPEN).values(closed)).rowcount > 0


def again(conn: Connection, row_id: int, by: str, now: datetime) -> Again:
    """Queue it once more because `by` says so. What may have arrived goes to a partner as a second copy.

    A digest's items are in the next digest anyway; a mail that came back has gone another way and has no text.
    """
    row = conn.execute(select(outbox).where(outbox.c.id == row_id, OPEN).with_for_update()).one_or_none()
    if row is None:
        return "none"
    if row.kind == "digest":
        return "digest"
    if row.mail is None:
        return "gone"
    if row.message_id and row.partner in barred(lasting.of_message(conn, row.message_id)):
        return "kept-out"
    is_answer = row.kind == "acknowledgement"
    doubted = row.state == "unknown" and not is_answer
    changes = {
        "state": "queued",
        "due_at": now,
        "expires_at": now + (ACKNOWLEDGE_FOR if is_answer else TRY_FOR),
        "attempts": 0,
        "reason_code": ASKED.code,
        "reason_detail": ASKED.detail,
        "mail": pack(as_second_copy(unpack(row.mail))) if doubted else row.mail,
        "again_by": by,
    }
    conn.execute(update(outbox).where(outbox.c.id == row_id).values(changes))
    return "queued"
