"""Messages join cases, or have none; partners' notes; who took a case; addresses that mail came back from."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _cases()
    _messages()
    op.create_index("ix_outbox_header_id", "outbox", ["header_id"])
    op.create_table(
        "thread_ids",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_thread_ids_case_id"),
        sa.PrimaryKeyConstraint("id_hash", "case_id", name="pk_thread_ids"),
    )
    op.create_index("ix_thread_ids_case_id", "thread_ids", ["case_id"])
    _takings()
    op.create_table(
        "dead_addresses",
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("message_id", ID),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_dead_addresses_message_id"),
        sa.PrimaryKeyConstraint("address", name="pk_dead_addresses"),
    )
    keys = op.create_table(
        "keys",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_keys"),
    )
    op.bulk_insert(keys, [{"name": "tokens", "value": secrets.token_bytes(32)}])


def _cases() -> None:
    op.add_column("cases", sa.Column("reopened_at", TIME))
    _add_reference("cases", "may_belong_to", "cases")


def _messages() -> None:
    op.add_column("messages", sa.Column("threading_code", sa.String(64)))
    op.add_column("messages", sa.Column("threading_detail", sa.Text()))
    op.add_column("messages", sa.Column("note_of", sa.String(64)))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("messages", "case_id", nullable=True)
    else:
        _drop_not_null("messages", "case_id INTEGER NOT NULL", "case_id INTEGER")


def _add_reference(table: str, column: str, other: str) -> None:
    """Add a nullable column that points to a row's id; SQLite takes the constraint only with the column."""
    name, type_ = f"fk_{table}_{column}", ID.compile(op.get_bind().dialect)
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {type_} CONSTRAINT {name} REFERENCES {other} (id)")


def _drop_not_null(table: str, before: str, after: str) -> None:
    """Rewrite a column's declaration on SQLite, as its manual allows where no stored row changes (ALTER TABLE §7)."""
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ? AND instr(sql, ?)",
        (before, after, table, before),
    ).rowcount
    if changed != 1:
        raise RuntimeError(f"the declaration of {table} is not as it was made")
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _takings() -> None:
    op.create_table(
        "takings",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("message_id", ID),
        sa.Column("partner", sa.String(64)),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_takings_case_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_takings_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_takings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_takings_case_id", "takings", ["case_id"])
