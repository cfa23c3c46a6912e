"""The tables, on SQLite and PostgreSQL alike. Times are aware UTC in Python."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from intake.mail.addresses import address_key
from intake.mail.values import MACHINES
from intake.store.columns import Id, Key, Utc, Words, metadata, partial_index
from intake.store.tables_cases import dead_addresses, emergencies, keys, takings, tasks, thread_ids
from intake.store.tables_rulebooks import rulebook_states, rulebooks

__all__ = [
    "attachments",
    "cases",
    "dead_addresses",
    "deliveries",
    "digest_items",
    "digests",
    "emergencies",
    "keys",
    "leases",
    "mailbox_states",
    "message_categories",
    "messages",
    "metadata",
    "outbox",
    "quarantine",
    "raws",
    "rulebook_states",
    "rulebooks",
    "takings",
    "tasks",
    "thread_ids",
]

raws = Table(
    "raws",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the bytes as they came, hexadecimal
    Column("size", BigInteger, nullable=False),  # bytes before compression
    Column("data", LargeBinary, nullable=False),  # zstd
    Column("kept_at", Utc, nullable=False),
)

WAITING = text("state = 'waiting'")
UNSETTLED = text("settled_at IS NULL AND raw_hash IS NOT NULL")
CLAIMED = text("claimed_by IS NOT NULL")
WITHOUT_RAW = text("raw_hash IS NULL")
OPEN = text("closed_at IS NULL")
NAMES = text("may_belong_to IS NOT NULL")
TO_SCAN = text("verdict = 'unscanned'")
SENT = text("sent_at IS NOT NULL")
LATE_URGENT = "{0}late AND {0}urgency <> 'routine'"  # with the table's name before its columns, or without
ACKNOWLEDGEMENTS = "{0}kind = 'acknowledgement'"  # likewise
# Not proven automatic, and opened by nobody (D6); likewise.
UNSEEN = "{0}seen_at IS NULL AND {0}kind NOT IN (" + ", ".join(f"'{one}'" for one in sorted(MACHINES)) + ")"

# The ledger: every message that was seen in a mailbox, once a place (F2), with its one outcome.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox", Words, nullable=False),
    Column("folder", Words, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", Words, nullable=False),
    Column("raw_hash", ForeignKey("raws.hash")),  # null: the server handed over nothing
    Column("arrived_at", Utc, nullable=False),  # INTERNALDATE
    Column("first_seen_at", Utc, nullable=False),
    Column("late", Boolean, nullable=False),  # seen 48 hours after it arrived, imported, or restored (F11)
    Column("left_behind", Words, nullable=False, default=""),
    Column("state", String(16), nullable=False),  # waiting, recorded, duplicate, quarantined, dismissed
    Column("message_id", ForeignKey("messages.id")),  # of which it is the delivery, or the copy
    Column("settled_at", Utc),  # null: the mailbox has still to be settled
    Column("faulted_at", Utc),  # when the server last handed over nothing (F7)
    Column("claimed_by", Words),
    Column("claimed_until", Utc),
    Column("fence", BigInteger, nullable=False, default=0),  # grows with every claim: a late worker is told by it
    Column("attempts", Integer, nullable=False, default=0),  # claims since it was kept or released
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
    Index("ix_deliveries_message_id", "message_id", "state", "late"),  # `status` counts by it
    partial_index("ix_deliveries_waiting", "late", "arrived_at", "id", where=WAITING),
    partial_index("ix_deliveries_unsettled", "mailbox", "id", where=UNSETTLED),
    partial_index("ix_deliveries_without_raw", "mailbox", "folder", "uidvalidity", "uid", where=WITHOUT_RAW),
    partial_index("ix_deliveries_claimed", "claimed_by", where=CLAIMED),
    sqlite_autoincrement=True,
)

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reference", String(16), nullable=False, unique=True),  # T4
    Column("opened_at", Utc, nullable=False),
    Column("closed_at", Utc),
    Column("reopened_at", Utc),  # when it was last written to, or taken up again, after it had been closed
    Column("may_belong_to", ForeignKey("cases.id")),  # the case that its first message names but did not join (T1)
    partial_index("ix_cases_open", "opened_at", where=OPEN),
    partial_index("ix_cases_may_belong_to", "may_belong_to", where=NAMES),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", ForeignKey("cases.id")),  # null: mail of a kind that makes no case
    Column("threading_code", String(64)),  # why it is in that case: "token", "reference"; null: it opened it
    Column("threading_detail", Words),
    Column("note_of", String(64)),  # the partner whose note it is (T3)
    Column("raw_hash", ForeignKey("raws.hash"), nullable=False, index=True),
    Column("content_key", String(64), nullable=False, unique=True),  # F3
    Column("header_id", Words),  # Message-ID without brackets; of any length, so it bears no index
    Column("id_key", String(64), index=True),  # SHA-256 of Message-ID and who would be answered (F3)
    Column("arrived_at", Utc, nullable=False, index=True),
    Column("recorded_at", Utc, nullable=False),
    Column("date", Utc),
    Column("late", Boolean, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason_code", String(64)),
    Column("reason_detail", Words),
    Column("subject", Words, nullable=False),
    Column("from_name", Words, nullable=False),
    Column("from_address", Words, nullable=False),
    Column("reply_address", Words),
    Column("sender_key", String(64), index=True),  # SHA-256 of who wrote, behind an intermediary too; null: older
    Column("language", String(16), nullable=False),
    Column("language_confidence", Float, nullable=False),
    Column("own_words", Words, nullable=False),
    Column("full_text", Words, nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("areas", JSON),  # ids; null: recorded before areas were told
    Column("routes", JSON, nullable=False),  # [{partner, delivery, why}]
    Column("evidence", JSON, nullable=False),
    Column("near_misses", JSON, nullable=False),
    Column("rulebook", String(64), nullable=False),
    Column("acknowledge", String(16)),  # template, or null: no answer
    Column("acknowledge_code", String(64), nullable=False),
    Column("acknowledge_detail", Words, nullable=False),
    Column("defects", JSON, nullable=False),
    Column("left_behind", Words, nullable=False, default=""),
    Column("facts", LargeBinary),  # what rules read of it beside the other columns (store/facts.py); null: an older row
    Column("seen_at", Utc),  # when a person first opened or ticked it; null: nobody has
    Column("seen_by", Words),  # who: a name
    Index("ix_messages_case_id", "case_id", "kind", "note_of"),  # the overview reads it alone
    Index("ix_messages_kind_urgency", "kind", "urgency"),
    partial_index("ix_messages_late_urgent", "id", where=text(LATE_URGENT.format(""))),
    partial_index("ix_messages_unseen", "late", "recorded_at", "id", where=text(UNSEEN.format(""))),
    sqlite_autoincrement=True,
)

message_categories = Table(
    "message_categories",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("rank", Integer, primary_key=True),  # 0 is the main category
    Column("category", Words, nullable=False),
    Index("ix_message_categories_category", "category", "rank"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("name", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("inline", Boolean, nullable=False),
    Column("verdict", String(16)),  # X5: clean, infected, unscanned, unscannable; null: no scanner was asked
    partial_index("ix_attachments_unscanned", "message_id", where=TO_SCAN),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("stage", String(16), nullable=False),  # fetch, triage, record
    Column("error", Words, nullable=False),  # the exception's type and place, never message text
    Column("created_at", Utc, nullable=False),
    Column("closed_at", Utc),  # null: a person has still to look
    sqlite_autoincrement=True,
)


def _recipient_key(context: DefaultExecutionContext) -> str:
    values = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return address_key(values["recipient"])


outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Key, nullable=False, unique=True),  # O1
    Column("kind", String(16), nullable=False),  # acknowledgement, routed, digest, alert
    Column("case_id", ForeignKey("cases.id"), index=True),
    Column("message_id", ForeignKey("messages.id"), index=True),
    Column("partner", String(64)),
    Column("recipient", Words, nullable=False),
    Column("recipient_key", Words, index=True, default=_recipient_key),  # what its spellings share (S4)
    Column("envelope_from", Words, nullable=False, default=""),  # "" is the null reverse-path (RFC 5321 §4.5.5)
    Column("header_id", Words, nullable=False),  # our Message-ID, the same at every attempt
    Column("mail", LargeBinary),  # zstd of the composed mail; null once nobody need send it any more
    Column("priority", Integer, nullable=False),  # smaller first: 0 emergency, 1 acknowledgement, 2 today, 3 digest
    Column("state", String(16), nullable=False),  # O2: queued sending sent due-later given-up unknown suppressed
    Column("queued_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),  # given up from then on
    Column("attempts", Integer, nullable=False, default=0),
    Column("claimed_by", Words),
    Column("claimed_until", Utc),
    Column("sent_at", Utc),
    Column("reason_code", String(64)),  # why it was suppressed, given up or is unknown
    Column("reason_detail", Words),  # reply code and enhanced code, never an address
    Column("closed_at", Utc),  # when a person closed what is given up or unknown
    Column("closed_by", Words),
    Column("again_by", Words),  # who had it sent again
    Index("ix_outbox_state_due", "state", "due_at", "priority"),
    Index("ix_outbox_next", "state", "priority", "due_at", "id"),
    partial_index("ix_outbox_acknowledgements", "state", "expires_at", where=text(ACKNOWLEDGEMENTS.format(""))),
    Index("ix_outbox_header_id", "header_id"),
    partial_index("ix_outbox_sent_at", "sent_at", "kind", where=SENT),
    sqlite_autoincrement=True,
)

digest_items = Table(
    "digest_items",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner", String(64), nullable=False),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("digest_id", ForeignKey("digests.id")),  # null: the partner has not had it yet
    Column("formerly", String(64)),  # the partner it was for before that one left the rulebook
    Column("queued_at", Utc, nullable=False),
    UniqueConstraint("partner", "message_id"),
    Index("ix_digest_items_digest_id", "digest_id", "partner"),
    sqlite_autoincrement=True,
)

# One row a partner and slot: what makes a second digest for the same hour impossible (D1, D2).
digests = Table(
    "digests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner", String(64), nullable=False),
    Column("slot", Utc, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("items", Integer, nullable=False),
    Column("outbox_id", ForeignKey("outbox.id")),  # null: nothing new, nothing sent
    UniqueConstraint("partner", "slot"),
    sqlite_autoincrement=True,
)

# Who holds a mailbox or a job; `fence` grows with every new holder, so that a late one can be told off.
leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("held_until", Utc, nullable=False),
)

mailbox_states = Table(
    "mailbox_states",
    metadata,
    Column("mailbox", Words, primary_key=True),
    Column("polled_at", Utc),  # last successful poll
    Column("failed_at", Utc),  # last failure since then
    Column("failures", Integer, nullable=False, default=0),  # in a row
    Column("error", Words),  # the last failure's sentence
    Column("notice", Words),  # what an operator should know: "no MOVE: messages stay in INBOX"
)
