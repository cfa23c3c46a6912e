"""Each `tests/mails/parse-*.eml` is read as the JSON file beside it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from intake.mail.message import Address, Message
from intake.mail.parse import parse

MAILS = sorted((Path(__file__).parents[1] / "mails").glob("parse-*.eml"))


def _plain(value: Any) -> Any:
    """A field of a Message as JSON has it."""
    if isinstance(value, Address):
        return [value.name, value.address]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _field(message: Message, name: str) -> Any:
    if name == "attachments":
        return [[found.name, found.type, found.inline] for found in message.attachments]
    return _plain(getattr(message, "from_" if name == "from" else name))


@pytest.mark.parametrize("file", MAILS, ids=lambda file: file.stem.removeprefix("parse-"))
def test_mail(file: Path) -> None:
    """P3: every kind of mail is read as the expectation beside it says."""
    message = parse(file.read_bytes())
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert {name: _field(message, name) for name in expected} == expected
