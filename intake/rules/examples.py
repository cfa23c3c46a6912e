"""Runs the examples that stand beside a rule: letters that it must match, and letters that it must not (R3)."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from datetime import UTC
from typing import NamedTuple

from intake.mail.message import Address, Attachment, Message
from intake.mail.values import Facts, Language, OwnWords
from intake.rules.decide import look
from intake.rules.program import Program, Rule
from intake.rules.shape import ExampleShape

_TYPES = mimetypes.MimeTypes()  # the same everywhere: the system's own tables are not read


class Example(NamedTuple):
    """What became of one example."""

    rule: str  # id
    kind: str  # "match" or "no-match"
    number: int  # from 0, within its kind
    passed: bool
    why: str  # where it failed: the condition that did not hold, or the words that it fired on


def run(program: Program) -> Iterator[Example]:
    """Yield the outcome of every example of every rule, in the order of the files."""
    for rule in program.rules:
        for kind, letters in (("match", rule.examples.match), ("no-match", rule.examples.no_match)):
            for number, letter in enumerate(letters):
                yield _run(program, rule, kind, number, letter)


def _run(program: Program, rule: Rule, kind: str, number: int, letter: ExampleShape) -> Example:
    outcome = rule.when.check(look(facts(letter), program.matcher))
    wanted = kind == "match"
    words = ", ".join(dict.fromkeys(one.span.text for one in outcome.found))
    why = f"fails at {outcome.why}" if wanted else f"fires on: {words or 'what the message is'}"
    return Example(rule.id, kind, number, outcome.held is wanted, "" if outcome.held is wanted else why)


def facts(letter: ExampleShape) -> Facts:
    """Return an example as rules see a message."""
    full = letter.text if letter.full_text is None else f"{letter.text}\n{letter.full_text}"
    received = letter.received
    message = Message(
        headers=tuple((name.lower(), value) for name, value in letter.headers.items()),
        subject=letter.subject,
        from_=(Address("", letter.from_),),
        sender=None,
        reply_to=(),
        to=(Address("", letter.to),),
        cc=(),
        return_path=None,
        date=None if received is None else received.replace(tzinfo=UTC),
        message_id=None,
        in_reply_to=(),
        references=(),
        content_type="text/plain",
        content_type_parameters=(),
        text=full,
        html="",
        plain=True,
        attachments=tuple(_attachment(index, name) for index, name in enumerate(letter.attachments)),
        part_types=("text/plain",),
        defects=(),
        protection=None,
    )
    return Facts(message, letter.kind, OwnWords(letter.text, letter.full_text is not None), _language(letter), None)


def _language(letter: ExampleShape) -> Language:
    return Language(letter.language, 0.0 if letter.language == "und" else 1.0)


def _attachment(index: int, name: str) -> Attachment:
    return Attachment(index, name, _TYPES.guess_type(name)[0] or "application/octet-stream", 1000, "", inline=False)
