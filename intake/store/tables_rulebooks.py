"""The tables of rulebooks: those that ever sorted a message, and what each process goes by."""

from __future__ import annotations

from sqlalchemy import JSON, Column, LargeBinary, String, Table

from intake.store.columns import Utc, Words, metadata

rulebooks = Table(
    "rulebooks",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("files", LargeBinary, nullable=False),  # zstd of JSON {name: text}
    Column("first_used_at", Utc, nullable=False),
    Column("in_force_at", Utc),  # since when it was last in force; null: a service never took it up
)

# What each process that sorts goes by, so that `intake status`, another process, can tell.
rulebook_states = Table(
    "rulebook_states",
    metadata,
    Column("worker", Words, primary_key=True),
    Column("version", String(64), nullable=False),
    Column("since", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),  # renewed while the process lives
    Column("fault", JSON),  # {message, problems: [{file, line, column, message, hint}]}; null: the files are well
    Column("faulted_at", Utc),  # since when the files have been faulty
)
