"""What has been unwell for minutes -> one mail when it begins, one when it is over; the same that `status` tells (H3).

A fault that passes within minutes is nobody's business. What cannot be sent while the SMTP server takes nothing waits
in the outbox like any mail: then `intake status` and the log tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from sqlalchemy import Connection

from intake.errors import UserError
from intake.oauth import runs_out
from intake.outbox import agreements, standing
from intake.outbox.alerts import Alerts
from intake.outbox.views import Alert
from intake.rules.rota import NONE
from intake.rules.rulebook import Rulebook
from intake.store import ceilings, seen, state, work
from intake.store.database import Database
from intake.store.work import SMTP, WorkFault

THREADS = ("triage", "deliver", "digests", "escalate", "housekeeping", "rules", "scan")  # but those of mailboxes
FAILURES = 8  # in a row: some four minutes of trying

Deadline = Callable[[datetime], datetime]  # since when -> until when

_GOES_ON = "Nothing is lost: the service keeps trying and goes on by itself. `intake status` tells how it stands."
_MENDED = "It works again, and what had waited is being done."


@dataclass(frozen=True, slots=True)
class Alarms:
    """Looks at the store, and queues alerts. Each is told once while it lasts, whichever process sees it."""

    database: Database
    alerts: Alerts
    mailboxes: tuple[str, ...]
    secret_expires: date | None = None  # the last day of OAuth's client secret
    rulebook: Callable[[], Rulebook] | None = None  # the one in force
    zone: tzinfo = UTC  # whose date ends an agreement

    def look(self) -> int:
        """Tell what has become unwell, and what has mended; return how many mails that makes. Raises Temporary."""
        if self.alerts.address is None:
            return 0
        with self.database.transaction() as conn:
            now = self.database.clock(conn)
            told = sum(self._tell(conn, topic, title, error, now) for topic, title, error in self._topics(conn, now))
            told += self._secret(conn, now) + self._agreements(conn, now)
            return told + self._unseen(conn, now)

    def _secret(self, conn: Connection, now: datetime) -> bool:
        """Tell ahead, and once more when it is too late, that the client secret runs out (H5)."""
        if self.secret_expires is None:
            return False
        topic, title = "client secret", "A new client secret is needed"
        if said := runs_out(self.secret_expires, now.date()):
            return self.alerts.raised(conn, Alert(topic, title, "It is what mail is read and sent with.", (said,)), now)
        return self.alerts.mended(conn, Alert(topic, title, "There is a new one.", ()), now)

    def _agreements(self, conn: Connection, now: datetime) -> int:
        """Tell of agreements that are missing, over or near their end (D4)."""
        partners = self.rulebook().partners.values() if self.rulebook else ()
        return agreements.tell(conn, self.alerts, partners, now.astimezone(self.zone).date(), now)

    def _unseen(self, conn: Connection, now: datetime) -> bool:
        """Tell that nobody has seen a message for a working day, and once more that nothing waits so long (D6)."""
        topic, title = "unseen", "Nobody has looked at messages for a working day"
        if self.rulebook is None:
            return False
        if said := unlooked_at(conn, deadline(self.rulebook, self.zone), now):
            return self.alerts.raised(conn, Alert(topic, title, said, ()), now)
        return self.alerts.mended(conn, Alert(topic, title, "Somebody has seen them.", ()), now)

    def _tell(self, conn: Connection, topic: str, title: str, error: str | None, now: datetime) -> bool:
        if error is None:
            return self.alerts.mended(conn, Alert(topic, title, _MENDED, ()), now)
        return bool(error) and self.alerts.raised(conn, Alert(topic, title, f"{error}. {_GOES_ON}", ()), now)

    def _topics(self, conn: Connection, now: datetime) -> Iterator[tuple[str, str, str | None]]:
        """Yield (topic, title, sentence); None: it is well; "": neither well nor worth a mail."""
        states = {one.mailbox: one for one in state.mailbox_states(conn)}
        for name in self.mailboxes:
            one = states.get(name)
            failures, error = (one.failures, one.error) if one else (0, None)
            yield f"mailbox {name}", f"The mailbox {name} cannot be read", _lasting(failures, error)
        faults = {one.thread: one for one in work.faults(conn, now)}
        smtp = _fault(faults.get(SMTP))
        yield SMTP, "The SMTP server takes no mail", "" if smtp is None and standing.held(conn) else smtp
        for thread in THREADS:
            yield f"thread {thread}", f"The service fails at its work: {thread}", _fault(faults.get(thread))
        yield "acknowledgements", "More acknowledgements are due than may go out in an hour", crowded(conn)


def deadline(rulebook: Callable[[], Rulebook], zone: tzinfo) -> Deadline:
    """Return what tells when a working day is over: by the rota, or the usual one where the rules fail."""

    def over(since: datetime) -> datetime:
        try:
            kept = rulebook().rota
        except UserError:
            kept = NONE
        return kept.working_day_after(since, zone)

    return over


def unlooked_at(conn: Connection, deadline: Deadline, now: datetime) -> str | None:
    """Return the sentence for messages that nobody has seen for a working day; None where there are none."""
    waiting = seen.waiting(conn)
    if waiting.oldest is None or now < deadline(waiting.oldest):
        return None
    many = f"messages that nobody has seen: {waiting.messages}"
    return f"{many}, the oldest for more than a working day; see `intake case unseen`"


def crowded(conn: Connection) -> str | None:
    """Return the sentence for acknowledgements above the ceiling of the hour (S4); None where none waits for it."""
    if not ceilings.held_back(conn):
        return None
    return "As many acknowledgements as `limits.acknowledgements-per-hour` allows went out: is it a loop? Others wait"


def _fault(found: WorkFault | None) -> str | None:
    return _lasting(found.failures, found.error) if found else None


def _lasting(failures: int, error: str | None) -> str | None:
    if not failures:
        return None
    return (error or "") if failures >= FAILURES else ""
