"""Sorting many files at once: a pool as wide as the cores, each process with the rulebook compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from intake.errors import UserError
from intake.processes import here, pool_with
from intake.rules.conditions import Told
from intake.triage import Sorter, as_object

FEW = 200  # files that are sorted sooner than a pool is up
CHUNK = 50  # files handed to a process at once


def sort_files(sorter: Sorter, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield, in order, `as_object` of each file with its `path` before it. Raises UserError for an unreadable one."""
    if len(files) < FEW:
        yield from (_sort(sorter, file) for file in files)
        return
    with pool_with(sorter) as pool:
        yield from pool.map(_sort_here, files, chunksize=CHUNK)


def _sort_here(file: Path) -> dict[str, Any]:
    return _sort(here(), file)


def _sort(sorter: Sorter, file: Path) -> dict[str, Any]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    return {"path": str(file)} | as_object(sorter.triage(raw, told=Told.WORDS))
