"""The rulebook as values: categories, partners and rules, whole and checked, under one content hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from typing import Any

from intake.errors import UserError
from intake.mail.values import Acknowledge, Urgency
from intake.rules.rota import NONE, Rota

ANSWERS = {Acknowledge.STANDARD: "acknowledgement", Acknowledge.NEUTRAL: "acknowledgement-neutral"}


@dataclass(frozen=True, slots=True)
class Category:
    """One thing that residents write about."""

    id: str
    name: str
    means: str
    urgency: Urgency  # what a message of this category is at least
    partners: tuple[str, ...]  # ids of those it is routed to
    threshold: int  # the weight from which it is assigned
    acknowledge: Acknowledge  # how its senders are answered unless a rule is more careful
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestTimes:
    """When digests are made."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4)  # Monday is 0
    time: time = time(7, 30)  # wall clock in the partnership's time zone


class Sharing(StrEnum):
    """How much of a letter a partner may have, the most first."""

    FULL = "full"
    CONTACT_WITHHELD = "contact-withheld"  # nothing that says who wrote, or how to reach them
    REDACTED = "redacted"  # nor anything that tells one person from another
    COUNTS = "counts"  # that there is one, of which category, where, and how urgent

    @property
    def care(self) -> int:
        """0 full, 1 contact withheld, 2 redacted, 3 counts."""
        return _CARE[self]


_CARE = {one: n for n, one in enumerate(Sharing)}


@dataclass(frozen=True, slots=True)
class Agreement:
    """The data sharing agreement that a partner signed."""

    reference: str  # what both sides call it
    expires: date  # its last day


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation that receives routed mail and digests."""

    id: str
    name: str
    address: str
    digest_days: tuple[int, ...]  # Monday is 0
    digest_times: tuple[time, ...]  # wall clock in the partnership's time zone
    empty_digest: bool = False  # whether "nothing new" is worth a mail
    digest_csv: bool = False  # whether a table of the items is attached
    overview: int | None = None  # the day on which it gets the week's overview; None: it gets none
    addresses: tuple[str, ...] = ()  # lower case: others that its people write from
    domains: tuple[str, ...] = ()  # lower case: every address of these is the partner's (T3)
    fallback: str | None = None  # where mail goes that came back from `address` (S7)
    sharing: Sharing = Sharing.REDACTED  # what it may have while its agreement is valid
    agreement: Agreement | None = None
    largest_attachment: int = 10_000_000  # bytes that the attachments of one mail have together
    evidential: bool = False  # gets letters and photographs as they came, for use in evidence (G5)

    def level(self, day: date) -> Sharing:
        """Return what it may have on that day of the partnership's: counts only without a valid agreement (D4)."""
        return self.sharing if self.agreement and day <= self.agreement.expires else Sharing.COUNTS

    def writes_from(self, address: str) -> bool:
        """Tell whether an address, in lower case, is this partner's."""
        known = {self.address.lower(), *self.addresses, (self.fallback or self.address).lower()}
        return address in known or ("@" in address and address.rpartition("@")[2] in self.domains)


@dataclass(frozen=True)
class Rulebook:
    """Everything the admins' files say, loaded whole. Immutable; safe to share between threads."""

    version: str  # SHA-256 over names and bytes of the files that sort, hexadecimal
    categories: Mapping[str, Category]  # by id, in file order
    partners: Mapping[str, Partner]
    files: Mapping[str, str]  # name -> text, so that an old rulebook can be kept (R5)
    languages: frozenset[str]  # languages whose words rules sort messages by (R9)
    program: Any = field(repr=False, compare=False)  # what `rules.decide` walks; made by `rules.load`
    threshold: int = 10  # from which weights count for a flag, an urgency or an acknowledgement
    apart: int | None = None  # how far behind the first a category may be that no rule is sure of; None: any way
    lean: int | None = None  # by how much the nearest category may fall short where none reaches its threshold
    areas: Mapping[str, str] = field(default_factory=dict)  # id -> name, in file order
    answers: Mapping[Acknowledge, str] = field(default_factory=lambda: ANSWERS)  # -> folder under templates/
    rota: Rota = field(default=NONE, compare=False)  # of which no decision depends, nor `version`

    @cached_property
    def safety(self) -> frozenset[str]:
        """Ids of the safety rules (R10)."""
        return frozenset(rule.id for rule in self.program.rules if rule.safety) if self.program else frozenset()

    @cached_property
    def rule_names(self) -> Mapping[str, str]:
        """Names of the rules that have one, by id."""
        return {rule.id: rule.name for rule in self.program.rules if rule.name} if self.program else {}

    def partner(self, id_: str) -> Partner:
        """Return that partner. Raises UserError that names those there are."""
        if id_ not in self.partners:
            raise UserError(f"`{id_}` is not a partner: {', '.join(self.partners)}")
        return self.partners[id_]

    def category_name(self, id_: str) -> str:
        """Return the category's name; its id where the files do not know it any more."""
        return self.categories[id_].name if id_ in self.categories else id_

    def area_names(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the areas' names; the id of one that the files do not know any more."""
        return tuple(self.areas.get(one, one) for one in ids)

    def writes_from(self, partner: Partner, address: str) -> bool:
        """Tell whether an address, in lower case, is that partner's: by its entry, or by the rota."""
        return partner.writes_from(address) or address in self.rota.addresses(partner.id)
