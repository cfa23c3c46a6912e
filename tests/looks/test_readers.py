"""Our mails as programs of those who get them read them: three parsers that have no code in common."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

import fast_mail_parser
import pytest

from tests.looks.mails import Sample, every
from tests.outbox_values import SERVICE


class Shown(NamedTuple):
    """What a reader shows of a mail."""

    subject: str
    sender: tuple[str, str]  # display name, address
    text: str


def expected(sample: Sample) -> Shown:
    """Return what we meant to say."""
    return Shown(sample.rendered.subject, (SERVICE.name, SERVICE.address), sample.rendered.text.strip())


def by_the_standard_library(mail: bytes) -> Shown:
    """Read by Python's `email`."""
    message = message_from_bytes(mail, policy=default)
    body = message.get_body(("plain",))
    assert body is not None
    return shown(str(message["Subject"]), str(message["From"]), body.get_content())


def by_fast_mail_parser(mail: bytes) -> Shown:
    """Read by Rust's `mailparse`."""
    message = fast_mail_parser.parse_email(mail)
    headers = {name.lower(): value for name, value in message.headers.items()}
    return shown(message.subject, headers["from"][0], message.text_plain[0])


@pytest.fixture(scope="module")
def by_notmuch(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Shown]:
    """Read by notmuch, which is GMime: every mail by its name."""
    if not shutil.which("notmuch"):
        pytest.skip("mails are not read by a third parser: apt install notmuch")
    folder = tmp_path_factory.mktemp("mail")
    for name, sample in every().items():
        (folder / f"{name}.eml").write_bytes(sample.mail())
    settings = folder / ".config"
    settings.write_text(f"[database]\npath={folder}\n[user]\nprimary_email=someone@example.net\n")
    notmuch(settings, "new", "--quiet")
    threads = json.loads(notmuch(settings, "show", "--format=json", "--body=true", "*"))
    found = {}
    for thread in threads:
        message = thread[0][0]
        head = message["headers"]
        found[message["id"].partition("@")[0]] = shown(head["Subject"], head["From"], plain(message["body"][0]))
    return found


def notmuch(settings: Path, *arguments: str) -> str:
    """Return what notmuch prints."""
    command = ["notmuch", f"--config={settings}", *arguments]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()


def plain(part: Mapping[str, Any]) -> str:
    """Return the text of the first part that has one."""
    return str(part["content"]) if isinstance(part["content"], str) else plain(part["content"][0])


def shown(subject: str, sender: str, text: str) -> Shown:
    """Return it in one form."""
    name, address = parseaddr(str(make_header(decode_header(sender))))
    return Shown(subject, (name, address), text.replace("\r\n", "\n").strip())


@pytest.mark.parametrize("name", every())
@pytest.mark.parametrize("reader", [by_the_standard_library, by_fast_mail_parser])
def test_readers_agree(reader: Callable[[bytes], Shown], name: str) -> None:
    """O4, O5: each parser shows the subject, the sender and the text that we wrote, of every mail in every language."""
    assert reader(every()[name].mail()) == expected(every()[name])


@pytest.mark.parametrize("name", every())
def test_notmuch_agrees(by_notmuch: Mapping[str, Shown], name: str) -> None:
    """O4, O5: so does a mail program's own."""
    assert by_notmuch[name] == expected(every()[name])
