"""The servers that config.yaml names: how they are reached, and how one signs in to them."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from intake.errors import UserError
from intake.loopback import is_loopback

Tls = Literal["tls", "starttls", "none"]
SignIn = Literal["password", "oauth"]


def email_address(value: str) -> str:
    """Return an address in lower case. Raises ValueError for what is none."""
    if not re.fullmatch(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\]+", value):
        raise ValueError(f"`{value}` is not an e-mail address such as name@example.org")
    return value.lower()


def _since(value: object) -> object:
    if isinstance(value, str) and value != "all":
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"`{value}` is neither a date such as 2026-01-31 nor `all`") from None
    return value


Email = Annotated[str, AfterValidator(email_address)]
Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A part of config.yaml: keys are written with hyphens, unknown ones are faults."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.strip("_").replace("_", "-"),
        hide_input_in_errors=True,
    )


class Secretive(Section):
    """A part that may name where its password stands."""

    password_env: str | None = None
    password_file: str | None = None

    @model_validator(mode="after")
    def _one_password(self) -> Secretive:
        if self.password_env and self.password_file:
            raise ValueError("name either `password-env` or `password-file`, not both")
        return self


class Server(Secretive):
    """A server to talk to."""

    host: Text
    port: Port
    tls: Tls = "tls"

    @model_validator(mode="after")
    def _no_clear_text(self) -> Server:
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError("`tls: none` is for this machine only (127.0.0.1); use `tls` or `starttls`")
        return self


class Scanner(Section):
    """The ClamAV daemon that attachments are offered to. It knows no encryption, so it is on this machine."""

    host: Text = "127.0.0.1"
    port: Port = 3310
    socket: Path | None = None

    @model_validator(mode="after")
    def _here(self) -> Scanner:
        if not is_loopback(self.host):
            raise ValueError("`host` must be this machine (127.0.0.1): attachments are sent in the clear")
        if self.socket and self.model_fields_set & {"host", "port"}:
            raise ValueError("name either `socket` or `host` and `port`, not both")
        return self


class Mailbox(Server):
    """A mailbox that is read by IMAP."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    user: Text
    sign_in: SignIn = "password"
    folder: Text = "INBOX"
    junk_folder: str | None = None
    move_to: str | None = None
    since: Annotated[datetime.date | Literal["all"] | None, BeforeValidator(_since)] = None
    poll_seconds: Annotated[int, Field(ge=5, le=3600)] = 30
    idle: bool = True

    @model_validator(mode="after")
    def _password_named(self) -> Mailbox:
        named = bool(self.password_env or self.password_file)
        if self.sign_in == "password" and not named:
            raise ValueError("`password-env` or `password-file` is missing: where does the password stand?")
        if self.sign_in == "oauth" and named:
            raise ValueError("`sign-in: oauth` goes without a password: its secret stands under `oauth`")
        if self.move_to and self.move_to in (self.folder, self.junk_folder):
            raise ValueError("`move-to` must be another folder than those that are read")
        return self


class Smtp(Server):
    """The server that takes our mail."""

    user: str | None = None
    sign_in: SignIn = "password"
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 30
    null_sender: bool = False

    @model_validator(mode="after")
    def _user_and_password(self) -> Smtp:
        named = bool(self.password_env or self.password_file)
        if self.sign_in == "oauth" and (named or not self.user):
            raise ValueError("`sign-in: oauth` goes with `user` and without a password")
        if self.sign_in == "password" and bool(self.user) != named:
            raise ValueError("`user` goes with `password-env` or `password-file`: give both or neither")
        return self


class OAuth(Section):
    """The application as which one signs in where `sign-in: oauth` says so (RFC 6749 §4.4)."""

    token_url: Text
    client_id: Text
    scope: Text
    client_secret_env: str | None = None
    client_secret_file: str | None = None
    client_secret_expires: datetime.date | None = None

    @field_validator("token_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            good = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        except ValueError:
            good = False
        if not good or not parts.hostname:
            raise ValueError("must be an address that begins with https://")
        return value

    @model_validator(mode="after")
    def _one_secret(self) -> OAuth:
        if bool(self.client_secret_env) == bool(self.client_secret_file):
            raise ValueError("name either `client-secret-env` or `client-secret-file`: where does the secret stand?")
        return self


def secret(section: Secretive, what: str, here: Path) -> SecretStr | None:
    """Return the password that `section` names; relative files are taken from `here`.

    None where it names none. Raises UserError, which never holds the secret, where the named place has none.
    """
    return _kept_at(section.password_env, section.password_file, f"the password for {what}", here)


def client_secret(section: OAuth, here: Path) -> SecretStr:
    """Return the secret that `section` names, as `secret` does a password."""
    found = _kept_at(section.client_secret_env, section.client_secret_file, "the client secret for OAuth", here)
    return found or SecretStr("")


def _kept_at(variable: str | None, path: str | None, what: str, here: Path) -> SecretStr | None:
    if variable:
        value = os.environ.get(variable, "")
        if not value:
            raise UserError(f"{what} is missing: set the environment variable {variable}")
        return SecretStr(value)
    if path:
        file = here / path
        try:
            return SecretStr(file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{what} cannot be read from {file}: {type(error).__name__}") from None
    return None
