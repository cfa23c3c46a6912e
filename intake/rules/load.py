"""The admins' files made into a rulebook, or every fault of all of them at once with its place (R3, R4).

`categories.yaml` and `partners.yaml` must be there, the others that `files.SHAPES` names may; any other `.yaml` holds
rules, and files are read in the order of their names. A rulebook whose examples or golden letters fail is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pydantic

from intake import yamlshape
from intake.errors import Problem
from intake.garbage import uncollected
from intake.mail.values import Acknowledge
from intake.rules import answers, examples, golden, rota, rota_shape
from intake.rules.areas import Area
from intake.rules.compile import Compiler, Known
from intake.rules.files import AREAS, CATEGORIES, PARTNERS, File, faults, refused, shaped, sure
from intake.rules.folder import read_folder
from intake.rules.lexicon import Lexicon, Source
from intake.rules.rulebook import ANSWERS, Agreement, Category, DigestTimes, Partner, Rulebook
from intake.rules.shape import (
    AcknowledgementsFile,
    AreasFile,
    CategoriesFile,
    CategoryShape,
    GoldenFile,
    ListsFile,
    PartnersFile,
    PartnerShape,
    RulesFile,
)

DIGESTS = DigestTimes()


@dataclass(frozen=True, slots=True)
class Trial:
    """A rulebook whose files are sound, and what its examples and golden letters came to."""

    rulebook: Rulebook  # to be put in force only where there are no `problems`
    examples: tuple[examples.Example, ...]
    golden: tuple[golden.Letter, ...]
    problems: tuple[Problem, ...]  # every example and golden letter that fails, at its place


def load_rulebook(folder: Path, digests: DigestTimes = DIGESTS) -> Rulebook:
    """Load the `.yaml` files of `folder`; raises UserError with every fault of every file.

    `digests` serves partners whose entry names no times.
    """
    return _passed(try_folder(folder, digests))


def load_files(files: Mapping[str, str], digests: DigestTimes = DIGESTS) -> Rulebook:
    """Load a rulebook from names and texts of its files; raises UserError with every fault. Pure."""
    return _passed(try_files(files, digests))


def try_folder(folder: Path, digests: DigestTimes = DIGESTS) -> Trial:
    """Load the `.yaml` files of `folder`, also where examples fail; raises UserError with every other fault."""
    files, problems = read_folder(folder)
    with uncollected():
        return _load(files, problems, digests)


def try_files(files: Mapping[str, str], digests: DigestTimes = DIGESTS) -> Trial:
    """Load names and texts of files, also where examples fail; raises UserError with every other fault. Pure."""
    with uncollected():
        return _load(files, [], digests)


def _passed(trial: Trial) -> Rulebook:
    if trial.problems:
        raise refused(trial.problems)
    return trial.rulebook


def version(files: Mapping[str, str]) -> str:
    """Return the SHA-256, hexadecimal, over names and bytes of the files that sort messages, whatever their order.

    The rota sorts none: a change of it leaves what was decided under the version comparable.
    """
    digest = hashlib.sha256()
    for name in sorted(files.keys() - {rota_shape.FILE}):
        for part in (name.encode("utf-8", "surrogatepass"), files[name].encode("utf-8", "surrogatepass")):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _load(texts: Mapping[str, str], problems: list[Problem], digests: DigestTimes) -> Trial:
    files = {name: file for name in sorted(texts) if (file := shaped(name, texts[name], problems))}
    categories, partners = (_shape(files, name) for name in (CATEGORIES, PARTNERS))
    problems += (Problem(name, 0, 0, "is missing") for name in (CATEGORIES, PARTNERS) if name not in texts)
    known = _known(categories, partners, files.get(AREAS))
    lexicon = Lexicon(is_whole=len(files) == len(texts))
    compiler = Compiler(known, lexicon)
    _compile(files, compiler, lexicon)
    problems += sure([*compiler.problems, *faults(files, known)], files, texts)
    if problems or not isinstance(categories, CategoriesFile) or not isinstance(partners, PartnersFile):
        raise refused(problems)
    rulebook = Rulebook(
        version=version(texts),
        categories={one.id: _category(one, categories.threshold) for one in categories.categories},
        partners={one.id: _partner(one, digests) for one in partners.partners},
        files=dict(texts),
        languages=frozenset({"en"} | {language.split("-")[0].lower() for language in lexicon.languages}),
        program=compiler.program(),
        areas={id_: one.shape.name for id_, one in known.areas.items()},
        answers=_answers(_shape(files, answers.FILE)),
        rota=_rota(_shape(files, rota_shape.FILE)),
        threshold=categories.threshold,
        lean=categories.lean,
        apart=categories.apart,
    )
    return _tried(files, rulebook)


def _shape(files: Mapping[str, File], name: str) -> pydantic.BaseModel | None:
    return files[name].shape if name in files else None


def _known(categories: pydantic.BaseModel | None, partners: pydantic.BaseModel | None, areas: File | None) -> Known:
    sorts = categories if isinstance(categories, CategoriesFile) else None
    kinds, threshold = (sorts.categories, sorts.threshold) if sorts else ((), 0)
    return Known(
        categories={one.id: threshold if one.threshold is None else one.threshold for one in kinds},
        tags=frozenset(tag for one in kinds for tag in one.tags),
        flags=frozenset(one.id for one in (sorts.flags if sorts else ())),
        partners=frozenset(one.id for one in (partners.partners if isinstance(partners, PartnersFile) else ())),
        areas=_areas(areas),
    )


def _answers(shape: pydantic.BaseModel | None) -> Mapping[Acknowledge, str]:
    return answers.of(shape) if isinstance(shape, AcknowledgementsFile) else ANSWERS


def _rota(shape: pydantic.BaseModel | None) -> rota.Rota:
    return rota_shape.rota_of(shape) if isinstance(shape, rota_shape.RotaFile) else rota.NONE


def _areas(file: File | None) -> dict[str, Area]:
    if file is None or not isinstance(file.shape, AreasFile):
        return {}
    return {one.id: Area(one, Source(file.document, ("areas", n))) for n, one in enumerate(file.shape.areas)}


def _compile(files: Mapping[str, File], compiler: Compiler, lexicon: Lexicon) -> None:
    for document, shape in files.values():
        if isinstance(shape, ListsFile | RulesFile):
            lexicon.add_lists(document, shape.lists)
    compiler.add_areas()
    for document, shape in files.values():
        for index, rule in enumerate(shape.rules if isinstance(shape, RulesFile) else ()):
            compiler.add(document, index, rule)
    lexicon.check()


def _tried(files: Mapping[str, File], rulebook: Rulebook) -> Trial:
    outcomes = tuple(examples.run(rulebook.program))
    rules = {
        rule.id: Source(document, ("rules", index))
        for document, shape in files.values()
        for index, rule in enumerate(shape.rules if isinstance(shape, RulesFile) else ())
    }
    problems = [_example_fault(rules[one.rule], one) for one in outcomes if not one.passed]
    letters: tuple[golden.Letter, ...] = ()
    for document, shape in files.values():
        if isinstance(shape, GoldenFile):
            letters = tuple(golden.run(rulebook, shape))
            problems += (one for letter in letters for one in golden.differences(Source(document, ()), letter))
    return Trial(rulebook, outcomes, letters, tuple(sorted(problems)))


def _example_fault(rule: Source, example: examples.Example) -> Problem:
    said = "must match but does not" if example.kind == "match" else "must not match but does"
    place = rule / "examples" / example.kind / example.number
    return place.problem(f"this example of `{example.rule}` {said}", example.why)


def _category(shape: CategoryShape, threshold: int) -> Category:
    return Category(
        id=shape.id,
        name=shape.name,
        means=shape.means,
        urgency=shape.urgency,
        partners=shape.partners,
        threshold=threshold if shape.threshold is None else shape.threshold,
        acknowledge=shape.acknowledge,
        tags=shape.tags,
    )


def _partner(shape: PartnerShape, digests: DigestTimes) -> Partner:
    return Partner(
        id=shape.id,
        name=shape.name,
        address=shape.address,
        digest_days=tuple(yamlshape.DAYS.index(day) for day in shape.digest_days)
        if shape.digest_days
        else digests.days,
        digest_times=shape.digest_time or (digests.time,),
        empty_digest=shape.empty_digest,
        digest_csv=shape.digest_csv,
        overview=yamlshape.DAYS.index(shape.overview) if shape.overview else None,
        addresses=tuple(one.lower() for one in shape.addresses),
        domains=tuple(one.lower() for one in shape.domains),
        fallback=shape.fallback,
        sharing=shape.sharing,
        agreement=Agreement(shape.agreement.reference, shape.agreement.expires) if shape.agreement else None,
        largest_attachment=shape.largest_attachment_mb * 1_000_000,
        evidential=shape.evidential,
    )
