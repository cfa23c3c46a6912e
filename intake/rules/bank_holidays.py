"""England's bank holidays, substitute days among them: the only user of `holidays`."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from holidays import country_holidays


def is_bank_holiday(day: date) -> bool:
    """Tell whether a day is one. Christmas Day, Boxing Day and New Year's Day are, beside their substitutes, too."""
    return day in _of_year(day.year)


@lru_cache(maxsize=16)
def _of_year(year: int) -> frozenset[date]:
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))
