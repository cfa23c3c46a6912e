"""The commands for admins who edit templates, as a person and a script meet them."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from intake.browser import BROWSERS
from intake.starter import init


def call(*arguments: str | Path, exit_code: int = 0, folder: Path | None = None, **environment: str) -> str:
    """Run `intake templates ...`; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "intake", "templates", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"} | environment,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout.decode()
    return done.stdout.decode()


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A folder as `intake init` lays it down."""
    init(tmp_path / "ours")
    return tmp_path / "ours"


def test_shipped_templates_are_sound(deployment: Path) -> None:
    """O6: the templates of a new deployment have no fault, and every mail is listed with its languages."""
    assert call("check", folder=deployment).startswith("No fault in ")
    rows = [json.loads(line) for line in call("list", "--json", folder=deployment).splitlines()]
    listed = {row["mail"]: row["languages"] for row in rows}
    assert {"acknowledgement", "acknowledgement-neutral", "routed", "digest", "late", "alert"} <= set(listed)
    assert listed["routed"] == ["en"]
    assert {"en", "ur", "pl"} <= set(listed["acknowledgement"])


def test_every_fault_is_told(deployment: Path) -> None:
    """O6, R4: `check` tells every fault of every file at once, with file and line, and ends with 1."""
    (deployment / "templates/routed/body.txt").write_text("For {{ partner }}\n{{ refrence }}\n")
    (deployment / "templates/acknowledgement/pl/body.html").write_text("<p>\n{% if %}\n")
    told = call("check", folder=deployment, exit_code=1)
    assert "routed/body.txt:2: 'refrence' is undefined" in told
    assert "    {{ refrence }}" in told
    assert "acknowledgement/pl/body.html:2: Expected an expression" in told
    said = json.loads(call("check", "--json", folder=deployment, exit_code=1))
    assert not said["ok"]
    assert [(one["file"], one["line"]) for one in said["problems"]] == [
        ("acknowledgement/pl/body.html", 2),
        ("routed/body.txt", 2),
    ]


def test_an_answer_of_ones_own(deployment: Path) -> None:
    """O6: a folder that acknowledgements.yaml names is checked and previewed like the shipped ones."""
    shutil.copytree(deployment / "templates/acknowledgement", deployment / "templates/ours")
    file = deployment / "rules/acknowledgements.yaml"
    file.write_text(file.read_text().replace("template: acknowledgement\n", "template: ours\n"))
    (deployment / "templates/ours/body.txt").write_text("Ours: {{ reference }}")
    assert "Ours: CSP-7K4M-29Q" in call("preview", "ours", "--text", folder=deployment)
    (deployment / "templates/ours/body.txt").write_text("{{ oops }}")
    assert "ours/body.txt:1: 'oops' is undefined" in call("check", folder=deployment, exit_code=1)


def test_preview_as_text_and_page(deployment: Path, tmp_path: Path) -> None:
    """A preview prints the text with its subject and writes the page, in the language asked for."""
    page = tmp_path / "page.html"
    told = call("preview", "acknowledgement", "--language", "pl", "--text", "--html", page, folder=deployment)
    assert told.startswith("Subject: ")
    assert "CSP-7K4M-29Q" in told
    assert '<div lang="pl" dir="ltr">' in page.read_text("utf-8")


def test_preview_in_the_browser(deployment: Path, tmp_path: Path) -> None:
    """Without an option a preview is opened in the browser; where there is none, it says which file holds the page."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    shown = Path(call("preview", "routed", folder=deployment, BROWSER=f"{browser} %s").strip())
    assert shown.as_uri() in (tmp_path / "opened").read_text()
    assert "Mill Lane" in shown.read_text("utf-8")
    shown.unlink()


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no chromium here: apt install chromium")
def test_preview_as_a_picture(deployment: Path, tmp_path: Path) -> None:
    """A preview is drawn as a PNG, as long as the mail is."""
    picture = tmp_path / "routed.png"
    call("preview", "routed", "--png", picture, folder=deployment)
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:])
    assert width == 800
    assert height > 1_000


def test_no_browser(deployment: Path, tmp_path: Path) -> None:
    """Where no browser can draw, a sentence says what to install, and nothing is written."""
    told = call("preview", "routed", "--png", tmp_path / "x.png", folder=deployment, exit_code=2, PATH=str(tmp_path))
    assert "apt install chromium" in told
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["preview", "nothing"], "`nothing` is no mail; there are: acknowledgement, "),
        (["preview", "routed", "--language", "pl"], "`pl` is no language of routed; there are: en"),
        (["preview", "acknowledgement", "--language", "../ro"], "is no language of acknowledgement"),
    ],
)
def test_what_there_is_not(deployment: Path, arguments: list[str], told: str) -> None:
    """A mail or a language that is not there is told, with those that are; exit code 2."""
    assert told in call(*arguments, folder=deployment, exit_code=2)


def test_preview_of_a_faulty_mail(deployment: Path) -> None:
    """O6: a mail that its own templates cannot write is not previewed by the built-in ones: its faults are told."""
    (deployment / "templates/routed/body.txt").write_text("{{ oops }}")
    told = call("preview", "routed", "--text", folder=deployment, exit_code=2)
    assert "routed/body.txt:1: 'oops' is undefined" in told
