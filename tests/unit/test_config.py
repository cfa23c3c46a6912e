"""config.yaml: what it gives, and every fault in its place."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from intake.config import load_config
from intake.config_servers import secret
from intake.errors import UserError
from intake.mail.tokens import Tokens
from intake.ourselves import writer_of
from intake.outbox.service import Links

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def faults(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert all(problem.column for problem in caught.value.problems)
    return [(problem.line, f"{problem.message} {problem.hint}") for problem in caught.value.problems]


def line_of(path: Path, text: str) -> int:
    return next(n for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def test_shipped_configuration_is_whole(tmp_path: Path) -> None:
    """The shipped config.yaml loads as it is; its paths and its database lie beside it."""
    config = load_config(write(tmp_path))
    assert config.service.address == "cohesion@example.org"
    assert config.paths.rules == tmp_path.resolve() / "rules"
    assert config.database.url == f"sqlite:///{tmp_path.resolve() / 'intake.db'}"


def test_every_fault_at_once_with_its_place(tmp_path: Path) -> None:
    """Unknown keys, wrong values and missing ones are all told at once, each with line, column and a hint."""
    path = write(
        tmp_path,
        ("port: 1143", "prot: 1143"),
        ("Europe/London", "Europe/Lodnon"),
        ("null-sender: false", "null-sender: maybe"),
        ("days: [mon, tue, wed", "days: [mon, tue, wedd"),
    )
    found = faults(path)
    for text, said in (
        ("prot:", "unknown key `prot` did you mean `port`?"),
        ("Lodnon", "is not a time zone"),
        ("maybe", "must be true or false, not `maybe`"),
        ("wedd", "did you mean `wed`?"),
    ):
        assert any(line == line_of(path, text) and said in message for line, message in found), said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("host: 127.0.0.1        #", "host: mail.example.org #"), "`tls: none` is for this machine only"),
        (("host: 127.0.0.1          #", "host: mail.example.org #"), "`tls: none` is for this machine only"),
        (("sqlite:///intake.db", "postgresql+psycopg://intake:hunter2@db/intake"), "does not belong in config.yaml"),
        (("address: cohesion@example.org", "address: cohesion"), "is not an e-mail address"),
        (("# move-to: Handled", "move-to: INBOX"), "must be another folder"),
        (('time: "07:30"', "time: 8.30"), "must be a time such as 07:30, not `8.3`"),
        (("# since: 2026-01-01", "since: tomorrow"), "is neither a date such as 2026-01-31 nor `all`"),
        (("sqlite:///intake.db", "mysql://db/intake"), "must begin with sqlite:///"),
        (("banners: []", "banners: ['(']"), "is not a regular expression"),
        (("banners: []", "banners: ['^(?!Dear)']"), "is not a regular expression"),
        (("password-env: INTAKE_IMAP_PASSWORD", "password: hunter2"), "unknown key `password`"),
        (("# user: cohesion@example.org", "user: cohesion@example.org"), "give both or neither"),
        (("# alerts: ", "alerts: {address: Cohesion@example.org} #"), "another address than those whose mail is read"),
        (("# alerts: ", "alerts: {address: it-desk} #"), "is not an e-mail address"),
        (("# alerts: ", "alerts: {adress: it@example.org} #"), "did you mean `address`?"),
    ],
)
def test_unsafe_or_senseless_settings_are_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """X1, X2: no secret in config.yaml, no clear text but to this machine, and no setting that cannot work."""
    assert any(said in message for _, message in faults(write(tmp_path, change)))


def test_where_alerts_go(tmp_path: Path) -> None:
    """H3: alerts go to one configured address, and nowhere unless there is one."""
    assert load_config(write(tmp_path)).alerts.address is None
    path = write(tmp_path, ("# alerts: ", "alerts: "), ("#   address: it-desk", "  address: it-desk"))
    assert load_config(path).alerts.address == "it-desk@example.org"


def test_faults_never_show_a_secret(tmp_path: Path) -> None:
    """X1: a password that was put into the database URL is refused without being shown."""
    path = write(tmp_path, ("sqlite:///intake.db", "postgresql+psycopg://intake:hunter2@db/intake"))
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert "hunter2" not in str(caught.value)


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """No config.yaml: the sentence names the command that makes one."""
    with pytest.raises(UserError, match=re.escape("intake init")):
        load_config(tmp_path / "config.yaml")


def test_secret_from_environment_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X1: a password comes from the environment or a file; where it is missing, the sentence says which one to set."""
    by_env = load_config(write(tmp_path)).mailboxes[0]
    with pytest.raises(UserError, match="INTAKE_IMAP_PASSWORD"):
        secret(by_env, "mailbox main", tmp_path)
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "s3cret")
    found = secret(by_env, "mailbox main", tmp_path)
    assert found is not None
    assert found.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(found)

    by_file = load_config(write(tmp_path, ("password-env: INTAKE_IMAP_PASSWORD", "password-file: imap-password")))
    with pytest.raises(UserError, match="imap-password"):
        secret(by_file.mailboxes[0], "mailbox main", tmp_path)
    (tmp_path / "imap-password").write_text("from file\n")
    found = secret(by_file.mailboxes[0], "mailbox main", tmp_path)
    assert found is not None
    assert found.get_secret_value() == "from file"


