"""config.yaml and the secrets it names -> frozen settings; all faults at once, each with its place."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from intake.config_servers import Email, Mailbox, OAuth, Scanner, Secretive, Section, Smtp, Text, email_address
from intake.errors import UserError
from intake.yamlfile import load_file
from intake.yamlshape import DAYS, ClockTime, Day, validate


def _address_or_domain(value: str) -> str:
    return value.lower() if re.fullmatch(r"@[^\s@]+", value) else email_address(value)


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


def _link(value: str) -> str:
    if not re.fullmatch(r"https://[!#-;=?-~]{1,300}", value):
        raise ValueError(f"`{value}` is not a link such as https://www.example.org/page")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"`{value}` is not a time zone such as Europe/London") from None
    return value


Link = Annotated[str, AfterValidator(_link)]


class Service(Section):
    """Who answers."""

    name: Text
    address: Email
    aliases: tuple[Email, ...] = ()
    lists: tuple[Email, ...] = ()
    plus_forms: bool = True
    no_reply_aliases: tuple[Email, ...] = ()
    time_zone: Annotated[str, AfterValidator(_zone)] = "Europe/London"
    easy_read: Link | None = None
    bsl: Link | None = None
    privacy: Link | None = None


class IntermediaryEntry(Section):
    """A machine that writes for people."""

    address: Annotated[str, AfterValidator(_address_or_domain)]
    sender: Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9-]+|text: *\S.*)$")]


class GatewayEntry(Section):
    """A header by which a mail gateway tells what it takes for spam, or for forged."""

    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    begins: Text
    means: Literal["spam", "forged"]


class Screening(Section):
    """What helps to tell machines and forgeries from people."""

    authserv_id: str | None = None
    microsoft_365: bool = False
    gateway: tuple[GatewayEntry, ...] = ()
    intermediaries: tuple[IntermediaryEntry, ...] = ()
    banners: tuple[Annotated[str, AfterValidator(_expression)], ...] = ()


class Limits(Section):
    """How much is too much."""

    message_mb: Annotated[int, Field(ge=1, le=1000)] = 50
    acknowledgements_per_hour: Annotated[int, Field(ge=1, le=100_000)] = 200


class Acknowledgements(Section):
    """How residents are answered."""

    unreviewed: Literal["send", "english"] = "send"


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


class Threads(Secretive):
    """How replies find their case; the password is the key that tokens are signed with."""

    plus_addressing: bool = False


class Config(Section):
    """One deployment, whole."""

    service: Service
    database: DatabaseSection = DatabaseSection()
    oauth: OAuth | None = None
    mailboxes: tuple[Mailbox, ...]
    smtp: Smtp
    screening: Screening = Screening()
    limits: Limits = Limits()
    acknowledgements: Acknowledgements = Acknowledgements()
    paths: Paths = Paths()
    digests: Digests = Digests()
    alerts: Alerts = Alerts()
    threads: Threads = Threads()
    scanner: Scanner | None = None

    @field_validator("mailboxes")
    @classmethod
    def _names_differ(cls, value: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
        if not value:
            raise ValueError("there must be at least one mailbox")
        names = [mailbox.name for mailbox in value]
        if len(set(names)) < len(names):
            raise ValueError("two mailboxes bear the same name")
        return value

    @field_validator("mailboxes", "smtp")
    @classmethod
    def _oauth_told(cls, value: tuple[Mailbox, ...] | Smtp, info: ValidationInfo) -> tuple[Mailbox, ...] | Smtp:
        servers = (value,) if isinstance(value, Smtp) else value
        asked = any(server.sign_in == "oauth" for server in servers)
        if asked and "oauth" in info.data and info.data["oauth"] is None:
            raise ValueError("`sign-in: oauth` needs the section `oauth`, which says where tokens are had")
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
