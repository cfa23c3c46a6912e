"""A small rulebook for tests, and letters to try it on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from intake.mail.values import Decision, Facts, OwnWords
from intake.rules.decide import decide
from intake.rules.examples import facts as example_facts
from intake.rules.load import load_files
from intake.rules.rulebook import Rulebook
from intake.rules.shape import ExampleShape

CATEGORIES = """
threshold: 10
categories:
  - {id: danger, name: Danger, urgency: emergency, partners: [police]}
  - {id: hate, name: Hate, urgency: today, partners: [police, officers], tags: [race, religion]}
  - {id: housing, name: Housing, partners: [housing]}
  - {id: street, name: Street, partners: [street]}
  - {id: unsolicited, name: Unsolicited, partners: [], acknowledge: none}
  - {id: general, name: General, partners: [officers]}
flags:
  - {id: child, means: a child}
  - {id: no-acknowledgement, means: silence}
  - {id: not-to, means: not that partner}
  - {id: complaint-about, means: about that partner}
"""
PARTNERS = """
partners:
  - {id: police, name: Police, address: police@partners.example.org,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
  - {id: officers, name: Officers, address: officers@partners.example.org, digest-days: [mon], digest-time: 08:15,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
  - {id: housing, name: Housing, address: housing@partners.example.org,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
  - {id: street, name: Street, address: street@partners.example.org,
      sharing: full, agreement: {reference: DSA-1, expires: 2099-12-31}}
"""


def files(*rules: str, **others: str) -> dict[str, str]:
    """Return the files of a rulebook whose rule files hold `rules` (the text under `rules:`)."""
    made = {"categories.yaml": CATEGORIES, "partners.yaml": PARTNERS}
    made |= {f"{name}.yaml": text for name, text in others.items()}
    return made | {f"{number}0-rules.yaml": f"rules:\n{text}" for number, text in enumerate(rules, 1)}


def rulebook(*rules: str, **others: str) -> Rulebook:
    """Load that rulebook."""
    return load_files(files(*rules, **others))


def lay_down(folder: Path, *rules: str) -> None:
    """Put that rulebook into a rules folder, in place of all that is there."""
    for path in folder.glob("*.yaml"):
        path.unlink()
    for name, text in files(*rules).items():
        (folder / name).write_text(text, "utf-8")


def rule(when: str, then: str = "{category: housing}", *, id_: str = "one", safety: bool = False) -> str:
    """Return one rule as text."""
    return f"  - {{id: {id_}, safety: {str(safety).lower()}, when: {when}, then: {then}}}\n"


def letter(text: str = "", **changes: Any) -> Facts:
    """Return a letter as rules see it; `changes` are those of an example, `arrived`, `protection` and `forwarded`."""
    arrived, protection = changes.pop("arrived", None), changes.pop("protection", None)
    forwarded, defects = changes.pop("forwarded", None), changes.pop("defects", ())
    made = example_facts(ExampleShape.model_validate({"text": text, "language": "en", **changes}))
    message = replace(made.message, protection=protection, defects=defects)
    own = made.own if forwarded is None else OwnWords(made.own.own, forwarded)
    return replace(made, message=message, own=own, arrived=arrived)


def sort(text: str, *rules: str, **changes: Any) -> Decision:
    """Return what a rulebook of `rules` makes of a letter."""
    return decide(letter(text, **changes), rulebook(*rules))


def fires(when: str, text: str, **changes: Any) -> bool:
    """Whether a rule with that condition fires on that letter."""
    return "one" in [one.rule for one in sort(text, rule(when), **changes).evidence]
