"""config.yaml: signing in with access tokens, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from intake.config import load_config
from intake.connections import Connections
from intake.errors import UserError
from intake.mailbox.imap_settings import ImapSettings
from tests.unit.test_config import SHIPPED

OAUTH = """
oauth:
  token-url: https://login.example.org/tenant/oauth2/v2.0/token
  client-id: 00000000-0000-4000-8000-000000000365
  scope: https://outlook.office365.com/.default
  client-secret-env: INTAKE_OAUTH_SECRET
  client-secret-expires: 2027-05-31
"""
IMAP_PASSWORD = "    password-env: INTAKE_IMAP_PASSWORD   # or password-file: /etc/intake/imap-password\n"
SMTP_USER = "  # user: cohesion@example.org\n"
SIGNED_IN = (
    (IMAP_PASSWORD, "    sign-in: oauth\n"),
    (SMTP_USER, "  user: cohesion@example.org\n  sign-in: oauth\n"),
)
NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def write(folder: Path, *changes: tuple[str, str], oauth: str = OAUTH) -> Path:
    text = oauth + SHIPPED.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def connections(path: Path, now: datetime = NOW) -> Connections:
    return Connections(load_config(path), path.parent, lambda: now)


def test_mailbox_and_smtp_share_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H5, X1: where both sign in by OAuth they share one token; the secret, from the environment, is not shown."""
    made = connections(write(tmp_path, *SIGNED_IN))
    with pytest.raises(UserError, match="INTAKE_OAUTH_SECRET"):
        made.smtp()
    monkeypatch.setenv("INTAKE_OAUTH_SECRET", "s3cret")
    imap, smtp = made.imap(made.config.mailboxes[0]), made.smtp()
    assert (imap.auth, smtp.auth) == ("xoauth2", "xoauth2")
    assert made.access_tokens is not None
    assert imap.secret == smtp.secret == made.access_tokens.token
    assert imap.refused == smtp.refused == made.access_tokens.refused
    assert "s3cret" not in repr((made, imap, smtp, made.access_tokens))


def test_each_server_signs_in_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H5: a password for the one and tokens for the other; without any OAuth no secret is asked for."""
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "sesame")
    made = connections(write(tmp_path))
    assert made.access_tokens is None
    assert made.imap(made.config.mailboxes[0]).secret == "sesame"
    monkeypatch.setenv("INTAKE_OAUTH_SECRET", "s3cret")
    mixed = connections(write(tmp_path, SIGNED_IN[1]))
    box = mixed.imap(mixed.config.mailboxes[0])
    assert isinstance(box, ImapSettings)
    assert (box.auth, mixed.smtp().auth) == ("password", "xoauth2")


def test_secret_from_a_file(tmp_path: Path) -> None:
    """X1: the client secret may stand in a file beside config.yaml."""
    by_file = ("client-secret-env: INTAKE_OAUTH_SECRET", "client-secret-file: secret")
    made = connections(write(tmp_path, *SIGNED_IN, by_file))
    with pytest.raises(UserError, match="cannot be read"):
        made.smtp()
    (tmp_path / "secret").write_text("s3cret\n")
    assert made.smtp().auth == "xoauth2"


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("token-url: https:", "token-url: http:"), "token-url:", "must be an address that begins with https://"),
        (("token-url: https://login.example.org/", "token-url: 'https://['  #"), "token-url:", "begins with https://"),
        (("client-secret-env: INTAKE_OAUTH_SECRET", "client-secret: s3cret"), "client-secret:", "unknown key"),
        (("  client-secret-env: INTAKE_OAUTH_SECRET\n", ""), "token-url:", "where does the secret stand?"),
        (("expires: 2027-05-31", "expires: next May"), "client-secret-expires:", "date"),
        (("  scope: https", "  scpoe: https"), "scpoe:", "did you mean `scope`?"),
        (("    sign-in: oauth", "    sign-in: oauth2"), "sign-in: oauth2", "oauth"),
        (("    sign-in: oauth\n", "    sign-in: oauth\n" + IMAP_PASSWORD), "- name: main", "without a password"),
        (("  user: cohesion@example.org\n", ""), "host: 127", "goes with `user`"),
        (("  user: cohesion@example.org\n", "  user: x\n  password-env: X\n"), "host: 127", "without a password"),
    ],
)
def test_faults_have_their_place(tmp_path: Path, change: tuple[str, str], place: str, said: str) -> None:
    """X1, X2: what cannot work is told with its line: clear text, a secret in the file, two ways to sign in."""
    path = write(tmp_path, *SIGNED_IN, change)
    with pytest.raises(UserError) as caught:
        load_config(path)
    lines = path.read_text("utf-8").splitlines()
    found = [(lines[one.line - 1], f"{one.message} {one.hint}") for one in caught.value.problems]
    assert any(place in line and said in message for line, message in found), found
    assert "s3cret" not in str(caught.value)


def test_oauth_that_is_not_told(tmp_path: Path) -> None:
    """H5: `sign-in: oauth` without the section is a fault of both servers."""
    path = write(tmp_path, *SIGNED_IN, oauth="")
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert [one.message.count("needs the section `oauth`") for one in caught.value.problems] == [1, 1]


@pytest.mark.parametrize(
    ("day", "said"),
    [((2027, 4, 30), None), ((2027, 5, 1), "runs out on 2027-05-31"), ((2027, 6, 1), "ran out on 2027-05-31")],
)
def test_status_tells_ahead(tmp_path: Path, day: tuple[int, int, int], said: str | None) -> None:
    """H5: thirty days before the client secret ends, `intake status` says so."""
    made = connections(write(tmp_path, *SIGNED_IN), datetime(*day, tzinfo=UTC))
    assert made.secret_expires == date(2027, 5, 31)
    if said is None:
        made.check()
    else:
        with pytest.raises(UserError, match=said):
            made.check()


def test_the_documented_example_works(tmp_path: Path) -> None:
    """H5: what the page shows for Microsoft 365 loads as it stands."""
    page = (SHIPPED.parent / "docs" / "configuration.md").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    config = load_config(tmp_path / "config.yaml")
    assert {config.mailboxes[0].sign_in, config.smtp.sign_in} == {"oauth"}
    assert config.screening.microsoft_365


def test_the_shipped_comments_work(tmp_path: Path) -> None:
    """H5: the `oauth` section of the shipped file needs no more than its comment signs removed."""
    text = SHIPPED.read_text("utf-8")
    start = text.index("# oauth:")
    section = text[start : text.index("screening:", start)]
    path = write(tmp_path, (section, section.replace("# oauth:", "oauth:").replace("\n#   ", "\n  ")), oauth="")
    assert load_config(path).oauth is not None
