"""What officers do with cases on the command line."""

from __future__ import annotations

import json

import pytest

from tests.walk.deployment import Deployment

COMMANDS = [["case", name] for name in ("seen", "unseen", "tasks", "done", "close", "reopen", "dead", "revive")]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A folder as `intake init` lays it down, with three letters in its database."""
    made = Deployment(tmp_path_factory.mktemp("cases") / "here")
    for number in range(3):
        letter = (
            f"From: ann{number}@home.example\nTo: cohesion@example.org\nSubject: Hello {number}\n\nWords {number}\n"
        )
        (made.folder / f"{number}.eml").write_text(letter)
    made.call("import", *(f"{number}.eml" for number in range(3)))
    return made


def _unseen(deployment: Deployment) -> list[str]:
    rows = (json.loads(line) for line in deployment.call("case", "unseen", "--json").splitlines())
    return [row["reference"] for row in rows]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_examples(deployment: Deployment, command: list[str]) -> None:
    """Every command's help has an example that begins with its own name."""
    printed = deployment.call(*command, "--help")
    assert f"intake {' '.join(command)}" in printed.split("Examples")[1]


def test_what_is_opened_counts_as_seen(deployment: Deployment) -> None:
    """D6: `show` records who opened a case, a program that reads JSON opens nothing, `case seen` ticks a backlog."""
    one, two, three = _unseen(deployment)
    deployment.call("show", one, "--json")
    assert _unseen(deployment) == [one, two, three]
    deployment.call("show", one, "--by", "Pat")
    assert "seen by Pat" in deployment.call("show", one)
    deployment.call("show", two, "--raw")
    assert _unseen(deployment) == [three]
    assert "name cases" in deployment.call("case", "seen", exit_code=2)
    assert deployment.call("case", "seen", "--before", "2000-01-01", "--by", "Pat") == "0 messages ticked\n"
    assert deployment.call("case", "seen", three, "--by", "Pat") == f"{three}: seen\n"
    assert _unseen(deployment) == []


def test_who_is_to_be_reached(deployment: Deployment) -> None:
    """Promise 3: `case tasks` lists who is to be reached safely, `case done` ticks; a backlog opens none (F11)."""
    hit = json.loads(deployment.call("search", "Words", "--json").splitlines()[0])["reference"]
    assert deployment.call("case", "tasks") == "To reach safely: nothing\n"
    assert deployment.call("case", "done", hit, "--by", "Pat") == f"{hit}: there was nothing to do\n"
    assert "there is no case CSP-0000" in deployment.call("case", "done", hit, "CSP-0000", exit_code=2)


def test_taking_and_who_would_be_asked(deployment: Deployment) -> None:
    """O8: a case can be taken by name, and an admin sees who would be asked at any hour, down to the alert."""
    reference = json.loads(deployment.call("search", "--json", "Hello").splitlines()[0])["reference"]
    assert "taken by Pat" in deployment.call("case", "take", reference, "--by", "Pat")
    assert deployment.call("escalation", "--json") == ""
    shown = deployment.call("escalation", "police", "--at", "2026-12-26 02:00", "--json").splitlines()
    contacts = [json.loads(line)["contact"] for line in shown]
    assert contacts[:2] == ["police@partners.example.org", "police-control-room@partners.example.org"]
    assert contacts[-1] == "alert"
    assert "is not a partner" in deployment.call("escalation", "polise", exit_code=2)
