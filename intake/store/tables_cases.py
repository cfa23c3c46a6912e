"""The tables about cases: how replies find them, and who has taken them on. `tables.py` hands them on with its own."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, text

from intake.store.columns import Id, Utc, Words, metadata, partial_index

# Which cases a Message-ID was seen in: as a message's own, or named by one (T1). Ids of ours need no row.
thread_ids = Table(
    "thread_ids",
    metadata,
    Column("id_hash", String(64), primary_key=True),  # SHA-256 of the id without brackets
    Column("case_id", ForeignKey("cases.id"), primary_key=True, index=True),
)

# Who has taken a case on; an emergency goes from contact to contact until somebody has.
takings = Table(
    "takings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("message_id", ForeignKey("messages.id")),  # the note that says so
    Column("partner", String(64)),
    Column("taken_by", Words, nullable=False),  # a name, or an address where there is none
    Column("taken_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)

_UNDONE = text("done_at IS NULL")

# Messages whose writer got no answer because any could harm: a person reaches them safely, and says when it is done.
tasks = Table(
    "tasks",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("opened_at", Utc, nullable=False),
    Column("done_at", Utc),  # null: nobody has seen to it
    Column("done_by", Words),
    partial_index("ix_tasks_open", "opened_at", where=_UNDONE),
)

# Addresses that our mail came back from for good: not written to while they stand here (S7).
dead_addresses = Table(
    "dead_addresses",
    metadata,
    Column("address", String(320), primary_key=True),  # what its spellings share
    Column("message_id", ForeignKey("messages.id")),  # the bounce
    Column("detail", Words, nullable=False),  # its status code, never an address
    Column("since", Utc, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(32), primary_key=True),  # "tokens"
    Column("value", LargeBinary, nullable=False),  # made with the table; serves where config.yaml names none
)

# Emergencies: who has been asked stands in the outbox, who took the case in `takings` (O8).
emergencies = Table(
    "emergencies",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("opened_at", Utc, nullable=False),
    # open: contacts are being asked; alerted: all were; over: taken, or its case closed; told: they were told that
    Column("state", String(16), nullable=False, index=True),
    Column("taking_id", ForeignKey("takings.id")),  # by which it is over; null: its case was closed
)
