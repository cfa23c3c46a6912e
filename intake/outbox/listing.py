"""What the bodies of a digest, and of the list of late messages, know of its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from intake.outbox.campaigns import Entry, entries
from intake.outbox.quoting import one_line
from intake.outbox.views import DigestItem, area_names, category_name, shown, when
from intake.rules.rulebook import Rulebook

SHOWN = 2_000  # entries of a digest that are shown with their words
EXCERPT = 400  # characters of a letter that a digest quotes
EXCERPTS = 400_000  # characters that all excerpts of a digest have together
SHORTEST = 40  # below this an excerpt says nothing and is left out


def digest(items: Sequence[DigestItem], rulebook: Rulebook, zone: ZoneInfo, now: datetime) -> Mapping[str, object]:
    """Return what the bodies of a digest know: entries by main category, the most urgent first, then the oldest.

    A backlog is shown as far as people and mail servers bear it; the rest is named.
    """
    found = entries(items)
    shown_ones, rest = found[:SHOWN], found[SHOWN:]
    length = min(EXCERPT, EXCERPTS // max(len(shown_ones), 1))
    length = length if length >= SHORTEST else 0
    groups: dict[str, list[Entry]] = {}
    for entry in shown_ones:
        groups.setdefault(entry.first.categories[0], []).append(entry)
    order = list(rulebook.categories)
    ordered = sorted(groups, key=lambda each: (-groups[each][0].urgency, _index(order, each), each))
    return {
        "groups": [
            {
                "name": category_name(category, rulebook),
                "count": sum(len(one.items) for one in groups[category]),
                "messages": [_entry(one, length, rulebook, zone, now) for one in groups[category]],
            }
            for category in ordered
        ],
        "more": [name(item) for entry in rest for item in entry.items],
    }


def name(item: DigestItem) -> str:
    """Return what an item is found by: its case's reference; the message's number where it has no case."""
    return item.reference or f"message {item.message_id}"


def _index(order: Sequence[str], category: str) -> int:
    return order.index(category) if category in order else len(order)


def _entry(entry: Entry, length: int, rulebook: Rulebook, zone: ZoneInfo, now: datetime) -> Mapping[str, object]:
    item, last = entry.first, entry.items[-1]
    others = dict.fromkeys(one for each in entry.items for one in each.categories[1:])
    areas = dict.fromkeys(one for each in entry.items for one in each.areas)
    return {
        "reference": ", ".join(name(one) for one in entry.items),
        "letters": len(entry.items),
        "senders": len({one.sender for one in entry.items}),
        "fellows": entry.fellows,
        "urgency": item.urgency.value,
        "arrived": when(item.arrived_at, zone),
        "age": _age(now - item.arrived_at),
        "last": when(last.arrived_at, zone),
        "others": [category_name(one, rulebook) for one in others],
        "areas": area_names(list(areas), rulebook),
        "formerly": one_line(item.formerly),
        "words": one_line(shown(item.own_words.strip() or item.subject, length, True)) if length else "",
    }


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    count, unit = (hours, "hour") if hours < 48 else (hours // 24, "day")
    return f"{count} {unit}{'' if count == 1 else 's'}"
