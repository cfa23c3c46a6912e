"""The shape of `rota.yaml`, what is wrong with it beside its shape, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from intake.errors import Problem
from intake.https import may_be_told
from intake.rules.lexicon import Source
from intake.rules.rota import ALWAYS, MINUTES, OFFICE, Chain, Contact, Rota, Shift
from intake.rules.spelling import Address, CalendarDay, Id, Shape, Text, short
from intake.yamlshape import DAYS, ClockTime, Day

FILE = "rota.yaml"

RotaDay = Literal[Day, "bank-holiday"]
ROTA_DAYS: tuple[RotaDay, ...] = (*DAYS, "bank-holiday")
RotaDays = Annotated[tuple[RotaDay, ...], short(RotaDay), Field(min_length=1)]


class ShiftShape(Shape):
    """Days and hours of the wall clock."""

    days: RotaDays = ROTA_DAYS
    from_: ClockTime = time(0)
    to: ClockTime = time(0)


class ContactShape(Shape):
    """Somebody who is asked."""

    address: Address | None = None
    webhook: Text | None = None
    minutes: int = Field(MINUTES, ge=1, le=1440)


class ChainShape(ShiftShape):
    """Who is asked at some hours, one after the other."""

    contacts: Annotated[tuple[ContactShape, ...], Field(min_length=1, max_length=20)]


class PartnerRotaShape(Shape):
    """One partner's rota."""

    partner: Id
    hours: Annotated[tuple[ShiftShape, ...], short(ShiftShape)] = ()
    chains: tuple[ChainShape, ...] = ()


class RotaFile(Shape):
    """`rota.yaml`."""

    working_hours: ShiftShape | None = None
    bank_holidays: tuple[CalendarDay, ...] = ()
    rotas: tuple[PartnerRotaShape, ...] = ()


def rota_of(file: RotaFile) -> Rota:
    """Return what the file says."""
    return Rota(
        chains={one.partner: tuple(_chain(chain) for chain in one.chains) for one in file.rotas},
        hours={one.partner: tuple(_shift(shift) for shift in one.hours) for one in file.rotas},
        office=_shift(file.working_hours) if file.working_hours else OFFICE,
        extra=frozenset(file.bank_holidays),
    )


def faults(source: Source, file: RotaFile, partners: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with the file; `source` is the whole of it."""
    hours = file.working_hours
    if hours and not hours.from_ < hours.to and not _shift(hours).is_always:
        yield (source / "working-hours").problem("they must begin before they end, on one day")
    known: set[str] = set()
    for n, one in enumerate(file.rotas):
        here = source / "rotas" / n
        if one.partner not in partners:
            yield (here / "partner").unknown("partner", one.partner, partners)
        if one.partner in known:
            yield (here / "partner").problem(f"there is already a rota of `{one.partner}`")
        known.add(one.partner)
        if not one.hours and not one.chains:
            yield here.problem("it says nothing", "give it `hours` or `chains`, or take it out")
        yield from _chain_faults(here / "chains", one.chains)


def _chain_faults(source: Source, chains: Collection[ChainShape]) -> Iterator[Problem]:
    always = next((n for n, one in enumerate(chains) if _shift(one).is_always), len(chains))
    for n, chain in enumerate(chains):
        if n > always:
            hint = "put the one without `days`, `from` and `to` last"
            yield (source / n).problem("it is never used: the one before it serves at every hour", hint)
        first = chain.contacts[0]
        if first.webhook and not first.address:
            hint = "a webhook is told numbers, not what was written"
            yield (source / n / "contacts" / 0).problem("the first of a chain must be an address", hint)
        for m, contact in enumerate(chain.contacts):
            yield from _contact_faults(source / n / "contacts" / m, contact)


def _contact_faults(source: Source, contact: ContactShape) -> Iterator[Problem]:
    if (contact.address is None) == (contact.webhook is None):
        yield source.problem("a contact is an `address` or a `webhook`", "give it one of the two")
    elif contact.webhook is not None and not may_be_told(contact.webhook):
        yield (source / "webhook").problem(
            "must be a URL that begins with https://", "or http:// to this machine alone"
        )


def _chain(shape: ChainShape) -> Chain:
    return Chain(
        _shift(shape), tuple(Contact(one.address or "", one.webhook or "", one.minutes) for one in shape.contacts)
    )


def _shift(shape: ShiftShape) -> Shift:
    if set(shape.days) == set(ROTA_DAYS) and shape.from_ == shape.to:
        return ALWAYS
    return Shift(frozenset(ROTA_DAYS.index(day) for day in shape.days), shape.from_, shape.to)
