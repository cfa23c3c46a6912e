"""The languages that a mail is written in: the folders under its own, who has reviewed each, and which way it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from intake.errors import Problem, UserError
from intake.yamlfile import Document, load_file
from intake.yamlshape import Model, validate

ABOUT = "about.yaml"
NOBODY = "nobody"
_ENGLISH = "en"
_TAG = re.compile("[A-Za-z0-9-]+")  # BCP 47: never the name of a folder above
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RLM = "\u200f"  # makes a line of plain text begin at the right, whatever letter it begins with
_LRI, _PDI = "\u2066", "\u2069"  # what stands between them runs left to right, whatever stands around it


def _reviewer(value: str) -> str:
    name, _, day = value.rpartition(",")
    try:
        dated = bool(name.strip()) and bool(date.fromisoformat(day.strip()))
    except ValueError:
        dated = False
    if value != NOBODY and not dated:
        raise ValueError(f"`{value}` is neither `{NOBODY}` nor a name and a date, such as: Ana Pop, 2026-03-02")
    return value


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"))


class Language(_About):
    """`about.yaml` in the folder of a language."""

    language: Annotated[str, Field(min_length=1)]  # its name in English
    name: Annotated[str, Field(min_length=1)]  # its name for itself
    reviewed_by: Annotated[str, AfterValidator(_reviewer)] = NOBODY  # whose language it is, and the day
    invitation: str = ""  # one line: you may write to us in this language


class English(_About):
    """`about.yaml` in the folder of a mail."""

    invitations: tuple[str, ...] = ()  # languages whose invitations stand in the English, in this order


@dataclass(frozen=True, slots=True)
class Translation:
    """Words in another language beside the English."""

    tag: str  # BCP 47
    direction: str  # "ltr" or "rtl"
    body: str  # plain text, or Markup


def translation(tag: str, words: str) -> Translation:
    """Return `words` set the way that their language runs; in plain text by a mark at the start of each line."""
    right_to_left = tag.partition("-")[0] in _RIGHT_TO_LEFT
    if right_to_left and not isinstance(words, Markup):
        words = re.sub(r"^(?=.)", _RLM, words, flags=re.MULTILINE)
    return Translation(tag, "rtl" if right_to_left else "ltr", words)


def left_to_right(text: object) -> str:
    """Return plain text that keeps its order among words that run from right to left."""
    return f"{_LRI}{text}{_PDI}"


class Languages:
    """The language folders under a folder of mails. Read anew each time, so that edits count at once."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is read yet."""
        self._folder = folder

    def tags(self, mail: str) -> tuple[str, ...]:
        """Return the names of that mail's language folders."""
        return tuple(sorted(one.name for one in (self._folder / mail).glob("*/")))

    def chosen(self, mail: str, language: str, *, reviewed_only: bool) -> str | None:
        """Return the folder of that language, or of it without its region; None: English alone."""
        tags = [tag for tag in (language, language.partition("-")[0]) if _TAG.fullmatch(tag) and tag != _ENGLISH]
        found = next((tag for tag in tags if (self._folder / mail / tag).is_dir()), None)
        return None if found and reviewed_only and not self._reviewed(mail, found) else found

    def invitations(self, mail: str, *, reviewed_only: bool) -> Iterator[tuple[str, str]]:
        """Yield (tag, line) of each language that people are invited to write in, in the order that was chosen."""
        english = self._read(f"{mail}/{ABOUT}", English)
        for tag in english.invitations if english else ():
            about = self._read(f"{mail}/{tag}/{ABOUT}", Language)
            if about and about.invitation and (about.reviewed_by != NOBODY or not reviewed_only):
                yield tag, about.invitation

    def unreviewed(self, mails: Iterable[str]) -> tuple[str, ...]:
        """Return the languages that nobody has reviewed in one of these mails."""
        return tuple(sorted({tag for mail in mails for tag in self.tags(mail) if not self._reviewed(mail, tag)}))

    def faults(self, mail: str) -> list[Problem]:
        """Return every fault of that mail's about.yaml files; one that is not there is none."""
        found: list[Problem] = []
        names: list[tuple[str, type[_About]]] = [
            (f"{mail}/{ABOUT}", English),
            *((f"{mail}/{tag}/{ABOUT}", Language) for tag in self.tags(mail)),
        ]
        for name, model in names:
            try:
                read = self._checked(name, model)
            except UserError as error:
                found += error.problems
            else:
                found += self._uninvited(mail, *read) if read else ()
        return found

    def _uninvited(self, mail: str, document: Document, about: _About) -> Iterator[Problem]:
        """Yield a fault for each language that is invited to without a line; one without a folder is left out."""
        for n, tag in enumerate(about.invitations if isinstance(about, English) else ()):
            invited = self._read(f"{mail}/{tag}/{ABOUT}", Language)
            if tag in self.tags(mail) and not (invited and invited.invitation):
                yield document.problem(("invitations", n), f"{mail}/{tag}/{ABOUT} has no `invitation`")

    def _reviewed(self, mail: str, tag: str) -> bool:
        about = self._read(f"{mail}/{tag}/{ABOUT}", Language)
        return about is not None and about.reviewed_by != NOBODY

    def _read(self, name: str, model: type[Model]) -> Model | None:
        """Return what the file says; None where it is not there or faulty, which `faults` tells."""
        try:
            found = self._checked(name, model)
        except UserError:
            return None
        return found[1] if found else None

    def _checked(self, name: str, model: type[Model]) -> tuple[Document, Model] | None:
        path = self._folder / name
        if not path.is_file():
            return None
        document = load_file(path, name)
        return document, validate(document, model)
