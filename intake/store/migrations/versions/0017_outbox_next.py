"""The next mail to be sent is found without looking at all that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_index("ix_outbox_next", "outbox", ["state", "priority", "due_at", "id"])
    answers = sa.text("kind = 'acknowledgement'")
    columns = ["state", "expires_at"]
    op.create_index("ix_outbox_acknowledgements", "outbox", columns, sqlite_where=answers, postgresql_where=answers)
