"""Whom an emergency is put to at which hour, and when somebody is at work: what `rota.yaml` says. Pure.

Every instant is judged by its own wall clock and day in the partnership's time zone; a bank holiday is no weekday.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from intake.rules.bank_holidays import is_bank_holiday

BANK_HOLIDAY = 7  # the day after Sunday, as it were
MINUTES = 15  # that a contact has, unless its entry says otherwise
LONGEST_WAIT = timedelta(days=21)  # within which hours that are ever kept begin again
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom an emergency is put to: an address or a URL, never both."""

    address: str = ""
    webhook: str = ""  # a URL that is told case and message by number
    minutes: int = MINUTES  # until the next one is asked

    @property
    def key(self) -> str:
        """What makes it the same contact wherever it stands."""
        return self.webhook or self.address.lower()


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of some days."""

    days: frozenset[int] = frozenset(range(8))  # Monday is 0, a bank holiday 7
    start: time = time(0)  # wall clock
    end: time = time(0)  # until before it; over midnight where it is no later than `start`

    @property
    def is_always(self) -> bool:
        """Whether no hour of no day is outside."""
        return len(self.days) == 8 and self.start == self.end

    def holds(self, day: int, clock: time) -> bool:
        """Tell whether that wall clock on a day of that kind is within."""
        if self.start < self.end:
            return day in self.days and self.start <= clock < self.end
        return day in self.days and (clock >= self.start or clock < self.end)


ALWAYS = Shift()
OFFICE = Shift(frozenset(range(5)), time(9), time(17))


@dataclass(frozen=True, slots=True)
class Chain:
    """Contacts, the first to be asked first, at some hours."""

    shift: Shift
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Rota:
    """All of `rota.yaml`."""

    chains: Mapping[str, tuple[Chain, ...]] = field(default_factory=dict)  # by partner; the first that holds serves
    hours: Mapping[str, tuple[Shift, ...]] = field(default_factory=dict)  # by partner: when `today` goes to it
    office: Shift = OFFICE  # when those who look after the mailbox are at work
    extra: Collection[date] = frozenset()  # days that count as bank holidays beside England's

    def contacts(self, partner: str, now: datetime, zone: tzinfo) -> tuple[Contact, ...]:
        """Return whom to ask at that instant, in order; () where the rota names nobody then."""
        chains = self.chains.get(partner, ())
        return next((one.contacts for one in chains if self._within(one.shift, now, zone)), ())

    def addresses(self, partner: str) -> frozenset[str]:
        """Return every address that the rota names for a partner, in lower case."""
        chains = self.chains.get(partner, ())
        return frozenset(who.address.lower() for one in chains for who in one.contacts if who.address)

    def opens(self, partner: str, now: datetime, zone: tzinfo) -> datetime:
        """Return when the partner's hours begin next; `now` within them, and where it keeps none."""
        shifts = self.hours.get(partner, ())
        if not shifts or any(self._within(one, now, zone) for one in shifts):
            return now
        begins = (begin for one in shifts for begin, _ in self._spans(one, now, zone) if begin > now)
        return min(begins, default=now)

    def working_day_after(self, since: datetime, zone: tzinfo) -> datetime:
        """Return when one working day has passed: as long as the office's hours of a day are, within those."""
        left: timedelta | None = None
        for begin, end in self._spans(self.office, since, zone):
            start, left = max(begin, since), end - begin if left is None else left
            if end <= since:
                continue
            if end - start >= left:
                return start + left
            left -= end - start
        return since + LONGEST_WAIT

    def _within(self, shift: Shift, now: datetime, zone: tzinfo) -> bool:
        local = now.astimezone(zone)
        return shift.holds(self._kind(local.date()), local.time())

    def _kind(self, day: date) -> int:
        return BANK_HOLIDAY if day in self.extra or is_bank_holiday(day) else day.weekday()

    def _spans(self, shift: Shift, now: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield (begin, end) of a shift on each of its days from yesterday on, at most three weeks.

        Where it goes over midnight, the hours before it end with the day and those after it begin with theirs.
        """
        yesterday = now.astimezone(zone).date() - DAY
        for ahead in range(LONGEST_WAIT.days):
            day = yesterday + ahead * DAY
            if self._kind(day) in shift.days:
                yield from self._of_day(shift, day, zone, now)

    def _of_day(self, shift: Shift, day: date, zone: tzinfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        def at(when: date, clock: time) -> datetime:
            return datetime.combine(when, clock, zone).astimezone(now.tzinfo)

        midnight = at(day, time(0))
        if shift.start < shift.end:
            yield at(day, shift.start), at(day, shift.end)
        else:
            if shift.end > time(0):
                yield midnight, at(day, shift.end)
            yield at(day, shift.start), at(day + DAY, time(0))


NONE = Rota()
