"""Which template folder each acknowledgement is written from, as `acknowledgements.yaml` says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from intake import yamlfile, yamlshape
from intake.errors import Problem
from intake.mail.values import Acknowledge
from intake.rules.lexicon import Source
from intake.rules.rulebook import ANSWERS, Rulebook
from intake.rules.shape import AcknowledgementsFile

FILE = "acknowledgements.yaml"


def of(file: AcknowledgementsFile) -> Mapping[Acknowledge, str]:
    """Return the folder of every acknowledgement that is sent."""
    return {**ANSWERS, **{one.id: one.template for one in file.acknowledgements if one.template}}


def read(folder: Path) -> Mapping[Acknowledge, str]:
    """Return the same from a rules folder, whatever its other files hold. Raises UserError."""
    path = folder / FILE
    return of(yamlshape.validate(yamlfile.load_file(path, FILE), AcknowledgementsFile)) if path.is_file() else ANSWERS


def faults(source: Source, file: AcknowledgementsFile) -> Iterator[Problem]:
    """Yield what is wrong with the file; `source` is the whole of it."""
    for n, one in enumerate(file.acknowledgements):
        if one.id is Acknowledge.NONE and one.template:
            yield (source / "acknowledgements" / n / "template").problem("`none` sends nothing: it has no template")


def missing(rulebook: Rulebook, folders: Collection[str]) -> list[Problem]:
    """Return a fault for each template that `rulebook` answers with and that is not among `folders`."""
    if FILE not in rulebook.files:
        return []
    document = yamlfile.load(rulebook.files[FILE], FILE)
    shape = yamlshape.validate(document, AcknowledgementsFile)
    return [
        Source(document, ("acknowledgements", n, "template")).unknown("template folder", one.template, folders)
        for n, one in enumerate(shape.acknowledgements)
        if one.template and one.template not in folders
    ]
