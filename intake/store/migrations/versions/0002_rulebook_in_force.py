"""Which rulebook each process has in force, which was the last one, and whom a digest's item was for at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("rulebooks", sa.Column("in_force_at", TIME))
    op.add_column("digest_items", sa.Column("formerly", sa.String(64)))
    op.create_table(
        "rulebook_states",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("fault", sa.JSON()),
        sa.Column("faulted_at", TIME),
        sa.PrimaryKeyConstraint("worker", name="pk_rulebook_states"),
    )
