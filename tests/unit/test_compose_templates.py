"""Templates that admins edit, and what happens when they break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.outbox.mime import bodies
from tests.outbox_values import NOW, POLICE, REFERENCE, TEMPLATES, composer, item, read, rulebook
from tests.store_values import triage


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A deployment's own copy of the templates."""
    return shutil.copytree(TEMPLATES, tmp_path / "templates")


def test_edits_are_taken_up(templates: Path) -> None:
    """O5: an admin's words are used, at once and without a restart."""
    writer = composer(templates)
    writer.acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    (templates / "acknowledgement/subject.txt").write_text("Thank you, {{ reference }}!")
    made = writer.acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    assert read(made.mail)["Subject"] == f"Thank you, {REFERENCE}!"
    assert made.problems == ()


BROKEN = [
    ("{% if %}", "Expected an expression, got 'end of statement block'"),
    ("{{ refrence }}", "'refrence' is undefined"),
    ("{{ 1 / 0 }}", "it does not render: ZeroDivisionError"),
    ("{{ reference + 1 }}", "it does not render: TypeError"),
    ("{{ words | safe }}", "No filter named 'safe'."),
    ("{{ ''.__class__.__mro__ }}", "it does not render: SecurityError"),
    ("{{ categories.append('x') }}", "it does not render: SecurityError"),
    ("{{ {}[words] }}", "it does not render: UndefinedError"),
    ("{{ words | int(default=none) + 1 }}", "it does not render: TypeError"),
    ("{% include 'gone.txt' %}", "there is no gone.txt"),
    ("{% include '/etc/passwd' %}", "there is no /etc/passwd"),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "it does not render: RecursionError"),
    ("  ", "it renders to nothing"),
]


@pytest.mark.parametrize(("template", "told"), BROKEN)
@pytest.mark.parametrize("file", ["body.txt", "body.html"])
def test_built_in_instead(templates: Path, file: str, template: str, told: str) -> None:
    """O6: where a template fails to render the built-in one is used, and the fault told without the letter."""
    (templates / "routed" / file).write_text("\n" + template)
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    whole = composer().routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert made.mail == whole.mail
    (problem,) = made.problems
    assert problem.message == told
    assert problem.file == (f"routed/{file}" if template.strip() else "routed")
    assert problem.line == (2 if template.strip() else 0)
    assert "Our street" not in str(problem)


@pytest.mark.parametrize("subject", ["{{ words }}", "{{ subject }}", "{{ sender.name }}"])
def test_subjects_know_no_letter(templates: Path, subject: str) -> None:
    """O5: a template cannot put a resident's text into a header, even if an admin wants it to."""
    (templates / "routed/subject.txt").write_text(subject)
    made = composer(templates).routed(triage(), REFERENCE, POLICE, rulebook(), 1, 1, NOW)
    assert read(made.mail)["Subject"] == f"Today: Dark streets ({REFERENCE})"
    assert made.problems


def test_subjects_are_one_line(templates: Path) -> None:
    """O5: a subject template of many lines makes one, and no further header."""
    (templates / "acknowledgement/subject.txt").write_text("One\r\nBcc: x@example.org\n\n{{ reference }}")
    made = composer(templates).acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    assert read(made.mail)["Subject"] == f"One Bcc: x@example.org {REFERENCE}"
    assert read(made.mail)["Bcc"] is None


@pytest.mark.parametrize("break_", ["missing", "unreadable", "encoding"])
def test_files_that_cannot_be_read(templates: Path, break_: str) -> None:
    """O6: a file that is gone, is none, or is not UTF-8 falls back as well."""
    file = templates / "digest/body.txt"
    file.unlink()
    if break_ == "unreadable":
        file.mkdir()
    if break_ == "encoding":
        file.write_bytes("Anträge".encode("latin-1"))
    made = composer(templates).digest(POLICE, [item(1)], rulebook(), NOW, NOW)
    assert made.mail == composer().digest(POLICE, [item(1)], rulebook(), NOW, NOW).mail
    assert made.problems


def test_no_folder_at_all(tmp_path: Path) -> None:
    """O6: without any templates the built-in ones serve."""
    made = composer(tmp_path / "gone").acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    assert made.mail == composer().acknowledgement(triage(), REFERENCE, 1, 1, NOW).mail
    assert made.problems


def test_a_broken_language(templates: Path) -> None:
    """O6: a language that fails to render is the built-in one; other languages are the admin's still."""
    (templates / "acknowledgement/ro/body.html").write_text("{{ oops }}")
    (templates / "acknowledgement/pl/body.txt").write_text("Dzień dobry")
    writer = composer(templates)
    romanian, polish = (
        writer.acknowledgement(triage(language=type(triage().language)(tag, 1.0)), REFERENCE, 1, 1, NOW)
        for tag in ("ro", "pl")
    )
    assert romanian.problems[0].file == "acknowledgement/ro/body.html"
    assert bodies(romanian.mail)[0].startswith("Vă mulțumim")
    assert polish.problems == ()
    assert bodies(polish.mail)[0].startswith("Dzień dobry")


def test_admins_add_a_language(templates: Path) -> None:
    """Promise 2: a folder with three files is a new language."""
    folder = shutil.copytree(templates / "acknowledgement/ro", templates / "acknowledgement/ps")
    (folder / "body.txt").write_text("ستاسو پیغام")
    made = composer(templates).acknowledgement(
        triage(language=type(triage().language)("ps", 1.0)), REFERENCE, 1, 1, NOW
    )
    assert read(made.mail)["Content-Language"] == "ps, en"
    assert '<div lang="ps" dir="rtl">' in bodies(made.mail)[1]


def test_check(templates: Path) -> None:
    """R4: every syntax fault of every template is told at once, with file and line; the shipped ones have none."""
    assert composer(templates).templates.check() == ()
    (templates / "routed/body.txt").write_text("a\n{% if %}")
    (templates / "acknowledgement/ro/body.html").write_text("{{ x")
    assert [(one.file, one.line) for one in composer(templates).templates.check()] == [
        ("acknowledgement/ro/body.html", 1),
        ("routed/body.txt", 2),
    ]
