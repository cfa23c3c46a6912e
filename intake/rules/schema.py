"""JSON Schemas of the rule files, for editors that check and complete while somebody types. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from intake.rules.files import SHAPES
from intake.rules.shape import RulesFile

DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors' YAML servers know best
RULES = "rules"  # the kind of every file that has no shape of its own


def kind_of(file: str) -> str:
    """Return the kind of a rule file, which is its schema's name: "categories", "rules"."""
    return file.removesuffix(".yaml") if file in SHAPES else RULES


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of every kind of file, by the kind's name."""
    shapes = {kind_of(file): shape for file, shape in SHAPES.items()} | {RULES: RulesFile}
    return {
        kind: _tidy(shape.model_json_schema(ref_template="#/definitions/{model}")) for kind, shape in shapes.items()
    }


def _tidy(made: dict[str, Any]) -> dict[str, Any]:
    """Return pydantic's schema with our descriptions, in the dialect, and without what no editor shows."""
    definitions = made.pop("$defs", {})
    for name, one in (*definitions.items(), (made["title"], made)):
        for key, value in one.get("properties", {}).items():
            one["properties"][key] = {"description": DESCRIPTIONS[f"{name}.{key}"]} | value
    plain: dict[str, Any] = _plain({"$schema": DIALECT} | made | {"definitions": definitions})
    return plain


