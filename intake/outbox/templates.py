"""Renders the admins' mail templates in a sandbox, and the packaged ones where those fail (O5, O6).

A mail is a folder: `subject.txt`, `body.txt`, `body.html`, and for each further language a folder with the same three,
whose bodies stand before the English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from traceback import extract_tb

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError, nodes
from markupsafe import Markup, escape

from intake.errors import Problem
from intake.outbox.bounds import REFUSALS, BoundedEnvironment
from intake.outbox.languages import Languages, Translation, left_to_right, translation
from intake.outbox.quoting import one_line, plain
from intake.outbox.styles import TOO_DEEP, inlined

Context = Mapping[str, object]

# What a template can fail with: jinja2's own errors, and Python's from within an expression.
FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
_PAGE = "body.html"
_FILES = ("subject.txt", "body.txt", _PAGE)
_NOTHING = "it renders to nothing"
_START = 100  # characters of a mail, among which something mostly shows


@dataclass(frozen=True, slots=True)
class Contents:
    """What one mail is rendered from."""

    mail: str  # its folder
    headline: Context  # all that `subject.txt` knows
    body: Context  # what the bodies know besides
    language: str = "en"  # BCP 47: what stands before the English, where there is a folder for it
    instead: str = ""  # the built-in folder that serves where this one fails; "": of the same name
    reviewed_only: bool = False  # a translation that nobody has reviewed is left out


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words."""

    subject: str  # one line
    text: str
    html: str
    languages: tuple[str, ...]  # BCP 47, as they follow each other: ("ro", "en")
    problems: tuple[Problem, ...]  # why the built-in template was used; never a resident's words


# Mails that a deployment's folder may lack, being older than they: the built-in one serves.
LATER = ("alert", "late", "overview", "taken")


class Templates:
    """The admins' templates, with the packaged ones behind them. Edited files are taken up at the next mail."""

    def __init__(self, folder: Path) -> None:
        """Take the templates in `folder`; nothing is read yet."""
        self._folder = folder.resolve()
        self._own = _Folder(self._folder)
        self._built_in = _Folder(built_in(), bounded=False)

    def render(self, contents: Contents) -> Rendered:
        """Render one mail; by the built-in templates where one of the admins' fails."""
        try:
            return self._own.render(contents)
        except ExceptionGroup as group:
            problems = tuple(_discreet(fault) for fault in group.exceptions if isinstance(fault, _Fault))
        built_in = replace(contents, mail=contents.instead or contents.mail)
        return replace(self._built_in.render(built_in), problems=problems)

    @property
    def languages(self) -> Languages:
        """The languages of the admins' mails."""
        return self._own.languages

    def check(self, samples: Iterable[Contents]) -> tuple[Problem, ...]:
        """Return every fault, in file order: of any file as it stands, and of rendering what `samples` are of."""
        if not self._folder.is_dir():
            hint = "`paths.templates` in config.yaml says where the templates are"
            return (Problem(str(self._folder), 0, 0, "there is no such folder", hint),)
        problems = {_candid(fault) for fault in self._own.read()}
        samples = tuple(samples)
        problems |= {fault for mail in {one.mail for one in samples} for fault in self.languages.faults(mail)}
        for sample in samples:
            if not (self._folder / sample.mail).is_dir():
                if sample.mail in LATER:
                    continue
                problems.add(Problem(sample.mail, 0, 0, "there is no such folder"))
                continue
            try:
                self._own.render(sample)
            except ExceptionGroup as group:
                problems |= {_candid(fault) for fault in group.exceptions if isinstance(fault, _Fault)}
        return tuple(sorted(problems))


def mail_folders(templates: Path) -> tuple[str, ...]:
    """Return the names of the folders that mails can be written from."""
    return tuple(sorted(one.name for one in templates.glob("*/")))


def built_in() -> Path:
    """Return the packaged templates; in a source checkout those at its top."""
    packaged = Path(str(files("intake"))) / "defaults" / "templates"
    return packaged if packaged.is_dir() else packaged.parents[2] / "templates"


class _Fault(Exception):
    """One file that fails to render."""

    def __init__(self, folder: Path, name: str, why: Exception) -> None:
        super().__init__(name)
        self.why = why
        self.file, self.line = _place(folder, why)
        self.file = self.file or name


