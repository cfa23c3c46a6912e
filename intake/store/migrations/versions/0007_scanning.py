"""What the virus scanner said of each attachment; null where none was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("attachments", sa.Column("verdict", sa.String(16)))
