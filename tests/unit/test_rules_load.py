"""Files to rulebook: every fault at once, in its place."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path

import pytest

from intake.errors import UserError
from intake.rules.decide import decide
from intake.rules.load import load_files, load_rulebook
from tests.unit.rulebooks import CATEGORIES, PARTNERS, files, letter, rule, rulebook


def faults(*rules: str, **others: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        rulebook(*rules, **others)
    return [str(one) for one in caught.value.problems]


def test_categories_and_partners_are_values() -> None:
    """What the files say is what the rulebook holds, in file order, with defaults filled in."""
    book = rulebook(rule("{words: [damp]}"))
    assert list(book.categories) == ["danger", "hate", "housing", "street", "unsolicited", "general"]
    assert book.categories["hate"].tags == ("race", "religion")
    assert book.categories["housing"].threshold == 10
    assert book.partners["officers"].digest_days == (0,)
    assert book.partners["officers"].digest_times == (time(8, 15),)
    assert book.partners["police"].digest_days == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("when", "then", "expected"),
    [
        ("{wrds: [x1]}", "{category: housing}", "unknown key `wrds` (did you mean `words`?)"),
        ("{words: [x1]}", "{category: houseing}", "there is no category `houseing` (did you mean `housing`?)"),
        ("{words: [x1]}", "{category: hate, tags: rase}", "there is no tag `rase` (did you mean `race`?)"),
        ("{words: [x1]}", "{flags: chld}", "there is no flag `chld` (did you mean `child`?)"),
        ("{words: [x1]}", "{flags: 'child:x'}", "the flag `child` takes no value"),
        ("{words: [x1]}", "{flags: 'not-to:polise'}", "there is no partner `polise` (did you mean `police`?)"),
        ("{words: [x1]}", "{route: polise}", "there is no partner `polise` (did you mean `police`?)"),
        ("{words: [x1]}", "{urgency: now}", "`now` is not one of: routine, today, emergency"),
        ("{words: ['']}", "{category: housing}", "must not be empty"),
        ("{words: [' - ']}", "{category: housing}", "` - `: signs without letters or digits are not looked for"),
        (
            "{words: [10 % off]}",
            "{category: housing}",
            "`10 % off`: signs without letters or digits are not looked for",
        ),
        ("{words: [f*ck]}", "{category: housing}", "`f*ck`: a * can stand only at the end of a word"),
        ("{words: [a*]}", "{category: housing}", "`a*` would match too much (write two letters before the *)"),
        ("{words: [no, 1]}", "{category: housing}", "must be text, not `1` (put it in quotes)"),
        ("{words: [$nolist]}", "{category: housing}", "there is no list `$nolist`"),
        ("{sender-in: [nolist]}", "{category: housing}", "there is no list `nolist`"),
        ("{area: [nowhere]}", "{category: housing}", "there is no area `nowhere`"),
        ("{regex: ['(a']}", "{category: housing}", "the expression cannot be read: missing ): (a"),
        ("{regex: ['(?<=a)b']}", "{category: housing}", "the expression cannot be read: invalid perl operator"),
        ("{regex: ['a*']}", "{category: housing}", "the expression matches the empty text"),
        ("{}", "{category: housing}", "there is no condition here: it would hold of every message"),
        ("{any: []}", "{category: housing}", "`any` is empty"),
        ("{kind: [list], not-near: {words: [x1]}}", "{category: housing}", "`not-near` belongs beside"),
        ("{size: {}}", "{category: housing}", "`size` needs `over`, `under` or both"),
        ("{near: {of: [[x1]]}}", "{category: housing}", "must not be empty"),
        ("{words: [x1]}", "{}", "does nothing"),
        ("{words: [x1]}", "{weight: 3}", "a weight needs a category to count for"),
        ("{words: [x1]}", "{category: housing, times: 3}", "`times` needs a `weight` or `weights`"),
        ("{words: [x1]}", "{weights: {housing: 3}, by-word: {x1: {street: 2}}, times: 3}", "count once each"),
        ("{words: [x1]}", "{urgency: routine}", "`routine` needs the category whose urgency it lowers"),
    ],
)
def test_faults_of_a_rule(when: str, then: str, expected: str) -> None:
    """R4: an unknown key, name or list, a bad expression, an empty word: each is told with its place and a hint."""
    found = faults(rule(when, then))
    assert len(found) == 1
    assert re.match(r"10-rules\.yaml:2:\d+: ", found[0])
    assert expected in found[0]


@pytest.mark.parametrize(
    "then",
    [
        "{category: hate, stop: true}",
        "{category: hate, urgency: routine}",
        "{never-route: police}",
        "{category: hate, weight: -1}",
        "{acknowledge: standard}",
    ],
)
def test_safety_rules_only_raise(then: str) -> None:
    """R10: a safety rule that would lower anything is refused."""
    assert "a safety rule only raises" in faults(rule("{words: [x1]}", then, safety=True))[0]


def test_all_faults_of_all_files_come_at_once() -> None:
    """R4: one load shows the faults of every file, sorted by file and place."""
    found = faults(
        rule("{words: [x1]}", "{category: nothing}"),
        rule("{words: [x1]}", "{urgency: soon}", id_="two"),
        lists="lists:\n  a: [x1]\n  a: [x2]\n",
    )
    assert [one.split(":")[0] for one in found] == ["10-rules.yaml", "20-rules.yaml", "lists.yaml"]


def test_names_are_unique_over_all_files() -> None:
    """R4: two rules, categories, partners or lists of one name are a fault that names the first."""
    found = faults(rule("{words: [x1]}"), rule("{words: [x2]}"))
    assert found == ["20-rules.yaml:2:10: there is already one called `one` (in 10-rules.yaml, line 2)"]
    twice = PARTNERS + "  - {id: police, name: P, address: p@partners.example.org}\n"
    assert "there is already one called `police`" in faults(rule("{words: [x1]}"), partners=twice)[0]
    more = "lists: {home: [flat]}\nrules: []\n"
    assert "there is already a list `home`" in faults(more_=more, lists="lists: {home: [house]}")[0]


def test_lists_that_hold_themselves_are_a_fault() -> None:
    """R4: a cycle of lists is told as a circle."""
    found = faults(rule("{words: [$a1]}"), lists="lists: {a1: [$b1], b1: [$a1]}")
    assert "the list `a1` holds itself: a1 → b1 → a1" in found[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("partners: [housing]", "partners: [housng]", "there is no partner `housng` (did you mean `housing`?)"),
        ("partners: [housing]", "partners: []", "nobody would get what is `housing`"),
        ("id: general", "id: others", "the category `general` is missing"),
        (
            "id: unsolicited, name: Unsolicited, partners: []",
            "id: other, name: O, partners: [housing]",
            "`unsolicited`",
        ),
        ("id: hate", "id: Hate Crime", "an id is small letters, digits and single hyphens"),
    ],
)
def test_faults_of_categories(old: str, new: str, expected: str) -> None:
    """R4: a category that nobody gets, or one that every rulebook needs and this lacks, is a fault."""
    assert old in CATEGORIES
    found = faults(rule("{words: [x1]}", "{flags: child}"), categories=CATEGORIES.replace(old, new))
    assert any(expected in one for one in found)


def test_faults_of_partners() -> None:
    """R4: a partner without a usable address is a fault."""
    found = faults(rule("{words: [x1]}"), partners=PARTNERS.replace("police@partners.example.org", "police"))
    assert found == ["partners.yaml:3:41: is not a mail address"]


def test_missing_files_are_faults() -> None:
    """R4: categories and partners must be there."""
    with pytest.raises(UserError) as caught:
        load_files({"10-rules.yaml": "rules: []"})
    assert [str(one) for one in caught.value.problems] == ["categories.yaml: is missing", "partners.yaml: is missing"]


def test_failing_examples_refuse_the_rulebook() -> None:
    """R3: an example that does not behave is a fault at its place, with the condition or words to blame."""
    text = (
        "  - id: one\n    when: {words: [damp], not: {words: [book]}}\n    then: {category: housing}\n"
        "    examples:\n      match: [a damp book]\n      no-match: [the damp]\n"
    )
    assert faults(text) == [
        "10-rules.yaml:6:15: this example of `one` must match but does not (fails at not: book)",
        "10-rules.yaml:7:18: this example of `one` must not match but does (fires on: damp)",
    ]


def test_examples_may_be_whole_letters() -> None:
    """R3: an example may say subject, sender, attachments and the rest of a letter."""
    rulebook(
        "  - id: one\n    when: {in: subject, words: [damp], attachment: any, from: ['@example.net']}\n"
        "    then: {category: housing}\n    examples:\n"
        "      match: [{subject: Damp, attachments: [a.jpg], from: a@example.net}]\n"
        "      no-match: [damp, {subject: Damp}]\n"
    )


def test_a_folder_is_loaded(tmp_path: Path) -> None:
    """R5: the files of a folder give the same rulebook as their names and texts; hidden files are passed over."""
    made = files(rule("{words: [damp]}"))
    for name, text in made.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / ".10-rules.yaml.swp").write_text("{", "utf-8")
    (tmp_path / "notes.txt").write_text("{", "utf-8")
    (tmp_path / "golden").mkdir()
    assert load_rulebook(tmp_path).version == load_files(made).version


def test_what_a_folder_cannot_give_is_told(tmp_path: Path) -> None:
    """R4: files that cannot be read are faults beside all others; a .yml file is not overlooked in silence."""
    for name, raw in (("latin.yaml", b"caf\xe9"), ("more.yml", b"rules: []"), ("bad.yaml", b"rules: 3")):
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(UserError) as caught:
        load_rulebook(tmp_path)
    assert [one.file for one in caught.value.problems] == [
        "bad.yaml", "categories.yaml", "latin.yaml", "more.yml", "partners.yaml",
    ]  # fmt: skip
    with pytest.raises(UserError, match="the rules cannot be read"):
        load_rulebook(tmp_path / "none")


def test_the_version_is_a_hash_of_names_and_bytes() -> None:
    """R5: any change of a byte or a name is another version; the order in which files are given is not."""
    made = files(rule("{words: [damp]}"))
    version = load_files(made).version
    assert re.fullmatch("[0-9a-f]{64}", version)
    assert load_files(dict(reversed(made.items()))).version == version
    assert load_files(made | {"10-rules.yaml": made["10-rules.yaml"] + "# x\n"}).version != version
    renamed = {("20-rules.yaml" if name == "10-rules.yaml" else name): text for name, text in made.items()}
    assert load_files(renamed).version != version


def test_windows_files_are_good() -> None:
    """Windows line endings and a byte order mark are no fault."""
    made = {name: "\ufeff" + text.replace("\n", "\r\n") for name, text in files(rule("{words: [damp]}")).items()}
    assert decide(letter("damp"), load_files(made)).categories == ("housing",)


def test_hostile_expressions_are_linear() -> None:
    """R8: an expression that would backtrack for ever costs no more than any other."""
    book = rulebook(rule("{regex: ['(a+)+$b', '(x*)*y', '(.*a){20}z']}"))
    assert decide(letter("a" * 100_000), book).categories == ("general",)


def test_many_expressions_are_one_search() -> None:
    """R8: 2,000 expressions load and find."""
    listed = ", ".join(f"'word{n}\\s+\\d+'" for n in range(2000))
    assert decide(letter("word1999 12"), rulebook(rule(f"{{regex: [{listed}]}}"))).categories == ("housing",)
