"""The shape of the admins' files: what keys there are and what kind of value each takes."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from intake.mail.values import Acknowledge, Kind, Urgency
from intake.yamlfile import DAYS, ClockTime, Day

_ID = "[a-z0-9]+(-[a-z0-9]+)*"
_ADDRESS = r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+"
_LANGUAGE = "([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?"
_MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?"

FieldName = Literal["subject", "own-words", "full-text", "attachment-names"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _short(one: Any, least: int = 1) -> BeforeValidator:
    """Take one thing where several may stand."""
    return BeforeValidator(_listed, json_schema_input_type=one | Annotated[tuple[one, ...], Field(min_length=least)])


def _spelt(pattern: str) -> WithJsonSchema:
    """Tell editors how a text must look."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def _lettered(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _by_language(value: Any) -> Any:
    return {"": value} if isinstance(value, list | str) else value


def _id(value: str) -> str:
    if not re.fullmatch(_ID, value) or len(value) > 60:
        raise ValueError("an id is small letters, digits and single hyphens, at most 60")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(_ADDRESS, value) or len(value) > 254:
        raise ValueError("is not a mail address")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(_LANGUAGE, value):
        raise ValueError(f"`{value}` is not a language tag such as en, pl or fa-AF")
    return value


Weight = Annotated[int, Field(ge=-1000, le=1000)]
Id = Annotated[str, AfterValidator(_id), _spelt(_ID)]
Address = Annotated[str, AfterValidator(_address), _spelt(_ADDRESS)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], _short(Text), Field(min_length=1)]
Names = Annotated[tuple[Text, ...], _short(Text, 0)]
FieldNames = Annotated[tuple[FieldName, ...], _short(FieldName), Field(min_length=1)]
Kinds = Annotated[tuple[Kind, ...], _short(Kind), Field(min_length=1)]
Days = Annotated[tuple[Day, ...], _short(Day), Field(min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_").replace("_", "-")
    )


class CategoryShape(_Shape):
    """One category of `categories.yaml`."""

    id: Id
    name: Text
    means: str = ""
    urgency: Urgency = Urgency.ROUTINE
    partners: tuple[str, ...]
    threshold: int | None = Field(None, ge=-1000, le=1000)
    acknowledge: Acknowledge = Acknowledge.STANDARD
    tags: tuple[Id, ...] = ()


class FlagShape(_Shape):
    """One flag of `categories.yaml`."""

    id: Id
    means: Text


class CategoriesFile(_Shape):
    """`categories.yaml`."""

    threshold: int = Field(10, ge=1, le=1000)
    lean: int | None = Field(None, ge=1, le=1000)
    apart: int | None = Field(None, ge=1, le=1000)
    categories: Annotated[tuple[CategoryShape, ...], Field(min_length=1)]
    flags: tuple[FlagShape, ...] = ()


class PartnerShape(_Shape):
    """One partner of `partners.yaml`."""

    id: Id
    name: Text
    address: Address
    digest_days: Days | None = None  # None: as config.yaml says
    digest_time: ClockTime | None = None
    empty_digest: bool = False


class PartnersFile(_Shape):
    """`partners.yaml`."""

    partners: Annotated[tuple[PartnerShape, ...], Field(min_length=1)]


class ExclusionShape(_Shape):
    """Words that take away what stands near them."""

    within: int = Field(5, ge=1, le=200)
    words: Texts


class AreaShape(_Shape):
    """One area of `areas.yaml`: how people call it, beside its name."""

    id: Id
    name: Text
    words: Names = ()
    postcodes: Names = ()
    not_near: ExclusionShape | None = None


class AreasFile(_Shape):
    """`areas.yaml`."""

    areas: tuple[AreaShape, ...] = ()


class AcknowledgementShape(_Shape):
    """One way of answering, of `acknowledgements.yaml`."""

    id: Acknowledge
    means: str = ""
    template: Id | None = None  # a folder under templates/


class AcknowledgementsFile(_Shape):
    """`acknowledgements.yaml`."""

    acknowledgements: tuple[AcknowledgementShape, ...] = ()


LanguageTag = Annotated[str, AfterValidator(_language), _spelt(_LANGUAGE)]
ByLanguage = Annotated[dict[LanguageTag, Texts], Field(min_length=1)]
Lists = dict[Id, Annotated[ByLanguage, BeforeValidator(_by_language, json_schema_input_type=ByLanguage | Texts)]]


class ListsFile(_Shape):
    """`lists.yaml`."""

    lists: Lists = Field(default_factory=dict)


class NearShape(_Shape):
    """Groups of words that stand together."""

    within: int = Field(5, ge=1, le=200)
    of: Annotated[tuple[Texts, ...], Field(min_length=2, max_length=5)]


class RangeShape(_Shape):
    """A number over one and under another, both left out of it."""

    over: int | None = Field(None, ge=0)
    under: int | None = Field(None, ge=1)


class HoursShape(_Shape):
    """Days and hours of the wall clock."""

    days: Days = DAYS
    from_: ClockTime = time(0)
    to: ClockTime = time(0)


Conditions = Annotated[
    "tuple[ConditionShape, ...]",
    BeforeValidator(_listed, json_schema_input_type="ConditionShape | tuple[ConditionShape, ...]"),
]


class ConditionShape(_Shape):
    """One condition; every key of it must hold."""

    any: Conditions | None = None
    all: Conditions | None = None
    not_: Conditions | None = None
    in_: FieldNames | None = None
    words: Texts | None = None
    phrases: Texts | None = None
    near: NearShape | None = None
    regex: Texts | None = None
    not_near: ExclusionShape | None = None
    header: dict[str, str] | None = None
    from_: Texts | None = None
    to: Texts | None = None
    sender_in: Texts | None = None
    language: Texts | None = None
    area: Texts | None = None
    attachment: Texts | None = None
    size: RangeShape | None = None
    length: RangeShape | None = None
    received: HoursShape | None = None
    kind: Kinds | None = None


class ThenShape(_Shape):
    """What a rule does."""

    category: str | None = None
    weight: Weight | None = None
    weights: dict[str, Weight] = Field(default_factory=dict)
    times: int | None = Field(None, ge=2, le=100)
    by_word: dict[str, dict[str, Weight]] = Field(default_factory=dict)
    tags: Texts | None = None
    flags: Texts | None = None
    urgency: Urgency | None = None
    route: Texts | None = None
    never_route: Texts | None = None
    acknowledge: Acknowledge | None = None
    stop: bool = False


class ExampleShape(_Shape):
    """A letter, or the part of one that matters."""

    text: str = ""
    subject: str = ""
    full_text: str | None = None
    from_: str = "resident@example.org"
    to: str = "cohesion@example.org"
    language: str = "und"
    attachments: tuple[str, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    kind: Kind = Kind.PERSON
    received: Annotated[datetime, _spelt(_MOMENT)] | None = None


class OutcomeShape(_Shape):
    """What must become of a golden letter: each key that is given, exactly so."""

    categories: Texts | None = None  # main first
    tags: Names | None = None
    flags: Names | None = None
    urgency: Urgency | None = None
    acknowledge: Acknowledge | None = None
    partners: Names | None = None


class LetterShape(ExampleShape):
    """One golden letter."""

    id: Id
    language: str = ""  # "": as it is detected
    outcome: OutcomeShape


class GoldenFile(_Shape):
    """`golden.yaml`."""

    letters: tuple[LetterShape, ...] = ()


_Example = Annotated[ExampleShape, BeforeValidator(_lettered, json_schema_input_type=str | ExampleShape)]
Examples = Annotated[tuple[_Example, ...], _short(_Example, 0)]


class ExamplesShape(_Shape):
    """Letters that a rule must match, and must not."""

    match: Examples = ()
    no_match: Examples = ()


class RuleShape(_Shape):
    """One rule."""

    id: Id
    name: str = ""
    when: ConditionShape
    then: ThenShape
    safety: bool = False
    examples: ExamplesShape = ExamplesShape()


class RulesFile(_Shape):
    """Any other file: rules, and lists that only they need."""

    lists: Lists = Field(default_factory=dict)
    rules: tuple[RuleShape, ...] = ()
