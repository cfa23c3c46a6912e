"""config.yaml -> who we are: to what reads mail, and to what writes ours."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from intake.config import Config
from intake.mail.tokens import Tokens
from intake.mail.values import GatewayVerdict, Identity, Intermediary
from intake.outbox.service import Links, Service


def identity_of(config: Config) -> Identity:
    """Return who we are, as far as reading a mail must know."""
    service, screening = config.service, config.screening
    return Identity(
        addresses=frozenset({service.address, *service.aliases}),
        lists=frozenset(service.lists),
        plus_forms=service.plus_forms,
        silent=frozenset(service.no_reply_aliases),
        intermediaries=tuple(Intermediary(one.address, one.sender.lower()) for one in screening.intermediaries),
        banners=screening.banners,
        authserv_id=screening.authserv_id,
        microsoft_365=screening.microsoft_365,
        gateways=tuple(
            GatewayVerdict(one.header.lower(), one.begins.lower(), one.means == "forged") for one in screening.gateway
        ),
        hostnames=frozenset({_host(config)}),
    )


def writer_of(config: Config, zone: ZoneInfo, tokens: Tokens) -> Service:
    """Return who writes our mails. Raises UserError for an address that no header can hold."""
    service = config.service
    return Service(
        service.name,
        service.address,
        zone,
        _host(config),
        null_sender=config.smtp.null_sender,
        tokens=tokens,
        plus_addressing=config.threads.plus_addressing,
        links=Links(service.easy_read or "", service.bsl or "", service.privacy or ""),
        reviewed_only=config.acknowledgements.unreviewed == "english",
    )


def _host(config: Config) -> str:
    """Return the domain of the Message-IDs that we make: told from those of staff who share the mailbox's domain."""
    return "intake." + config.service.address.rpartition("@")[2]
