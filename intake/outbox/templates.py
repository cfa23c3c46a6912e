"""Renders the admins' mail templates in a sandbox, and the packaged ones where those fail (O5, O6).

A mail is a folder: `subject.txt`, `body.txt`, `body.html`, and for each further language a folder with the same three,
whose bodies stand before the English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from traceback import extract_tb

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from intake.errors import Problem
from intake.outbox.quoting import one_line

Context = Mapping[str, object]

# What a template can fail with: jinja2's own errors, and Python's from within an expression.
FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RLM = "\u200f"  # makes a line of plain text begin at the right, whatever letter it begins with


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words."""

    subject: str  # one line
    text: str
    html: str
    languages: tuple[str, ...]  # BCP 47, as they follow each other: ("ro", "en")
    problems: tuple[Problem, ...]  # why the built-in template was used; never a resident's words


@dataclass(frozen=True, slots=True)
class Translation:
    """What stands before the English."""

    tag: str  # BCP 47
    direction: str  # "ltr" or "rtl"
    body: str  # plain text, or Markup


class Templates:
    """The admins' templates, with the packaged ones behind them. Edited files are taken up at the next mail."""

    def __init__(self, folder: Path) -> None:
        """Take the templates in `folder`; nothing is read yet."""
        self._folder = folder.resolve()
        self._own = _environment(self._folder)
        self._built_in = _environment(built_in())

    def render(self, mail: str, language: str, headline: Context, body: Context) -> Rendered:
        """Render the mail of that folder, in `language` (BCP 47) before the English where there is one.

        `headline` is all that `subject.txt` knows; the bodies know `body` too.
        """
        try:
            return _render(self._own, mail, language, headline, body)
        except FAULTS as fault:
            problem = self._problem(mail, fault)
        return replace(_render(self._built_in, mail, language, headline, body), problems=(problem,))

    def check(self) -> tuple[Problem, ...]:
        """Return the syntax faults of every file in the folder."""
        faults = []
        for name in self._own.list_templates(extensions=["txt", "html", "jinja"]):
            try:
                self._own.get_template(name)
            except FAULTS as fault:
                faults.append(self._problem(name, fault))
        return tuple(faults)

    def _problem(self, name: str, fault: Exception) -> Problem:
        file, line = _place(self._folder, fault)
        return Problem(file or name, line, 0, _sentence(fault), "until it is mended the built-in template is used")


def built_in() -> Path:
    """Return the packaged templates; in a source checkout those at its top."""
    packaged = Path(str(files("intake"))) / "defaults" / "templates"
    return packaged if packaged.is_dir() else packaged.parents[2] / "templates"


def _environment(folder: Path) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"quote": _quote, "lines": _lines}
    del environment.filters["safe"]  # nothing that a resident wrote may become markup
    return environment


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _lines(text: str) -> Markup:
    """Return each line as a block that runs in the direction of its own first letter."""
    return Markup("\n").join(
        Markup('<div dir="auto">{}</div>').format(line or Markup("<br>")) for line in text.split("\n")
    )


def _render(
    environment: ImmutableSandboxedEnvironment, mail: str, language: str, headline: Context, body: Context
) -> Rendered:
    tag = _translated(environment, mail, language)
    folder = f"{mail}/{tag}" if tag else mail
    known = {**headline, **body}
    rendered = Rendered(
        subject=one_line(environment.get_template(f"{folder}/subject.txt").render(headline)),
        text=_body(environment, mail, tag, "body.txt", known).strip() + "\n",
        html=_body(environment, mail, tag, "body.html", known).strip() + "\n",
        languages=(tag, "en") if tag else ("en",),
        problems=(),
    )
    if not (rendered.subject and rendered.text.strip() and rendered.html.strip()):
        raise ValueError("it renders to nothing")
    return rendered


def _translated(environment: ImmutableSandboxedEnvironment, mail: str, language: str) -> str | None:
    """Return the language folder for `language`: its own, or that of the language without its region."""
    for tag in (language, language.partition("-")[0]):
        if tag in {"", "en"}:
            continue
        try:
            environment.get_template(f"{mail}/{tag}/body.txt")
        except TemplateNotFound:
            continue
        return tag
    return None


def _body(environment: ImmutableSandboxedEnvironment, mail: str, tag: str | None, file: str, known: Context) -> str:
    translation = None
    if tag:
        words = environment.get_template(f"{mail}/{tag}/{file}").render(known).strip()
        right_to_left = tag.partition("-")[0] in _RIGHT_TO_LEFT
        if file.endswith(".html"):
            words = Markup(words)  # noqa: S704 (a template's own markup, autoescaped where it was rendered)
        elif right_to_left:
            words = re.sub(r"^(?=.)", _RLM, words, flags=re.MULTILINE)
        translation = Translation(tag, "rtl" if right_to_left else "ltr", words)
    return environment.get_template(f"{mail}/{file}").render(known, translation=translation)


def _place(folder: Path, fault: Exception) -> tuple[str, int]:
    """Return (file under `folder`, line) that `fault` arose in; ("", 0) where nobody can tell."""
    places = [(frame.filename, frame.lineno or 0) for frame in extract_tb(fault.__traceback__)]
    if isinstance(fault, TemplateSyntaxError) and fault.filename:
        places.append((fault.filename, fault.lineno))
    inside = [(Path(file), line) for file, line in places if Path(file).is_relative_to(folder)]
    return (inside[-1][0].relative_to(folder).as_posix(), inside[-1][1]) if inside else ("", 0)


def _sentence(fault: Exception) -> str:
    """Return what is wrong without any value that the template was given."""
    told = str(fault)
    if isinstance(fault, TemplateNotFound):
        return f"there is no {fault.name}"
    if isinstance(fault, TemplateSyntaxError) or re.fullmatch(r"'\w+' is undefined", told):
        return told
    if told == "it renders to nothing":
        return told
    return f"it does not render: {type(fault).__name__}"
