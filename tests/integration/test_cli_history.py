"""What-if, unmatched and stats as a person and a script meet them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.contract.test_store_history import mail
from tests.unit.rulebooks import CATEGORIES, PARTNERS
from tests.walk.deployment import Deployment

DAMP = """rules:
  - id: damp
    when: {words: [damp]}
    then: {category: housing}
  - id: never
    when: {words: [x-ray]}
    then: {category: street}
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with a small rulebook and thirty stored letters, of which ten are about an allotment."""
    made = Deployment(tmp_path_factory.mktemp("history") / "my intake")
    rules = made.folder / "rules"
    shutil.rmtree(rules)
    rules.mkdir()
    for name, text in (("categories", CATEGORIES), ("partners", PARTNERS), ("10-rules", DAMP)):
        (rules / f"{name}.yaml").write_text(text, "utf-8")
    shutil.copytree(rules, made.folder / "other")
    (made.folder / "old").mkdir()
    for number in range(30):
        what = "allotment gate" if number < 10 else "damp wall"
        raw = mail(number, f"The {what} is in a bad state, and secret{number} told me that it was worse.")
        (made.folder / "old" / f"{number}.eml").write_bytes(raw)
    made.call("import", "old")
    return made


@pytest.fixture
def other(deployment: Deployment) -> Path:
    """A copy of the rules in force."""
    folder = deployment.folder / "other"
    shutil.rmtree(folder)
    return Path(shutil.copytree(deployment.folder / "rules", folder))


def call(deployment: Deployment, *arguments: str, exit_code: int = 0) -> str:
    return deployment.call("rules", *arguments, exit_code=exit_code)


@pytest.mark.parametrize("command", ["whatif", "unmatched", "stats"])
def test_help_shows_examples(deployment: Deployment, command: str) -> None:
    """Every command's help has an example that begins with its own name."""
    assert f"intake rules {command}" in call(deployment, command, "--help").split("Examples")[1]


def test_whatif_says_that_nothing_moves(deployment: Deployment, other: Path) -> None:
    """R6: under the same rules nothing moves, and the command ends with 0."""
    assert "0 of 30 messages" in call(deployment, "whatif", "other", "--since", "2026-01-01")
    assert other.is_dir()


def test_whatif_tells_what_moves(deployment: Deployment, other: Path) -> None:
    """R6: what another folder's rules would move is counted and listed, and the command ends with 1."""
    (other / "10-rules.yaml").write_text(DAMP.replace("[damp]", "[allotment]"), "utf-8")
    since = ("--since", "2026-01-01")
    printed = call(deployment, "whatif", "other", *since, "--limit", "3", exit_code=1)
    assert "30 of 30 messages" in printed
    assert "category: general → housing" in printed
    assert "and 27 more" in printed
    assert "letter 9" in printed
    found = json.loads(call(deployment, "whatif", "other", *since, "--limit", "3", "--json", exit_code=1))
    assert (found["messages"], found["moved"], len(found["moves"])) == (30, 30, 3)
    counts = {(one["what"], one["before"], one["after"]): one["messages"] for one in found["counts"]}
    assert counts["category", "general", "housing"] == 10
    assert counts["category", "housing", "general"] == 20
    assert found["moves"][0]["reference"].startswith("CSP-")
    assert "letter" not in json.dumps(found)


def test_whatif_tells_faults_of_the_other_rules(deployment: Deployment, other: Path) -> None:
    """R4: a faulty folder is told with file, line and column, and the command ends with 2; for a bad time too."""
    (other / "10-rules.yaml").write_text(DAMP.replace("housing", "houses"), "utf-8")
    printed = call(deployment, "whatif", "other", exit_code=2)
    assert "10-rules.yaml:4:22: there is no category `houses`" in printed
    assert "Traceback" not in printed
    assert "90d, 12w or 2026-09-01" in call(deployment, "whatif", "rules", "--since", "3m", exit_code=2)


def test_unmatched_proposes_words(deployment: Deployment) -> None:
    """R6: what fell to `general` is counted, its words are proposed as a rule, and nothing of one letter is shown."""
    printed = call(deployment, "unmatched", "--since", "2026-01-01")
    assert "10 messages fell to general: 10 en" in printed
    assert '- "allotment gate"' in printed or '- "the allotment gate"' in printed
    assert "secret" not in printed
    found = json.loads(call(deployment, "unmatched", "--since", "2026-01-01", "--json"))
    assert (found["messages"], found["others"], len(found["references"])) == (10, 20, 10)
    assert found["stub"].startswith("rules:")


def test_stats(deployment: Deployment) -> None:
    """R6: rules that never fired and those without examples are told, with the rulebooks that sorted the letters."""
    printed = call(deployment, "stats", "--since", "2026-01-01")
    assert "30 messages" in printed
    assert "30 of them sorted by the rules in force" in printed
    assert "Rules that never fired: never" in printed
    found = json.loads(call(deployment, "stats", "--since", "2026-01-01", "--json"))
    assert found["fired"] == {"damp": 20}
    assert list(found["versions"].values()) == [30]


def test_before_the_first_start(tmp_path: Path) -> None:
    """R6: where nothing is stored yet, the command says what to do, and ends with 2."""
    assert "intake db upgrade" in call(Deployment(tmp_path / "new"), "unmatched", exit_code=2)


def test_one_pass_under_faulty_rules_says_so(deployment: Deployment) -> None:
    """R5: mail goes on under the last good rulebook, and the exit code tells that a person must mend something."""
    faulty = deployment.folder / "rules" / "99-new.yaml"
    faulty.write_text("rules: [{id: new, wehn: damp}]\n", "utf-8")
    try:
        told = deployment.call("run", "--once", exit_code=2)
    finally:
        faulty.unlink()
    assert "99-new.yaml:1:19: unknown key `wehn`" in told.partition("Fault: the rules cannot be used")[2]
