"""Whom an acknowledgement went to, however the address was spelt; and an index for those of the last hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from intake.mail.addresses import address_key

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("recipient_key", sa.Text()))
    op.create_index("ix_outbox_recipient_key", "outbox", ["recipient_key"])
    op.create_index("ix_outbox_kind_sent_at", "outbox", ["kind", "sent_at"])
    outbox = sa.table("outbox", sa.column("recipient", sa.Text()), sa.column("recipient_key", sa.Text()))
    bind = op.get_bind()
    for recipient in bind.scalars(sa.select(outbox.c.recipient).distinct()).all():
        same = outbox.c.recipient == recipient
        bind.execute(sa.update(outbox).where(same).values(recipient_key=address_key(recipient)))
