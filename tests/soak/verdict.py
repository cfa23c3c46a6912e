"""What must hold after the last kill, read from the mailbox, the store, the sink's record and the commands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from intake.store.database import Database
from tests.soak.letters import NOW, SERIAL, Letter
from tests.soak.sink import Mail

Rows = Sequence[Any]

DELIVERIES = """SELECT d.state, d.settled_at, m.subject FROM deliveries d LEFT JOIN messages m ON m.id = d.message_id"""
MESSAGES = """SELECT m.subject, m.reply_address, m.acknowledge, c.reference FROM messages m
LEFT JOIN cases c ON c.id = m.case_id"""
ITEMS = """SELECT i.partner, c.reference, m.subject, o.header_id FROM digest_items i
JOIN messages m ON m.id = i.message_id LEFT JOIN cases c ON c.id = m.case_id
LEFT JOIN digests d ON d.id = i.digest_id LEFT JOIN outbox o ON o.id = d.outbox_id"""
OUTBOX = """SELECT o.id, o.kind, o.state, o.partner, o.recipient, o.header_id, m.subject FROM outbox o
LEFT JOIN messages m ON m.id = o.message_id"""


@dataclass
class Verdict:
    """The figures, and a sentence for each promise that was broken."""

    delivered: int = 0  # mails that the mailbox's server took
    lost: int = 0  # of them without an outcome, or without their message
    doubled: int = 0  # messages stored twice
    acknowledged: int = 0  # residents
    acknowledged_twice: int = 0
    unacknowledged: int = 0  # due, without one, and without an unknown row that says so
    routed: int = 0  # mails to partners that had to go out at once
    routed_lost: int = 0
    sent_again: int = 0  # mails to partners that arrived more than once, under one Message-ID
    digest_items: int = 0
    unknown: list[str] = field(default_factory=list)  # rows whose fate nobody knows, as `intake outbox` lists them
    broken: list[str] = field(default_factory=list)  # sentences; empty when every promise held

    def check(self, true: object, sentence: str) -> None:
        """Note what was broken."""
        if not true:
            self.broken.append(sentence)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is looked at."""

    posted: Sequence[Letter]  # once for each time that the server took it
    mails: Sequence[Mail]
    database: Database
    in_mailbox: Mapping[str, int]  # folder -> messages
    settled_to: str  # the folder where all of them must be
    listed: Sequence[Mapping[str, Any]]  # `intake outbox --state unknown --json`
    status: Mapping[str, Any]  # `intake status --json`
    log: Path


def judge(seen: Evidence) -> Verdict:
    """Look at everything."""
    verdict = Verdict(delivered=len(seen.posted))
    tables = {
        name: _rows(seen.database, query)
        for name, query in {"deliveries": DELIVERIES, "messages": MESSAGES, "items": ITEMS, "outbox": OUTBOX}.items()
    }
    _stored(verdict, seen, tables["deliveries"], tables["messages"])
    _settled(verdict, seen, tables["deliveries"])
    _acknowledged(verdict, seen, tables["messages"], tables["outbox"])
    _routed(verdict, seen, tables["outbox"])
    _digests(verdict, seen, tables["items"], tables["outbox"])
    _told(verdict, seen, tables["outbox"])
    _log(verdict, seen.log)
    return verdict


def _stored(verdict: Verdict, seen: Evidence, deliveries: Rows, messages: Rows) -> None:
    """Promise 1: once, with one outcome."""
    due = Counter(letter.serial for letter in seen.posted)
    done = Counter(_serial(row.subject) for row in deliveries if row.state in {"recorded", "duplicate"})
    kept = Counter(_serial(row.subject) for row in messages)
    lost, more = due - done, done - due
    verdict.lost = lost.total() + len(due.keys() - kept.keys() - lost.keys())
    verdict.doubled = more.total() + sum(count - 1 for count in kept.values())
    verdict.check(not verdict.lost, f"lost: {_some(lost)}; without a message: {_some(due.keys() - kept.keys())}")
    verdict.check(not verdict.doubled, f"doubled: {_some([*more, *(one for one in kept if kept[one] > 1)])}")
    others = Counter(row.state for row in deliveries if row.state not in {"recorded", "duplicate"})
    verdict.check(not others, f"deliveries in other states: {dict(others)}")
    first = Counter(_serial(row.subject) for row in deliveries if row.state == "recorded")
    verdict.check(first == Counter(dict.fromkeys(due, 1)), "not every message has exactly one first delivery")


def _settled(verdict: Verdict, seen: Evidence, deliveries: Rows) -> None:
    """H1, F8: the mailbox is settled, and holds everything still."""
    verdict.check(all(row.settled_at for row in deliveries), "deliveries that are not settled")
    expected = dict.fromkeys(seen.in_mailbox, 0) | {seen.settled_to: len(seen.posted)}
    verdict.check(seen.in_mailbox == expected, f"the mailbox holds {dict(seen.in_mailbox)}, not {expected}")


