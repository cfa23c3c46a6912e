"""What people closed: mails that did not go out; the same word in quarantine. Marked addresses by `address_key`; who
wrote each message, so that what one sender causes is found by an index (it is not told of older ones)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from intake.mail.addresses import address_key

TIME = sa.DateTime(timezone=True)

revision = "0012"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("closed_at", TIME))
    op.add_column("outbox", sa.Column("closed_by", sa.Text()))
    op.add_column("outbox", sa.Column("again_by", sa.Text()))
    op.execute("ALTER TABLE quarantine RENAME COLUMN released_at TO closed_at")
    op.add_column("messages", sa.Column("sender_key", sa.String(64)))
    op.create_index("ix_messages_sender_key", "messages", ["sender_key"])
    _respell()


def _respell() -> None:
    """Mark each address once, whatever spellings of it came back; the first mark stays."""
    dead = sa.table("dead_addresses", sa.column("address", sa.Text()), sa.column("since", TIME))
    bind = op.get_bind()
    found: dict[str, str] = {}
    for address in bind.scalars(sa.select(dead.c.address).order_by(dead.c.since, dead.c.address)).all():
        found.setdefault(address_key(address)[:320], address)
    bind.execute(sa.delete(dead).where(dead.c.address.not_in(list(found.values()))))
    for key, address in found.items():
        bind.execute(sa.update(dead).where(dead.c.address == address).values(address=key))
