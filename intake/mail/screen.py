"""Who is answered, and what a message is: checks in a visible order. It never decides who sees a message (S9)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from email.utils import getaddresses

from intake.mail import automatic, bounce, screen_verdicts
from intake.mail.addresses import plain_domain
from intake.mail.message import Message
from intake.mail.values import Identity, Intermediary, Kind, Reason, Screening

Check = Callable[[Message, Identity], Reason | None]

_ATOM = r"[^\s@<>\"(),:;\[\]\x00-\x1f\x7f]"
TEXT = "text:"  # how an intermediary's `sender` begins where the address stands in a line of the text
_TEXT_READ = 20_000  # characters of the text in which that line is looked for
_SENDABLE = re.compile(rf"{_ATOM}{{1,64}}@(?!\.){_ATOM}{{1,180}}\.{_ATOM}{{2,63}}")


def screen(message: Message, identity: Identity) -> Screening:
    """Tell what a message is, whether it may be answered, and at which one address.

    The first of `KINDS` that applies gives the kind; whatever is not a person's is not answered. A person's is not
    where one of `SILENCES` applies. What a configured intermediary passes on (S10) is a person's unless a report or
    a reply of its own.
    """
    go_between = intermediary(message, identity)
    reply_to = _reply_address(message, identity, go_between)
    for kind, check in KINDS_OF_INTERMEDIARIES if go_between else KINDS:
        reason = check(message, identity)
        if reason:
            return Screening(kind, reason, reason, reply_to)
    checks = SILENCES_OF_INTERMEDIARIES if go_between else SILENCES
    silence = next((reason for check in checks if (reason := check(message, identity))), None)
    if silence is None and reply_to is None:
        silence = Reason("no-address", "there is no single address to answer to")
    return Screening(Kind.PERSON, None, silence, reply_to)


def came_back(message: Message, identity: Identity) -> Reason | None:
    """What we sent: it bears a Message-ID of ours, or our X-Loop beside Auto-Submitted, as all our mails do.

    One of our addresses as the author proves nothing: web forms and staff write from the published address too. Nor
    does our X-Loop alone: forwarders in front of the mailbox stamp it on what people write.
    """
    made_here = (message.message_id or "").rpartition("@")[2].lower() in identity.hostnames
    automatic_ = any(value.strip().lower().startswith("auto-") for value in message.all("auto-submitted"))
    if made_here or (automatic_ and looped(message, identity)):
        return Reason("own-mail", "what we sent came back")
    return None


def looped(message: Message, identity: Identity) -> Reason | None:
    """S1: it bears our X-Loop."""
    if any(is_ours(value, identity) for value in message.all("x-loop")):
        return Reason("x-loop", "it bears the mark against mail loops that our own mails bear")
    return None


def own_address(message: Message, identity: Identity) -> Reason | None:
    """The author is one of our own addresses."""
    if is_ours(message.author.address, identity):
        return Reason("own-address", "its sender is one of our own addresses")
    return None


def silent_alias(message: Message, identity: Identity) -> Reason | None:
    """S8: it went to an alias to which mail is never answered."""
    if any(_is_among(address.address, identity.silent, identity) for address in (*message.to, *message.cc)):
        return Reason("no-reply-alias", "it was sent to an address to which mail is never answered")
    return None


def blind_copy(message: Message, identity: Identity) -> Reason | None:
    """S2: none of our addresses, lists or plus-forms stands in To or Cc (RFC 5230 §4.5)."""
    known = identity.addresses | identity.lists | identity.silent
    if any(_is_among(address.address, known, identity) for address in (*message.to, *message.cc)):
        return None
    return Reason("blind-copy", "none of our addresses stands in To or Cc")


def no_sender_behind(message: Message, identity: Identity) -> Reason | None:
    """S10: an intermediary behind which there is nobody to answer."""
    found = intermediary(message, identity)
    if found and found.sender == "none":
        return Reason("intermediary", "it came through an intermediary behind which nobody can be answered")
    return None


def unread_behind(message: Message, identity: Identity) -> Reason | None:
    """S10: the address that an intermediary names is a `noreply` form itself."""
    found = intermediary(message, identity)
    if found and any(map(automatic.is_unread, _addresses(message, found.sender))):
        return Reason("noreply-sender", "the address behind the intermediary is one whose mail nobody reads")
    return None


KINDS: tuple[tuple[Kind, Check], ...] = (
    (Kind.SPOOFED, screen_verdicts.forged),
    (Kind.OWN, came_back),
    (Kind.BOUNCE, bounce.standard_report),
    (Kind.BOUNCE, bounce.failed_recipients),
    (Kind.BOUNCE, bounce.complaint),
    (Kind.BOUNCE, bounce.daemon_report),
    (Kind.AUTOMATIC, automatic.receipt),
    (Kind.AUTO_REPLY, automatic.auto_replied),
    (Kind.AUTO_REPLY, automatic.reply_mark),
    (Kind.AUTO_REPLY, automatic.out_of_office),
    (Kind.BOUNCE, bounce.plain_report),
    (Kind.BOUNCE, bounce.returned_to_null),
    (Kind.AUTOMATIC, automatic.calendar_answer),
    (Kind.AUTOMATIC, automatic.recall),
    (Kind.AUTOMATIC, automatic.reaction),
    (Kind.UNSOLICITED, screen_verdicts.unsolicited),
    (Kind.AUTOMATIC, automatic.auto_generated),
    (Kind.AUTOMATIC, automatic.machine_mark),
    (Kind.LIST, automatic.list_header),
    (Kind.LIST, automatic.precedence),
    (Kind.LIST, automatic.list_path),
    (Kind.AUTOMATIC, automatic.null_path),
)

# An intermediary's own marks of a machine say nothing of whom it writes for.
KINDS_OF_INTERMEDIARIES: tuple[tuple[Kind, Check], ...] = (
    (Kind.SPOOFED, screen_verdicts.forged),
    (Kind.BOUNCE, bounce.standard_report),
    (Kind.BOUNCE, bounce.failed_recipients),
    (Kind.AUTOMATIC, automatic.receipt),
    (Kind.AUTO_REPLY, automatic.auto_replied),
    (Kind.AUTO_REPLY, automatic.reply_mark),
    (Kind.AUTO_REPLY, automatic.out_of_office),
    (Kind.UNSOLICITED, screen_verdicts.unsolicited),
)

SILENCES: tuple[Check, ...] = (
    silent_alias,
    automatic.no_reply_subject,
    automatic.answered_out_of_office,
    looped,
    own_address,
    automatic.unread_sender,
    blind_copy,
)

SILENCES_OF_INTERMEDIARIES: tuple[Check, ...] = (
    silent_alias,
    automatic.no_reply_subject,
    no_sender_behind,
    unread_behind,
    blind_copy,
)


def intermediary(message: Message, identity: Identity) -> Intermediary | None:
    """Return the configured intermediary that wrote the message, or None."""
    author = message.author
    wanted = {author.key, f"@{author.domain}"}
    return next((each for each in identity.intermediaries if each.address in wanted), None)


def is_ours(address: str, identity: Identity) -> bool:
    """Tell whether an address is ours, by itself or in a plus-form."""
    return _is_among(address, identity.addresses | identity.silent, identity)


def _is_among(address: str, known: frozenset[str], identity: Identity) -> bool:
    key = unicodedata.normalize("NFKC", address.strip(" <>")).replace("\u00ad", "").rstrip(".").lower()
    local, _, domain = key.rpartition("@")
    if key in known or f"{local}@{plain_domain(domain)}" in known:
        return True
    return identity.plus_forms and "+" in local and f"{local.partition('+')[0]}@{domain}" in known


def _reply_address(message: Message, identity: Identity, go_between: Intermediary | None) -> str | None:
    """Return the one address an answer goes to (S11): the single Reply-To if there is one and not ours, else From."""
    if go_between:
        named = _addresses(message, go_between.sender)
        return next((each for each in named if _sendable(each, identity)), None) if len(named) == 1 else None
    listed = ";" in (message.first("reply-to") or "")  # as Outlook parts a list's members
    if len(message.reply_to) == 1 and not listed and _sendable(message.reply_to[0].address, identity):
        return message.reply_to[0].address
    return message.author.address if _sendable(message.author.address, identity) else None


def _addresses(message: Message, place: str) -> tuple[str, ...]:
    """Return the addresses that stand where an intermediary names its sender: a header field, or a line of the text."""
    if place == "none":
        return ()
    if place == "reply-to":
        return tuple(each.address for each in message.reply_to)
    if place.startswith(TEXT):
        return _in_text(message.text[:_TEXT_READ], place.removeprefix(TEXT).strip())
    value = message.first(place) or ""
    return tuple(address for _, address in getaddresses([value[:1_000]]) if address)


def _in_text(text: str, label: str) -> tuple[str, ...]:
    """Return the addresses on the first line that begins with the label, or on the next one where it holds no more."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for at, line in enumerate(lines):
        if line.lower().startswith(label):
            rest = line[len(label) :].strip(" :\t*") or next(iter(lines[at + 1 : at + 2]), "")
            return tuple(dict.fromkeys(each.rstrip(".") for each in _SENDABLE.findall(rest[:1_000])))
    return ()


def _sendable(address: str, identity: Identity) -> bool:
    return bool(_SENDABLE.fullmatch(address)) and "=?" not in address and not is_ours(address, identity)
