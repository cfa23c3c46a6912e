"""Areas: which places a message names, and what only looks like one."""

from __future__ import annotations

import pytest

from intake.errors import UserError
from intake.rules.conditions import Told
from intake.rules.decide import decide
from intake.rules.load import load_files
from tests.unit.rulebooks import files, letter, rule, rulebook

AREAS = """
areas:
  - {id: northampton, name: Northampton, words: [northamptonie, Нортгемптон*, نورثامبتون]}
  - {id: moulton, name: Moulton, not-near: {within: 1, words: [mr, mrs, park]}}
  - {id: moulton-park, name: Moulton Park}
  - {id: nn4, name: South, postcodes: NN4}
  - {id: nn11, name: Daventry side, postcodes: [NN11]}
"""
BOOK = rulebook(rule("{area: [moulton, nn4]}", id_="asked") + rule("{area: any}", id_="any"), areas=AREAS)


@pytest.mark.parametrize(
    ("text", "areas"),
    [
        ("Nobody is named", ()),
        ("I live in Moulton.", ("moulton",)),
        ("Mrs Moulton lives here", ()),
        ("Mrs Moulton lives in Moulton", ("moulton",)),
        ("by the gate of Moulton Park", ("moulton-park",)),
        ("mieszkam w Northamptonie", ("northampton",)),
        ("у Нортгемптоні", ("northampton",)),
        ("في نورثامبتون", ("northampton",)),
        ("10 High Street, NN4 8AB", ("nn4",)),
        ("nn48ab", ("nn4",)),
        ("somewhere in nn4", ("nn4",)),
        ("NN11 4AB", ("nn11",)),
        ("NN40, ANN4, NN4x, NN1", ()),
        ("nn11, then Moulton and Northampton", ("northampton", "moulton", "nn11")),
    ],
)
def test_every_message_tells_which_places_it_names(text: str, areas: tuple[str, ...]) -> None:
    """R1: places in file order, in any spelling, by postcode; a person of the same name is none."""
    decision = decide(letter(text), BOOK)
    assert decision.areas == areas
    assert decision.areas == decide(letter(text), BOOK, told=Told.NOTHING).areas
    fired = {one.rule for one in decision.evidence}
    assert ("asked" in fired) is bool({"moulton", "nn4"} & set(areas))
    assert ("any" in fired) is bool(areas)


def test_places_are_told_though_no_rule_asks() -> None:
    """The areas of a decision depend on no rule, and a letter is not sorted by naming a place."""
    decision = decide(letter("Moulton"), rulebook(areas=AREAS))
    assert (decision.areas, decision.categories, decision.evidence) == (("moulton",), ("general",), ())
    assert rulebook().areas == {}
    assert list(BOOK.areas.items())[1] == ("moulton", "Moulton")


def test_a_rule_reads_places_where_it_is_told() -> None:
    """R1: `in` chooses the field in which a rule looks for a place."""
    book = rulebook(rule("{area: moulton, in: subject}"), areas=AREAS)
    assert [one.rule for one in decide(letter("x", subject="Moulton"), book).evidence] == ["one"]
    assert decide(letter("Moulton", subject="x"), book).evidence == ()


@pytest.mark.parametrize(
    ("areas", "fault"),
    [
        ("areas: [{id: a, name: A, postcodes: [NN4 8AB]}]", "areas.yaml:1:38: `NN4 8AB` is not a postcode district"),
        ("areas: [{id: a, name: A b, words: ['!']}]", "areas.yaml:1:36: `!`: signs without letters"),
        ("areas: [{id: a, name: A b, not-near: {words: [$x]}}]", "areas.yaml:1:47: there is no list `$x`"),
        ("areas: [{id: a, name: A b}, {id: a, name: B b}]", "areas.yaml:1:34: there is already one called `a`"),
    ],
)
def test_faults_of_places(areas: str, fault: str) -> None:
    """R4: a faulty place is told with its line and column."""
    with pytest.raises(UserError) as caught:
        load_files(files(areas=areas))
    assert fault in str(caught.value)


def test_languages_are_those_that_sort() -> None:
    """R9: a list that no category rests on does not make its language one that rules can read."""
    lists = "lists: {when: {en: [today], lv: [šodien]}, damp: {en: [damp], pl: [wilgoć]}}"
    book = rulebook(rule("{words: [$when]}", "{flags: child}", id_="flag") + rule("{words: [$damp]}"), lists=lists)
    assert book.languages == {"en", "pl"}
    said = "Es gribētu uzzināt, kad būs nākamā sanāksme par mūsu ielu"
    assert "unreadable" in decide(letter(said, language="lv"), book).flags
