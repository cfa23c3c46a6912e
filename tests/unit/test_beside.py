"""Two rulebooks over one message give what each gives alone, however much they share."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.values import Decision, Facts
from intake.rules.beside import Pair
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.load import load_files
from intake.rules.rulebook import Rulebook
from tests.unit.rulebooks import CATEGORIES, PARTNERS, letter, rule

WORDS = ("knife", "damp", "wet", "spat", "offer", "the")
LISTS = (
    "lists: {some: [knife, damp], other: [$some, offer], places: ['@example.org']}\n",
    "lists: {some: [knife, spat], other: [$some, offer], places: ['@example.org']}\n",
    "lists: {some: {en: [knife], pl: [damp]}, other: [offer], places: ['@example.net']}\n",
)
AREAS = ("areas: [{id: lings, name: Lings, words: [wet]}]\n", "areas: [{id: lings, name: Lings, words: [spat]}]\n")
WHENS = (
    "{words: [knife]}",
    "{words: [$some]}",
    "{words: [$other], not-near: {within: 2, words: [the]}}",
    "{not: {words: [$some]}}",
    "{near: {within: 3, of: [[$some], [the, wet]]}}",
    "{sender-in: [places], words: [the]}",
    "{area: [lings]}",
    "{regex: ['d\\w+']}",
    "{words: [damp], in: [full-text]}",
)
THENS = (
    "{category: housing}",
    "{category: danger, weight: 6, times: 3}",
    "{category: hate, weight: 10, stop: true}",
    "{category: street, weight: -4}",
    "{flags: child, urgency: today}",
    "{acknowledge: none, route: street}",
)
Rules = list[tuple[int, str, str, bool]]  # number, when, then, safety
Base = tuple[str, str, str, str, bool]  # lists, areas, threshold, lean, whether categories stand in another order
rules = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(WHENS), st.sampled_from(THENS), st.booleans()), max_size=6
)
bases = st.tuples(
    st.sampled_from(LISTS),
    st.sampled_from(AREAS),
    st.sampled_from(["threshold: 10", "threshold: 6"]),
    st.sampled_from(["", "lean: 3\n"]),
    st.booleans(),
)
said = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


def book(chosen: Rules, base: Base) -> Rulebook:
    """Return a rulebook of those rules; of rules with one id the last stays."""
    lists, areas, threshold, lean, turned = base
    unique = {n: (when, then, safety) for n, when, then, safety in chosen}
    written = [
        rule(when, then, id_=f"r{n}", safety=safety and "stop" not in then and "-4" not in then)
        for n, (when, then, safety) in unique.items()
    ]
    categories = lean + CATEGORIES.replace("threshold: 10", threshold)
    if turned:
        head, _, rest = categories.partition("categories:\n")
        lines = rest.splitlines()
        categories = f"{head}categories:\n" + "\n".join([*lines[5::-1], *lines[6:]])
    made = {"categories.yaml": categories, "partners.yaml": PARTNERS, "areas.yaml": areas, "lists.yaml": lists}
    return load_files(made | {"10-a.yaml": "rules:\n" + ("".join(written[::2]) or "  []\n")}
                      | {"20-b.yaml": "rules:\n" + ("".join(written[1::2]) or "  []\n")})  # fmt: skip


def bare(decision: Decision) -> Decision:
    """Return a decision without what nobody asks for in what-if."""
    return replace(decision, areas=(), near_misses=(), evidence=tuple(replace(e, spans=()) for e in decision.evidence))


@settings(max_examples=60)
@given(
    rules, rules, st.tuples(bases, bases), st.lists(said, min_size=1, max_size=6), st.sampled_from(["en", "pl", "und"])
)
def test_a_pair_decides_as_each_alone(
    one: Rules, other: Rules, of: tuple[Base, Base], texts: list[str], lang: str
) -> None:
    """R2: what-if decides as live triage does under each rulebook, whatever the two share of rules, lists and areas."""
    for before, after in ((book(one, of[0]), book(one + other, base)) for base in of):
        pair = Pair.of(before, after)
        for text in texts:
            facts = letter(text, language=lang)
            expected = bare(decide(facts, before, told=Told.NOTHING)), bare(decide(facts, after, told=False))
            assert tuple(map(bare, pair.decide(facts))) == expected


def test_of_equal_categories_the_first_in_the_file_comes_first() -> None:
    """R6: categories that only stand in another order are a difference, where two weigh the same."""
    chosen: Rules = [
        (0, "{words: [knife]}", "{category: housing}", False),
        (1, "{words: [knife]}", "{category: street}", False),
    ]
    before, after = (book(chosen, (LISTS[0], AREAS[0], "threshold: 10", "", turned)) for turned in (False, True))
    one, other = Pair.of(before, after).decide(letter("knife"))
    assert (one.categories, other.categories) == (("housing", "street"), ("street", "housing"))


@pytest.fixture(scope="module")
def pair() -> Callable[[str, str], Pair]:
    """Make a pair that differs as little as two texts of rules do."""
    numbers = count()

    def make(one: str, other: str) -> Pair:
        base = {
            "categories.yaml": CATEGORIES,
            "partners.yaml": PARTNERS,
            "lists.yaml": LISTS[0],
            "areas.yaml": AREAS[0],
        }
        rest = rule("{words: [wet]}", id_=f"n{next(numbers)}")
        return Pair.of(*(load_files(base | {"10-a.yaml": f"rules:\n{rest}{text}"}) for text in (one, other)))

    return make


SAME = rule("{words: [$some]}", id_="same")


@pytest.mark.parametrize(
    ("other", "differ"),
    [
        (SAME, []),
        (SAME.replace("same,", "same, name: Another,").replace("  -", "  # why\n  -"), []),
        (SAME + rule("{words: [x-ray]}", id_="more"), ["more"]),
        (SAME.replace("$some", "$other"), ["same"]),
        (SAME.replace("category: housing", "category: street"), ["same"]),
        (SAME.replace("safety: false", "safety: true"), ["same"]),
    ],
)
def test_only_what_differs_is_asked_again(pair: Callable[[str, str], Pair], other: str, differ: list[str]) -> None:
    """R6: of two rulebooks only the rules that differ in what they do are asked twice."""
    assert [one.id for one in pair(SAME, other).rest.program.rules] == differ


@pytest.mark.parametrize(("file", "texts"), [("lists.yaml", LISTS), ("areas.yaml", AREAS)])
def test_what_a_rule_names_is_part_of_it(file: str, texts: tuple[str, ...]) -> None:
    """R6: a rule whose list or area has changed is another rule; one that names neither is not."""
    base = {"categories.yaml": CATEGORIES, "partners.yaml": PARTNERS, "lists.yaml": LISTS[0], "areas.yaml": AREAS[0]}
    named = ("{words: [a, $other]}", "{sender-in: [places]}", "{area: any}", "{words: [plain]}")
    text = "rules:\n" + "".join(rule(when, id_=f"r{n}") for n, when in enumerate(named))
    before, after = (load_files(base | {"10-a.yaml": text, file: one}) for one in (texts[0], texts[-1]))
    differ = [one.id for one in Pair.of(before, after).rest.program.rules]
    assert differ == (["r0", "r1"] if file == "lists.yaml" else ["r2"])


def test_a_list_that_an_area_names_is_part_of_a_rule() -> None:
    """R6: a rule about a place is another rule where a list that keeps words from being that place has changed."""
    base = {"categories.yaml": CATEGORIES, "partners.yaml": PARTNERS, "10-a.yaml": f"rules:\n{rule('{area: any}')}"}
    base["areas.yaml"] = "areas: [{id: lings, name: Lings, not-near: {within: 1, words: [$titles]}}]\n"
    before, after = (load_files(base | {"lists.yaml": f"lists: {{titles: [{one}]}}\n"}) for one in ("mrs", "dr"))
    told = Pair.of(before, after).decide(letter("Mrs Lings wrote"))
    assert [one.categories for one in told] == [("general",), ("housing",)]


def test_a_pair_goes_to_another_process(pair: Callable[[str, str], Pair]) -> None:
    """R2: what arrives in another process decides as what was sent."""
    made = pair(SAME, SAME + rule("{words: ['\\x85 damp', \"it's 5 o'clock\"]}", "{category: street}", id_="more"))
    again = pickle.loads(pickle.dumps(made))
    for text in ("knife", "damp", "a knife, it's 5 o’clock", "wet"):
        facts: Facts = letter(text)
        assert again.decide(facts) == made.decide(facts)
        assert bare(made.decide(facts)[1]) == bare(decide(facts, made.after))