@pytest.mark.parametrize(
    ("scanner", "said"),
    [
        ("{host: av.example.org}", "must be this machine"),
        ("{socket: /run/clamd.ctl, port: 3310}", "not both"),
        ("{sokcet: /run/clamd.ctl}", "did you mean `socket`?"),
    ],
)
def test_scanner(tmp_path: Path, scanner: str, said: str) -> None:
    """X5, X2: the virus scanner is on this machine, reached in one way; without the section there is none."""
    path = write(tmp_path)
    assert load_config(path).scanner is None
    path.write_text(path.read_text("utf-8") + f"scanner: {scanner}\n", "utf-8")
    assert said in faults(path)[0][1]


def test_scanner_by_its_socket(tmp_path: Path) -> None:
    """X5: a scanner is named by a socket, or by a port of this machine."""
    path = write(tmp_path)
    path.write_text(path.read_text("utf-8") + "scanner:\n  socket: /run/clamav/clamd.ctl\n", "utf-8")
    scanner = load_config(path).scanner
    assert scanner is not None
    assert (scanner.socket, scanner.host, scanner.port) == (Path("/run/clamav/clamd.ctl"), "127.0.0.1", 3310)


def test_what_answers_to_residents_name(tmp_path: Path) -> None:
    """Promise 2: links and what becomes of unreviewed translations reach whoever writes; by default those are sent."""
    linked = write(
        tmp_path,
        ("  # easy-read: https://www.example.org/easy-read", "  easy-read: https://www.example.org/easy?a=1"),
        ("  # privacy: ", "  privacy: "),
        ("unreviewed: send", "unreviewed: english"),
    )
    tokens = Tokens(lambda: b"k" * 32)
    writer = writer_of(load_config(linked), ZoneInfo("Europe/London"), tokens)
    assert writer.links == Links("https://www.example.org/easy?a=1", "", "https://www.example.org/privacy")
    assert writer.reviewed_only
    plain = writer_of(load_config(write(tmp_path)), ZoneInfo("Europe/London"), tokens)
    assert plain.links == Links()
    assert not plain.reviewed_only


@pytest.mark.parametrize(
    "link",
    ["http://www.example.org", "www.example.org", '"https://e.org/a b"', "'https://e.org/\"x'", "https://e.org/<x>"],
)
def test_links_are_plain_and_safe(tmp_path: Path, link: str) -> None:
    """O5: a link that could end an attribute, or that is not https, is refused with its line."""
    path = write(tmp_path, ("  # bsl: https://www.example.org/bsl", f"  bsl: {link}"))
    ((line, said),) = faults(path)
    assert line == line_of(path, "bsl: ")
    assert "is not a link such as https://www.example.org/page" in said
