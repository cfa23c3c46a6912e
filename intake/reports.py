"""What commands print: values into the words of a person, or into what JSON holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from glob import glob
from pathlib import Path
from typing import Any

from intake.daemon.health import Health
from intake.daemon.worker import Summary
from intake.errors import UserError


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


def summary(one: Summary) -> dict[str, Any]:
    """Return the summary of a pass for JSON."""
    return asdict(one)


def summary_text(one: Summary) -> str:
    """Return the summary of a pass for a person."""
    lines = [
        f"{one.kept} new messages kept, {one.triaged} sorted, {one.digests} digests made, {one.delivered} mails sent.",
        *(f"Fault: {fault}" for fault in one.faults),
    ]
    return "\n".join(lines)


def triage_text(one: dict[str, Any]) -> str:
    """Return what became of one message, for a person; `one` as `triage.as_object` gives it."""
    routes = ", ".join(f"{route['partner']} ({route['delivery']})" for route in one["routes"]) or "nobody"
    answer = one["acknowledge"]
    return "\n".join(
        [
            one["path"],
            f"  {one['kind']}" + (f": {one['reason']['detail']}" if one["reason"] else ""),
            f"  {', '.join(one['categories'])}; {one['urgency']}; {one['language']}",
            *([f"  flags: {', '.join(one['flags'])}"] if one["flags"] else []),
            f"  to: {routes}",
            f"  answer: {answer['template'] or 'none'} ({answer['reason']['detail']})",
            *(f"  because {e['rule']}: {', '.join(dict.fromkeys(e['words']))}" for e in one["evidence"]),
            *(f"  defect: {defect}" for defect in one["defects"]),
        ]
    )


def health_text(health: Health) -> str:
    """Return the service's health for a person: what is unwell first."""
    lines = [f"! {sentence}" for sentence in health.unwell] or ["All is well."]
    for mailbox in health.mailboxes:
        polled = f"polled {age(mailbox.since_poll)} ago" if mailbox.since_poll is not None else "never polled"
        lines.append(f"mailbox {mailbox.name}: {polled}" + (f"; {mailbox.notice}" if mailbox.notice else ""))
    lines += [
        f"inbox: {health.inbox.waiting} waiting, {health.inbox.recorded} sorted, {health.inbox.duplicates} copies",
        "outbox: " + (", ".join(f"{count} {state}" for state, count in health.outbox.items()) or "empty"),
        f"quarantine: {health.inbox.quarantined}",
    ]
    return "\n".join(lines)


def age(span: timedelta) -> str:
    """Return `span` in the largest unit that gives at least two: "90 seconds", "3 hours"."""
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
