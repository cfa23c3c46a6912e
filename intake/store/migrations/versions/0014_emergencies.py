"""Emergencies that nobody has taken yet; those from before are not put to anybody again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "emergencies",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("taking_id", ID),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_emergencies_message_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_emergencies_case_id"),
        sa.ForeignKeyConstraint(["taking_id"], ["takings.id"], name="fk_emergencies_taking_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_emergencies"),
    )
    op.create_index("ix_emergencies_case_id", "emergencies", ["case_id"])
    op.create_index("ix_emergencies_state", "emergencies", ["state"])
