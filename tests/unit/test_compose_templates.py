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
    ("{{ words | safe }}", "No filter named 'safe'"),
    ("{{ ''.__class__.__mro__ }}", "it does not render: SecurityError"),
    ("{{ service.__class__ }}", "it does not render: SecurityError"),
    ("{{ service.__match_args__ }}", "it does not render: SecurityError"),
    ("{% for one in categories %}{{ loop._iterator }}{% endfor %}", "it does not render: SecurityError"),
    ("{{ {}.update(a=1) }}", "it does not render: SecurityError"),
    ("{{ {'update': 1}.update(a=1) }}", "it does not render: SecurityError"),
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
    assert problem.file == f"routed/{file}"
    assert problem.line == (2 if template.strip() else 0)
    assert "Our street" not in str(problem)
    assert "the built-in template is used" in problem.hint


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


def test_part_of_a_language(templates: Path) -> None:
    """O6: where one file of a language is gone its built-in words are used, and it is told; not English alone."""
    (templates / "acknowledgement/ro/body.txt").unlink()
    made = composer(templates).acknowledgement(
        triage(language=type(triage().language)("ro", 1.0)), REFERENCE, 1, 1, NOW
    )
    assert bodies(made.mail)[0].startswith("Vă mulțumim")
    assert [one.file for one in made.problems] == ["acknowledgement/ro/body.txt"]


def test_every_faulty_file_is_told(templates: Path) -> None:
    """O6: a mail with two faulty files tells both."""
    (templates / "digest/body.txt").write_text("{{ oops }}")
    (templates / "digest/subject.txt").unlink()
    made = composer(templates).digest(POLICE, [item(1)], rulebook(), NOW, NOW)
    assert [one.file for one in made.problems] == ["digest/subject.txt", "digest/body.txt"]


def test_admins_add_a_language(templates: Path) -> None:
    """Promise 2: a folder with three files is a new language."""
    folder = shutil.copytree(templates / "acknowledgement/ro", templates / "acknowledgement/he")
    (folder / "body.txt").write_text("ההודעה שלך")
    made = composer(templates).acknowledgement(
        triage(language=type(triage().language)("he", 1.0)), REFERENCE, 1, 1, NOW
    )
    assert read(made.mail)["Content-Language"] == "he, en"
    assert '<div lang="he" dir="rtl">' in bodies(made.mail)[1]


def checked(templates: Path) -> list[str]:
    """Return what a refusal prints."""
    return [str(problem) for problem in composer(templates).check()]


def append(file: Path, words: str) -> None:
    """Write `words` on a line of their own behind what is there."""
    file.write_text(file.read_text("utf-8").rstrip("\n") + "\n" + words, "utf-8")


def test_shipped_templates_have_no_fault(templates: Path) -> None:
    """O6: what comes with the program passes its own check."""
    assert checked(templates) == []


def test_every_fault_at_once(templates: Path) -> None:
    """O6, R4: every fault of every template is told at once, in file order, with file and line."""
    (templates / "routed/body.txt").write_text("a\n{% if %}")
    (templates / "routed/subject.txt").write_text("{{ words }}")
    (templates / "acknowledgement/ro/body.html").write_text("{{ x")
    assert checked(templates) == [
        "acknowledgement/ro/body.html:1: unexpected end of template, expected 'end of print statement'",
        "routed/body.txt:2: Expected an expression, got 'end of statement block'",
        "routed/subject.txt:1: 'words' is undefined",
    ]


FAULTY = [
    ("acknowledgement/body.txt", "\n\n{{ refrence }}", "acknowledgement/body.txt:3: 'refrence' is undefined"),
    (
        "acknowledgement-neutral/ur/body.html",
        "{{ oops }}",
        "acknowledgement-neutral/ur/body.html:1: 'oops' is undefined",
    ),
    ("acknowledgement/ro/subject.txt", "{{ words }}", "acknowledgement/ro/subject.txt:1: 'words' is undefined"),
    ("acknowledgement/ro/body.txt", " ", "acknowledgement/ro/body.txt: it renders to nothing"),
    (
        "routed/body.txt",
        "x{% if 'a' in words %}{{ words | safe }}{% endif %}",
        "routed/body.txt:1: No filter named 'safe'",
    ),
    ("routed/body.html", "{{ '<b>' | safe }}", "routed/body.html:1: No filter named 'safe'"),
    (
        "routed/body.txt",
        "x{% if words %}{{ words | shout }}{% endif %}",
        "routed/body.txt:1: No filter named 'shout'",
    ),
    ("routed/body.txt", "x{% if sender %}{{ sender.nmae }}{% endif %}", "'dict object' has no attribute 'nmae'"),
    ("routed/body.txt", "x{% if not sender %}{{ oops }}{% endif %}", "'oops' is undefined"),
    ("routed/body.txt", "x{% for one in withheld %}{{ one.id }}{% endfor %}", "has no attribute 'id'"),
    ("routed/body.txt", "x{% for one in attachments %}{{ one.date }}{% endfor %}", "has no attribute 'date'"),
    ("routed/body.txt", "x{% for one in flags if one.value %}{{ oops }}{% endfor %}", "'oops' is undefined"),
    ("routed/body.txt", "x{% for one in why %}{{ one.words.first }}{% endfor %}", "has no attribute 'first'"),
    ("routed/body.txt", "x{% if urgency == 'emergency' %}{{ oops }}{% endif %}", "'oops' is undefined"),
    ("routed/body.txt", "x{% if urgency == 'today' %}{{ oops }}{% endif %}", "'oops' is undefined"),
    ("routed/body.txt", "x{% if not (written or subject or words or asked_by) %}{{ oops }}{% endif %}", "'oops'"),
    (
        "routed/body.txt",
        "{% from 'words.jinja' import flags as f %}x{% for one in flags %}{{ f[one.id] }}{% endfor %}",
        "no attr",
    ),
    ("routed/body.txt", "{% from 'words.jinja' import languages %}{{ languages[language] }}", "has no attribute 'tlh'"),
    ("routed/body.txt", "{{ 1 / 0 }}", "routed/body.txt:1: it does not render: ZeroDivisionError: division by zero"),
    ("routed/body.txt", "{% include 'gone.txt' %}", "routed/body.txt:1: there is no gone.txt"),
    ("digest/body.txt", "x{% if not count %}{{ oops }}{% endif %}", "digest/body.txt:1: 'oops' is undefined"),
    ("digest/subject.txt", "x{% if urgent %}{{ oops }}{% endif %}", "digest/subject.txt:1: 'oops' is undefined"),
    ("digest/body.html", "x{% for one in groups %}{{ one.items.x }}{% endfor %}", "has no attribute 'x'"),
    ("digest/body.html", "x{% for g in groups for m in g %}{% endfor %}", "digest/body.html:1: "),
    ("frame.html", "{{ oops }}", "frame.html:1: 'oops' is undefined"),
    ("words.jinja", "{% set x = %}", "words.jinja:1: "),
]


