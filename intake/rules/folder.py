"""Reads the files of a rules folder: the only part of the rules that touches a disk."""

from __future__ import annotations

from pathlib import Path

from intake import yamlfile
from intake.errors import Problem, UserError


def is_rule_file(name: str) -> bool:
    """Whether a file of that name counts: no hidden one, but a `.yml`, so that it is told what to be called."""
    return name.endswith((".yaml", ".yml")) and not name.startswith(".")


def read_folder(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the text of every rule file by name, and a fault for each that cannot be read.

    Hidden files and those without the ending are passed over. Raises UserError where there is no folder.
    """
    files: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        entries = sorted(folder.iterdir(), key=lambda one: one.name)
    except OSError as error:
        raise UserError(f"the rules cannot be read: {error.strerror}: {folder}") from None
    for entry in entries:
        if not is_rule_file(entry.name):
            continue
        try:
            files[entry.name] = _text(entry)
        except UserError as error:
            problems += error.problems
    return files, problems


def _text(entry: Path) -> str:
    try:
        if entry.is_dir():
            raise UserError("", [Problem(entry.name, 0, 0, "is a folder, not a file", "give the folder another name")])
        if entry.exists() and not entry.is_file():
            raise UserError("", [Problem(entry.name, 0, 0, "cannot be read: it is not a file")])
        with entry.open("rb") as stream:
            raw = stream.read(yamlfile.LARGEST + 1)
    except OSError as error:
        raise UserError("", [Problem(entry.name, 0, 0, f"cannot be read: {error.strerror}")]) from None
    return yamlfile.decode(raw, entry.name)
