"""Two rulebooks over one message: a rule that both have is asked once, so that what-if costs little more than triage.

What a rule makes of a message follows from the rule, the lists and areas that it names, and the message; no other rule
changes that. So the rules of the second rulebook that the first has too are taken from there, and the others are
compiled apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple

from intake import yamlfile
from intake.mail.values import Decision, Evidence, Facts
from intake.rules.conditions import Told
from intake.rules.decide import asked, conclude, fires, look, recalled
from intake.rules.files import AREAS, CATEGORIES, GOLDEN, PARTNERS
from intake.rules.load import load_files
from intake.rules.program import Program, Rule
from intake.rules.rota_shape import FILE as ROTA
from intake.rules.rulebook import Rulebook
from intake.rules.unreadable import RULE as UNREADABLE
from intake.rules.weigh import Fired, Firings

_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class Counted(NamedTuple):
    """What was kept of a rule that fired."""

    rule: str  # id
    times: int
    words: tuple[str, ...]  # the different words that counted by themselves, in normal form


Kept = Sequence[Counted]  # of one message, in the order in which its rules were asked


class _Held(NamedTuple):
    """A rule that holds of a message."""

    rule: Rule
    fired: Fired
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rulebooks, and what of the second is not in the first."""

    before: Rulebook
    after: Rulebook  # without its program in another process: only what it says beside its rules is read
    rest: Rulebook  # the rules that only `after` has, or has otherwise
    order: Mapping[str, int]  # rule id -> its place in `after`
    shared: frozenset[str]  # ids of the rules that both have
    rules: Mapping[str, Rule]  # of `before`, by id
    alike: bool  # whether what they say beside their rules is the same, so that the same rules decide the same

    @classmethod
    def of(cls, before: Rulebook, after: Rulebook) -> Pair:
        """Compare the rulebooks' files and compile what differs."""
        known, wanted = _meanings(before), _meanings(after)
        shared = frozenset(id_ for id_, meaning in wanted.items() if known.get(id_) == meaning)
        order = {rule.id: n for n, rule in enumerate(after.program.rules)}
        rest = load_files(_without(after, shared))
        rules = {rule.id: rule for rule in before.program.rules}
        return cls(before, after, rest, order, shared, rules, alike=_aside(before) == _aside(after))

    def __reduce__(self) -> Any:
        """Go to another process without the rules of `after` that `before` has too."""
        after = replace(self.after, program=None)
        return Pair, (self.before, after, self.rest, self.order, self.shared, self.rules, self.alike)

    def decide(self, facts: Facts, kept: Kept | None = None) -> tuple[Decision, Decision]:
        """Return what each makes of a message, as `decide` does, but for places of words, near misses and areas.

        `kept` is what was kept of the message when `before` sorted it: then its rules are not asked again.
        """
        known = self._recalled(kept) if kept is not None else None
        if known is None:
            known = _held(facts, self.before.program)
        others = _held(facts, self.rest.program)
        places = [(self.order[one.rule.id], one) for one in (*(k for k in known if k.rule.id in self.shared), *others)]
        again = [one for _, one in sorted(places, key=itemgetter(0))]
        decision = _decided(facts, self.before, known)
        if self.alike and again == known:
            return decision, replace(decision, rulebook=self.after.version)
        return decision, _decided(facts, self.after, again)

    def _recalled(self, kept: Kept) -> list[_Held] | None:
        """Return what held of a message; None where a rule ended the walk, so that later ones were never asked."""
        rules = [(self.rules[one.rule], one) for one in kept if one.rule != UNREADABLE]
        if any(rule.effects.stop for rule, _ in rules):
            return None
        return [_Held(rule, *recalled(rule, one.times, one.words)) for rule, one in rules]


def _aside(rulebook: Rulebook) -> Any:
    """Return what a rulebook says beside its rules, to be compared; of equals among categories the order decides."""
    bare = replace(rulebook, version="", files={}, program=None)
    return bare, tuple(rulebook.categories), tuple(rulebook.partners)


def _held(facts: Facts, program: Program) -> list[_Held]:
    """Return every rule that holds, also those that another one stops."""
    if not program.rules:
        return []
    view = look(facts, program.matcher, Told.NOTHING)
    return [_Held(rule, *fires(rule, outcome)) for rule, outcome in asked(program, view) if outcome.held]


def _decided(facts: Facts, rulebook: Rulebook, held: Iterable[_Held]) -> Decision:
    counted = list(_until_stop(held))
    return conclude(facts, Firings(rulebook, (one.fired for one in counted)), tuple(one.evidence for one in counted))


def _until_stop(held: Iterable[_Held]) -> Iterator[_Held]:
    for one in held:
        yield one
        if one.rule.effects.stop:
            return


def _meanings(rulebook: Rulebook) -> dict[str, str]:
    """Return each rule's id with all that it means: what it says, and the lists, areas and threshold that it names."""
    files = _data(rulebook)
    lists: dict[str, list[Any]] = {}
    for value in files.values():
        for name, entries in (value.get("lists") or {}).items():
            lists.setdefault(name, []).append(entries)
    meanings = {}
    for value in files.values():
        for rule in value.get("rules", ()):
            said = {key: part for key, part in rule.items() if key not in ("name", "examples")}
            places = files.get(AREAS) if _has_key(said, "area") else None
            named = sorted(_lists_named([said, places], lists))
            category = rulebook.categories.get(said["then"].get("category"))
            whole = [said, [[name, lists[name]] for name in named], places, category and category.threshold]
            meanings[rule["id"]] = json.dumps(whole, sort_keys=True, default=repr)
    return meanings


def _lists_named(value: Any, lists: Mapping[str, Any], found: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the lists that `value` may name, with those that they name in turn."""
    for text in _texts(value):
        name = text.removeprefix("$")
        if name in lists and name not in found:
            found = _lists_named(lists[name], lists, found | {name})
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, Mapping):
        return key in value or any(_has_key(part, key) for part in value.values())
    return isinstance(value, list) and any(_has_key(part, key) for part in value)


def _without(rulebook: Rulebook, shared: frozenset[str]) -> dict[str, str]:
    """Return the files of a rulebook without some rules, all examples, and areas that no rule is left for."""
    files = {name: value for name, value in _data(rulebook).items() if name not in (GOLDEN, ROTA)}
    for value in files.values():
        if "rules" in value:
            left = [rule for rule in value["rules"] if rule["id"] not in shared]
            value["rules"] = [{key: part for key, part in rule.items() if key != "examples"} for rule in left]
    if not any(_has_key(value.get("rules", []), "area") for value in files.values()):
        files.pop(AREAS, None)
    kept = (CATEGORIES, PARTNERS)  # as they are: nothing in them is left out
    return {name: rulebook.files[name] if name in kept else _written(value) for name, value in files.items()}


def _data(rulebook: Rulebook) -> dict[str, Any]:
    return {name: yamlfile.load(text, name).data or {} for name, text in sorted(rulebook.files.items())}


def _written(value: Any) -> str:
    """Return JSON that is YAML too: what YAML does not print is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
