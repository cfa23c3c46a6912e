"""What rules read of each message, so that a rulebook can judge the history without parsing it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("messages", sa.Column("facts", sa.LargeBinary()))
