"""What the virus scanner said of stored attachments, and which of them it has still to see (X5)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from intake.store.tables import TO_SCAN, attachments, messages

CLEAN, INFECTED = "clean", "infected"
UNSCANNED = "unscanned"  # no verdict yet
UNSCANNABLE = "unscannable"  # the scanner will not look at it
KEPT_BACK = (INFECTED, UNSCANNED, UNSCANNABLE)


def flags(verdicts: Sequence[str]) -> tuple[str, ...]:
    """Return the flags of a message whose attachments bear these verdicts: `infected`, `unscanned`."""
    waits = UNSCANNED in verdicts or UNSCANNABLE in verdicts
    return (*([INFECTED] if INFECTED in verdicts else []), *([UNSCANNED] if waits else []))


def unscanned(conn: Connection, limit: int) -> list[int]:
    """Return the ids of at most `limit` messages with attachments that wait for a verdict, at random."""
    waits = select(attachments.c.message_id).where(TO_SCAN).distinct().subquery()
    return list(conn.scalars(select(waits.c.message_id).order_by(func.random()).limit(limit)))


def settle(conn: Connection, message_id: int, verdicts: Sequence[str]) -> None:
    """Note a verdict on each attachment of a message, by index, and flag the message anew."""
    for index, verdict in enumerate(verdicts):
        one = (attachments.c.message_id == message_id) & (attachments.c.index == index)
        conn.execute(update(attachments).where(one).values(verdict=verdict))
    of_message = messages.c.id == message_id
    known = conn.execute(select(messages.c.flags).where(of_message).with_for_update()).scalar_one()
    others = [flag for flag in known if flag not in (INFECTED, UNSCANNED)]
    conn.execute(update(messages).where(of_message).values(flags=[*others, *flags(verdicts)]))


def kept_back(conn: Connection, message_id: int) -> str:
    """Return why a message's attachments are kept from people: the worst verdict; "" where they are not."""
    of_message = select(attachments.c.verdict).where(attachments.c.message_id == message_id)
    found = set(conn.scalars(of_message))
    return next((verdict for verdict in KEPT_BACK if verdict in found), "")
