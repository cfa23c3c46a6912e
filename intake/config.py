"""config.yaml and the secrets it names -> frozen settings; all faults at once, each with its place."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from intake.errors import UserError
from intake.loopback import is_loopback
from intake.yamlfile import DAYS, ClockTime, Day, load_file, validate

Tls = Literal["tls", "starttls", "none"]


def _address(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\]+", value):
        raise ValueError(f"`{value}` is not an e-mail address such as name@example.org")
    return value.lower()


def _address_or_domain(value: str) -> str:
    return value.lower() if re.fullmatch(r"@[^\s@]+", value) else _address(value)


def _expression(value: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        raise ValueError(f"`{value}` is not a regular expression (RE2): {_said(error)}") from None
    return value


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"`{value}` is not a time zone such as Europe/London") from None
    return value


def _since(value: object) -> object:
    if isinstance(value, str) and value != "all":
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"`{value}` is neither a date such as 2026-01-31 nor `all`") from None
    return value


Email = Annotated[str, AfterValidator(_address)]
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


class Service(Section):
    """Who answers."""

    name: Text
    address: Email
    aliases: tuple[Email, ...] = ()
    lists: tuple[Email, ...] = ()
    plus_forms: bool = True
    no_reply_aliases: tuple[Email, ...] = ()
    time_zone: Annotated[str, AfterValidator(_zone)] = "Europe/London"


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


class Mailbox(Server):
    """A mailbox that is read by IMAP."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    user: Text
    folder: Text = "INBOX"
    junk_folder: str | None = None
    move_to: str | None = None
    since: Annotated[datetime.date | Literal["all"] | None, BeforeValidator(_since)] = None
    poll_seconds: Annotated[int, Field(ge=5, le=3600)] = 30
    idle: bool = True

    @model_validator(mode="after")
    def _password_named(self) -> Mailbox:
        if not (self.password_env or self.password_file):
            raise ValueError("`password-env` or `password-file` is missing: where does the password stand?")
        if self.move_to and self.move_to in (self.folder, self.junk_folder):
            raise ValueError("`move-to` must be another folder than those that are read")
        return self


class Smtp(Server):
    """The server that takes our mail."""

    user: str | None = None
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 30
    null_sender: bool = False

    @model_validator(mode="after")
    def _user_and_password(self) -> Smtp:
        if bool(self.user) != bool(self.password_env or self.password_file):
            raise ValueError("`user` goes with `password-env` or `password-file`: give both or neither")
        return self


class IntermediaryEntry(Section):
    """A machine that writes for people."""

    address: Annotated[str, AfterValidator(_address_or_domain)]
    sender: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class Screening(Section):
    """What helps to tell machines and forgeries from people."""

    authserv_id: str | None = None
    intermediaries: tuple[IntermediaryEntry, ...] = ()
    banners: tuple[Annotated[str, AfterValidator(_expression)], ...] = ()


class Limits(Section):
    """How much is too much."""

    message_mb: Annotated[int, Field(ge=1, le=1000)] = 50


class Paths(Section):
    """Where the admins' files lie, beside config.yaml."""

    rules: Path = Path("rules")
    templates: Path = Path("templates")


class Digests(Section):
    """When partners get their digests unless their entry says otherwise."""

    time: ClockTime = datetime.time(7, 30)
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS[:5]


class DatabaseSection(Secretive):
    """Where everything is kept."""

    url: str = "sqlite:///intake.db"

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        if re.search(r"//[^/@]*:[^/@]*@", value):
            raise ValueError("a password does not belong in config.yaml: use `password-env` or `password-file`")
        return value


class Alerts(Section):
    """Who hears when the service is unwell."""

    address: Email | None = None


class Config(Section):
    """One deployment, whole."""

    service: Service
    database: DatabaseSection = DatabaseSection()
    mailboxes: tuple[Mailbox, ...]
    smtp: Smtp
    screening: Screening = Screening()
    limits: Limits = Limits()
    paths: Paths = Paths()
    digests: Digests = Digests()
    alerts: Alerts = Alerts()

    @field_validator("mailboxes")
    @classmethod
    def _names_differ(cls, value: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
        if not value:
            raise ValueError("there must be at least one mailbox")
        names = [mailbox.name for mailbox in value]
        if len(set(names)) < len(names):
            raise ValueError("two mailboxes bear the same name")
        return value

    @field_validator("alerts")
    @classmethod
    def _goes_elsewhere(cls, value: Alerts, info: ValidationInfo) -> Alerts:
        service = info.data.get("service")
        if service and value.address in {service.address, *service.aliases, *service.lists, *service.no_reply_aliases}:
            raise ValueError("alerts must go to another address than those whose mail is read here")
        return value


def load_config(path: Path) -> Config:
    """Read config.yaml; its relative paths are taken from its own folder. Raises UserError with every fault."""
    if path.is_dir():
        raise UserError(f"{path} is a folder: name the config.yaml in it")
    if not path.is_file():
        raise UserError(f"there is no {path}; `intake init {path.parent}` lays one down")
    document = load_file(path, str(path))
    config = validate(document, Config)
    here = path.resolve().parent
    return config.model_copy(
        update={
            "paths": Paths(rules=here / config.paths.rules, templates=here / config.paths.templates),
            "database": config.database.model_copy(update={"url": _beside(here, config.database.url)}),
        }
    )


def _beside(here: Path, url: str) -> str:
    kind, _, rest = url.partition(":///")
    return f"sqlite:///{here / rest}" if kind == "sqlite" else url


def secret(section: Secretive, what: str, here: Path) -> SecretStr | None:
    """Return the password that `section` names; relative files are taken from `here`.

    None where it names none. Raises UserError, which never holds the secret, where the named place has none.
    """
    if section.password_env:
        value = os.environ.get(section.password_env, "")
        if not value:
            raise UserError(f"the password for {what} is missing: set the environment variable {section.password_env}")
        return SecretStr(value)
    if section.password_file:
        file = here / section.password_file
        try:
            return SecretStr(file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the password for {what} cannot be read from {file}: {type(error).__name__}") from None
    return None
