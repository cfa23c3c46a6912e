"""A deployment as an operator has it: a folder from `intake init`, its config.yaml edited, the command run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.starter import init

PASSWORD_ENV = "INTAKE_IMAP_PASSWORD"


@dataclass
class Deployment:
    """Runs the real command in the folder."""

    folder: Path
    password: str = "secret"
    names_config: bool = True  # in the environment

    def __post_init__(self) -> None:
        init(self.folder)
        self.config = self.folder / "config.yaml"

    def edit(self, *changes: tuple[str, str]) -> None:
        """Replace text in config.yaml; each must be there."""
        text = self.config.read_text("utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.config.write_text(text, "utf-8")

    def connect(
        self, *, imap: int, user: str, smtp: int, since: str | None = "all", move_to: str | None = None
    ) -> None:
        """Point config.yaml at servers on this machine."""
        self.edit(
            ("port: 1143 ", f"port: {imap} "), ("user: cohesion ", f"user: {user} "), ("port: 1025 ", f"port: {smtp} ")
        )
        self.edit(("per-minute: 1200", "per-minute: 100000"), ("-per-hour: 200", "-per-hour: 100000"))
        if since:
            self.edit(("# since: 2026-01-01", f"since: {since}"))
        if move_to:
            self.edit(("# move-to: Handled", f"move-to: {move_to}"))

    @property
    def environment(self) -> dict[str, str]:
        """What the command runs in."""
        named = {"INTAKE_CONFIG": str(self.config)} if self.names_config else {}
        return os.environ | {PASSWORD_ENV: self.password} | named

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command; its log goes to `log` in the folder."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "intake", *arguments],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def call(self, *arguments: str, exit_code: int = 0, seconds: float = 240) -> str:
        """Run the command to its end; return what it printed. AssertionError, with the log, for another exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "intake", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == exit_code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr[-4000:]}"
        return done.stdout if exit_code == 0 else done.stdout + done.stderr

    def once(self) -> dict[str, Any]:
        """Do one full pass; return its summary."""
        summary: dict[str, Any] = json.loads(self.call("run", "--once", "--json"))
        return summary
