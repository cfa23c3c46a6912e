"""The commands for admins who edit rules, as a person and a script meet them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intake.cli import main_app
from tests.unit.rulebooks import CATEGORIES, PARTNERS
from tests.walk.deployment import Deployment

RULES = """rules:
  - id: damp
    when: {words: [damp], not: {words: [cheese]}}
    then: {category: housing}
    examples:
      match: [the damp, a damp wall]
      no-match: [damp cheese, a dry wall]
"""
GOLDEN = """letters:
  - id: calm
    text: there is a damp wall in the living room of our flat
    outcome: {categories: [housing], urgency: routine, partners: housing, flags: []}
"""


def call(*arguments: str | Path, exit_code: int = 0, folder: Path | None = None) -> str:
    """Run `intake rules ...`; return what it printed to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "intake", "rules", *map(str, arguments)],
        capture_output=True,
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"},
        check=False,
    )
    assert done.returncode == exit_code, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A small rules folder."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, text in (("categories", CATEGORIES), ("partners", PARTNERS), ("10-rules", RULES), ("golden", GOLDEN)):
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("command", ["check", "test", "explain", "whatif", "unmatched", "stats"])
def test_help_shows_examples(command: str) -> None:
    """Every command's help has an example that begins with its own name."""
    printed = CliRunner().invoke(main_app, ["rules", command, "--help"], env={"COLUMNS": "120"}).stdout
    assert f"intake rules {command}" in printed.split("Examples")[1]


def test_check_says_what_it_looked_at(rules: Path) -> None:
    """R4: a sound folder is told as such, with what was looked at, and the exit code is 0."""
    assert call("check", rules) == "No fault in 4 files, 1 rule, 4 examples, 1 golden letter and 1 language.\n"
    told = json.loads(call("check", rules, "--json"))
    assert told["ok"]
    assert (told["files"], told["rules"], told["examples"], told["golden"], told["problems"]) == (4, 1, 4, 1, [])


def test_check_shows_every_fault_in_its_line(rules: Path) -> None:
    """R4: every fault comes with file, line, column, the line with a caret, and a hint; the exit code is 1."""
    replace(rules / "10-rules.yaml", "category: housing", "category: houseing")
    replace(rules / "categories.yaml", "partners: [street]", "partners: [stret]")
    assert call("check", rules, exit_code=1).splitlines()[:4] == [
        "10-rules.yaml:4:22: there is no category `houseing`",
        "        then: {category: houseing}",
        "                         ^",
        "    hint: did you mean `housing`?",
    ]
    told = json.loads(call("check", rules, "--json", exit_code=1))
    assert not told["ok"]
    assert told["problems"][0] == {
        "file": "10-rules.yaml",
        "line": 4,
        "column": 22,
        "message": "there is no category `houseing`",
        "hint": "did you mean `housing`?",
    }


def test_the_caret_stands_under_the_place(rules: Path) -> None:
    """R4: wide characters, long lines and control characters before a fault do not move the caret away from it."""
    for before, column in (("住房", 16), ("x" * 300, 312), ("\u202eabc", 16)):
        (rules / "20-more.yaml").write_text(f'rules: [["{before}"], *x]\n', "utf-8")
        shown = call("check", rules, exit_code=1).splitlines()
        at = next(n for n, line in enumerate(shown) if line.strip() == "^")
        wide = sum(one in "住房" for one in shown[at - 1])
        assert shown[at - 1][shown[at].index("^") - wide] == "*", column
        assert "\u202e" not in shown[at - 1]


def test_test_shows_every_rule(rules: Path) -> None:
    """R3: `test` counts the examples of every rule, and exits 0 where all pass."""
    shown = call("test", rules)
    assert ["damp", "2/2", "2/2"] in [line.split() for line in shown.splitlines()]
    assert "4 examples, 1 golden letter: all pass." in shown


def test_test_tells_why_an_example_fails(rules: Path) -> None:
    """R3: a failing example stands there with its reason, a golden letter with every difference; exit code 1."""
    replace(rules / "10-rules.yaml", "[the damp, a damp wall]", "[the damp, damp Cheese]")
    replace(rules / "golden.yaml", "urgency: routine, partners: housing", "urgency: today, partners: police")
    shown = call("test", rules, exit_code=1)
    assert "1/2" in shown
    assert "10-rules.yaml:6:25: this example of `damp` must match but does not" in shown
    assert "hint: fails at not: Cheese" in shown
    assert "golden.yaml:4:47: golden letter `calm`: urgency should be today, is routine" in shown
    assert "golden letter `calm`: partners should be [police], is [housing]" in shown
    assert "4 examples, 1 golden letter: 2 failed." in shown
    told = json.loads(call("test", rules, "--json", exit_code=1))
    assert [one["passed"] for one in told["rules"]["damp"]] == [True, False, True, True]
    assert [one["key"] for one in told["letters"]["calm"]["differences"]] == ["partners", "urgency"]


