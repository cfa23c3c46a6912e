"""The shape of the admins' files: what keys there are and what kind of value each takes."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from intake.mail.values import Acknowledge, Kind, Urgency
from intake.rules.rulebook import Sharing
from intake.rules.spelling import (
    Address,
    CalendarDay,
    Domain,
    Id,
    LanguageTag,
    Moment,
    Names,
    Shape,
    Text,
    Texts,
    Weight,
    listed,
    short,
)
from intake.yamlshape import DAYS, ClockTime, Day

FieldName = Literal["subject", "own-words", "full-text", "attachment-names"]


def _lettered(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _by_language(value: Any) -> Any:
    return {"": value} if isinstance(value, list | str) else value


FieldNames = Annotated[tuple[FieldName, ...], short(FieldName), Field(min_length=1)]
Kinds = Annotated[tuple[Kind, ...], short(Kind), Field(min_length=1)]
Days = Annotated[tuple[Day, ...], short(Day), Field(min_length=1)]
Times = Annotated[tuple[ClockTime, ...], short(ClockTime), Field(min_length=1)]


class CategoryShape(Shape):
    """One category of `categories.yaml`."""

    id: Id
    name: Text
    means: str = ""
    urgency: Urgency = Urgency.ROUTINE
    partners: tuple[str, ...]
    threshold: int | None = Field(None, ge=-1000, le=1000)
    acknowledge: Acknowledge = Acknowledge.STANDARD
    tags: tuple[Id, ...] = ()


class FlagShape(Shape):
    """One flag of `categories.yaml`."""

    id: Id
    means: Text


class CategoriesFile(Shape):
    """`categories.yaml`."""

    threshold: int = Field(10, ge=1, le=1000)
    lean: int | None = Field(None, ge=1, le=1000)
    apart: int | None = Field(None, ge=1, le=1000)
    categories: Annotated[tuple[CategoryShape, ...], Field(min_length=1)]
    flags: tuple[FlagShape, ...] = ()


class AgreementShape(Shape):
    """A data sharing agreement."""

    reference: Text
    expires: CalendarDay


class PartnerShape(Shape):
    """One partner of `partners.yaml`."""

    id: Id
    name: Text
    address: Address
    digest_days: Days | None = None  # None: as config.yaml says
    digest_time: Times | None = None  # one, or several a day
    empty_digest: bool = False
    digest_csv: bool = False
    overview: Day | None = None
    addresses: tuple[Address, ...] = ()
    domains: tuple[Domain, ...] = ()
    fallback: Address | None = None
    sharing: Sharing = Sharing.REDACTED
    agreement: AgreementShape | None = None  # None: counts only
    largest_attachment_mb: int = Field(10, ge=0, le=15)
    evidential: bool = False


class PartnersFile(Shape):
    """`partners.yaml`."""

    partners: Annotated[tuple[PartnerShape, ...], Field(min_length=1)]


class ExclusionShape(Shape):
    """Words that take away what stands near them."""

    within: int = Field(5, ge=1, le=200)
    words: Texts


class AreaShape(Shape):
    """One area of `areas.yaml`: how people call it, beside its name."""

    id: Id
    name: Text
    words: Names = ()
    postcodes: Names = ()
    not_near: ExclusionShape | None = None


class AreasFile(Shape):
    """`areas.yaml`."""

    areas: tuple[AreaShape, ...] = ()


class AcknowledgementShape(Shape):
    """One way of answering, of `acknowledgements.yaml`."""

    id: Acknowledge
    means: str = ""
    template: Id | None = None  # a folder under templates/


class AcknowledgementsFile(Shape):
    """`acknowledgements.yaml`."""

    acknowledgements: tuple[AcknowledgementShape, ...] = ()


ByLanguage = Annotated[dict[LanguageTag, Texts], Field(min_length=1)]
Lists = dict[Id, Annotated[ByLanguage, BeforeValidator(_by_language, json_schema_input_type=ByLanguage | Texts)]]


class ListsFile(Shape):
    """`lists.yaml`."""

    lists: Lists = Field(default_factory=dict)


class NearShape(Shape):
    """Groups of words that stand together."""

    within: int = Field(5, ge=1, le=200)
    of: Annotated[tuple[Texts, ...], Field(min_length=2, max_length=5)]


class RangeShape(Shape):
    """A number over one and under another, both left out of it."""

    over: int | None = Field(None, ge=0)
    under: int | None = Field(None, ge=1)


class HoursShape(Shape):
    """Days and hours of the wall clock."""

    days: Days = DAYS
    from_: ClockTime = time(0)
    to: ClockTime = time(0)


Conditions = Annotated[
    "tuple[ConditionShape, ...]",
    BeforeValidator(listed, json_schema_input_type="ConditionShape | tuple[ConditionShape, ...]"),
]


class ConditionShape(Shape):
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


class ThenShape(Shape):
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


class ExampleShape(Shape):
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
    received: Moment | None = None


class OutcomeShape(Shape):
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


class GoldenFile(Shape):
    """`golden.yaml`."""

    letters: tuple[LetterShape, ...] = ()


_Example = Annotated[ExampleShape, BeforeValidator(_lettered, json_schema_input_type=str | ExampleShape)]
Examples = Annotated[tuple[_Example, ...], short(_Example, 0)]


class ExamplesShape(Shape):
    """Letters that a rule must match, and must not."""

    match: Examples = ()
    no_match: Examples = ()


class RuleShape(Shape):
    """One rule."""

    id: Id
    name: str = ""
    when: ConditionShape
    then: ThenShape
    safety: bool = False
    examples: ExamplesShape = ExamplesShape()


class RulesFile(Shape):
    """Any other file: rules, and lists that only they need."""

    lists: Lists = Field(default_factory=dict)
    rules: tuple[RuleShape, ...] = ()