@pytest.mark.parametrize(("file", "template", "told"), FAULTY)
def test_faults_of_rendering(templates: Path, file: str, template: str, told: str) -> None:
    """O6: a fault in any part of any mail is found before a letter comes, once, with its file and line."""
    (templates / file).write_text(template)
    refused = [one for one in checked(templates) if one.startswith(file)]
    assert len(refused) == 1
    assert told in refused[0]
    assert "built-in" not in refused[0]


def test_a_fault_behind_the_shipped_words(templates: Path) -> None:
    """O6: the newcomer's own case: one line more at the end of a shipped file."""
    letter, digest, routed = "acknowledgement/body.txt", "digest/body.html", "routed/body.html"
    append(templates / routed, '{{ "<b>"|safe }}')
    append(templates / letter, "{{ refrence }}")
    append(templates / digest, "\n  <p>Yours</p>")
    last = {file: len((templates / file).read_text("utf-8").split("\n")) for file in (letter, digest, routed)}
    assert checked(templates) == [
        f"{letter}:{last[letter]}: 'refrence' is undefined",
        f"{digest}:{last[digest]}: it stands outside every block, so nobody sees it",
        f"{routed}:{last[routed]}: No filter named 'safe'",
        f"{routed}:{last[routed]}: it stands outside every block, so nobody sees it",
    ]


@pytest.mark.parametrize("mail", ["acknowledgement", "acknowledgement-neutral", "routed", "digest"])
@pytest.mark.parametrize("file", ["", "subject.txt", "body.txt", "body.html"])
def test_what_is_missing(templates: Path, mail: str, file: str) -> None:
    """O6: a missing folder or file of any mail is told, and nothing else."""
    if file:
        (templates / mail / file).unlink()
        assert checked(templates) == [f"{mail}/{file}: there is no such file"]
    else:
        shutil.rmtree(templates / mail)
        assert checked(templates) == [f"{mail}: there is no such folder"]


@pytest.mark.parametrize("mail", ["acknowledgement", "acknowledgement-neutral"])
@pytest.mark.parametrize("file", ["subject.txt", "body.txt", "body.html"])
def test_what_a_language_lacks(templates: Path, mail: str, file: str) -> None:
    """O6: a language needs all three files in the mail that speaks it."""
    (templates / mail / "ro" / file).unlink()
    assert checked(templates) == [f"{mail}/ro/{file}: there is no such file"]


def test_an_empty_language(templates: Path) -> None:
    """O6: an empty folder of a language is told; a language that is gone altogether is none."""
    (templates / "acknowledgement/xx").mkdir()
    shutil.rmtree(templates / "acknowledgement/ro")
    names = ("body.html", "body.txt", "subject.txt")
    assert checked(templates) == [f"acknowledgement/xx/{name}: there is no such file" for name in names]


def test_no_templates_folder(tmp_path: Path) -> None:
    """O6: a missing templates folder is one fault, and it says where they were looked for."""
    (problem,) = composer(tmp_path / "gone").check()
    assert problem.file == str((tmp_path / "gone").resolve())
    assert problem.message == "there is no such folder"


def test_a_file_that_is_not_utf_8(templates: Path) -> None:
    """O6: a file in another encoding is told."""
    (templates / "digest/body.txt").write_bytes("Anträge".encode("latin-1"))
    (told,) = checked(templates)
    assert told.startswith("digest/body.txt: it does not render: UnicodeDecodeError")


def test_a_folder_older_than_alerts_serves(tmp_path: Path) -> None:
    """O6: templates laid down before there were alerts are no fault; the built-in alert serves."""
    shutil.copytree(TEMPLATES, tmp_path / "templates", ignore=shutil.ignore_patterns("alert"))
    assert composer(tmp_path / "templates").check() == ()
