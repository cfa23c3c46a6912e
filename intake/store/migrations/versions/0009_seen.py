"""Who has opened or ticked a message, and when; what is older than a week counts as seen."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from intake.store.columns import Utc

revision = "0009"
down_revision = "0008"

WEEK = timedelta(days=7)  # before the newest message: nobody recorded who opened what is older


def upgrade() -> None:
    op.add_column("messages", sa.Column("seen_at", sa.DateTime(timezone=True)))
    op.add_column("messages", sa.Column("seen_by", sa.Text()))
    messages = sa.table("messages", *(sa.column(name, Utc) for name in ("recorded_at", "seen_at")))
    bind = op.get_bind()
    newest = bind.scalar(sa.select(sa.func.max(messages.c.recorded_at)))
    if newest is not None:
        old = messages.c.recorded_at < newest - WEEK
        bind.execute(sa.update(messages).where(old).values(seen_at=messages.c.recorded_at))
    unseen = sa.text("seen_at IS NULL AND kind NOT IN ('auto-reply', 'automatic', 'bounce', 'own')")
    op.create_index(
        "ix_messages_unseen", "messages", ["late", "recorded_at", "id"], sqlite_where=unseen, postgresql_where=unseen
    )
