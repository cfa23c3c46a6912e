"""What a worker has claimed is found without looking through a whole backlog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    claimed = sa.text("claimed_by IS NOT NULL")
    op.create_index(
        "ix_deliveries_claimed", "deliveries", ["claimed_by"], sqlite_where=claimed, postgresql_where=claimed
    )
