"""Our mails as their templates write them now, from made-up letters: for those who edit templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from intake.errors import UserError
from intake.mail.values import Acknowledge
from intake.outbox.compose import Composer
from intake.outbox.templates import Rendered


@dataclass(frozen=True, slots=True)
class Kind:
    """One mail that templates write."""

    mail: str  # its folder
    languages: tuple[str, ...]  # BCP 47: English, and what may stand before it; "und": where it cannot be told


def kinds(composer: Composer, answers: Mapping[Acknowledge, str]) -> list[Kind]:
    """Return every mail, each once, in the order of their samples."""
    languages: dict[str, list[str]] = {}
    for contents in composer.samples(answers):
        languages.setdefault(contents.mail, []).append(contents.language)
    return [Kind(mail, tuple(dict.fromkeys(tags))) for mail, tags in languages.items()]


def proof(composer: Composer, answers: Mapping[Acknowledge, str], mail: str, language: str) -> Rendered:
    """Return one mail from the first of its samples, in that language. Raises UserError with its faults, if any."""
    languages = {kind.mail: kind.languages for kind in kinds(composer, answers)}
    _known(mail, languages, "mail")
    _known(language, languages[mail], f"language of {mail}")
    contents = next(one for one in composer.samples(answers) if one.mail == mail)
    rendered = composer.templates.render(replace(contents, language=language))
    if rendered.problems:
        raise UserError(f"{mail} cannot be written from its templates", rendered.problems)
    return rendered


def _known(name: str, choices: Collection[str], what: str) -> None:
    if name not in choices:
        raise UserError(f"`{name}` is no {what}; there are: {', '.join(choices)}")
