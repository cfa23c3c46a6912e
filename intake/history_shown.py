"""What the commands about the stored history show: to a person as tables and sentences, to a script as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.reports import cell, count, printable
from intake.rules.rulebook import Rulebook
from intake.unmatched import Unmatched, stub
from intake.usage import Usage
from intake.whatif import Comparer, Move, Moved, Tally

MOST_REFERENCES = 40
MOST_VERSIONS = 5
IN_CATEGORIES = ("category", "also")  # moves that the list of a message's categories tells


def whatif_object(tally: Tally, comparer: Comparer) -> dict[str, Any]:
    """Return what would move, ready for JSON; no words of letters."""
    counts = sorted(tally.counts.items(), key=_order)
    return {
        "since": comparer.since.isoformat(),
        "before": comparer.pair.before.version,
        "after": comparer.pair.after.version,
        "messages": tally.messages,
        "moved": tally.moved,
        "counts": [move._asdict() | {"messages": number} for move, number in counts],
        "moves": [
            {
                "reference": one.reference,
                "arrived_at": one.arrived_at.isoformat(),
                "before": list(one.before),
                "after": list(one.after),
                "moves": [move._asdict() for move in one.moves],
            }
            for one in tally.first
        ],
    }


def whatif_text(tally: Tally, comparer: Comparer) -> RenderableType:
    """Return what would move: the counts, then the messages."""
    head = (
        f"{tally.moved} of {count(tally.messages, 'message')} since {_day(comparer.since, comparer.zone)} would move."
    )
    if not tally.moved:
        return Text(head)
    counts = _table("What would move", "what", "messages")
    for move, number in sorted(tally.counts.items(), key=_order):
        counts.add_row(_plain(_line(move)), str(number))
    told = _table("\nThe messages; those that would be less urgent first", "reference", "arrived", "what", "subject")
    for one in tally.first:
        lines = "\n".join([_categories(one), *(_line(move) for move in one.moves if move.what not in IN_CATEGORIES)])
        told.add_row(*map(_plain, (one.reference, cell(one.arrived_at, comparer.zone), lines, one.subject)))
    more = tally.moved - len(tally.first)
    listed = [told] if tally.first else []
    return Group(Text(head), Text(), counts, *listed, *([Text(f"and {more} more: see --limit")] if more else []))


def _order(item: tuple[Move, int]) -> tuple[int, int, Move]:
    move, number = item
    kinds = ("category", "urgency", "acknowledgement", "partner", "also", "flag", "tag")
    return kinds.index(move.what), -number, move


def _line(move: Move) -> str:
    return f"{f'{move.what} {move.which}'.strip()}: {move.before or 'no'} → {move.after or 'no'}"


def _categories(one: Moved) -> str:
    before, after = ", ".join(one.before), ", ".join(one.after)
    return before if before == after else f"{before} → {after}"


def unmatched_object(found: Unmatched, rulebook: Rulebook) -> dict[str, Any]:
    """Return what fell to `general`, ready for JSON; of letters only words that three senders share."""
    told = [one._asdict() for one in found.candidates]
    return asdict(found) | {"candidates": told, "stub": stub(found.candidates, rulebook)}


def unmatched_text(found: Unmatched) -> RenderableType:
    """Return the same for a person, but for the stub."""
    languages = ", ".join(f"{number} {language}" for language, number in found.languages.items())
    head = f"{count(found.messages, 'message')} fell to general" + (f": {languages}." if languages else ".")
    parts: list[RenderableType] = [Text(printable(head))]
    if found.references:
        more = len(found.references) - MOST_REFERENCES
        parts.append(Text(" ".join(found.references[:MOST_REFERENCES]) + (f" and {more} more" if more > 0 else "")))
    if found.candidates:
        table = _table(f"What sets them apart from {found.others} others", "words", "of these", "of the others")
        for one in found.candidates:
            table.add_row(_plain(one.words), str(one.letters), str(one.others))
        parts.append(table)
    elif found.messages:
        parts.append(Text("No words of three senders set them apart: read a few, they may have nothing in common."))
    return Group(*parts)


def usage_object(found: Usage) -> dict[str, Any]:
    """Return how much the rules are used, ready for JSON."""
    together = [{"rules": list(rules), "messages": number} for rules, number in found.together]
    return asdict(found) | {"together": together}


def usage_text(found: Usage, rulebook: Rulebook, since: datetime, zone: ZoneInfo) -> str:
    """Return the same for a person."""
    return printable("\n".join(_usage_lines(found, rulebook, since, zone)))


def _usage_lines(found: Usage, rulebook: Rulebook, since: datetime, zone: ZoneInfo) -> Iterator[str]:
    now = found.versions.get(rulebook.version, 0)
    yield f"{count(found.messages, 'message')} since {_day(since, zone)}, {now} of them sorted by the rules in force."
    others = [(version, number) for version, number in found.versions.items() if version != rulebook.version]
    for version, number in others[:MOST_VERSIONS]:
        yield f"  {number} by rulebook {version[:12]}"
    if others[MOST_VERSIONS:]:
        yield f"  {sum(number for _, number in others[MOST_VERSIONS:])} by {len(others) - MOST_VERSIONS} more rulebooks"
    for title, ids in (
        ("Rules that never fired", found.never),
        ("Categories that no message has", found.unassigned),
        ("Rules without an example that must match", found.without_match),
        ("Rules without an example that must not match", found.without_no_match),
    ):
        yield f"{title}: {', '.join(ids) or 'none'}"
    yield "Rules that only ever fired together:" + ("" if found.together else " none")
    for rules, number in found.together:
        yield f"  {', '.join(rules)}: {count(number, 'message')}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        is_number = column in ("messages", "of these", "of the others")
        whole = column in ("reference", "arrived")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=whole, overflow="fold")
    return table


def _plain(text: str) -> Text:
    return Text(printable(text))


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d %b %Y}"
