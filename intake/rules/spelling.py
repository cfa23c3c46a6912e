"""The kinds of value that stand in rule files: how each must be spelt, for the loader and for editors."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_ID = "[a-z0-9]+(-[a-z0-9]+)*"
_ADDRESS = r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+"
_DOMAIN = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_LANGUAGE = "([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?"


class Shape(BaseModel):
    """Something in a rule file: its keys have hyphens, and an unknown one is a fault."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_").replace("_", "-")
    )


def listed(value: Any) -> Any:
    """Return what stands alone as a list of one."""
    return [value] if isinstance(value, str | dict) else value


def short(one: Any, least: int = 1) -> BeforeValidator:
    """Take one thing where several may stand."""
    return BeforeValidator(listed, json_schema_input_type=one | Annotated[tuple[one, ...], Field(min_length=least)])


def _spelt(pattern: str) -> WithJsonSchema:
    """Tell editors how a text must look."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def _id(value: str) -> str:
    if not re.fullmatch(_ID, value) or len(value) > 60:
        raise ValueError("an id is small letters, digits and single hyphens, at most 60")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(_ADDRESS, value) or len(value) > 254:
        raise ValueError("is not a mail address")
    return value


def _domain(value: str) -> str:
    if not re.fullmatch(_DOMAIN, value) or len(value) > 253:
        raise ValueError(f"`{value}` is not a domain such as police.example.org")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(_LANGUAGE, value):
        raise ValueError(f"`{value}` is not a language tag such as en, pl or fa-AF")
    return value


def _day(value: Any) -> Any:
    """Take YYYY-MM-DD only: pydantic would read a number as seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(_DAY, value):
        return value
    raise ValueError("is not a day such as 2027-03-31")


Weight = Annotated[int, Field(ge=-1000, le=1000)]
Id = Annotated[str, AfterValidator(_id), _spelt(_ID)]
Address = Annotated[str, AfterValidator(_address), _spelt(_ADDRESS)]
Domain = Annotated[str, AfterValidator(_domain), _spelt(_DOMAIN)]
LanguageTag = Annotated[str, AfterValidator(_language), _spelt(_LANGUAGE)]
CalendarDay = Annotated[date, BeforeValidator(_day), _spelt(_DAY)]
Moment = Annotated[datetime, _spelt(_MOMENT)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], short(Text), Field(min_length=1)]
Names = Annotated[tuple[Text, ...], short(Text, 0)]
