"""The files that a new deployment starts from: config.yaml, rules/ and templates/ as they are shipped."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from intake.errors import UserError

SHIPPED = ("config.yaml", "rules", "templates")


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