def _acknowledged(verdict: Verdict, seen: Evidence, messages: Rows, outbox: Rows) -> None:
    """Promise 2: at most once; where not at all, an unknown row says so."""
    answers = Counter(mail.recipient for mail in seen.mails if mail.acknowledgement)
    by_id = Counter((m.recipient, m.in_reply_to) for m in seen.mails if m.acknowledgement and m.in_reply_to)
    due = {letter.group for letter in seen.posted if letter.group}
    unknown = {row.recipient for row in outbox if row.kind == "acknowledgement" and row.state == "unknown"}
    twice = [one for one, count in answers.items() if count > 1] + [one for one, count in by_id.items() if count > 1]
    verdict.acknowledged, verdict.acknowledged_twice = len(answers), len(twice)
    verdict.unacknowledged = len(due - answers.keys() - unknown)
    verdict.check(not twice, f"acknowledged twice: {_some(twice)}")
    verdict.check(not verdict.unacknowledged, f"never acknowledged: {_some(due - answers.keys() - unknown)}")
    verdict.check(not answers.keys() - due, f"acknowledged and not due: {_some(answers.keys() - due)}")
    decided = {row.reply_address for row in messages if row.acknowledge}
    verdict.check(decided == due, f"decided otherwise: {_some(decided ^ due)}")


def _routed(verdict: Verdict, seen: Evidence, outbox: Rows) -> None:
    """Promise 5: at least once, under one Message-ID; a second copy says so."""
    due = {(letter.serial, partner) for letter in seen.posted for partner in letter.now}
    rows = {(_serial(row.subject), row.partner): row for row in outbox if row.kind == "routed"}
    arrived = Counter(mail.header_id for mail in seen.mails)
    missing = [one for one in due if one not in rows or not arrived[rows[one].header_id]]
    verdict.routed, verdict.routed_lost = len(due), len(missing)
    verdict.check(not missing, f"never reached their partner: {_some(missing)}")
    shared = Counter(letter.group for letter in {letter.serial: letter for letter in seen.posted}.values())
    alone = {letter.serial for letter in seen.posted if shared[letter.group] == 1 or not letter.group}
    more = {one for one in rows if one not in due and one[0] in alone}  # who has a case hears of what joins it, too
    emergencies = {letter.serial for letter in seen.posted if letter.now == NOW["danger"]}
    more -= {(serial, "officers") for serial in emergencies}  # nobody took them within the minutes (O8)
    verdict.check(not more, f"routed and not due: {_some(more)}")
    ids = Counter(row.header_id for row in outbox)
    verdict.check(all(count == 1 for count in ids.values()), "two mails under one Message-ID")
    verdict.check(not arrived.keys() - ids.keys(), "mails went out under Message-IDs that the outbox does not know")
    again: defaultdict[str, list[Mail]] = defaultdict(list)
    for mail in seen.mails:
        again[mail.header_id].append(mail)
    later = [mail for mails in again.values() for mail in mails[1:]]
    verdict.sent_again = len(later)
    verdict.check(all(mail.second_copy for mail in later), "a second copy that does not say so")


def _digests(verdict: Verdict, seen: Evidence, items: Rows, outbox: Rows) -> None:
    """D1: every item is in one digest, whatever was killed."""
    digests = {row.header_id for row in outbox if row.kind == "digest"}
    listed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for mail in seen.mails:
        for reference in mail.references if mail.header_id in digests else ():
            listed[mail.recipient.partition("@")[0], reference].add(mail.header_id)
    verdict.digest_items = len(items)
    left = [_serial(row.subject) for row in items if row.header_id is None]
    verdict.check(not left, f"in no digest: {_some(left)}")
    wrong = [_serial(row.subject) for row in items if listed[row.partner, row.reference] != {row.header_id}]
    verdict.check(not wrong, f"not in exactly one digest that arrived: {_some(wrong)}")


def _told(verdict: Verdict, seen: Evidence, outbox: Rows) -> None:
    """O2, promise 5: what nobody knows is listed; nothing else is left."""
    unknown = {row.id for row in outbox if row.state == "unknown"}
    verdict.unknown = [f"{row['id']} {row['kind']} {row['reference']}: {row['reason_detail']}" for row in seen.listed]
    verdict.check({row["id"] for row in seen.listed} == unknown, "`intake outbox` does not list every unknown row")
    counted = seen.status["outbox"].get("unknown", 0)
    verdict.check(counted == len(unknown), f"`intake status` counts {counted} unknown rows of {len(unknown)}")
    said = any("may or may not have arrived" in one for one in seen.status["unwell"])
    verdict.check(said == bool(unknown), "`intake status` does not tell the unknown rows")
    others = [row.id for row in outbox if row.state == "unknown" and row.kind != "acknowledgement"]
    verdict.check(not others, f"mails to partners that nobody sends again: {_some(others)}")
    left = Counter(row.state for row in outbox if row.state not in {"sent", "unknown"})
    verdict.check(not left, f"the outbox is not at rest: {dict(left)}")


def _log(verdict: Verdict, log: Path) -> None:
    """No fault of ours showed on the way."""
    lines = log.read_text("utf-8", "replace").splitlines()
    odd = [line for line in lines if "unexpected" in line or "Traceback" in line or '"level": "error"' in line]
    odd = [line for line in odd if '"event": "rules faulty"' not in line]
    verdict.check(not odd, f"{len(odd)} lines of the log tell a fault of ours, like {''.join(odd[:1])[:600]}")


def _rows(database: Database, query: str) -> Rows:
    with database.read() as conn:
        return conn.execute(text(query)).all()


def _serial(subject: str | None) -> str:
    found = SERIAL.search(subject or "")
    return found[0] if found else "?"


def _some(things: Iterable[object]) -> str:
    found = sorted(map(str, things))
    return f"{len(found)} ({', '.join(found[:5])}{' …' if len(found) > 5 else ''})"
