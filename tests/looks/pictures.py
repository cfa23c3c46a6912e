"""Draws every kind of mail for docs/images/, as wide as a desk's screen and as a phone's: `make pictures`."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from intake.config import load_config
from intake.proofs import Proofs
from intake.starter import shipped

FOLDER = Path(__file__).parents[2] / "docs" / "images"
WIDTHS = {"desk": 1280, "phone": 390}  # CSS pixels
LONGEST = 2_400  # pixels of a picture
COLOURS = 48  # of a picture: text, lines and what smooths them
OTHERS = {"acknowledgement": ("pl", "ur", "bn", "und"), "acknowledgement-neutral": ("ar",)}  # languages beside English
DARK = frozenset({"acknowledgement-ur", "routed-en", "digest-en"})


class Shot(NamedTuple):
    """One picture."""

    mail: str
    language: str
    width: str
    scheme: Literal["light", "dark"]

    @property
    def file(self) -> str:
        """Its file in docs/images/."""
        dark = "-dark" if self.scheme == "dark" else ""
        return f"{self.mail}-{self.language}-{self.width}{dark}.png"


def shots(proofs: Proofs) -> Iterator[Shot]:
    """Yield the pictures that are drawn."""
    for kind in proofs.kinds():
        for language in ("en", *OTHERS.get(kind.mail, ())):
            for width in WIDTHS:
                yield Shot(kind.mail, language, width, "light")
            if f"{kind.mail}-{language}" in DARK:
                yield Shot(kind.mail, language, "phone", "dark")


def draw(browser: Browser, shot: Shot, page: str) -> None:
    """Write one picture."""
    view = browser.new_page(viewport={"width": WIDTHS[shot.width], "height": 100}, color_scheme=shot.scheme)
    view.set_content(page)
    drawn = Image.open(io.BytesIO(view.screenshot(full_page=True))).convert("RGB")
    view.close()
    cut = drawn.crop((0, 0, drawn.width, min(drawn.height, LONGEST)))
    cut.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / shot.file, optimize=True)


def main() -> None:
    """Draw all, in place of what was there."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("pictures need chromium, and fonts for every script: apt install chromium fonts-noto-core")
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    proofs = Proofs(load_config(shipped() / "config.yaml"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in shots(proofs):
            draw(browser, shot, proofs.proof(shot.mail, shot.language).html)
        browser.close()
    size = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures, {size // 1000} KB\n")


if __name__ == "__main__":
    main()
