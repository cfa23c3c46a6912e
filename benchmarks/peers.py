"""Mailboxes to measure on, and what people would use instead: a bare fetch, sieve-filter, notmuch, django-helpdesk."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from benchmarks.figures import seconds
from benchmarks.mailbox_corpus import write_maildir
from tests.servers.dovecot import Dovecot

BATCH = 50  # messages of one FETCH
LISTED = 1_000  # messages that are asked about at once; of very many Dovecot refuses to hear
DAYS = 365  # that the old messages came within, for each day that the young ones did
MONTH = 30 * 86_400.0  # seconds by which the latest old message is older than the latest young one
ATTACHED = "django-helpdesk"  # from the package index, into a folder of its own
SETTINGS = """
SECRET_KEY = "benchmark"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/db.sqlite3"}}}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.humanize", "rest_framework", "helpdesk"]
SITE_ID = 1
USE_TZ = True
ROOT_URLCONF = "urls"
MEDIA_ROOT = "{folder}/media"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_PUBLIC_TICKET_QUEUE = "main"
LOGGING = {{"version": 1, "disable_existing_loggers": True}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
"""
QUEUE = """
from helpdesk.models import Queue
Queue.objects.create(title="main", slug="main", email_box_type="imap", email_box_host="localhost",
    email_box_port={port}, email_box_ssl=False, email_box_user="{user}", email_box_pass="{password}",
    email_box_imap_folder="INBOX", email_box_interval=0, allow_email_submission=True, allow_public_submission=True,
    logging_type="none")
"""


@dataclass
class Mailboxes:
    """A Dovecot that gives out mailboxes with the same messages; each is a copy that may be changed."""

    messages: int
    server: Dovecot = field(default_factory=lambda: Dovecot(password="correct-horse"))  # imaplib wants ASCII

    def __enter__(self) -> Mailboxes:
        """Start the server and write the messages."""
        self.server.start()
        self._young, self._old = self.server.base / "young", self.server.base / "old"
        self.bytes = write_maildir(self._young, self.messages)
        shutil.copytree(self._young, self._old)
        for path in self._old.glob("cur/*"):
            arrived = path.stat().st_mtime - MONTH - (time.time() - path.stat().st_mtime) * DAYS
            os.utime(path, (arrived, arrived))
        for folder in (self._young, self._old):
            self._own(folder)
        os.sync()  # or the disk would be busy with it in the first round
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; everything goes."""
        self.server.stop()

    def user(self, count: int | None = None, first: int = 0, *, old: bool = False) -> str:
        """Return a user with `count` messages in INBOX (all by default) from `first` on, which Dovecot has indexed.

        They came within the last day; `old` ones within the year that ended a month ago.
        """
        user = self.server.user()
        self.copy(self.server.maildir(user), count, first, old=old)
        self._own(self.server.maildir(user).parent)
        with self.client(user) as client:
            client.select_folder("INBOX")
            for _ in fetched(client, ["RFC822.SIZE", "INTERNALDATE"], LISTED):
                pass
        return user

    def copy(self, folder: Path, count: int | None = None, first: int = 0, *, old: bool = False) -> None:
        """Make `folder` a Maildir of `count` messages from `first` on: links to the same files."""
        model = self._old if old else self._young
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True)
        end = None if count is None else first + count
        for name in sorted(one.name for one in (model / "cur").iterdir())[first:end]:
            os.link(model / "cur" / name, folder / "cur" / name)

    def client(self, user: str) -> IMAPClient:
        """Return a client that is signed in."""
        client = IMAPClient("localhost", self.server.port, ssl=False, timeout=60)
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(user, self.server.password)
        return client

    def forget(self, user: str) -> None:
        """Remove a user's mailbox."""
        shutil.rmtree(self.server.maildir(user).parent, ignore_errors=True)

    def _own(self, folder: Path) -> None:
        owner = self.server.base.stat()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def fetched(client: IMAPClient, what: list[str], at_once: int = BATCH) -> Iterator[dict[int, Any]]:
    """Yield what the server tells of all messages of the folder that is open, so many at once."""
    uids = client.search()
    for start in range(0, len(uids), at_once):
        yield client.fetch(uids[start : start + at_once], what)


