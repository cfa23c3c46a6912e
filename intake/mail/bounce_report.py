"""What a delivery report says: which recipients, for good or not, about which mail of ours (RFC 3464, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from intake.mail.bounce import is_complaint
from intake.mail.message import Message
from intake.mail.parse import attachment_content, parse

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]

_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_TYPES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_READ = 60_000  # characters of a report that are judged
_MOST = 100  # recipients that are told

_FIELD = re.compile(r"(?m)^[ \t>|]{0,8}([A-Za-z-]{4,30}):[ \t]*(.*(?:\n[ \t]+\S.*)*)")
_ATOM = r"[^\s<>()\[\],;:\"'@]"
_ADDRESS = re.compile(rf"{_ATOM}{{1,100}}@{_ATOM}{{1,200}}\.[^\W_]{{2,60}}")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\w.-])([45])[0-5]\d(?=[ -]|$)")
_RETURNED = re.compile(
    r"(?im)^[ \t>*#=_-]*(?:(?:.{0,60}\b(?:original|returned|unsent|undelivered) (?:message|mail)\b.{0,60}"
    r"|.{0,40}\bcopy of (?:the|your) (?:message|mail|original)\b.{0,60}|message headers? follows?.{0,20}"
    r"|.{0,20}\bheaders? of the original\b.{0,60})[:.=_ -]*$|received: (?:from|by)\b|return-path: *<)"
)
_HEADERS = re.compile(r"(?im)^[ \t>|]{0,8}(?:received|return-path|message-id|from|date):.*\n(?=.*:)")
_WAITS = re.compile(
    r"(?i)\b(?:delayed|deferred|postponed|still (?:being|trying|in the queue)|not yet (?:been )?(?:delivered|sent)"
    r"|(?:will|shall) (?:be retried|continue|keep|retry|try)\b|need to re-?send|being (?:retried|queued)"
    r"|warning message only|just a warning|temporary failure report|delivery attempts? will)"
)
_GIVEN_UP = re.compile(
    r"(?i)(?:permanent|fatal error|given up|giving up|no longer (?:tr|attempt)|unknown user|user unknown|no such"
    r"|will not (?:be )?(?:retr|try)|message expired)"
)
_SERVICE = re.compile(r"(?i)(?:mailer-daemon|postmaster|abuse|support|help)@")
_LEADING = re.compile(
    r"[ \t>*<\"'(-]*(?:(?:to|user|recipient|address|e-?mail|smtp)\s*[:;]\s*|(?:user|recipient|address) +)?[<\"'(]*"
    rf"({_ADDRESS.pattern})(?=[\s>\"'):,;(]|\.(?:\s|$)|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of a mail for one recipient."""

    recipient: str  # as the report names it; "" where it names nobody
    action: Action  # RFC 3464 §2.3.3; "failed" and "delayed" are all that a report without such a field tells
    status: str  # RFC 3463: "5.1.1"; "" where none is told
    permanent: bool  # failed, and to try again would not help


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a report says, in its order."""

    failures: tuple[Failure, ...]  # one a recipient; at least one
    returned: Message | None  # the mail that it is about, or its header; None where nothing was returned


def read_report(message: Message, raw: bytes) -> BounceReport:
    """Read what was recognised as a bounce; `message` is `parse(raw)`. Never raises.

    A delivery-status part (RFC 3464 §2.3) is believed before X-Failed-Recipients, and that before the text.
    """
    text = message.text[:_READ]
    if is_complaint(message):
        return BounceReport((), _returned(message, raw, text))
    status = "\n\n".join(_contents(message, raw, _STATUS_TYPES))
    said = _before_the_copy(text)
    failures = _by_fields(status[:_READ]) or _by_fields(text) or _by_header(message, said) or _by_words(message, said)
    return BounceReport(failures[:_MOST], _returned(message, raw, text))


def _by_fields(text: str) -> tuple[Failure, ...]:
    """Read the fields of each recipient (RFC 3464 §2.3)."""
    found: list[Failure] = []
    for group in re.split(r"\n[ \t>|]*\n", text.replace("\r\n", "\n")):
        fields: dict[str, str] = {}
        for match in _FIELD.finditer(group):
            name = match[1].lower()
            if name == "final-recipient" and name in fields:
                found += _failure(fields)
                fields = {}
            fields.setdefault(name, match[2])
        found += _failure(fields)
    return tuple(found)


def _failure(fields: dict[str, str]) -> list[Failure]:
    named = [fields.get(name, "") for name in ("original-recipient", "final-recipient", "x-actual-recipient")]
    if not any(named):
        return []
    recipient = next((found[0] for one in named if (found := _ADDRESS.search(one))), "")
    status = _status(fields.get("status", "")) or _status(fields.get("diagnostic-code", ""))
    word = fields.get("action", "").strip().lower().partition(" ")[0]
    action = next((one for one in get_args(Action) if one == word), None) or _action(" ".join(fields.values()))
    return [
        Failure(recipient, action, status, action == "failed" and _lasts(status, fields.get("diagnostic-code", "")))
    ]


def _by_header(message: Message, said: str) -> tuple[Failure, ...]:
    """Read X-Failed-Recipients, which Exim and Google set."""
    named = _ADDRESS.findall(", ".join(message.all("x-failed-recipients")))
    return tuple(_told(one, _about(one, said) or said) for one in dict.fromkeys(named))


def _by_words(message: Message, said: str) -> tuple[Failure, ...]:
    """Read who did not get it out of a text that follows no standard."""
    others = {one.key for one in (*message.from_, *message.to, *message.cc, *message.reply_to)}
    lines = [one for line in said.splitlines() if (one := _named(line))]
    named = lines or _ADDRESS.findall(said)[:1]
    theirs = [one for one in dict.fromkeys(named) if one.lower() not in others and not _SERVICE.match(one)]
    return tuple(_told(one, _about(one, said) or said) for one in theirs) or (_told("", said),)


def _named(line: str) -> str:
    """Return the address that a line of a report is about: one that it begins with, or that stands alone in it."""
    found = _LEADING.match(line)
    return found[1] if found else ""


def _told(recipient: str, words: str) -> Failure:
    status, action = _status(words), _action(words)
    status = "" if status.startswith("2") else status
    return Failure(recipient, action, status, action == "failed" and _lasts(status, words))


def _about(recipient: str, said: str) -> str:
    """Return the paragraph that names the recipient, with the one behind it; "" where none does."""
    at = said.find(recipient)
    return said[at : at + 600] if at >= 0 else ""


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else ""


def _lasts(status: str, words: str) -> bool:
    """Tell whether a failure is for good, by the enhanced status, else the reply code, else because it was given up."""
    if status[:1] in "45" and status:
        return status[0] == "5"
    code = _CODE.search(words)
    return code is None or code[1] == "5"


def _action(words: str) -> Action:
    return "delayed" if _WAITS.search(words) and not _GIVEN_UP.search(words) else "failed"


def _before_the_copy(text: str) -> str:
    """Return the report without the mail that it returns below."""
    cut = _RETURNED.search(text)
    return text[: cut.start()] if cut and cut.start() > 0 else text


def _returned(message: Message, raw: bytes, text: str) -> Message | None:
    """Return the mail that came back, read from its part, else from the text below the report."""
    parts = _contents(message, raw, _RETURNED_TYPES)
    if parts:
        return parse(parts[0].encode("utf-8", "surrogateescape"))
    cut = _RETURNED.search(text)
    header = cut and _HEADERS.search(text, cut.start())
    if not header:
        return None
    lines = [re.sub(r"^[ >|]{0,8}", "", line) for line in text[header.start() :].splitlines()]
    return parse("\r\n".join(lines).encode("utf-8", "replace"))


def _contents(message: Message, raw: bytes, types: frozenset[str]) -> list[str]:
    parts = [one.index for one in message.attachments if one.type in types][:5]
    return [attachment_content(raw, index).decode("utf-8", "surrogateescape") for index in parts]
