"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
WAITING = "state = 'waiting'"
UNSETTLED = "settled_at IS NULL AND raw_hash IS NOT NULL"


def upgrade() -> None:
    _raws()
    _cases()
    _messages()
    _message_categories()
    _attachments()
    _deliveries()
    _quarantine()
    _outbox()
    _digests()
    _digest_items()
    _rulebooks()
    _leases()
    _mailbox_states()
    _message_words()


def _raws() -> None:
    op.create_table(
        "raws",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_raws"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("reference", name="uq_cases_reference"),
        sqlite_autoincrement=True,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("raw_hash", sa.String(64), nullable=False),
        sa.Column("content_key", sa.String(64), nullable=False),
        sa.Column("header_id", sa.Text()),
        sa.Column("id_key", sa.String(64)),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("date", TIME),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("reason_detail", sa.Text()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("reply_address", sa.Text()),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("language_confidence", sa.Float(), nullable=False),
        sa.Column("own_words", sa.Text(), nullable=False),
        sa.Column("full_text", sa.Text(), nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("near_misses", sa.JSON(), nullable=False),
        sa.Column("rulebook", sa.String(64), nullable=False),
        sa.Column("acknowledge", sa.String(16)),
        sa.Column("acknowledge_code", sa.String(64), nullable=False),
        sa.Column("acknowledge_detail", sa.Text(), nullable=False),
        sa.Column("defects", sa.JSON(), nullable=False),
        sa.Column("left_behind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_messages_case_id"),
        sa.ForeignKeyConstraint(["raw_hash"], ["raws.hash"], name="fk_messages_raw_hash"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("content_key", name="uq_messages_content_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_arrived_at", "messages", ["arrived_at"])
    op.create_index("ix_messages_case_id", "messages", ["case_id"])
    op.create_index("ix_messages_id_key", "messages", ["id_key"])
    op.create_index("ix_messages_kind_urgency", "messages", ["kind", "urgency"])
    op.create_index("ix_messages_raw_hash", "messages", ["raw_hash"])


def _message_categories() -> None:
    op.create_table(
        "message_categories",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_message_categories_message_id"),
        sa.PrimaryKeyConstraint("message_id", "rank", name="pk_message_categories"),
    )
    op.create_index("ix_message_categories_category", "message_categories", ["category"])


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_attachments_message_id"),
        sa.PrimaryKeyConstraint("message_id", "index", name="pk_attachments"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("raw_hash", sa.String(64)),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("left_behind", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", ID),
        sa.Column("settled_at", TIME),
        sa.Column("faulted_at", TIME),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", TIME),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_deliveries_message_id"),
        sa.ForeignKeyConstraint(["raw_hash"], ["raws.hash"], name="fk_deliveries_raw_hash"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "mailbox", "folder", "uidvalidity", "uid", name="uq_deliveries_mailbox_folder_uidvalidity_uid"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_message_id", "deliveries", ["message_id"])
    op.create_index(
        "ix_deliveries_unsettled",
        "deliveries",
        ["mailbox", "id"],
        sqlite_where=sa.text(UNSETTLED),
        postgresql_where=sa.text(UNSETTLED),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["late", "arrived_at", "id"],
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("released_at", TIME),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_quarantine_delivery_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quarantine_delivery_id", "quarantine", ["delivery_id"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("case_id", ID),
        sa.Column("message_id", ID),
        sa.Column("partner", sa.String(64)),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("envelope_from", sa.Text(), nullable=False),
        sa.Column("header_id", sa.Text(), nullable=False),
        sa.Column("mail", sa.LargeBinary()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", TIME),
        sa.Column("sent_at", TIME),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("reason_detail", sa.Text()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_outbox_case_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_outbox_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_index("ix_outbox_message_id", "outbox", ["message_id"])
    op.create_index("ix_outbox_state_due", "outbox", ["state", "due_at", "priority"])


def _digests() -> None:
    op.create_table(
        "digests",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("slot", TIME, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("outbox_id", ID),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_digests_outbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.UniqueConstraint("partner", "slot", name="uq_digests_partner_slot"),
        sqlite_autoincrement=True,
    )


def _digest_items() -> None:
    op.create_table(
        "digest_items",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("digest_id", ID),
        sa.Column("queued_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_digest_items_digest_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_digest_items_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_digest_items"),
        sa.UniqueConstraint("partner", "message_id", name="uq_digest_items_partner_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_digest_items_open", "digest_items", ["partner", "digest_id"])


def _rulebooks() -> None:
    op.create_table(
        "rulebooks",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_rulebooks"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("held_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _mailbox_states() -> None:
    op.create_table(
        "mailbox_states",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("polled_at", TIME),
        sa.Column("failed_at", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("notice", sa.Text()),
        sa.PrimaryKeyConstraint("mailbox", name="pk_mailbox_states"),
    )


def _message_words() -> None:
    """Full text. The words come folded, so both engines have only to part them at spaces."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE message_words USING fts5(words, tokenize = 'ascii', columnsize = 0)")
        return
    op.create_table(
        "message_words",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_message_words_message_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_message_words"),
    )
    op.create_index("ix_message_words_words", "message_words", ["words"], postgresql_using="gin")
