"""The commands as a person or a script meets them: what they print, and how they end."""

from __future__ import annotations

import json
import mailbox
import shutil
from email import message_from_bytes
from pathlib import Path

import pytest

from intake.errors import UserError
from intake.starter import init
from tests.letters.render import letters, render
from tests.walk.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A folder as `intake init` lays it down."""
    return Deployment(tmp_path / "my intake")


def test_help_is_printed(deployment: Deployment) -> None:
    """`--help` of the real command ends with examples and exit codes."""
    printed = deployment.call("rules", "whatif", "--help")
    assert "intake rules whatif ../new-rules" in printed.split("Examples")[1]
    assert "1 something would move" in printed.split("Exit codes")[1]


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    """`init` refuses a folder that holds a deployment, and leaves it as it is."""
    init(tmp_path)
    (tmp_path / "config.yaml").write_text("mine")
    with pytest.raises(UserError, match="nothing was written"):
        init(tmp_path)
    assert (tmp_path / "config.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("config.yaml", "config.yaml:"),
        ("rules/categories.yaml", "categories.yaml:"),
        ("templates/acknowledgement/body.html", "body.html:"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(deployment: Deployment, spoil: str, said: str) -> None:
    """A broken configuration, rule or template is refused at start: exit 2, file and line, no traceback."""
    path = deployment.folder / spoil
    path.write_text(path.read_text("utf-8") + "\n{% if %}\nunknown-key: [1\n", "utf-8")
    printed = deployment.call("run", "--once", exit_code=2)
    assert said in printed
    assert "Traceback" not in printed
    assert not (deployment.folder / "intake.db").exists()


def test_status_before_the_first_run(deployment: Deployment) -> None:
    """Before the first run `status` says what to do, and ends with 2."""
    told = deployment.call("status", exit_code=2).splitlines()
    first = next(number for number, line in enumerate(told) if line.startswith("note: "))
    assert "`intake run`" in told[first - 1]
    assert all(line.startswith("note: ") for line in told[first:])


def test_status_notes_what_was_never_set(deployment: Deployment) -> None:
    """`status` names the lines of config.yaml, partners and rota that are as shipped; that alone is no fault."""
    lines = deployment.config.read_text("utf-8").splitlines()
    marked = [str(number) for number, line in enumerate(lines, 1) if "# CHANGE" in line]
    told = deployment.call("status", exit_code=2)
    assert f"config.yaml: as it was shipped, lines {', '.join(marked)}: set it" in told
    assert "no `alerts: address:`" in told
    assert "no partner's reply takes an emergency" in told
    assert "rules/partners.yaml: example addresses" in told
    assert "rules/rota.yaml: example addresses" in told
    deployment.call("db", "upgrade")
    health = json.loads(deployment.call("status", "--json", exit_code=1).splitlines()[0])
    for file in (
        "config.yaml: as it was",
        "config.yaml: no `alerts",
        "config.yaml: no `screening",
        "rules/partners.yaml: example add",
        "rules/rota.yaml: ",
    ):
        assert sum(one.startswith(file) for one in health["notes"]) == 1
    assert not any("example" in one or "shipped" in one for one in health["unwell"])
    deployment.edit(("address: cohesion@example.org  ", "address: safety@council.test  "), ("# alerts:", "alerts:"))
    deployment.edit(("#   address: it-desk@", "  address: it-desk@"), ("  # authserv-id:", "  authserv-id:"))
    told = deployment.call("status", exit_code=1)
    assert f"lines {', '.join(marked[:1] + marked[2:])}: set it" in told
    assert "alerts: address" not in told
    assert "takes an emergency" not in told


def test_status_warns_of_example_addresses(deployment: Deployment) -> None:
    """With a relay elsewhere, example addresses are a fault: mails would go there."""
    deployment.call("db", "upgrade")
    deployment.edit(
        ("host: 127.0.0.1          #", "host: relay.invalid #"),
        ("tls: none                # CHANGE: start", "tls: tls # CHANGE: start"),
    )
    assert "! rules/partners.yaml: example addresses" in deployment.call("status", exit_code=1)


def test_import_search_preview(deployment: Deployment) -> None:
    """F11: a backlog is imported once however often it is asked for, never acknowledged, found again, listed."""
    box = mailbox.mbox(deployment.folder / "old.mbox")
    for letter in letters()[:20]:
        made = mailbox.mboxMessage(message_from_bytes(render(letter)))
        made.set_from("someone@example.org Thu Jan 01 00:00:00 2026")
        box.add(made)
    box.close()
    first, again = (json.loads(deployment.call("import", "--json", "old.mbox")) for _ in range(2))
    assert (first["kept"], first["copies"], first["quarantined"]) == (20, 0, 0)
    assert again["kept"] == 0
    assert deployment.call("outbox", "--json") == ""
    assert deployment.call("quarantine", "list", "--json") == ""
    assert "nothing is quarantined under 1" in deployment.call("quarantine", "dismiss", "1", exit_code=2)
    found = [
        json.loads(line) for line in deployment.call("search", "--json", letters()[0]["from_address"]).splitlines()
    ]
    assert [one["from_address"] for one in found] == [letters()[0]["from_address"]]
    assert found[0]["reference"] in deployment.call("digest", "preview", "cohesion-officers") + deployment.call(
        "digest", "preview", "police"
    )
    assert "Nobody" not in deployment.call("digest", "preview", "nobody", exit_code=2)


@pytest.mark.parametrize("many", [3, 400], ids=["few", "pool"])
def test_triage_files(deployment: Deployment, many: int) -> None:
    """`triage --json` prints one object a file, in order, with no store and no network; few files or many."""
    folder = deployment.folder / "letters"
    folder.mkdir()
    every = letters()
    for n in range(many):
        (folder / f"{n:04}.eml").write_bytes(render(every[n % len(every)]))
    printed = [json.loads(line) for line in deployment.call("triage", "--json", "letters").splitlines()]
    assert [Path(one["path"]).name for one in printed] == [f"{n:04}.eml" for n in range(many)]
    assert printed[1]["subject"] == every[1]["subject"]
    assert not (deployment.folder / "intake.db").exists()


def test_triage_of_nothing(deployment: Deployment) -> None:
    """A path that holds no message ends with 2 and a sentence."""
    assert "no message" in deployment.call("triage", "nowhere", exit_code=2)


def test_triage_without_a_deployment(deployment: Deployment, tmp_path: Path) -> None:
    """Where there is no config.yaml the shipped one serves `triage`, which says so; one that is named must be there."""
    path = tmp_path / "one.eml"
    path.write_bytes(render(letters()[0]))
    assert "there is no" in deployment.call("triage", "-c", "typo.yaml", str(path), exit_code=2)
    deployment.config.unlink()
    deployment.names_config = False
    assert "hate-incident" in deployment.call("triage", str(path))


def test_terminal_codes_in_mail_are_not_printed(deployment: Deployment, tmp_path: Path) -> None:
    """What a stranger writes cannot drive the terminal of who looks at it."""
    path = tmp_path / "one.eml"
    path.write_bytes(b"From: a@home.example\nSubject: x\x1b]0;owned\x07\x1b[2J\n\nfire\x1b[31m here now, please help\n")
    assert "\x1b" not in deployment.call("triage", str(path))
    shutil.copyfile(path, deployment.folder / "two.eml")
    deployment.call("import", "two.eml")
    assert "\x1b" not in deployment.call("search", "fire")


def test_closing_needs_a_mail_and_a_name(deployment: Deployment) -> None:
    """O2: `outbox close` and `retry` say so where no such mail waits, nobody is named, or options stray."""
    deployment.call("db", "upgrade")
    for command in ("close", "retry"):
        assert "no mail 7 waits for a person" in deployment.call("outbox", command, "7", "--by", "Ana", exit_code=2)
        assert "who you are" in deployment.call("outbox", command, "7", "--by", " ", exit_code=2)
        assert "stand after it" in deployment.call("outbox", "--json", command, "7", "--by", "Ana", exit_code=2)
