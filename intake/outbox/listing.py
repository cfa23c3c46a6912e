"""What the bodies of a digest, and of the list of late messages, know of items: what the partner may have (D4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from intake.outbox import owed
from intake.outbox.beside import NOTHING, Beside
from intake.outbox.campaigns import Entry, entries
from intake.outbox.chart import in_words
from intake.outbox.quoting import one_line
from intake.outbox.sharing import AGREEMENT, Terms, terms, words
from intake.outbox.views import DigestItem, age, shown, when
from intake.rules.rulebook import Partner, Rulebook, Sharing

SHOWN = 2_000  # entries of a digest that are shown with their words
EXCERPT = 400  # characters of a letter that a digest quotes
EXCERPTS = 400_000  # characters that all excerpts of a digest have together
SUBJECT = 80  # characters of the subject of a message that nobody has seen
SHORTEST = 40  # below this an excerpt says nothing and is left out


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told, when, and by which rulebook."""

    partner: Partner
    rulebook: Rulebook
    zone: ZoneInfo
    now: datetime

    def terms(self, item: DigestItem) -> Terms:
        """Return what the partner may have of an item (D4)."""
        today = self.now.astimezone(self.zone).date()
        return terms(self.partner, self.rulebook, item.flags, item.urgency, today)

    def words(self, item: DigestItem, limit: int) -> str:
        """Return at most `limit` characters of an item's words, or its subject, on one line; "" where none may go."""
        text = item.own_words if item.own_words.strip() else item.subject
        told = words(text, self.terms(item), item.writer, item.parts).strip()
        return one_line(shown(told, limit, True)) if limit else ""


def digest(found: Sequence[Entry], reader: Reader, beside: Beside = NOTHING) -> Mapping[str, object]:
    """Return what the bodies of a digest know: entries by main category, the most urgent first, then the oldest.

    `found` is what `listed` returns. A backlog is shown as far as people and mail servers bear it; the rest is named.
    """
    shown_ones, rest = found[:SHOWN], found[SHOWN:]
    length = excerpt(len(shown_ones))
    groups: dict[str, list[Entry]] = {}
    for entry in shown_ones:
        groups.setdefault(entry.first.categories[0], []).append(entry)
    order = list(reader.rulebook.categories)
    ordered = sorted(groups, key=lambda each: (-groups[each][0].urgency, _index(order, each), each))
    return {
        "groups": [
            {
                "name": reader.rulebook.category_name(category),
                "count": sum(len(one.items) for one in groups[category]),
                "messages": [_entry(one, length, reader) for one in groups[category]],
            }
            for category in ordered
        ],
        "more": [name(item) for entry in rest for item in entry.items],
        "lapsed": any(AGREEMENT in reader.terms(item).lowered_by for entry in found for item in entry.items),
        "weeks": in_words(beside.weeks) if any(week.messages for week in beside.weeks) else "",
        "unseen": [_line(item, reader) for item in beside.unseen],
        "unseen_more": beside.more,
        "tasks": owed.listed(beside.tasks, reader.zone, reader.now),
    }


def excerpt(count: int) -> int:
    """Return how many characters of each of so many letters are quoted; 0 where it would be too few to say anything."""
    length = min(EXCERPT, EXCERPTS // max(count, 1))
    return length if length >= SHORTEST else 0


def name(item: DigestItem) -> str:
    """Return what an item is found by: its case's reference; the message's number where it has no case."""
    return item.reference or f"message {item.message_id}"


def listed(items: Sequence[DigestItem], reader: Reader) -> list[Entry]:
    """Return the items in entries: what is only counted is one entry a category, urgency and former partner."""
    counted: dict[object, list[DigestItem]] = {}
    for item in items:
        if is_counted(item, reader):
            counted.setdefault((item.categories[0], item.urgency, item.formerly), []).append(item)
    found = entries([item for item in items if not is_counted(item, reader)])
    found += [Entry(tuple(each)) for each in counted.values()]
    return sorted(found, key=Entry.order)


def is_counted(item: DigestItem, reader: Reader) -> bool:
    """Tell whether the partner may know no more of an item than that there is one."""
    return reader.terms(item).level is Sharing.COUNTS


def _line(item: DigestItem, reader: Reader) -> Mapping[str, object]:
    dated = reader.terms(item).has("arrived")
    return {
        "reference": name(item),
        "category": reader.rulebook.category_name(item.categories[0]),
        "urgency": item.urgency.value,
        "age": age(reader.now - item.arrived_at) if dated else "",
        "subject": reader.words(replace(item, own_words="", parts=()), SUBJECT),
    }


def _index(order: Sequence[str], category: str) -> int:
    return order.index(category) if category in order else len(order)


def _entry(entry: Entry, length: int, reader: Reader) -> Mapping[str, object]:
    item, rulebook = entry.first, reader.rulebook
    cases = [name(one) for one in entry.items]
    dated = reader.terms(item).has("arrived")
    others = _distinct(each.categories[1:] for each in entry.items)
    return {
        "reference": ", ".join(cases),
        "cases": cases,
        "letters": len(entry.items),
        "counted": is_counted(item, reader),
        "senders": len({one.sender for one in entry.items}),
        "fellows": entry.fellows,
        "urgency": item.urgency.value,
        "arrived": when(item.arrived_at, reader.zone) if dated else "",
        "age": age(reader.now - item.arrived_at) if dated else "",
        "last": when(entry.items[-1].arrived_at, reader.zone) if dated else "",
        "others": [rulebook.category_name(one) for one in others],
        "areas": rulebook.area_names(_distinct(each.areas for each in entry.items)),
        "formerly": one_line(item.formerly),
        "words": reader.words(item, length),
    }


def _distinct(lists: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(one for each in lists for one in each))