class _Folder:
    """A folder of templates."""

    def __init__(self, path: Path, *, bounded: bool = True) -> None:
        self._path = path
        self.languages = Languages(path)
        self._environment = _environment(path)
        self._environment.bounded = bounded

    def render(self, contents: Contents) -> Rendered:
        """Render one mail. Raises an ExceptionGroup of a _Fault for each file that fails."""
        tag = self.languages.chosen(contents.mail, contents.language, reviewed_only=contents.reviewed_only)
        written: dict[str, str] = {}
        faults: list[_Fault] = []
        for file in _FILES:
            try:
                written[file] = self._file(contents, tag, file)
            except _Fault as fault:
                faults.append(fault)
        if faults:
            raise ExceptionGroup(contents.mail, faults)
        return Rendered(
            subject=one_line(written["subject.txt"]),
            text=written["body.txt"] + "\n",
            html=written[_PAGE].rstrip() + "\n",
            languages=(tag, "en") if tag else ("en",),
            problems=(),
        )

    def read(self) -> list[_Fault]:
        """Return the faults of every file, whether a mail uses it or not, that show before it is rendered."""
        faults = []
        for name in self._environment.list_templates(extensions=["txt", "html", "jinja"]):
            try:
                self._environment.get_template(name)
                faults += [_Fault(self._path, name, why) for why in self._unrendered(name)]
            except FAULTS as why:
                faults.append(_Fault(self._path, name, why))
        return faults

    def _unrendered(self, name: str) -> Iterator[TemplateSyntaxError]:
        """Yield what no rendering need come upon: unknown filters, and words outside the blocks of a page."""
        file = self._path / name
        page = self._environment.parse(file.read_text("utf-8"), name, str(file))
        for one in page.find_all(nodes.Filter):
            if one.name not in self._environment.filters:
                yield TemplateSyntaxError(f"No filter named {one.name!r}", one.lineno, name, str(file))
        if any(isinstance(node, nodes.Extends) for node in page.body):
            for line in _outside(page):
                yield TemplateSyntaxError("it stands outside every block, so nobody sees it", line, name, str(file))

    def _file(self, contents: Contents, tag: str | None, file: str) -> str:
        folder = f"{contents.mail}/{tag}" if tag else contents.mail
        if file == "subject.txt":
            return self._write(f"{folder}/{file}", contents.headline)
        known: Context = {**contents.headline, **contents.body}
        beside: dict[str, object] = {"translation": None, "invitations": self._invitations(contents, tag, file)}
        if tag:
            beside["translation"] = translation(tag, _worded(file, self._write(f"{folder}/{file}", known)))
        return self._write(f"{contents.mail}/{file}", {**known, **beside}, page=file == _PAGE)

    def _invitations(self, contents: Contents, tag: str | None, file: str) -> list[Translation]:
        """Return what invites people to write in their language, where nobody can tell it or it is not there."""
        if tag or contents.language.partition("-")[0] == "en":
            return []
        lines = self.languages.invitations(contents.mail, reviewed_only=contents.reviewed_only)
        return [translation(one, escape(words) if file == _PAGE else words) for one, words in lines]

    def _write(self, name: str, known: Context, *, page: bool = False) -> str:
        try:
            words = self._environment.write(self._environment.get_template(name), known).strip()
            if not (plain(words[:_START]) or plain(words)):
                raise TemplateError(_NOTHING)
            return inlined(words) if page else words
        except FAULTS as why:
            raise _Fault(self._path, name, why) from None


def _environment(folder: Path) -> BoundedEnvironment:
    environment = BoundedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"quote": _quote, "lines": _lines, "ltr": left_to_right}
    del environment.filters["safe"]  # nothing that a resident wrote may become markup
    return environment


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _lines(text: str) -> Markup:
    """Return each line as a block that runs in the direction of its own first letter."""
    blocks = (f'<div dir="auto">{escape(line) or "<br>"}</div>' for line in text.split("\n"))
    return Markup("\n".join(blocks))  # noqa: S704 (each line is escaped)


def _worded(file: str, words: str) -> str:
    """Return what a template wrote as what it is: markup, autoescaped where it was rendered, or plain text."""
    return Markup(words) if file == _PAGE else words  # noqa: S704


def _outside(page: nodes.Template) -> Iterator[int]:
    """Yield the lines of what a page shows outside its blocks."""
    for output in page.body:
        for node in output.nodes if isinstance(output, nodes.Output) else ():
            data = node.data if isinstance(node, nodes.TemplateData) else "x"
            if data.strip():
                yield node.lineno + data[: -len(data.lstrip())].count("\n")


def _place(folder: Path, fault: Exception) -> tuple[str, int]:
    """Return (file under `folder`, line) that `fault` arose in; ("", 0) where nobody can tell."""
    places = [(frame.filename, frame.lineno or 0) for frame in extract_tb(fault.__traceback__)]
    if isinstance(fault, TemplateSyntaxError) and fault.filename:
        places.append((fault.filename, fault.lineno))
    inside = [(Path(file), line) for file, line in places if Path(file).is_relative_to(folder)]
    return (inside[-1][0].relative_to(folder).as_posix(), inside[-1][1]) if inside else ("", 0)


def _candid(fault: _Fault) -> Problem:
    """Return what is wrong in every detail: only where the values were samples."""
    why = fault.why
    if isinstance(why, TemplateNotFound):
        sentence = f"there is no {why.name}" if fault.line else "there is no such file"
    elif isinstance(why, TemplateError):
        sentence = one_line(why.message or "").removesuffix(".").removesuffix(" found")
    else:
        sentence = one_line(f"it does not render: {type(why).__name__}: {why}")
    return Problem(fault.file, fault.line, 0, sentence)


def _discreet(fault: _Fault) -> Problem:
    """Return what is wrong without any value that the template was given."""
    why = fault.why
    harmless = isinstance(why, TemplateNotFound | TemplateSyntaxError) or str(why) in {_NOTHING, TOO_DEEP, *REFUSALS}
    if harmless or re.fullmatch(r"'\w+' is undefined", str(why)):
        sentence = _candid(fault).message
    else:
        sentence = f"it does not render: {type(why).__name__}"
    return Problem(fault.file, fault.line, 0, sentence, "until it is mended the built-in template is used")
