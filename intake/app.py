"""Composition root: config -> every collaborator."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from intake import starter
from intake.bulk import sort_files
from intake.config import Config, load_config
from intake.config_servers import Mailbox, secret
from intake.connections import Connections
from intake.daemon.alarms import Alarms, deadline
from intake.daemon.deliver import Deliverer
from intake.daemon.digests import Digester
from intake.daemon.escalation import Escalator
from intake.daemon.health import Health, health
from intake.daemon.process import Processor
from intake.daemon.receive import Receiver
from intake.daemon.restores import Restores
from intake.daemon.rules import Rules
from intake.daemon.scanning import Scanner
from intake.daemon.webhooks import Webhooks
from intake.daemon.worker import Service as Daemon
from intake.daemon.worker import Summary
from intake.errors import Problem, UserError
from intake.loopback import is_loopback
from intake.mail.tokens import Tokens
from intake.mail.values import Identity
from intake.mailbox.backoff import Backoff
from intake.mailbox.files import FileSource
from intake.mailbox.imap import ImapSource
from intake.ourselves import identity_of, writer_of
from intake.outbox import agreements
from intake.outbox.alerts import Alerts
from intake.outbox.bounced import Bounced
from intake.outbox.compose import Composer
from intake.outbox.smtp import SmtpClient
from intake.outbox.templates import mail_folders
from intake.processes import run_apart
from intake.reports import Imported
from intake.rules.answers import missing
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import DigestTimes, Rulebook
from intake.store.database import Database, pending, upgrade
from intake.store.state import Counts, counts
from intake.triage import Sorter
from intake.yamlshape import DAYS

NOT_UPGRADED = "the database is of an older version: `intake run` or `intake db upgrade` brings it up to date"
NOT_STARTED = "the service has not been started here: `intake run` makes the database"
FIRST_STEP = "0001"  # pending where nothing was ever kept


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
    def connections(self) -> Connections:
        """How the servers are reached; nothing is read yet."""
        return Connections(self.config, self.here, lambda: datetime.now(UTC))

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rulebook of the rules folder. Raises UserError with every fault of every file."""
        return self._load()

    def _load(self, files: Mapping[str, str] | None = None, *, apart: bool = False) -> Rulebook:
        """Load the rules folder, or an old rulebook's files, `apart` in a process of its own. Raises UserError."""
        digests, folder = self.config.digests, self.config.paths.rules
        times = DigestTimes(tuple(DAYS.index(day) for day in digests.days), digests.time)
        load = partial(load_rulebook, folder, times) if files is None else partial(load_files, files, times)
        rulebook = run_apart(load) if apart else load()
        if files is None and (problems := self.unwritten(rulebook)):
            raise UserError("the rules cannot be used", problems)
        return rulebook

    def unwritten(self, rulebook: Rulebook) -> list[Problem]:
        """Return a fault for each answer of `rulebook` whose folder of templates is not there."""
        return missing(rulebook, mail_folders(self.config.paths.templates))

    @cached_property
    def identity(self) -> Identity:
        """Who we are, as far as reading a mail must know."""
        return identity_of(self.config)

    @cached_property
    def sorter(self) -> Sorter:
        """What triages."""
        return self._sorter(self.rulebook)

    def _sorter(self, rulebook: Rulebook) -> Sorter:
        return Sorter(rulebook, self.identity, self.zone)

    @cached_property
    def composer(self) -> Composer:
        """What writes our mails. Raises UserError with every fault of every template."""
        tokens = Tokens(lambda: self.connections.token_key(self.database))
        composer = Composer(self.config.paths.templates, writer_of(self.config, self.zone, tokens))
        if problems := composer.check():
            raise UserError("the templates cannot be used", problems)
        return composer

    @cached_property
    def alerts(self) -> Alerts:
        """What tells whoever looks after the service."""
        return Alerts(self.composer, self.config.alerts.address)

    @cached_property
    def worker(self) -> str:
        """What this process calls itself when it claims rows."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def restores(self) -> Restores:
        """What finds out a database that was restored from a backup."""
        return Restores.of(self.database, self.here, self.worker)

    def _processor(self, sorter: Callable[[], Sorter]) -> Processor:
        return Processor(self.database, sorter, self.composer, self.worker, self.scanner, self.alerts)

    @cached_property
    def scanner(self) -> Scanner | None:
        """What offers attachments to the virus scanner; None where there is none."""
        clamd = self.connections.clamd()
        return Scanner(clamd, self.database) if clamd else None

    def daemon(self, *, lasting: bool) -> Daemon:
        """Return the whole service, wired; no rulebook is in force yet. Raises UserError for a missing password."""
        alerts, paths, load = self.alerts, self.config.paths, partial(self._load, apart=lasting)
        rules = Rules(paths.rules, paths.templates, load, load, self.database, alerts, self.worker)
        names, expires = tuple(one.name for one in self.config.mailboxes), self.connections.secret_expires
        in_force = partial(getattr, rules, "rulebook")
        return Daemon(
            receivers=tuple(self._receiver(mailbox) for mailbox in self.config.mailboxes),
            processor=self._processor(lambda: self._sorter(in_force())),
            digester=Digester(self.database, self.composer, in_force, self.zone),
            deliverer=Deliverer(
                self.database,
                self._smtp(),
                self.worker,
                self.config.smtp.per_minute,
                self.config.limits.acknowledgements_per_hour,
                restores=self.restores,
                bounced=lambda: Bounced(self.composer, in_force(), alerts),
            ),
            rules=rules,
            poll_seconds={mailbox.name: mailbox.poll_seconds for mailbox in self.config.mailboxes},
            zone=self.zone,
            backoff=Backoff(random.Random()),  # noqa: S311 (jitter)
            alone=self.database.is_sqlite,
            alarms=Alarms(self.database, alerts, names, expires, in_force, self.zone),
            escalator=Escalator(self.database, self.composer, in_force, alerts, self.zone),
            webhooks=Webhooks(self.database, self.worker),
            scanner=self.scanner,
        )

    def _receiver(self, mailbox: Mailbox) -> Receiver:
        held = timedelta(seconds=max(120, 3 * mailbox.poll_seconds))
        source = ImapSource(self.connections.imap(mailbox))
        asks = mailbox.since is None
        return Receiver(source, self.database, self.worker, held, asks_since=asks, restores=self.restores)

    def _smtp(self) -> SmtpClient:
        return SmtpClient(self.connections.smtp())

    def run(self, stop: threading.Event) -> bool:
        """Run the service until `stop` is set; True when it stopped cleanly. Raises UserError."""
        return self._ready(lasting=True).run(stop)

    def run_once(self, stop: threading.Event) -> Summary:
        """Do one full pass. Raises UserError."""
        return self._ready(lasting=False).once(stop)

    def _ready(self, *, lasting: bool) -> Daemon:
        """Refuse every faulty file before anything is touched, then bring the database up to date.

        Faulty rules are refused only where no rulebook was ever in force.
        """
        daemon = self.daemon(lasting=lasting)
        fault = daemon.rules.read()
        if fault and FIRST_STEP in pending(self.database):
            raise fault
        self.database.hold_alone()
        self.upgrade()
        self.restores.begin(self.database)
        daemon.rules.begin(alone=daemon.alone)
        return daemon

    def import_size(self, path: Path) -> int:
        """Return how many messages `path` holds. Raises UserError where it holds none that can be read."""
        return self._files(path).count()

    def _files(self, path: Path) -> FileSource:
        return FileSource(path, self.config.limits.message_mb * 1_000_000)

    def import_files(self, path: Path, kept: Callable[[int], None], triaged: Callable[[int], None]) -> Imported:
        """Keep and sort every message of a Maildir, an mbox, a .eml file or a folder of them.

        `kept` and `triaged` are told the number just done. A daemon may run beside it, and then does some of the
        triage. Raises UserError, Temporary.
        """
        sorter = self.sorter
        processor = self._processor(lambda: sorter)
        self.upgrade()
        before = self._counts()
        new = Receiver(self._files(path), self.database, self.worker, backlog=True, progress=kept).receive()
        while count := processor.process():
            triaged(count)
        after = self._counts()
        return Imported(str(path), new, after.duplicates - before.duplicates, after.quarantined - before.quarantined)

    def _counts(self) -> Counts:
        with self.database.read() as conn:
            return counts(conn, self.database.clock(conn))

    def sort_files(self, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
        """Yield what would become of each file, in order; stores and sends nothing. Raises UserError."""
        return sort_files(self.sorter, files)

    def health(self) -> Health:
        """Return how the service is; a faulty rulebook or template is told, not raised. Raises UserError, Temporary."""
        wrong, notes = starter.untouched(
            self.path, self.config.paths.rules, local=is_loopback(self.config.smtp.host), unset=self._unset()
        )
        signed = partial(agreements.check, lambda: self.rulebook, datetime.now(self.zone).date())
        faults = [*self._faults(lambda: self.rulebook, lambda: self.composer, signed, self.connections.check), *wrong]
        if steps := pending(self.database):
            said = NOT_STARTED if FIRST_STEP in steps else NOT_UPGRADED
            noted = (f"note: {one}" for one in notes)
            raise UserError("\n".join([*faults, *self._faults(self._connections), said, *noted]))
        polls = {one.name: one.poll_seconds for one in self.config.mailboxes}
        with self.database.read() as conn:
            found = health(conn, polls, faults, self.database.clock(conn), deadline(lambda: self.rulebook, self.zone))
        unreviewed = () if faults else self.composer.unreviewed(self.rulebook.answers)
        return replace(found, unreviewed=unreviewed, notes=tuple(notes))

    def _unset(self) -> Iterator[str]:
        """Yield what the lack of settings means that the service runs without."""
        if self.config.alerts.address is None:
            yield "no `alerts: address:`, so nobody is told by mail that something is unwell"
        if self.config.screening.authserv_id is None and not self.config.screening.microsoft_365:
            yield "no `screening: authserv-id:` or `microsoft-365:`, so no partner's reply takes an emergency"

    def _connections(self) -> None:
        """Raise UserError for a missing password or a connection that must not be."""
        for mailbox in self.config.mailboxes:
            self._receiver(mailbox)
        self._smtp()
        self.connections.configured_key()

    def _faults(self, *looks: Callable[[], object]) -> list[str]:
        found = []
        for look in looks:
            try:
                look()
            except UserError as error:
                found.append(str(error))
        return list(dict.fromkeys(found))

    def upgrade(self) -> list[str]:
        """Bring the database to this version; return the steps taken."""
        self.connections.configured_key()
        steps = upgrade(self.database)
        self.connections.token_key(self.database)
        return steps
