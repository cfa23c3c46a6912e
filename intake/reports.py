"""What commands print: values into the words of a person, or into what JSON holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import glob
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from intake.daemon.health import Health
from intake.daemon.worker import Summary
from intake.errors import UserError
from intake.mail.message import Attachment
from intake.store.cases import Case, Mail, Taking
from intake.store.tasks import Task


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    path: str
    kept: int  # messages that were not in the ledger
    copies: int  # of those, copies of messages that were stored already
    quarantined: int


def message_files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that `patterns` name: files, globs, or every .eml below a folder. UserError where none does."""
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            matches = sorted(one for one in path.rglob("*.eml") if one.is_file())
        elif path.exists():
            matches = [path]
        else:
            matches = sorted(Path(one) for one in glob(pattern, recursive=True) if Path(one).is_file())  # noqa: PTH207
        if not matches:
            raise UserError(f"no message is at {pattern}: name files, a glob, or a folder that holds .eml files")
        found += matches
    return found


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})  # Unicode categories: controls, and what ends lines beside them


def summary_text(one: Summary) -> str:
    """Return the summary of a pass for a person."""
    done = (
        f"{count(one.kept, 'new message')} kept, {one.triaged} sorted, "
        f"{count(one.digests, 'digest')} made, {count(one.delivered, 'mail')} sent."
    )
    waiting = [f"{count(one.waiting, 'mail')} to be sent later: see `intake outbox`."] if one.waiting else []
    return "\n".join([done, *waiting, *(f"Fault: {fault}" for fault in one.faults)])


def count(number: int, thing: str) -> str:
    """Return "1 mail", "2 mails"; `thing` is a word with a regular plural."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def triage_text(one: dict[str, Any]) -> str:
    """Return what became of one message, for a person; `one` as `triage.as_object` gives it."""
    routes = ", ".join(f"{route['partner']} ({route['delivery']})" for route in one["routes"]) or "nobody"
    answer = one["acknowledge"]
    lines = [
        one["path"],
        f"  {one['kind']}" + (f": {one['reason']['detail']}" if one["reason"] else ""),
        f"  {', '.join(one['categories'])}; {one['urgency']}; {one['language']}",
        *([f"  flags: {', '.join(one['flags'])}"] if one["flags"] else []),
        *([f"  areas: {', '.join(one['areas'])}"] if one["areas"] else []),
        f"  to: {routes}",
        f"  answer: {answer['template'] or 'none'} ({answer['reason']['detail']})",
        *(_because(e["rule"], e["words"]) for e in one["evidence"]),
        *(f"  defect: {defect}" for defect in one["defects"]),
    ]
    return printable("\n".join(lines))


def _because(rule: str, words: Iterable[str]) -> str:
    found = ", ".join(dict.fromkeys(words))
    return f"  because {rule}" + (f": {found}" if found else "")


def health_text(health: Health, zone: ZoneInfo) -> str:
    """Return the service's health for a person: what is unwell first."""
    wanted = bool(health.emergencies or health.tasks)
    well = "The service is well. People are wanted for what stands below." if wanted else "All is well."
    lines = [f"! {sentence}" for sentence in health.unwell] or [well]
    lines += [f"note: {sentence}" for sentence in health.notes]
    for mailbox in health.mailboxes:
        polled = f"polled {age(mailbox.since_poll)} ago" if mailbox.since_poll is not None else "never polled"
        lines.append(f"mailbox {mailbox.name}: {polled}" + (f"; {mailbox.notice}" if mailbox.notice else ""))
    for process in health.rulebooks:
        faulty = f"; the files have been faulty since {cell(process.fault.since, zone)}" if process.fault else ""
        where = f" at {process.worker}" if len(health.rulebooks) > 1 else ""
        lines.append(f"rulebook {process.version[:12]}: in force{where} since {cell(process.since, zone)}{faulty}")
    lines += [
        f"inbox: {health.inbox.waiting} waiting, {health.inbox.recorded} sorted; {health.inbox.duplicates} were copies",
        "outbox: " + (", ".join(f"{number} {state}" for state, number in health.outbox.items()) or "empty"),
        f"quarantine: {health.inbox.quarantined}",
        *([f"people to reach safely: {health.tasks}; see `intake case tasks`"] if health.tasks else []),
        *(f"emergency {one.reference}: nobody has taken it for {age(one.since)}" for one in health.emergencies),
        f"unseen: {_unseen(health)}",
        *_unreviewed(health.unreviewed),
    ]
    return "\n".join(lines)


