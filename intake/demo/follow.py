"""What the store says about each letter of the demo, and whether that is what should have become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from intake.demo.post import Posted
from intake.demo.servers import Sent
from intake.errors import Temporary
from intake.store.database import Database, pending
from intake.store.tables import deliveries, digest_items, mailbox_states, message_categories, messages, outbox

MAILBOX = "main"  # its name in the shipped config.yaml


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that a letter caused."""

    kind: str  # acknowledgement, routed
    partner: str | None
    state: str  # as in the outbox
    header_id: str
    due_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Copy:
    """One delivery of a letter, as the ledger has it."""

    state: str  # waiting, recorded, duplicate, quarantined
    kept_at: datetime
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """What the service made of a letter."""

    kind: str
    language: str
    category: str  # the main one
    urgency: str
    template: str | None  # of the acknowledgement; None: no answer
    why: str  # the code of the reason for that
    mails: tuple[Mail, ...]
    digests: tuple[str, ...]  # ids of the partners whose digests list it


@dataclass(frozen=True, slots=True)
class Progress:
    """One letter as far as it has come."""

    posted: Posted
    copies: tuple[Copy, ...]
    sorted: Sorted | None
    arrivals: Mapping[str, int]  # Message-ID of our mails -> how often it came out

    @property
    def answer(self) -> Mail | None:
        """The acknowledgement, as the outbox has it."""
        mails = self.sorted.mails if self.sorted else ()
        return next((mail for mail in mails if mail.kind == "acknowledgement"), None)

    def settled(self, now: datetime) -> bool:
        """Whether nothing more will happen: every copy has its outcome, every mail that is due came out."""
        outcomes = len(self.copies) == len(self.posted.uids) and all(copy.state != "waiting" for copy in self.copies)
        mails = self.sorted.mails if self.sorted else ()
        return outcomes and not any(self._under_way(mail, now) for mail in mails)

    def _under_way(self, mail: Mail, now: datetime) -> bool:
        if mail.state == "sent":
            return not self.arrivals.get(mail.header_id)
        return mail.state == "sending" or (mail.state in ("queued", "due-later") and mail.due_at <= now)

    def faults(self, now: datetime) -> list[str]:
        """Say what did not become of the letter as it should have, a few words each."""
        states = Counter(copy.state for copy in self.copies)
        lost = len(self.posted.uids) - states["recorded"] - states["duplicate"] - states["quarantined"]
        checks = (
            (lost > 0, f"{lost} of its {len(self.posted.uids)} copies not sorted"),
            (states["quarantined"] > 0, "quarantined"),
            (states["recorded"] > 1, f"recorded {states['recorded']} times"),
        )
        found = [fault for wrong, fault in checks if wrong]
        return found + self._sorted_faults(self.sorted, now) if self.sorted else found

    def _sorted_faults(self, made: Sorted, now: datetime) -> list[str]:
        letter = self.posted.letter
        answers = sum(mail.kind == "acknowledgement" and mail.state == "sent" for mail in made.mails)
        checks = (
            (made.kind != letter.kind, f"taken for {made.kind} instead of {letter.kind}"),
            (answers != letter.acknowledgements, f"{answers} acknowledgements instead of {letter.acknowledgements}"),
            *((self._under_way(mail, now), f"{mail.kind} did not come out: {mail.state}") for mail in made.mails),
            *((mail.state in ("given-up", "unknown"), f"{mail.kind} {mail.state}") for mail in made.mails),
            *((self.arrivals.get(mail.header_id, 0) > 1, f"{mail.kind} came out twice") for mail in made.mails),
        )
        return [fault for wrong, fault in checks if wrong]


def is_up(database: Database) -> bool:
    """Whether the service has made its database and read the mailbox for the first time."""
    if database.path is None or not database.path.exists():
        return False
    try:
        if pending(database):
            return False
        with database.read() as conn:
            return conn.execute(select(mailbox_states.c.polled_at)).scalars().first() is not None
    except Temporary:  # it is being made
        return False


def follow(database: Database, posted: Sequence[Posted], sent: Sequence[Sent]) -> list[Progress]:
    """Read how far each letter has come. Raises as `Database.read` does."""
    arrivals = Counter(mail.header_id for mail in sent)
    with database.read() as conn:
        copies, told = _copies(conn), _sorted(conn)
    return [_progress(one, copies, told, arrivals) for one in posted]


def waiting(database: Database) -> dict[str, int]:
    """Return how many items wait for each partner's next digest; raises as `Database.read` does."""
    query = select(digest_items.c.partner, func.count()).where(digest_items.c.digest_id.is_(None))
    with database.read() as conn:
        return {row[0]: row[1] for row in conn.execute(query.group_by(digest_items.c.partner))}


def _progress(
    posted: Posted, copies: Mapping[str, Copy], told: Mapping[int, Sorted], arrivals: Mapping[str, int]
) -> Progress:
    own = tuple(copies[uid] for uid in posted.uids if uid in copies)
    ids = [copy.message_id for copy in own if copy.message_id is not None]
    return Progress(posted, own, told.get(ids[0]) if ids else None, arrivals)


def _copies(conn: Connection) -> dict[str, Copy]:
    ledger = deliveries.c
    query = select(ledger.uid, ledger.state, ledger.first_seen_at, ledger.message_id)
    return {row[0]: Copy(*row[1:]) for row in conn.execute(query.where(ledger.mailbox == MAILBOX))}


def _sorted(conn: Connection) -> dict[int, Sorted]:
    mails, digests = _mails(conn), _digests(conn)
    stored = messages.c
    query = select(
        stored.id,
        stored.kind,
        stored.language,
        message_categories.c.category,
        stored.urgency,
        stored.acknowledge,
        stored.acknowledge_code,
    ).join(message_categories, (message_categories.c.message_id == stored.id) & (message_categories.c.rank == 0))
    return {
        row[0]: Sorted(*row[1:], tuple(mails.get(row[0], ())), tuple(digests.get(row[0], ())))
        for row in conn.execute(query)
    }


def _mails(conn: Connection) -> dict[int, list[Mail]]:
    found: dict[int, list[Mail]] = {}
    row = outbox.c
    query = select(row.message_id, row.kind, row.partner, row.state, row.header_id, row.due_at, row.sent_at)
    for message_id, *mail in conn.execute(query.where(row.message_id.is_not(None)).order_by(row.id)):
        found.setdefault(message_id, []).append(Mail(*mail))
    return found


def _digests(conn: Connection) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for message_id, partner in conn.execute(select(digest_items.c.message_id, digest_items.c.partner)):
        found.setdefault(message_id, []).append(partner)
    return found
