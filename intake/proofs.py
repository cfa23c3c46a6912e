"""Our mails as their templates write them now, from made-up letters: for those who edit templates."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_bytes
from zoneinfo import ZoneInfo

from intake.config import Config
from intake.errors import Problem, UserError
from intake.mail.tokens import Tokens
from intake.ourselves import writer_of
from intake.outbox import samples
from intake.outbox.chart import picture
from intake.outbox.compose import Composer
from intake.outbox.contents import CHART
from intake.outbox.templates import Contents, Rendered
from intake.rules import answers


@dataclass(frozen=True, slots=True)
class Kind:
    """One mail that templates write."""

    mail: str  # its folder
    languages: tuple[str, ...]  # BCP 47: English, and what may stand before it; "und": where it cannot be told


class Proofs:
    """The mails of one deployment, whatever faults their templates have."""

    def __init__(self, config: Config) -> None:
        """Take the deployment's templates. Raises UserError where acknowledgements.yaml is faulty."""
        service = writer_of(config, ZoneInfo(config.service.time_zone), Tokens(partial(token_bytes, 32)))
        self._composer = Composer(config.paths.templates, service)
        self._answers = answers.read(config.paths.rules)

    def faults(self) -> tuple[Problem, ...]:
        """Return every fault of every template, in file order."""
        return self._composer.check(self._answers)

    def kinds(self) -> list[Kind]:
        """Return every mail once."""
        languages: dict[str, list[str]] = {}
        for contents in self._samples():
            languages.setdefault(contents.mail, []).append(contents.language)
        return [Kind(mail, tuple(dict.fromkeys(tags))) for mail, tags in languages.items()]

    def proof(self, mail: str, language: str) -> Rendered:
        """Return one mail from the first of its samples, in that language. Raises UserError with its faults, if any."""
        languages = {kind.mail: kind.languages for kind in self.kinds()}
        _known(mail, languages, "mail")
        _known(language, languages[mail], f"language of {mail}")
        contents = next(one for one in self._samples() if (one.mail, one.language) == (mail, language))
        rendered = self._composer.templates.render(contents)
        if rendered.problems:
            raise UserError(f"{mail} cannot be written from its templates", rendered.problems)
        return replace(rendered, html=_with_chart(rendered.html))

    def _samples(self) -> list[Contents]:
        return list(self._composer.samples(self._answers))


def _with_chart(page: str) -> str:
    """Return a page with its chart in it, which a mail brings as a part of its own."""
    if f"cid:{CHART}" not in page:
        return page
    return page.replace(f"cid:{CHART}", f"data:image/png;base64,{b64encode(picture(samples.WEEKS)).decode()}")


def _known(name: str, choices: Collection[str], what: str) -> None:
    if name not in choices:
        raise UserError(f"`{name}` is no {what}; there are: {', '.join(choices)}")
