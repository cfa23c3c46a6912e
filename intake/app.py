"""Composition root: config -> every collaborator."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from intake import config as configuration
from intake.config import Config, load_config, secret
from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.worker import Service as Daemon
from intake.daemon.worker import Summary
from intake.errors import UserError
from intake.mail.values import Identity, Intermediary
from intake.mailbox.backoff import Backoff
from intake.mailbox.files import FileSource
from intake.mailbox.imap import ImapSettings, ImapSource
from intake.outbox.compose import Composer, Service
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.rules.load import load_rulebook
from intake.rules.rulebook import Rulebook
from intake.store.database import Database, upgrade
from intake.triage import Sorter

DEFAULTS = ("config.yaml", "rules", "templates")


def defaults() -> Path:
    """Return the folder with the shipped config.yaml, rules/ and templates/: in the wheel, or a checkout's top."""
    packaged = Path(str(files("intake"))) / "defaults"
    return packaged if packaged.is_dir() else packaged.parent.parent


def init(folder: Path) -> list[Path]:
    """Lay the shipped files down in `folder`; return their paths. Raises UserError rather than overwrite anything."""
    if there := [name for name in DEFAULTS if (folder / name).exists()]:
        raise UserError(f"{folder} already holds {', '.join(there)}; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for name in DEFAULTS:
        source, target = defaults() / name, folder / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    return [folder / name for name in DEFAULTS]


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event and ids; never a message's text or an address (G4)."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extra = {key: value for key, value in vars(record).items() if key not in self._PLAIN}
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": time, "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        return json.dumps(head | extra, default=str)


def log_to_stderr() -> None:
    """Send the package's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("intake").setLevel(logging.INFO)


@dataclass
class App:
    """One deployment: its settings, and its collaborators made when first asked for."""

    path: Path  # of config.yaml
    config: Config

    @classmethod
    def open(cls, path: Path) -> App:
        """Read `path`; raises UserError with every fault."""
        return cls(path, load_config(path))

    @cached_property
    def here(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.resolve().parent

    @cached_property
    def zone(self) -> ZoneInfo:
        """The partnership's time zone."""
        return ZoneInfo(self.config.service.time_zone)

    @cached_property
    def database(self) -> Database:
        """The store; nothing is opened yet."""
        password = secret(self.config.database, "the database", self.here)
        return Database(self.config.database.url, password=password.get_secret_value() if password else None)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rulebook in force. Raises UserError with every fault of every file."""
        days = tuple(configuration.DAYS.index(day) for day in self.config.digests.days)
        return load_rulebook(self.config.paths.rules, digest_days=days, digest_time=self.config.digests.time)

    @cached_property
    def identity(self) -> Identity:
        """Who we are, as far as reading a mail must know."""
        service, screening = self.config.service, self.config.screening
        return Identity(
            addresses=frozenset({service.address, *service.aliases}),
            lists=frozenset(service.lists),
            plus_forms=service.plus_forms,
            silent=frozenset(service.no_reply_aliases),
            intermediaries=tuple(Intermediary(one.address, one.sender.lower()) for one in screening.intermediaries),
            banners=screening.banners,
            authserv_id=screening.authserv_id,
            hostnames=frozenset({self._host}),
        )

    @property
    def _host(self) -> str:
        return self.config.service.address.rpartition("@")[2]

    @cached_property
    def sorter(self) -> Sorter:
        """What triages."""
        return Sorter(self.rulebook, self.identity, self.zone)

    @cached_property
    def composer(self) -> Composer:
        """What writes our mails. Raises UserError with every fault of every template."""
        service = self.config.service
        return Composer(
            self.config.paths.templates,
            Service(service.name, service.address, self.zone, self._host, null_sender=self.config.smtp.null_sender),
        )

    @cached_property
    def worker(self) -> str:
        """What this process calls itself when it claims rows."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def processor(self) -> Processor:
        """What triages the inbox."""
        return Processor(self.database, self.sorter, self.composer, self.worker)

    def daemon(self) -> Daemon:
        """Return the whole service, wired. Raises UserError for a missing password."""
        return Daemon(
            receivers=tuple(self._receiver(mailbox) for mailbox in self.config.mailboxes),
            processor=self.processor,
            digester=Digester(self.database, self.composer, self.rulebook, self.zone),
            deliverer=Deliverer(self.database, self._smtp(), self.worker, self.config.smtp.per_minute),
            poll_seconds={mailbox.name: mailbox.poll_seconds for mailbox in self.config.mailboxes},
            zone=self.zone,
            backoff=Backoff(random.Random()),  # noqa: S311 (jitter)
            alone=self.database.is_sqlite,
        )

    def _receiver(self, mailbox: configuration.Mailbox) -> Receiver:
        password = secret(mailbox, f"mailbox {mailbox.name}", self.here)
        since = mailbox.since
        settings = ImapSettings(
            name=mailbox.name,
            host=mailbox.host,
            port=mailbox.port,
            tls=mailbox.tls,
            user=mailbox.user,
            secret=password.get_secret_value() if password else "",
            folder=mailbox.folder,
            junk_folder=mailbox.junk_folder,
            move_to=mailbox.move_to,
            idle=mailbox.idle,
            size_limit=self.config.limits.message_mb * 1_000_000,
            since=None if since == "all" else since,
        )
        return Receiver(ImapSource(settings), self.database, asks_since=since is None)

    def _smtp(self) -> SmtpClient:
        smtp = self.config.smtp
        password = secret(smtp, "the SMTP server", self.here)
        return SmtpClient(
            SmtpSettings(
                smtp.host, smtp.port, smtp.tls, user=smtp.user, secret=password.get_secret_value() if password else None
            )
        )

    def run(self, stop: threading.Event) -> bool:
        """Run the service until `stop` is set; True when it stopped cleanly. Raises UserError."""
        daemon = self._ready()
        with self.database.hold_alone():
            return daemon.run(stop)

    def run_once(self, stop: threading.Event) -> Summary:
        """Do one full pass. Raises UserError."""
        daemon = self._ready()
        with self.database.hold_alone():
            return daemon.once(stop)

    def _ready(self) -> Daemon:
        """Refuse every faulty file before anything is touched, then bring the database up to date."""
        daemon = self.daemon()
        upgrade(self.database)
        return daemon

    def import_files(self, path: Path, progress: Callable[[int], None]) -> tuple[int, int]:
        """Keep every message of a Maildir, an mbox, a .eml file or a folder of them; return (kept, triaged).

        Where a daemon runs on the same SQLite file, it does the triage. Raises UserError, Temporary.
        """
        upgrade(self.database)
        kept = Receiver(FileSource(path), self.database, progress=progress).receive()
        triaged = 0
        while count := self.processor.process():
            triaged += count
        return kept, triaged
