"""Who must be reached safely by a person because no answer could be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("done_at", TIME),
        sa.Column("done_by", sa.Text()),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_tasks_message_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tasks_case_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_case_id", "tasks", ["case_id"])
    undone = sa.text("done_at IS NULL")
    op.create_index("ix_tasks_open", "tasks", ["opened_at"], sqlite_where=undone, postgresql_where=undone)
