"""How a mailbox's account is shown: ranges of UIDs by outcome, what is gone, and whether it proves promise 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from intake.reconcile import Account, FolderAccount
from intake.reports import printable

_SHOWN = 50  # faults that are shown; the rest is counted


def account_text(account: Account, zone: ZoneInfo) -> str:
    """Return what a person reads of one mailbox."""
    polled = f"last polled {account.polled_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if account.polled_at else ""
    lines = [f"mailbox {account.mailbox}: {polled or 'never polled'}"]
    for folder in account.folders:
        lines += _folder(folder)
    if account.gone:
        lines.append(f"  in none of these folders any more: {_counted(account.gone.items())}")
    return printable("\n".join([*lines, *_verdict(account)]))


def account_object(account: Account) -> dict[str, Any]:
    """Return all of it for JSON: every UID with its outcome."""
    return {
        "mailbox": account.mailbox,
        "polled_at": account.polled_at.isoformat() if account.polled_at else None,
        "proven": account.proven,
        "folders": [
            {
                "folder": folder.folder,
                "uidvalidity": folder.uidvalidity,
                "moved_to": folder.moved_to,
                "messages": [
                    {"uid": one.uid, "outcome": one.outcome, "reference": one.reference or None}
                    for one in folder.messages
                ],
            }
            for folder in account.folders
        ],
        "gone": dict(account.gone),
        "faults": list(account.faults),
    }


def ranges(uids: Sequence[int]) -> str:
    """Return ascending UIDs as IMAP writes sets of them: `1:5,7,9:12` (RFC 9051 §9)."""
    parts: list[list[int]] = []
    for uid in uids:
        if parts and uid == parts[-1][1] + 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in parts)


def _folder(folder: FolderAccount) -> Iterator[str]:
    moved = "; messages are moved here" if folder.moved_to else ""
    yield f"  {folder.folder} (UIDVALIDITY {folder.uidvalidity}{moved}): {_messages(len(folder.messages))}"
    by_outcome: dict[str, list[int]] = defaultdict(list)
    for one in folder.messages:
        by_outcome[one.outcome].append(one.uid)
    for outcome, uids in sorted(by_outcome.items(), key=lambda item: -len(item[1])):
        yield f"    {outcome}: {len(uids)}: {ranges(uids)}"


def _verdict(account: Account) -> Iterator[str]:
    if account.proven:
        yield "  every message has one outcome, or came after the last poll"
        return
    yield "  not every message has one outcome:"
    yield from (f"    {sentence}" for sentence in account.faults[:_SHOWN])
    if len(account.faults) > _SHOWN:
        yield f"    and {len(account.faults) - _SHOWN} more; --json tells all of them"


def _counted(pairs: Any) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in pairs)


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
