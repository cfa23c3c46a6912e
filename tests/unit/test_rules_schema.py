"""The JSON Schemas that editors read beside the rule files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from intake import yamlfile
from intake.rules.files import SHAPES
from intake.rules.schema import DESCRIPTIONS, kind_of, schemas
from tests.unit.rulebooks import CATEGORIES, PARTNERS

RULES = Path(__file__).parents[2] / "rules"
MADE = schemas()
CHECKS: dict[str, Callable[[Any], Any]] = {kind: fastjsonschema.compile(one) for kind, one in MADE.items()}


def rule(**keys: Any) -> dict[str, Any]:
    return {"rules": [{"id": "one", "when": {"words": "damp"}, "then": {"category": "housing"}} | keys]}


def test_shipped_schemas_are_of_this_version() -> None:
    """The schemas in rules/schema are what `intake rules schema` writes today."""
    shipped = {path.stem: json.loads(path.read_text("utf-8")) for path in (RULES / "schema").glob("*.json")}
    assert shipped == MADE, "run `intake rules schema rules/schema`"


def test_every_key_is_described() -> None:
    """Each key of each file has one sentence for the editor, and nothing else has."""
    described = {
        f"{name}.{key}"
        for kind, whole in MADE.items()
        for name, one in (*whole["definitions"].items(), (whole_name(kind), whole))
        for key, value in one.get("properties", {}).items()
        if value["description"].endswith(".")
    }
    assert described == set(DESCRIPTIONS)


def whole_name(kind: str) -> str:
    shape = SHAPES.get(f"{kind}.yaml")
    return shape.__name__ if shape else "RulesFile"


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_are_as_their_schema_says(path: Path) -> None:
    """Every shipped rule file is valid by the schema of its kind."""
    CHECKS[kind_of(path.name)](yamlfile.load_file(path).data or {})


def test_the_tests_own_files_are_valid() -> None:
    """Categories and partners in block or flow style are valid alike."""
    for kind, text in (("categories", CATEGORIES), ("partners", PARTNERS)):
        CHECKS[kind](yamlfile.load(text, kind).data)


@pytest.mark.parametrize(
    "keys",
    [
        {"when": {"words": "damp", "in": "subject", "not": {"kind": "list"}, "any": [{"from": "@example.org"}]}},
        {"when": {"received": {"days": "sat", "from": "18:00"}, "near": {"of": ["a1", ["b1", "c1"]]}}},
        {"then": {"flags": "child", "tags": ["race"], "weights": {"hate": -3}, "times": 2, "stop": True}},
        {"examples": {"match": "the damp", "no-match": ["a book", {"text": "x", "received": "2026-11-20 23:30"}]}},
        {"safety": True, "name": "Damp"},
    ],
)
def test_short_forms_are_valid(keys: dict[str, Any]) -> None:
    """What the loader takes, the schema takes: one thing where a list may stand, a text where a letter may."""
    CHECKS["rules"](rule(**keys))


@pytest.mark.parametrize("entries", ["damp", ["damp", "mould"], {"en": "damp", "fa-AF": ["نم"]}])
def test_lists_are_valid_in_every_form(entries: Any) -> None:
    """A list may be a text, several, or parted by language, in lists.yaml and in rule files."""
    CHECKS["lists"]({"lists": {"wet": entries}})
    CHECKS["rules"]({"lists": {"wet": entries}, "rules": []})


@pytest.mark.parametrize(
    "keys",
    [
        {"wehn": {}},
        {"id": "Not An Id"},
        {"when": {"wrds": "damp"}},
        {"when": {"words": []}},
        {"when": {"received": {"from": "8.30"}}},
        {"then": {"urgency": "soon"}},
        {"then": {"weight": "much"}},
        {"examples": {"match": [3]}},
    ],
)
def test_mistakes_are_marked_while_typing(keys: dict[str, Any]) -> None:
    """R4: what the loader would refuse for its shape, the editor marks."""
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        CHECKS["rules"](rule(**keys))


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_name_their_schema(path: Path) -> None:
    """Editors find the schema of each shipped file by its first line."""
    first = path.read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schema/{kind_of(path.name)}.json"
    assert (RULES / "schema" / f"{kind_of(path.name)}.json").is_file()