def test_the_shipped_rules_serve_where_nothing_is_configured(tmp_path: Path) -> None:
    """Without a folder and without a config.yaml, the shipped rules are looked at; an empty folder is an error."""
    assert json.loads(call("check", "--json", folder=tmp_path))["files"] > 10
    call("check", tmp_path / "none", exit_code=2)


LETTER = """From: resident@example.org
To: cohesion@example.org
Subject: our flat
Message-ID: <one@example.org>
Date: Mon, 02 Mar 2026 08:30:00 +0000

There is a damp wall in the living room of our flat.
"""


@pytest.fixture
def stored(tmp_path: Path, rules: Path) -> Deployment:
    """A deployment with those rules that has one letter stored."""
    made = Deployment(tmp_path / "deployment")
    shutil.rmtree(made.folder / "rules")
    shutil.copytree(rules, made.folder / "rules")
    (made.folder / "letter.eml").write_text(LETTER)
    made.call("import", str(made.folder / "letter.eml"))
    return made


def test_a_file_is_explained(tmp_path: Path, rules: Path) -> None:
    """R7: a message in a file is explained under the rules of a folder; asked for a rule, so is that rule."""
    (tmp_path / "letter.eml").write_text(LETTER)
    told = call("explain", tmp_path / "letter.eml", "--rules", rules, folder=tmp_path)
    assert "a »damp« wall" in told
    assert "damp  10-rules.yaml:2" in told
    told = call("explain", tmp_path / "letter.eml", "--rules", rules, "--rule", "damp", "--json", folder=tmp_path)
    why = json.loads(told)["why"]
    assert why["fired"]
    assert [(line["text"], line["held"]) for line in why["lines"]] == [
        ("all of these", True),
        ("words: damp", True),
        ("none of these", True),
        ("words: cheese", False),
    ]
    call("explain", tmp_path / "letter.eml", "--rules", rules, "--rule", "nothing", folder=tmp_path, exit_code=2)


def test_a_stored_message_is_explained_under_the_rules_of_today(stored: Deployment) -> None:
    """R7: a case reference or a Message-ID is explained by today's rules, with what was recorded under others."""
    reference = json.loads(stored.call("search", "damp", "--json"))["reference"]
    told = json.loads(stored.call("rules", "explain", reference, "--json"))
    assert told["recorded"] is None
    assert told["explanation"]["decision"]["categories"] == ["housing"]
    replace(stored.folder / "rules" / "10-rules.yaml", "category: housing", "category: street")
    (stored.folder / "rules" / "golden.yaml").unlink()
    for name in (reference, "one@example.org", "<one@example.org>"):
        told = json.loads(stored.call("rules", "explain", name, "--json"))
        assert told["what"] == reference
        assert told["explanation"]["decision"]["categories"] == ["street"]
        assert told["recorded"]["categories"] == ["housing"]
    assert "under other rules" in stored.call("rules", "explain", reference)
    assert "no stored message" in stored.call("rules", "explain", "two@example.org", exit_code=2)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A name that is no file, with no database to look into, is one sentence and exit code 2."""
    made = Deployment(tmp_path / "new")
    assert "Traceback" not in made.call("rules", "explain", "nothing.eml", exit_code=2)
    assert "cannot be read" in made.call("rules", "explain", str(tmp_path), exit_code=2)


def test_check_looks_for_the_templates_that_answers_name(rules: Path, tmp_path: Path) -> None:
    """R4: an answer from a template folder that the deployment has not is a fault in its line."""
    deployment = tmp_path / "deployment"
    CliRunner().invoke(main_app, ["init", str(deployment)])
    (rules / "acknowledgements.yaml").write_text("acknowledgements:\n  - {id: neutral, template: quiet}\n", "utf-8")
    printed = call("check", rules, folder=deployment, exit_code=1)
    assert "acknowledgements.yaml:2:29: there is no template folder `quiet`" in printed
    shutil.copytree(deployment / "templates" / "acknowledgement-neutral", deployment / "templates" / "quiet")
    assert "No fault" in call("check", rules, folder=deployment)


def test_schemas_are_written(stored: Deployment) -> None:
    """Schemas for editors go beside the rules, and are not taken for rule files."""
    written = stored.call("rules", "schema").split()
    assert {Path(one).name for one in written} >= {"rules.json", "categories.json", "golden.json"}
    assert all(json.loads(Path(one).read_text("utf-8"))["$schema"] for one in written)
    assert "4 files" in stored.call("rules", "check")


def test_a_message_id_longer_than_a_path_is_no_fault(stored: Deployment) -> None:
    """R7: however long the Message-ID, it is looked for in the store."""
    told = stored.call("rules", "explain", f"<{'a' * 400}@example.org>", exit_code=2)
    assert "no stored message" in told
