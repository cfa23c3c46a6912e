"""The shapes of the files made into a program: conditions compiled, references checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from intake.errors import Problem
from intake.mail.values import Acknowledge, Urgency
from intake.rules import areas, conditions, questions
from intake.rules.areas import Area
from intake.rules.lexicon import Fields, Lexicon, Source
from intake.rules.match import pattern
from intake.rules.program import Effects, Program, Rule, WordWeights
from intake.rules.shape import ConditionShape, RuleShape, ThenShape
from intake.yamlfile import Document

RAISED = (Urgency.TODAY, Urgency.EMERGENCY, Acknowledge.NEUTRAL, Acknowledge.NONE)  # what weights can add up to
HEAVIEST = 3  # weights of a rule that are kept with every letter on which it fires
WORDS_TOGETHER = 1000  # phrases of a `by-word` that one leaf looks for: it hands over only so many places
PARTNER_FLAGS = ("not-to", "complaint-about")  # flags whose value names a partner


@dataclass(frozen=True, slots=True)
class Known:
    """What rules may refer to."""

    categories: Mapping[str, int]  # id -> threshold
    tags: frozenset[str]
    flags: frozenset[str]
    partners: frozenset[str]
    areas: Mapping[str, Area]  # by id, in file order


class Compiler:
    """Compiles rules one after another; `problems` holds every fault met on the way."""

    def __init__(self, known: Known, lexicon: Lexicon) -> None:
        """Start with nothing; `lexicon` has its lists already."""
        self._known = known
        self._lexicon = lexicon
        self._rules: list[tuple[Rule, set[int]]] = []
        self._places = areas.NOWHERE
        self.problems: list[Problem] = lexicon.problems

    def add_areas(self) -> None:
        """Compile the areas, so that every message can tell which it names."""
        known = self._known.areas.values()
        self.problems += (fault for one in known for fault in areas.faults(one))
        self._places = areas.every(known, self._lexicon)

    def add(self, document: Document, index: int, shape: RuleShape) -> None:
        """Compile the rule that is number `index` of `document`."""
        source = Source(document, ("rules", index))
        self._lexicon.used = set()
        self._lexicon.careful = shape.safety
        self._lexicon.sorting = shape.then.category is not None or bool(shape.then.weights or shape.then.by_word)
        when = self._condition(shape.when, source / "when", None)
        if shape.then.by_word:
            when = conditions.All((when, self._by_word(shape.then, source / "then" / "by-word")))
        self._check_then(shape.then, source / "then", safety=shape.safety)
        effects = self._effects(shape.then)
        place = f"{document.file}:{document.place(source.path)[0]}"
        rule = Rule(shape.id, shape.name, place, shape.safety, when, effects, effects.told(HEAVIEST), shape.examples)
        self._rules.append((rule, self._lexicon.used))

    def program(self) -> Program:
        """Return the program of everything added; only to be called where `problems` is empty."""
        ordered = sorted(self._rules, key=lambda one: not one[0].safety)
        rules = tuple(rule for rule, _ in ordered)
        asking: dict[int, list[int]] = {}
        for n, (_, leaves) in enumerate(ordered):
            for leaf in leaves:
                asking.setdefault(leaf, []).append(n)
        needs = tuple(self._rarest_first(rule.when.needs) for rule in rules)
        triggers: dict[int, list[int]] = {}
        for n, needed in enumerate(needs):
            for leaf in needed[0] if needed else ():
                triggers.setdefault(leaf, []).append(n)
        blind = tuple(n for n, needed in enumerate(needs) if not needed)
        return Program(rules, self._lexicon.matcher(), asking, triggers, needs, blind, self._places)

    def _rarest_first(self, needs: conditions.Needs) -> conditions.Needs:
        """Return what a rule needs, what fewest words can give it first."""
        return tuple(sorted(needs, key=lambda leaves: sum(map(self._lexicon.size, leaves))))

    def _condition(self, shape: ConditionShape, source: Source, fields: Fields) -> conditions.Condition:
        fields = frozenset(shape.in_) if shape.in_ else fields
        parts: list[conditions.Condition] = [
            *self._texts(shape, source, fields),
            *self._nested(shape, source, fields),
            *self._questions(shape, source),
        ]
        if not parts:
            self.problems.append(source.problem("there is no condition here: it would hold of every message"))
        return parts[0] if len(parts) == 1 else conditions.All(tuple(parts))

    def _texts(self, shape: ConditionShape, source: Source, fields: Fields) -> Iterator[conditions.Condition]:
        exclusion = self._exclusion(shape, source / "not-near", fields)
        for key, texts in (("words", shape.words), ("phrases", shape.phrases)):
            if texts:
                leaves = self._lexicon.words(texts, source / key, fields)
                yield conditions.Words(leaves, f"{key}: {_brief(texts)}", exclusion)
        if shape.near:
            place = source / "near" / "of"
            groups = tuple(self._lexicon.words(texts, place / n, fields) for n, texts in enumerate(shape.near.of))
            label = f"within {shape.near.within} words: {' + '.join(_brief(texts) for texts in shape.near.of)}"
            yield conditions.Near(groups, shape.near.within, label, exclusion)
        if shape.regex:
            leaves = self._lexicon.regex(shape.regex, source / "regex", fields)
            yield conditions.Words(leaves, f"regex: {_brief(shape.regex)}", exclusion)
        if shape.area:
            known = tuple(self._areas(shape.area, source / "area"))
            yield areas.any_of(known, self._lexicon, fields, f"area: {_brief(shape.area)}")

    def _exclusion(self, shape: ConditionShape, source: Source, fields: Fields) -> conditions.Exclusion | None:
        if shape.not_near is None:
            return None
        if not (shape.words or shape.phrases or shape.near or shape.regex):
            message = "`not-near` belongs beside `words`, `phrases`, `near` or `regex`"
            self.problems.append(source.problem(message, key=True))
        leaves = self._lexicon.words(shape.not_near.words, source / "words", fields)
        return conditions.Exclusion(leaves, shape.not_near.within, f"not near: {_brief(shape.not_near.words)}")

    def _nested(self, shape: ConditionShape, source: Source, fields: Fields) -> Iterator[conditions.Condition]:
        kinds: dict[str, Callable[[tuple[conditions.Condition, ...]], conditions.Condition]]
        kinds = {"any": conditions.Any, "all": conditions.All, "not": conditions.Not}
        for key, shapes in (("any", shape.any), ("all", shape.all), ("not", shape.not_)):
            if shapes is not None:
                if not shapes:
                    self.problems.append((source / key).problem(f"`{key}` is empty", key=True))
                yield kinds[key](tuple(self._condition(one, source / key / n, fields) for n, one in enumerate(shapes)))

    def _questions(self, shape: ConditionShape, source: Source) -> Iterator[conditions.Condition]:
        senders: list[str] = []
        for n, name in enumerate(shape.sender_in or ()):
            listed = self._lexicon.lists.get(name.removeprefix("$"))
            if listed is None:
                self.problems.append((source / "sender-in" / n).unknown("list", name, self._lexicon.lists))
            senders += [entry.text for entry in listed or ()]
        for key, given in (("size", shape.size), ("length", shape.length)):
            if given and given.over is None and given.under is None:
                self.problems.append((source / key).problem(f"`{key}` needs `over`, `under` or both", key=True))
        yield from questions.of(shape, tuple(senders))

    def _areas(self, ids: Iterable[str], source: Source) -> Iterator[Area]:
        for n, one in enumerate(ids):
            if one == "any":
                yield from self._known.areas.values()
            elif one in self._known.areas:
                yield self._known.areas[one]
            else:
                self.problems.append((source / n).unknown("area", one, self._known.areas))

    def _by_word(self, shape: ThenShape, source: Source) -> conditions.Condition:
        """Return the condition that one of the words stands there."""
        self.problems.extend(
            (source / word).problem(f"`{word}`: a word here is one word or phrase, without * and $", key=True)
            for word in shape.by_word
            if "*" in word or "$" in word
        )
        label = f"by-word: {_brief(shape.by_word)}"
        made = {written: pattern(written) or "" for written in shape.by_word}
        parts: list[conditions.Condition] = []
        if single := frozenset(form for form in made.values() if form and " " not in form):
            parts.append(conditions.Vocabulary(single, label))
        phrases = [written for written, form in made.items() if form not in single]
        for start in range(0, len(phrases), WORDS_TOGETHER):
            together = phrases[start : start + WORDS_TOGETHER]
            parts.append(conditions.Words(self._lexicon.words(together, source, None, by_key=True), label))
        return parts[0] if len(parts) == 1 else conditions.Any(tuple(parts))

    def _check_then(self, shape: ThenShape, source: Source, *, safety: bool) -> None:
        if shape.category is not None and shape.category not in self._known.categories:
            self.problems.append((source / "category").unknown("category", shape.category, self._known.categories))
        self._check("tag", shape.tags, self._known.tags, source / "tags")
        self._check("partner", shape.route, self._known.partners, source / "route")
        self._check("partner", shape.never_route, self._known.partners, source / "never-route")
        for id_ in shape.weights:
            self._check_weighed(id_, source / "weights" / id_)
        for word, weights in shape.by_word.items():
            for id_ in weights:
                self._check_weighed(id_, source / "by-word" / word / id_)
        for n, flag in enumerate(shape.flags or ()):
            self._check_flag(flag, source / "flags" / n)
        self.problems.extend(_senseless(shape, source))
        self.problems.extend(_unsafe(shape, source) if safety else ())

    def _effects(self, shape: ThenShape) -> Effects:
        weights = dict(shape.weights)
        if shape.category is not None:
            enough = max(0, self._known.categories.get(shape.category, 0))
            weights[shape.category] = enough if shape.weight is None else shape.weight
        return Effects(
            category=shape.category,
            weights=weights,
            by_word=_word_weights(shape),
            sure=shape.category is not None and shape.weight is None,
            times=shape.times or 1,
            tags=shape.tags or (),
            flags=shape.flags or (),
            urgency=shape.urgency,
            route=shape.route or (),
            never_route=shape.never_route or (),
            acknowledge=shape.acknowledge,
            stop=shape.stop,
        )

    def _check(self, what: str, given: Iterable[str] | None, known: Iterable[str], source: Source) -> None:
        self.problems.extend(
            (source / n).unknown(what, one, known) for n, one in enumerate(given or ()) if one not in known
        )

    def _check_weighed(self, id_: str, source: Source) -> None:
        names = (*self._known.categories, *self._known.flags, *RAISED)
        if id_.partition(":")[0] not in names:
            self.problems.append(source.unknown("category, flag, urgency or acknowledgement", id_, names))
        elif id_.partition(":")[0] in self._known.flags:
            self._check_flag(id_, source)

    def _check_flag(self, flag: str, source: Source) -> None:
        name, colon, value = flag.partition(":")
        if name not in self._known.flags:
            self.problems.append(source.unknown("flag", name, self._known.flags))
        elif name in PARTNER_FLAGS and value not in self._known.partners:
            self.problems.append(source.unknown("partner", value, self._known.partners))
        elif colon and name not in PARTNER_FLAGS:
            self.problems.append(source.problem(f"the flag `{name}` takes no value"))


def _word_weights(shape: ThenShape) -> WordWeights | None:
    if not shape.by_word:
        return None
    return WordWeights.of({pattern(word) or "": weights for word, weights in shape.by_word.items()})


def _senseless(shape: ThenShape, source: Source) -> Iterator[Problem]:
    if not shape.model_fields_set:
        yield source.problem("does nothing", "give it a category, a flag, an urgency or a route")
    if shape.weight is not None and shape.category is None:
        yield (source / "weight").problem("a weight needs a category to count for", key=True)
    if shape.times is not None and not shape.weight and not shape.weights:
        yield (source / "times").problem("`times` needs a `weight` or `weights`", key=True)
    if shape.times is not None and shape.by_word:
        yield (source / "times").problem("words of `by-word` count once each: `times` has no say there", key=True)
    if shape.category is not None and shape.category in shape.weights:
        yield (source / "weights" / shape.category).problem("the rule's category has its `weight`", key=True)
    if shape.urgency is Urgency.ROUTINE and shape.category is None:
        yield (source / "urgency").problem("`routine` needs the category whose urgency it lowers")


def _unsafe(shape: ThenShape, source: Source) -> Iterator[Problem]:
    """What a safety rule must not do: it only raises (R10)."""
    refused = (
        ("stop", shape.stop),
        ("never-route", bool(shape.never_route)),
        ("urgency", shape.urgency is Urgency.ROUTINE),
        ("acknowledge", shape.acknowledge is Acknowledge.STANDARD),
        ("weight", shape.weight is not None and shape.weight < 0),
        ("weights", any(weight < 0 for weight in shape.weights.values())),
        ("by-word", any(weight < 0 for weights in shape.by_word.values() for weight in weights.values())),
    )
    for key, is_refused in refused:
        if is_refused:
            yield (source / key).problem(f"a safety rule only raises: it cannot have this `{key}`", key=True)


def _brief(texts: Iterable[str]) -> str:
    listed = list(texts)
    return ", ".join(listed[:3]) + (", …" if len(listed) > 3 else "")
