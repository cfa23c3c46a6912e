"""Every mail that we send, in every language and with all that it may hold or lack, from made-up letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from intake.outbox.mime import Head, assemble
from intake.outbox.templates import Rendered
from tests.outbox_values import NOW, SERVICE, composer


@dataclass(frozen=True)
class Sample:
    """One mail."""

    name: str  # "acknowledgement-pl-1"
    kind: str  # its folder of templates
    language: str
    rendered: Rendered

    def mail(self) -> bytes:
        """Return it as it goes out."""
        head = Head(SERVICE.name, SERVICE.address, "someone@example.net", f"{self.name}@example.org", NOW, None, {})
        return assemble(head, self.rendered)


@cache
def every() -> dict[str, Sample]:
    """Return every mail by its name."""
    return {one.name: one for one in _samples()}


def fullest() -> dict[str, Sample]:
    """Return, of acknowledgements that differ by a few links, one in each language; of others all."""
    last = {(one.kind, one.language) if one.kind.startswith("ack") else one.name: one for one in every().values()}
    return {one.name: one for one in last.values()}


def _samples() -> Iterator[Sample]:
    writer = composer()
    for number, contents in enumerate(writer.samples()):
        rendered = writer.templates.render(contents)
        assert not rendered.problems
        yield Sample(f"{contents.mail}-{contents.language}-{number}", contents.mail, contents.language, rendered)