def _plain(node: Any) -> Any:
    """Drop titles, empty defaults, and "or nothing", which only says that a key may be left out."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "patternProperties" in node:
        node = node | {"additionalProperties": False}
    if "anyOf" in node:
        node = dict(_without_nothing(node))
    dropped = {"title"} if isinstance(node.get("title"), str) else set()
    dropped |= {"default"} if node.get("default", 0) in (None, [], {}) else set()
    return {key: _plain(value) for key, value in node.items() if key not in dropped}


def _without_nothing(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    left = [one for one in node["anyOf"] if one != {"type": "null"}]
    while len(left) == 1 and "anyOf" in left[0]:
        left = left[0]["anyOf"]
    yield from ((key, value) for key, value in node.items() if key not in ("anyOf", "minLength"))
    yield from left[0].items() if len(left) == 1 else [("anyOf", left)]


DESCRIPTIONS: Mapping[str, str] = {  # "shape.key" -> one sentence
    "CategoriesFile.threshold": "The weight from which a category is assigned, where it names none of its own.",
    "CategoriesFile.lean": "By how much the nearest category may fall short where none reaches its threshold.",
    "CategoriesFile.apart": "How far behind the first a category may be, unless a rule without weight is sure of it.",
    "CategoriesFile.categories": "What people write about; `general` and `unsolicited` must be among them.",
    "CategoriesFile.flags": "What officers also want to see on a case.",
    "CategoryShape.id": "What rules call it.",
    "CategoryShape.name": "What people call it.",
    "CategoryShape.means": "What belongs here, for officers.",
    "CategoryShape.urgency": "How urgent such letters are, unless a rule says otherwise.",
    "CategoryShape.partners": "Who gets such letters; ids of partners.yaml.",
    "CategoryShape.threshold": "The weight from which it is assigned.",
    "CategoryShape.acknowledge": "How its senders are answered, unless a rule is more careful.",
    "CategoryShape.tags": "Tags that rules may give together with this category.",
    "FlagShape.id": "What rules call it.",
    "FlagShape.means": "What it tells officers.",
    "PartnersFile.partners": "Who receives letters and digests.",
    "PartnerShape.id": "What categories and rules call it.",
    "PartnerShape.name": "What people call it.",
    "PartnerShape.address": "The mail address that letters and digests go to.",
    "PartnerShape.digest-days": "On which days it gets a digest; without it, as config.yaml says.",
    "PartnerShape.digest-time": "When it gets its digest, such as 07:30; several times a day as [07:30, 13:00].",
    "PartnerShape.empty-digest": "Whether a digest comes although there is nothing in it.",
    "PartnerShape.digest-csv": "Whether a table of the items is attached to its digest, as CSV.",
    "PartnerShape.overview": "The day on which it gets the overview of the week before, at its first time.",
    "PartnerShape.addresses": "Other addresses that its people answer from.",
    "PartnerShape.domains": "Domains of which every address is this partner's, such as police.example.org.",
    "PartnerShape.fallback": "Where mail goes that came back from its address.",
    "PartnerShape.sharing": "How much of a letter it may have: full, contact-withheld, redacted or counts.",
    "PartnerShape.agreement": "The data sharing agreement; without a valid one it gets counts only.",
    "PartnerShape.largest-attachment-mb": "How much the attachments of one mail may come to together, in MB.",
    "PartnerShape.evidential": "Whether it gets letters and photographs as they came, for use in evidence.",
    "AgreementShape.reference": "What both sides call the agreement.",
    "AgreementShape.expires": "Its last day, such as 2027-03-31.",
    "AreasFile.areas": "The places that letters are about.",
    "AreaShape.id": "What rules call it.",
    "AreaShape.name": "What people call it; looked for like its words.",
    "AreaShape.words": "Other ways in which residents write it.",
    "AreaShape.postcodes": "Postcode districts such as NN4; whole postcodes in them are found too.",
    "AreaShape.not-near": "Words beside which the name means something else.",
    "AcknowledgementsFile.acknowledgements": "Which template each way of answering uses.",
    "AcknowledgementShape.id": "standard, neutral or none.",
    "AcknowledgementShape.means": "When it is used, for officers.",
    "AcknowledgementShape.template": "The folder under templates/ that holds the letter.",
    "RotaFile.working-hours": "When those who look after the mailbox are at work.",
    "RotaFile.bank-holidays": "Days that count as bank holidays beside England's, such as 2026-12-24.",
    "RotaFile.rotas": "Who is asked in an emergency, partner by partner.",
    "PartnerRotaShape.partner": "Whose rota it is; an id of partners.yaml.",
    "PartnerRotaShape.hours": "When what must be seen today is sent; outside them it waits. Without it: at any hour.",
    "PartnerRotaShape.chains": "Who is asked; the first chain that serves at the hour counts.",
    "ContactShape.address": "The mail address that gets the emergency.",
    "ContactShape.webhook": "A URL that is told case and message by number, and no more.",
    "ContactShape.minutes": "How many minutes pass until the next one is asked.",
    "ChainShape.contacts": "Who is asked, one after the other.",
    **{
        f"{shape}.{key}": said
        for shape in ("ShiftShape", "ChainShape")
        for key, said in (
            ("days", "Only on these days; a bank holiday is a day of its own, not its weekday."),
            ("from", "From this time on, such as 18:00."),
            ("to", "To before this time; over midnight where it is no later."),
        )
    },
    "ListsFile.lists": "Named lists of words, phrases or senders; rules use them as $name.",
    "GoldenFile.letters": "Whole letters, each with what must become of it.",
    "LetterShape.id": "What messages about it call it.",
    "LetterShape.outcome": "What must become of it; every key that is given must be exactly so.",
    "OutcomeShape.categories": "The categories, the main one first.",
    "OutcomeShape.tags": "The tags, in any order.",
    "OutcomeShape.flags": "The flags, in any order; [] for none.",
    "OutcomeShape.urgency": "The urgency.",
    "OutcomeShape.acknowledge": "How the sender is answered.",
    "OutcomeShape.partners": "Who gets it, in any order.",
    "RulesFile.lists": "Named lists of words, phrases or senders; rules of every file use them as $name.",
    "RulesFile.rules": "The rules, asked in the order in which they stand.",
    "RuleShape.id": "What evidence and other tools call the rule; once in all files.",
    "RuleShape.name": "What the rule is about, in a few words.",
    "RuleShape.when": "What must hold of a letter; every line of it.",
    "RuleShape.then": "What the rule does.",
    "RuleShape.safety": "Such rules are asked first, and nothing takes back what they do.",
    "RuleShape.examples": "Letters that show what the rule means; the rules are refused where one does not behave.",
    "ConditionShape.any": "One of these conditions must hold.",
    "ConditionShape.all": "Each of these conditions must hold.",
    "ConditionShape.not": "None of these conditions may hold.",
    "ConditionShape.in": "The fields that the text keys beside and below it read.",
    "ConditionShape.words": "One of these words or phrases stands there; damp* is any ending, $name is a list.",
    "ConditionShape.phrases": "The same as words.",
    "ConditionShape.near": "Words that stand together.",
    "ConditionShape.regex": "One of these RE2 expressions is found; capitals make no difference.",
    "ConditionShape.not-near": "Places beside these words do not count.",
    "ConditionShape.header": "Each of these headers holds that text; an empty text asks only whether it is there.",
    "ConditionShape.from": "The sender's address, or @domain with everything under it.",
    "ConditionShape.to": "An address that the letter was written to, or @domain.",
    "ConditionShape.sender-in": "The sender is in one of these lists.",
    "ConditionShape.language": "The letter is in one of these languages, such as pl or fa-AF.",
    "ConditionShape.area": "One of these places is named; any for all of them.",
    "ConditionShape.attachment": "An attachment has one of these types or names, such as image/*; any for all.",
    "ConditionShape.size": "How many bytes the letter has with its attachments.",
    "ConditionShape.length": "How many words the sender wrote.",
    "ConditionShape.received": "When the letter arrived, in the partnership's time zone.",
    "ConditionShape.kind": "What kind of message it is.",
    "NearShape.within": "How many words on the next one may stand; 1 is side by side.",
    "NearShape.of": "Groups of words; one of every group must stand there.",
    "ExclusionShape.within": "How many words away these words still count.",
    "ExclusionShape.words": "Words beside which something else is meant.",
    "RangeShape.over": "More than this.",
    "RangeShape.under": "Less than this.",
    "HoursShape.days": "Only on these days.",
    "HoursShape.from": "From this time on, such as 18:00.",
    "HoursShape.to": "To before this time; over midnight where it is the earlier.",
    "ThenShape.category": "Counts for this category.",
    "ThenShape.weight": "How much it counts; without it the rule suffices alone.",
    "ThenShape.weights": "How much it counts for several categories, flags, urgencies or answers.",
    "ThenShape.by-word": "Words, and how much each that stands in the letter counts for what, as `weights` do.",
    "ThenShape.times": "Counts once for every different word found, up to so many.",
    "ThenShape.tags": "Tags that go with the category.",
    "ThenShape.flags": "Flags, whatever the category; not-to:police takes that partner out.",
    "ThenShape.urgency": "With a category: as urgent as this; without: the letter is at least this urgent.",
    "ThenShape.route": "Partners who get the letter beside those of its categories.",
    "ThenShape.never-route": "Partners who do not get it.",
    "ThenShape.acknowledge": "How the sender is answered; of several, the most careful.",
    "ThenShape.stop": "Later rules do not look at this letter.",
    "ExamplesShape.match": "Letters that the rule must match: texts, or letters with more keys.",
    "ExamplesShape.no-match": "Letters that it must not match.",
    **{
        f"{shape}.{key}": said
        for shape in ("ExampleShape", "LetterShape")
        for key, said in (
            ("text", "What the sender wrote."),
            ("subject", "The subject."),
            ("full-text", "What stands below the sender's own words: a quoted or forwarded letter."),
            ("from", "The sender's address."),
            ("to", "The address written to."),
            ("language", "The language that the letter is in."),
            ("attachments", "Names of attachments."),
            ("headers", "Further headers."),
            ("kind", "What kind of message it is."),
            ("received", "When it arrived, such as 2026-11-20 23:30."),
        )
    },
}
