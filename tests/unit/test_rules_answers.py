"""`acknowledgements.yaml`: which template folder each answer is written from."""

from __future__ import annotations

import pytest

from intake.errors import UserError
from intake.mail.values import Acknowledge
from intake.rules.answers import missing
from intake.rules.load import load_files
from tests.unit.rulebooks import files, rulebook

STANDARD, NEUTRAL = Acknowledge.STANDARD, Acknowledge.NEUTRAL
USUAL = {STANDARD: "acknowledgement", NEUTRAL: "acknowledgement-neutral"}


def test_the_usual_folders_without_the_file() -> None:
    """R1: where nothing is said, each answer is written from the folder that is shipped for it."""
    assert rulebook().answers == USUAL
    assert rulebook(acknowledgements="acknowledgements: [{id: none, means: silence}]").answers == USUAL
    assert missing(rulebook(), ()) == []


def test_another_folder() -> None:
    """R1: an admin points an answer to a folder of templates of their own."""
    book = rulebook(acknowledgements="acknowledgements: [{id: neutral, template: quiet}]")
    assert book.answers == {STANDARD: "acknowledgement", NEUTRAL: "quiet"}
    assert missing(book, ("acknowledgement", "quiet")) == []


def test_a_folder_that_is_not_there() -> None:
    """R4: a template folder that is not there is a fault at its line, with what may have been meant."""
    book = rulebook(acknowledgements="acknowledgements:\n  - {id: neutral, template: quiett}\n")
    (problem,) = missing(book, ("acknowledgement", "quiet"))
    assert (problem.file, problem.line, problem.column) == ("acknowledgements.yaml", 2, 29)
    assert "quiet" in problem.hint


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("acknowledgements: [{id: loud}]", "acknowledgements.yaml:1:25"),
        ("acknowledgements: [{id: none, template: quiet}]", "acknowledgements.yaml:1:41: `none` sends nothing"),
        (
            "acknowledgements: [{id: none}, {id: none}]",
            "acknowledgements.yaml:1:37: there is already one called `none`",
        ),
        ("acknowledgements: [{id: neutral, template: ../x}]", "acknowledgements.yaml:1:44"),
    ],
)
def test_faults(text: str, fault: str) -> None:
    """R4: every fault of the file has its place; a template is a folder's plain name."""
    with pytest.raises(UserError) as caught:
        load_files(files(acknowledgements=text))
    assert fault in str(caught.value)