def bare_fetch(mailboxes: Mailboxes) -> float:
    """Return the seconds in which imapclient fetches every message into nothing."""
    user = mailboxes.user()

    def fetch() -> None:
        with mailboxes.client(user) as client:
            client.select_folder("INBOX", readonly=True)
            assert sum(map(len, fetched(client, ["BODY.PEEK[]"]))) == mailboxes.messages

    taken = seconds(fetch)
    mailboxes.forget(user)
    return taken


def no_sieve_filter() -> str:
    """Say why `sieve-filter` cannot be measured; "" where it can."""
    return "" if shutil.which("sieve-filter") else "not installed (Debian: dovecot-sieve)"


def sieve_filter(mailboxes: Mailboxes, script: Path) -> float:
    """Return the seconds in which Pigeonhole files every message by the script."""
    user = mailboxes.user()
    command = ["sieve-filter", "-c", mailboxes.server.base / "conf", "-u", user, "-e", "-W", script, "INBOX"]
    taken = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    with mailboxes.client(user) as client:
        kept = {name: client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for _, _, name in client.list_folders()}
    assert sum(kept.values()) == mailboxes.messages, kept
    assert len([name for name, count in kept.items() if count]) > 2, kept
    mailboxes.forget(user)
    return taken


def no_notmuch() -> str:
    """Say why `notmuch` cannot be measured; "" where it can."""
    return "" if shutil.which("notmuch") else "not installed (Debian: notmuch)"


def notmuch_new(mailboxes: Mailboxes) -> float:
    """Return the seconds in which `notmuch new` indexes every message of a Maildir."""
    with tempfile.TemporaryDirectory() as folder:
        mailboxes.copy(Path(folder) / "mail")
        config = Path(folder) / "config"
        config.write_text(f"[database]\npath={folder}/mail\n[user]\nprimary_email=cohesion@example.org\n")
        environment = os.environ | {"NOTMUCH_CONFIG": str(config)}
        taken = seconds(lambda: subprocess.run(["notmuch", "new", "--quiet"], env=environment, check=True))
        found = subprocess.run(["notmuch", "count", "*"], env=environment, check=True, capture_output=True).stdout
    assert int(found) == mailboxes.messages, found
    return taken


class Helpdesk:
    """django-helpdesk in a virtual environment of its own, on SQLite."""

    def __init__(self, folder: Path) -> None:
        """Install it into `folder`; `missing` says why that failed."""
        self._folder, self._python = folder, folder / "venv" / "bin" / "python"
        self.missing = ""
        for command in (
            [sys.executable, "-m", "venv", folder / "venv"],
            [self._python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ATTACHED],
        ):
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                self.missing = f"could not be installed: {(done.stderr.strip().splitlines() or ['?'])[-1][:120]}"
                return
        (folder / "settings.py").write_text(SETTINGS.format(folder=folder), "utf-8")
        (folder / "urls.py").write_text(URLS, "utf-8")

    def get_email(self, mailboxes: Mailboxes, count: int) -> float:
        """Return the seconds in which it makes tickets of the first `count` messages."""
        (self._folder / "db.sqlite3").unlink(missing_ok=True)
        self._call("migrate")
        user = mailboxes.user(count)
        self._call("shell", "-c", QUEUE.format(port=mailboxes.server.port, user=user, password="correct-horse"))
        taken = seconds(lambda: self._call("get_email", "--quiet"))
        counted = "from helpdesk.models import FollowUp; print('made', FollowUp.objects.count())"
        made = int(self._call("shell", "-c", counted).split()[-1])
        assert made > 0.5 * count, f"{made} of {count}"
        mailboxes.forget(user)
        return taken

    def _call(self, *arguments: str) -> str:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self._folder)}
        command = [self._python, "-m", "django", *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=environment, check=True, capture_output=True, text=True
        ).stdout
