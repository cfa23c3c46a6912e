"""The admins' files one by one and beside one another: the shape of each, and their faults but for those of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import NamedTuple

import pydantic

from intake import yamlfile, yamlshape
from intake.errors import Problem, UserError
from intake.rules import answers, golden, rota_shape
from intake.rules.compile import Known
from intake.rules.lexicon import Source
from intake.rules.rota_shape import RotaFile
from intake.rules.shape import (
    AcknowledgementsFile,
    AreasFile,
    CategoriesFile,
    GoldenFile,
    ListsFile,
    PartnersFile,
    RulesFile,
)
from intake.rules.weigh import GENERAL, UNSOLICITED

CATEGORIES, PARTNERS, LISTS, AREAS, GOLDEN = (
    f"{name}.yaml" for name in ("categories", "partners", "lists", "areas", "golden")
)
SHAPES: Mapping[str, type[pydantic.BaseModel]] = {
    CATEGORIES: CategoriesFile,
    PARTNERS: PartnersFile,
    LISTS: ListsFile,
    AREAS: AreasFile,
    GOLDEN: GoldenFile,
    answers.FILE: AcknowledgementsFile,
    rota_shape.FILE: RotaFile,
}
_DEFINES: Mapping[str, tuple[str, ...]] = {
    CATEGORIES: ("category", "tag", "flag", "category, flag, urgency or acknowledgement"),
    PARTNERS: ("partner",),
    AREAS: ("area",),
}


class File(NamedTuple):
    """One file that has the right shape."""

    document: yamlfile.Document
    shape: pydantic.BaseModel


def shaped(name: str, text: str, problems: list[Problem]) -> File | None:
    """Return a file in its shape; None, and its faults in `problems`, where it has none."""
    if name.endswith(".yml"):
        problems.append(Problem(name, 0, 0, "would be overlooked", f"call it {name.removesuffix('.yml')}.yaml"))
        return None
    try:
        document = yamlfile.load(text, name)
        return File(document, yamlshape.validate(document, SHAPES.get(name, RulesFile)))
    except UserError as error:
        problems += error.problems
        return None


def faults(files: Mapping[str, File], known: Known) -> Iterator[Problem]:
    """Yield the faults of sound files beside one another, but for those of rules."""
    yield from _duplicates(files)
    for document, shape in files.values():
        if isinstance(shape, CategoriesFile):
            yield from _category_faults(document, shape, known)
        elif isinstance(shape, GoldenFile):
            yield from golden.faults(Source(document, ()), shape, known)
        elif isinstance(shape, AcknowledgementsFile):
            yield from answers.faults(Source(document, ()), shape)
        elif isinstance(shape, RotaFile):
            yield from rota_shape.faults(Source(document, ()), shape, known.partners)


def sure(found: Iterable[Problem], files: Mapping[str, File], texts: Mapping[str, str]) -> Iterator[Problem]:
    """Leave out that a name is not defined where the file that would define it could not be read."""
    unread = {name for name in (CATEGORIES, PARTNERS, *texts) if name not in files}
    unsure = tuple(f"there is no {what} `" for name in unread for what in _DEFINES.get(name, ("list",)))
    return (one for one in found if not one.message.startswith(unsure))


def refused(problems: Iterable[Problem]) -> UserError:
    """Return the error that tells every fault; of a file with very many, the first."""
    found = sorted(set(problems))
    told = [one for _, those in groupby(found, lambda one: one.file) for one in islice(those, yamlfile.MOST_PROBLEMS)]
    more = "" if len(told) == len(found) else f" ({len(found)} faults, of which the first of each file are told)"
    return UserError(f"the rules cannot be used{more}", told)


def _duplicates(files: Mapping[str, File]) -> list[Problem]:
    problems = []
    first: dict[tuple[str, str], Source] = {}
    for document, shape in files.values():
        for kind in ("categories", "flags", "partners", "areas", "acknowledgements", "rules", "letters"):
            for index, one in enumerate(getattr(shape, kind, ())):
                found = Source(document, (kind, index, "id"))
                before = first.setdefault((kind, one.id), found)
                if before is not found:
                    hint = f"in {before.document.file}, line {before.document.place(before.path)[0]}"
                    problems.append(found.problem(f"there is already one called `{one.id}`", hint))
    return problems


def _category_faults(document: yamlfile.Document, categories: CategoriesFile, known: Known) -> list[Problem]:
    problems = []
    for index, one in enumerate(categories.categories):
        source = Source(document, ("categories", index))
        problems += [
            (source / "partners" / n).unknown("partner", partner, known.partners)
            for n, partner in enumerate(one.partners)
            if partner not in known.partners
        ]
        if not one.partners and one.id != UNSOLICITED:
            problems.append((source / "partners").problem(f"nobody would get what is `{one.id}`", "name a partner"))
    ids = {one.id for one in categories.categories}
    missing = (one for one in (GENERAL, UNSOLICITED) if one not in ids)
    return problems + [document.problem(("categories",), f"the category `{one}` is missing") for one in missing]
