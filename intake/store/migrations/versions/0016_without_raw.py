"""What a server did not hand over is found without looking at all that it did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    place, missing = ["mailbox", "folder", "uidvalidity", "uid"], sa.text("raw_hash IS NULL")
    op.create_index("ix_deliveries_without_raw", "deliveries", place, sqlite_where=missing, postgresql_where=missing)
