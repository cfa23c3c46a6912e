"""Pages in a browser of this machine: shown to the person who asks, or as a picture."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkstemp

from intake.errors import UserError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
WIDTH = 800  # pixels: a reading pane
LONGEST = 16_000  # pixels: no browser draws more
SECONDS = 60
_HEIGHT = re.compile(r'data-height="(\d+)"')
_MEASURE = "<script>document.body.dataset.height = Math.ceil(document.documentElement.scrollHeight)</script>"


def show(page: str) -> tuple[Path, bool]:
    """Open `page` in the person's browser; return (the file that holds it, whether one could be opened)."""
    handle, name = mkstemp(prefix="intake-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    return Path(name), webbrowser.open(Path(name).as_uri())


def picture(page: str, file: Path) -> None:
    """Write `page` to `file` as a PNG, as long as the page is. Raises UserError where no browser can."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(
            f"a picture needs a browser, and there is none of {', '.join(BROWSERS)}: install one "
            "(Debian and Ubuntu: `apt install chromium`), or write the page itself with --html FILE"
        )
    with TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page + _MEASURE, "utf-8")
        measured = _HEIGHT.search(_run(browser, folder, "--dump-dom", source.as_uri()))
        height = min(int(measured[1]), LONGEST) if measured else 1_000
        source.write_text(page, "utf-8")
        shot = Path(folder) / "page.png"
        _run(browser, folder, f"--screenshot={shot}", f"--window-size={WIDTH},{height}", source.as_uri())
        if not shot.is_file():
            raise UserError(f"{browser} made no picture")
        shutil.copyfile(shot, file)


def _run(browser: str, folder: str, *arguments: str) -> str:
    """Return what the browser prints, its window that of `picture`. Raises UserError."""
    options = ["--headless", "--hide-scrollbars", f"--window-size={WIDTH},600", f"--user-data-dir={folder}/profile"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to run otherwise
    return _output([browser, *options, *arguments])


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603 (no shell)
    except (subprocess.SubprocessError, OSError) as error:
        raise UserError(f"{command[0]} drew nothing: {type(error).__name__}") from None
    return done.stdout.decode("utf-8", "replace")
