"""The files that a new deployment starts from, as they are shipped; and what nobody has set in them yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from intake.errors import UserError

SHIPPED = ("config.yaml", "rules", "templates")
MARK = "CHANGE"  # stands in the comment of what must be set
EXAMPLES = "example.org"  # where the addresses are that must be replaced
UNSIGNED = "reference: EXAMPLE"
ADDRESSED = ("partners.yaml", "rota.yaml")  # rule files that hold addresses


def shipped() -> Path:
    """Return the folder that holds them: in the wheel, or a checkout's top."""
    packaged = Path(str(files("intake"))) / "defaults"
    return packaged if packaged.is_dir() else packaged.parent.parent


def init(folder: Path) -> list[Path]:
    """Lay the shipped files down in `folder`; return their paths. Raises UserError rather than overwrite anything."""
    if there := [name for name in SHIPPED if (folder / name).exists()]:
        raise UserError(f"{folder} already holds {', '.join(there)}; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        source, target = shipped() / name, folder / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    return [folder / name for name in SHIPPED]


def untouched(config: Path, rules: Path, *, local: bool, unset: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return (faults, notes) about what is as it was shipped: example addresses are a fault unless mail stays `local`.

    `unset` says what follows from settings that are not there.
    """
    notes = [*_unset(config), *(f"{config.name}: {one}" for one in unset)]
    found = _examples(rules)
    return ([], [*notes, *found]) if local else (found, notes)


def _examples(rules: Path) -> list[str]:
    """Say which lines of the rules still have the shipped example addresses and agreements."""
    paths = (rules / name for name in ADDRESSED if (rules / name).is_file())
    return [
        f"{path.parent.name}/{path.name}: {what}, {_lines(numbers)}"
        for path in paths
        for what, mark in ((f"example addresses, under {EXAMPLES}", EXAMPLES), ("example agreements", UNSIGNED))
        if (numbers := [number for number, setting, _ in _settings(path) if mark in setting])
    ]


def _unset(config: Path) -> list[str]:
    """Say which lines of `config` are marked CHANGE and still say what the shipped file says."""
    as_shipped = {setting for _, setting, comment in _settings(shipped() / "config.yaml") if _marked(comment)}
    numbers = [number for number, setting, comment in _settings(config) if setting in as_shipped and _marked(comment)]
    return [f"{config.name}: as it was shipped, {_lines(numbers)}: set it, or take {MARK} away"] if numbers else []


def _settings(path: Path) -> list[tuple[int, str, str]]:
    """Return each line's number, what it sets, and its comment."""
    lines = path.read_text("utf-8", "replace").splitlines()
    parts = [(number, line.partition("#")) for number, line in enumerate(lines, 1)]
    return [(number, setting.strip(), comment) for number, (setting, _, comment) in parts]


def _marked(comment: str) -> bool:
    return comment.lstrip().startswith(MARK)


def _lines(numbers: list[int]) -> str:
    return f"{'line' if len(numbers) == 1 else 'lines'} {', '.join(map(str, numbers))}"
