"""What a long history needs: indexes of what is open alone, and such as tell all that is asked of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

WIDER = {  # those that come in place of another
    "ix_deliveries_message_id": ("deliveries", ["message_id", "state", "late"]),
    "ix_message_categories_category": ("message_categories", ["category", "rank"]),
    "ix_messages_case_id": ("messages", ["case_id", "kind", "note_of"]),
}
PARTIAL = {
    "ix_attachments_unscanned": ("attachments", ["message_id"], "verdict = 'unscanned'"),
    "ix_cases_may_belong_to": ("cases", ["may_belong_to"], "may_belong_to IS NOT NULL"),
    "ix_cases_open": ("cases", ["opened_at"], "closed_at IS NULL"),
    "ix_messages_late_urgent": ("messages", ["id"], "late AND urgency <> 'routine'"),
    "ix_outbox_sent_at": ("outbox", ["sent_at", "kind"], "sent_at IS NOT NULL"),
}


def upgrade() -> None:
    for name, (table, columns) in WIDER.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    for name, (table, columns, said) in PARTIAL.items():
        op.create_index(name, table, columns, sqlite_where=sa.text(said), postgresql_where=sa.text(said))
    op.drop_index("ix_outbox_kind_sent_at", "outbox")
    op.drop_index("ix_digest_items_open", "digest_items")
    op.create_index("ix_digest_items_digest_id", "digest_items", ["digest_id", "partner"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE outbox ALTER COLUMN key TYPE VARCHAR(96) COLLATE "C"')
        op.execute("ANALYZE outbox (key)")  # what was known of it went with the old type
