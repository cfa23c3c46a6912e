"""How much rules are used, by the stored history: what never fires, what fires only together, what has no examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from intake.rules.program import Rule
from intake.rules.rulebook import Rulebook
from intake.store import history
from intake.store.database import Database

OFTEN = 5  # messages on which rules must have fired together before that is told


@dataclass(frozen=True, slots=True)
class Usage:
    """What became of the rules of one rulebook in the stored history."""

    messages: int
    versions: Mapping[str, int]  # rulebooks that sorted them -> how many each
    fired: Mapping[str, int]  # rule id -> messages, the most first
    never: tuple[str, ...]  # ids of rules that never fired, in the order they are asked
    together: tuple[tuple[tuple[str, ...], int], ...]  # (ids of rules that only ever fired together, messages)
    without_match: tuple[str, ...]  # ids of rules without examples that must match
    without_no_match: tuple[str, ...]  # ids of rules without examples that must not
    unassigned: tuple[str, ...]  # categories that no message has


def usage(database: Database, rulebook: Rulebook, since: datetime, step: Callable[[int], None]) -> Usage:
    """Count what the messages that arrived since then were sorted by; nothing is judged again. Raises Temporary."""
    versions: Counter[str] = Counter()
    messages_of: dict[str, list[int]] = defaultdict(list)
    with database.read() as conn:
        for number, one in enumerate(history.fired(conn, since)):
            step(1)
            versions[one.rulebook] += 1
            for rule in one.rules:
                messages_of[rule].append(number)
        assigned = history.assigned(conn, since)
    rules: tuple[Rule, ...] = rulebook.program.rules
    fired = Counter({rule.id: len(messages_of[rule.id]) for rule in rules if rule.id in messages_of})
    return Usage(
        messages=versions.total(),
        versions=dict(versions.most_common()),
        fired=dict(fired.most_common()),
        never=tuple(rule.id for rule in rules if rule.id not in fired),
        together=_together({rule: messages_of[rule] for rule in fired}),
        without_match=tuple(rule.id for rule in rules if not rule.examples.match),
        without_no_match=tuple(rule.id for rule in rules if not rule.examples.no_match),
        unassigned=tuple(one for one in rulebook.categories if one not in assigned),
    )


def _together(messages_of: Mapping[str, list[int]]) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return the groups of rules that fired on exactly the same messages, often enough; the most used first."""
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for rule, numbers in messages_of.items():
        if len(numbers) >= OFTEN:
            groups[tuple(numbers)].append(rule)
    found = [(tuple(rules), len(numbers)) for numbers, rules in groups.items() if len(rules) > 1]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))
