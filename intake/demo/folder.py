"""The demo's deployment: what `intake init` lays down, with the two ports of the demo's servers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from intake.errors import UserError
from intake.starter import init

MARKER = ".intake-demo"  # stands in every folder that the demo made, and may delete
PORTS = ("port: 1143 ", "port: 1025 ")  # of IMAP and SMTP, as the shipped config.yaml has them


@dataclass(frozen=True, slots=True)
class Folder:
    """Where things lie in it."""

    path: Path

    @property
    def config(self) -> Path:
        """The deployment's configuration."""
        return self.path / "config.yaml"

    @property
    def sent(self) -> Path:
        """The folder of mails that went out, one .eml file each."""
        return self.path / "sent"

    @property
    def log(self) -> Path:
        """What the service wrote to standard output and error."""
        return self.path / "intake.log"


def lay_down(path: Path) -> Folder:
    """Make a fresh demo folder at `path`, in place of an older one.

    Raises UserError where something else is there: only what bears the demo's marker is deleted.
    """
    if (path / MARKER).is_file():
        shutil.rmtree(path)
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} was not made by the demo, so it stays as it is: name another place with --dir")
    path.mkdir(parents=True, exist_ok=True)
    (path / MARKER).write_text("Made by `intake demo`, which deletes this folder when it runs again.\n", "utf-8")
    init(path)
    folder = Folder(path)
    folder.sent.mkdir()
    return folder


def point_at(config: Path, imap_port: int, smtp_port: int) -> None:
    """Write the two ports into `config`. Raises UserError where the shipped lines are not there, once each."""
    text = config.read_text("utf-8")
    for shipped, port in zip(PORTS, (imap_port, smtp_port), strict=True):
        if text.count(shipped) != 1:
            raise UserError(f"{config}: the demo looks for one `{shipped.strip()}` to put its own port there")
        text = text.replace(shipped, f"port: {port} ")
    config.write_text(text, "utf-8")
