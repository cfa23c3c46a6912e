"""What an admin looks at while writing rules: a message, from a file or the store, and the account of it (R7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from intake.errors import UserError
from intake.mail.values import Language, Read, Reason
from intake.rules.explain import Explanation, Why, explain, why
from intake.rules.schema import schemas
from intake.store import cases, history
from intake.store.cases import StoredMessage
from intake.store.database import Database
from intake.triage import Sorter, judge
from intake.yamlshape import meant

_EVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a message when it came, under other rules than today's."""

    at: datetime
    rulebook: str  # version
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    flags: tuple[str, ...]
    urgency: str
    acknowledge: str | None
    partners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One message with the account of what rules make of it."""

    what: str  # path of the file, or case reference
    sender: str
    kind: str
    kind_reason: Reason | None
    language: Language
    acknowledge: str | None  # template; None: no answer
    acknowledge_reason: Reason
    explanation: Explanation
    why: Why | None  # of the one rule that was asked about
    recorded: Recorded | None  # None of a file, and where the rules are the same


def write_schemas(folder: Path) -> list[Path]:
    """Write a JSON Schema for every kind of rule file into `folder`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, made in schemas().items():
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.append(path)
    return written


def of_file(path: Path, sorter: Sorter, rule: str | None) -> Account:
    """Return the account of a message in a file. Raises UserError where it cannot be read or there is no such rule."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    found = sorter.read(raw, None, late=False)
    return _account(str(path), found, sorter, rule, None)


def of_stored(database: Database, what: str, sorter: Sorter, rule: str | None) -> Iterator[Account]:
    """Yield the account of every stored message of a case, or with a Message-ID, under the sorter's rules.

    Raises UserError where there is none, or no such rule; Temporary.
    """
    with database.read() as conn:
        stored = cases.named(conn, what)
        if not stored:
            raise UserError(f"there is no file, no case and no stored message `{what}`")
        for reference, message in stored:
            ids = range(message.id, message.id + 1)
            for past in history.pasts(conn, ids, _EVER, sorter.zone, sorter.read):
                yield _account(reference, past.read, sorter, rule, message)


def _account(what: str, found: Read, sorter: Sorter, rule: str | None, stored: StoredMessage | None) -> Account:
    rulebook, facts = sorter.rulebook, found.facts
    judged = judge(found, rulebook)
    asked = why(facts, rulebook, judged.decision, rule) if rule else None
    if rule and asked is None:
        hint = meant(rule, [one.id for one in rulebook.program.rules])
        raise UserError(f"there is no rule `{rule}`" + (f": {hint}" if hint else ""))
    return Account(
        what=what,
        sender=facts.message.author.address,
        kind=judged.kind.value,
        kind_reason=judged.reason,
        language=facts.language,
        acknowledge=judged.acknowledge,
        acknowledge_reason=judged.acknowledge_reason,
        explanation=explain(facts, rulebook, judged.decision),
        why=asked,
        recorded=_recorded(stored) if stored and stored.rulebook != rulebook.version else None,
    )


def _recorded(stored: StoredMessage) -> Recorded:
    return Recorded(
        at=stored.recorded_at,
        rulebook=stored.rulebook,
        categories=stored.categories,
        tags=stored.tags,
        flags=stored.flags,
        urgency=stored.urgency,
        acknowledge=stored.acknowledge,
        partners=tuple(route.partner for route in stored.routes),
    )
