"""Templates that would never end, or fill the memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.outbox import bounds
from intake.outbox.bounds import TOO_LARGE, TOO_LONG, TOO_MUCH
from intake.outbox.mime import bodies
from tests.outbox_values import NOW, POLICE, REFERENCE, TEMPLATES, composer, rulebook
from tests.store_values import triage

NEST = "[[1] * 9] * 9"
ENDLESS = [
    ("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", TOO_MUCH),
    ("{% for a in range(90000) %}{% for b in range(90000) if a < 0 %}{% endfor %}{% endfor %}", TOO_MUCH),
    ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}", TOO_MUCH),
    (
        f"{{% for a in {NEST} recursive %}}{{% if loop.depth < 60 %}}{{{{ loop({NEST}) }}}}{{% endif %}}{{% endfor %}}",
        TOO_MUCH,
    ),
    ("{% for a in range(99999) %}{{ 'x' * 999 }}{% endfor %}", TOO_LONG),
    ("{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}", TOO_LONG),
    ("{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}", TOO_LONG),
    ("{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = [n.x, n.x] | join %}{% endfor %}", TOO_LONG),
    ("{{ 'x' * 99999999999 }}", TOO_LONG),
    ("{{ 99999999999 * [1] }}", TOO_LONG),
    ("{{ '%999999999s' % 1 }}", TOO_LONG),
    ("{{ 9 ** 9999999 ** 9 }}", TOO_LARGE),
    ("{{ range(999999999) }}", "it does not render: OverflowError"),
]


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment's own copy of the templates, under bounds that are soon reached."""
    monkeypatch.setattr(bounds, "STEPS", 2000)
    monkeypatch.setattr(bounds, "CHARACTERS", 200_000)
    return shutil.copytree(TEMPLATES, tmp_path / "templates")


@pytest.mark.parametrize(("template", "told"), ENDLESS)
@pytest.mark.parametrize("file", ["body.txt", "body.html"])
def test_endless_templates(templates: Path, file: str, template: str, told: str) -> None:
    """O6: what would never end, or fill the memory, is given up soon, told with its line, and the built-in serves."""
    (templates / "routed" / file).write_text("\n" + template)
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert made.mail == composer().routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW).mail
    assert [(one.file, one.line, one.message) for one in made.problems] == [(f"routed/{file}", 2, told)]


def test_time_is_bounded(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O6: a template that takes too much of the processor's time is given up, however few its turns."""
    monkeypatch.setattr(bounds, "SECONDS", -1.0)
    (templates / "routed/body.txt").write_text("{% for one in range(300) %}{{ one }}{% endfor %}")
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert [one.message for one in made.problems] == [TOO_MUCH]
    assert made.mail == composer().routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW).mail


def test_built_in_templates_are_not_bounded(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O6: what stands behind the admins' templates serves however much there is to tell."""
    monkeypatch.setattr(bounds, "STEPS", 0)
    monkeypatch.setattr(bounds, "CHARACTERS", 0)
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert len(made.problems) == 3
    assert bodies(made.mail)[0]


def test_what_templates_may_do(templates: Path) -> None:
    """O6: the bounds take nothing from what a template can do: filters, blocks of them, loops, macros, sums."""
    (templates / "routed/body.txt").write_text(
        "{% macro twice(x) %}{{ x ~ x }}{{ caller() if caller is defined else '' }}{% endmacro %}"
        "{% set made %}{{ twice('a') | upper }}{% endset %}"
        "{% filter upper | replace('B', 'c') %}b{% endfilter %}{{ made }}"
        "{% for n in range(5) if n is odd %}{{ loop.index }}{{ loop.last }}{% else %}none{% endfor %}"
        "{{ 'x' * 3 + 'y' }}{{ 2 ** 10 + 7 % 4 }}{{ '%03d' % 7 }}{{ [1] + [2] }}{{ nothing | default('-') }}"
        "{% call twice('q') %}w{% endcall %}"
    )
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert made.problems == ()
    assert bodies(made.mail)[0].strip() == "cAA1False2Truexxxy1027007[1, 2]-qqw"
