"""The servers of config.yaml -> the settings with which they are reached, passwords and tokens included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from intake.clamd import Clamd
from intake.config import Config
from intake.config_servers import Mailbox, Smtp, client_secret, secret
from intake.errors import UserError
from intake.mailbox.imap_settings import JUNK, Folder, ImapSettings
from intake.oauth import AccessTokens, OAuthSettings, runs_out
from intake.outbox.smtp import SmtpSettings
from intake.store import threads
from intake.store.database import Database

SHORTEST_KEY = 32  # characters


@dataclass
class Connections:
    """How every server is reached. All of them share one access token."""

    config: Config
    here: Path  # the folder that relative paths start from
    clock: Callable[[], datetime]

    @cached_property
    def access_tokens(self) -> AccessTokens | None:
        """Who has access tokens; None where nothing signs in by OAuth. Raises UserError for a missing secret."""
        oauth = self.config.oauth
        servers: tuple[Smtp | Mailbox, ...] = (self.config.smtp, *self.config.mailboxes)
        if oauth is None or not any(server.sign_in == "oauth" for server in servers):
            return None

        def kept() -> str:
            return client_secret(oauth, self.here).get_secret_value()

        return AccessTokens(OAuthSettings(oauth.token_url, oauth.client_id, oauth.scope, kept()), self.clock, kept)

    @property
    def secret_expires(self) -> date | None:
        """The last day of the client secret; None where it is not told."""
        return self.config.oauth.client_secret_expires if self.config.oauth else None

    def check(self) -> None:
        """Raise UserError where the client secret is about to run out (H5)."""
        if self.secret_expires and (said := runs_out(self.secret_expires, self.clock().date())):
            raise UserError(said)

    def imap(self, mailbox: Mailbox) -> ImapSettings:
        """Return how `mailbox` is read. Raises UserError."""
        junk = JUNK if mailbox.junk_folder == "auto" else mailbox.junk_folder
        return ImapSettings(
            name=mailbox.name,
            host=mailbox.host,
            port=mailbox.port,
            tls=mailbox.tls,
            user=mailbox.user,
            folders=(Folder(mailbox.folder), *([Folder(junk, move=False)] if junk else [])),
            move_to=mailbox.move_to,
            idle=mailbox.idle,
            size_limit=self.config.limits.message_mb * 1_000_000,
            since=None if mailbox.since == "all" else mailbox.since,
            **self._sign_in(mailbox, f"mailbox {mailbox.name}"),
        )

    def smtp(self) -> SmtpSettings:
        """Return how our mail is handed over. Raises UserError."""
        smtp = self.config.smtp
        return SmtpSettings(smtp.host, smtp.port, smtp.tls, user=smtp.user, **self._sign_in(smtp, "the SMTP server"))

    def clamd(self) -> Clamd | None:
        """Return how the virus scanner is reached; None where there is none."""
        scanner = self.config.scanner
        return None if scanner is None else Clamd(scanner.host, scanner.port, scanner.socket)

    def configured_key(self) -> bytes | None:
        """Return the key that config.yaml names for tokens; None where it names none. Raises UserError."""
        told = secret(self.config.threads, "the tokens of threads", self.here)
        return None if told is None else _long_enough(told.get_secret_value())

    def token_key(self, database: Database) -> bytes:
        """Return the key that tokens are signed with: the configured one, else the one made with the database.

        Raises UserError, Temporary.
        """
        if told := self.configured_key():
            return told
        with database.read() as conn:
            made = threads.token_key(conn)
        if made is None:
            raise UserError("the database has lost the key of its tokens: restore it, or name one under `threads`")
        return made

    def _sign_in(self, server: Mailbox | Smtp, what: str) -> dict[str, Any]:
        if server.sign_in == "oauth" and (tokens := self.access_tokens):
            return {"auth": "xoauth2", "secret": tokens.token, "refused": tokens.refused}
        password = secret(server, what, self.here)
        return {"secret": password.get_secret_value() if password else ""}


def _long_enough(key: str) -> bytes:
    if len(key) < SHORTEST_KEY:
        raise UserError(
            f"the key for the tokens of threads is too short: give at least {SHORTEST_KEY} random characters"
        )
    return key.encode("utf-8")