def _unreviewed(tags: Sequence[str]) -> list[str]:
    if not tags:
        return []
    return [f"acknowledgements: nobody has reviewed {count(len(tags), 'language')}: {', '.join(tags)}"]


def _unseen(health: Health) -> str:
    oldest = f", the oldest for {age(health.oldest_unseen)}" if health.oldest_unseen is not None else ""
    backlog = f"; {health.unseen_backlog} of a backlog" if health.unseen_backlog else ""
    return f"{health.unseen}{oldest}{backlog}"


def age(span: timedelta) -> str:
    """Return `span` in the largest unit that gives at least two: "90 seconds", "3 hours"."""
    seconds = int(span.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return count(seconds // size, unit)
    return count(seconds, "second")


def imported_text(one: Imported, size: int) -> str:
    """Return what an import did, for a person."""
    parts = [f"{count(size, 'message')} read", f"{one.kept - one.copies - one.quarantined} new"]
    if known := size - one.kept + one.copies:
        parts.append(f"{known} already here")
    if one.quarantined:
        parts.append(f"{one.quarantined} quarantined: see `intake quarantine list`")
    return f"{one.path}: {', '.join(parts)}"


def cell(value: object, zone: ZoneInfo) -> str:
    """Return a table's cell: instants as wall clock, nothing as nothing, control characters and line ends as spaces."""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%d %b %H:%M}"
    return "" if value is None else printable(str(value))


def printable(text: str) -> str:
    """Return `text` without what could drive a terminal: control characters and bidi overrides become spaces."""
    return "".join(
        " " if one != "\n" and (unicodedata.category(one) in _UNSEEN or one in _BIDI) else one for one in text
    )


def _verdict(attachment: Attachment) -> str:
    return f", {attachment.verdict}" if attachment.verdict else ""


def _mail(mail: Mail) -> str:
    why = f" ({mail.reason_detail})" if mail.reason_detail else ""
    return f"{mail.kind} to {mail.partner or mail.recipient}: {mail.state}{why}"


def _standing(case: Case, zone: ZoneInfo) -> list[str]:
    """Return how a case stands: what it may belong to, and who has taken it."""
    closed = f", closed {cell(case.closed_at, zone)}" if case.closed_at else ""
    again = f", opened again {cell(case.reopened_at, zone)}" if case.reopened_at and not closed else ""
    return [
        f"{case.reference}, opened {cell(case.opened_at, zone)}{closed}{again}",
        *([f"may belong to {case.may_belong_to}"] if case.may_belong_to else []),
        *(f"{one} may belong to this case" for one in case.named_by),
        *(_taking(one, zone) for one in case.taken),
        *(_task(one, zone) for one in case.tasks),
    ]


def _taking(one: Taking, zone: ZoneInfo) -> str:
    partner = f" ({one.partner})" if one.partner else ""
    return f"taken by {one.taken_by}{partner}, {cell(one.taken_at, zone)}"


def _task(task: Task, zone: ZoneInfo) -> str:
    if task.done_at:
        return f"to be reached safely: done by {task.done_by}, {cell(task.done_at, zone)}"
    since = cell(task.opened_at, zone)
    return f"to be reached safely since {since}: tick it off by `intake case done {task.reference}`"


def case_text(case: Case, zone: ZoneInfo) -> str:
    """Return a case for a person: each message with what was decided and why, then the mails that went out."""
    lines = _standing(case, zone)
    for one in case.messages:
        whose = f"Note of {one.note_of}: " if one.note_of else ""
        name = f"{one.from_name} " if one.from_name else ""
        lines += ["", f"{whose}{name}<{one.from_address}>, {cell(one.arrived_at, zone)}: {one.subject}"]
        lines += [f"  threading: {one.threading.detail}"] if one.threading else []
        lines += [f"  {one.kind}; {', '.join(one.categories)}; {one.urgency}; {one.language}"]
        lines += [f"  flags: {', '.join(one.flags)}"] if one.flags else []
        lines += [f"  areas: {', '.join(one.areas)}"] if one.areas else []
        lines += [f"  seen by {one.seen_by or 'somebody'}, {cell(one.seen_at, zone)}"] if one.seen_at else []
        lines += [f"  answer: {one.acknowledge or 'none'} ({one.acknowledge_reason.detail})"]
        lines += [_because(why.rule, [span.text for span in why.spans]) for why in one.evidence]
        lines += [f"  attached: {two.name} ({two.type}, {two.size} bytes{_verdict(two)})" for two in one.attachments]
        lines += [one.left_behind] if one.left_behind else []
        lines += ["", one.full_text.strip()]
    lines += ["", *(_mail(one) for one in case.mails)]
    return printable("\n".join(lines))
