"""How the service is, and what about it wants attention (H3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from intake.daemon.alarms import Deadline, crowded, unlooked_at
from intake.outbox import closing, standing
from intake.outbox.queue import State
from intake.store import emergencies, rulebooks, seen, state, tasks, work
from intake.store.rulebooks import RulebookState
from intake.store.state import Counts, MailboxState
from intake.store.tasks import Task
from intake.store.work import WorkFault

POLLS_MISSED = 5  # polls that may fail to come before a mailbox counts as silent
UNDELIVERED = timedelta(minutes=30)  # how long a mail may wait
UNTRIAGED = timedelta(minutes=10)
_MEANINGS: Mapping[State, str] = {
    "unknown": "that may or may not have arrived",
    "given-up": "that could not be sent",
}
UNREACHED = timedelta(days=1)  # how long somebody in danger may wait to be reached safely
UNSEEN = timedelta(minutes=5)  # after which a process that says nothing counts as gone


@dataclass(frozen=True, slots=True)
class MailboxHealth:
    """One configured mailbox."""

    name: str
    since_poll: timedelta | None  # None: never polled
    failures: int  # in a row
    error: str | None
    notice: str | None


@dataclass(frozen=True, slots=True)
class Untaken:
    """An emergency that nobody has taken."""

    reference: str
    since: timedelta
    all_asked: bool  # in vain


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that `intake status` tells."""

    mailboxes: tuple[MailboxHealth, ...]
    rulebooks: tuple[RulebookState, ...]  # what each process that runs goes by
    inbox: Counts
    outbox: Mapping[str, int]  # rows by state, only states that there are
    oldest_undelivered: timedelta | None
    emergencies: tuple[Untaken, ...]
    unseen: int  # messages that no person has opened or ticked, those of a backlog apart
    oldest_unseen: timedelta | None
    unseen_backlog: int
    unwell: tuple[str, ...]  # sentences; empty when all is well
    tasks: int = 0  # people to be reached safely whom nobody has seen to
    unreviewed: tuple[str, ...] = ()  # languages of acknowledgements that nobody has reviewed
    notes: tuple[str, ...] = ()  # sentences: what was never set, and fails nothing by itself

    def as_object(self) -> dict[str, Any]:
        """Return all of it for JSON; spans in seconds, instants in ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def health(
    conn: Connection,
    poll_seconds: Mapping[str, int],
    faults: Sequence[str],
    now: datetime,
    deadline: Deadline,
) -> Health:
    """Look at the store. `poll_seconds` names the configured mailboxes; `faults` are known already, as sentences.

    `deadline` gives when a working day after an instant is over.
    """
    states = {one.mailbox: one for one in state.mailbox_states(conn)}
    looked_at, to_do = seen.waiting(conn), tasks.still_open(conn)
    found = Health(
        mailboxes=tuple(_mailbox(name, states.get(name), now) for name in poll_seconds),
        rulebooks=tuple(one for one in rulebooks.said(conn) if now - one.seen_at <= UNSEEN),
        inbox=state.counts(conn, now),
        outbox={name: count for name, count in standing.counts(conn).items() if count},
        oldest_undelivered=_undelivered(conn, now),
        emergencies=tuple(
            Untaken(one.reference, now - one.opened_at, one.state == "alerted") for one in emergencies.untaken(conn)
        ),
        unseen=looked_at.messages,
        oldest_unseen=None if looked_at.oldest is None else now - looked_at.oldest,
        unseen_backlog=looked_at.backlog,
        unwell=(),
        tasks=len(to_do),
    )
    unwell = [*_of_parts(found, faults, poll_seconds), *_of_work(conn, found, to_do, deadline, now)]
    return replace(found, unwell=tuple(dict.fromkeys(unwell)))


def _undelivered(conn: Connection, now: datetime) -> timedelta | None:
    oldest = standing.oldest(conn)
    return None if oldest is None else max(now - oldest, timedelta(0))


def _of_parts(found: Health, faults: Sequence[str], poll_seconds: Mapping[str, int]) -> Iterator[str]:
    """Yield what is wrong with emergencies, files, mailboxes, and what waits too long."""
    running = found.rulebooks
    yield from (_untaken(one) for one in found.emergencies if one.all_asked)
    yield from (fault for fault in faults if not any(fault == str(one.fault) for one in running))
    yield from (said for one in running if (said := _faulty(one)))
    yield from (said for one in found.mailboxes if (said := _silent(one, poll_seconds[one.name])))
    yield from _waiting(found.inbox, found.oldest_undelivered)


def _of_work(
    conn: Connection, found: Health, to_do: Sequence[Task], deadline: Deadline, now: datetime
) -> Iterator[str]:
    """Yield what people have not seen to, and what threads fail at."""
    yield from _owed(to_do, now)
    yield from _held(conn)
    yield from (said for said in (crowded(conn), unlooked_at(conn, deadline, now)) if said)
    yield from (_failing(one) for one in work.faults(conn, now) if one.thread != work.SMTP)
    yield from _for_a_person(found.inbox, closing.open_counts(conn))


def _mailbox(name: str, found: MailboxState | None, now: datetime) -> MailboxHealth:
    if found is None:
        return MailboxHealth(name, None, 0, None, None)
    since = None if found.polled_at is None else now - found.polled_at
    return MailboxHealth(name, since, found.failures, found.error, found.notice)


def _silent(mailbox: MailboxHealth, poll_seconds: int) -> str | None:
    if mailbox.error:
        return mailbox.error if mailbox.name in mailbox.error else f"mailbox {mailbox.name}: {mailbox.error}"
    if mailbox.since_poll is None:
        return f"mailbox {mailbox.name} has never been polled: is `intake run` running?"
    if mailbox.since_poll > timedelta(seconds=POLLS_MISSED * poll_seconds):
        return f"mailbox {mailbox.name} is not being polled: is `intake run` running?"
    return None


def _faulty(process: RulebookState) -> str | None:
    if process.fault is None:
        return None
    return (
        f"{process.fault}\n  until that is mended, mail is sorted by the rulebook from before: {process.version[:12]}"
    )


def _waiting(counts: Counts, undelivered: timedelta | None) -> list[str]:
    found = []
    if counts.oldest_waiting and counts.oldest_waiting > UNTRIAGED:
        found.append(
            f"messages that wait to be sorted: {counts.waiting}, the oldest for {_minutes(counts.oldest_waiting)}"
        )
    if undelivered and undelivered > UNDELIVERED:
        found.append(f"the oldest mail to be sent has waited for {_minutes(undelivered)}: see `intake outbox`")
    return found


def _owed(found: Sequence[Task], now: datetime) -> list[str]:
    late = [one for one in found if now - one.opened_at > UNREACHED]
    if not late:
        return []
    return [f"people to be reached safely, for more than a day: {len(late)}; see `intake case tasks`"]


def _held(conn: Connection) -> list[str]:
    why = standing.held(conn)
    return [f"the SMTP server takes nothing ({why}): mails wait for it"] if why else []


def _failing(one: WorkFault) -> str:
    tries = "once" if one.failures == 1 else f"{one.failures} times"
    return f"{one.thread} failed {tries} at {one.worker} and is tried again: {one.error}"


def _for_a_person(counts: Counts, mails: Mapping[State, int]) -> list[str]:
    found = []
    if counts.quarantined:
        found.append(f"quarantined messages: {counts.quarantined}; see `intake quarantine list`")
    for name, meaning in _MEANINGS.items():
        if mails.get(name):
            found.append(f"mails {meaning}: {mails[name]}; see `intake outbox`, and close or retry them")
    return found


def _untaken(one: Untaken) -> str:
    since = f"{one.reference} is an emergency that nobody has taken for {_minutes(one.since)}; all were asked"
    return f"{since}. Call somebody; then `intake case take {one.reference} --by NAME`"


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} minutes"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
