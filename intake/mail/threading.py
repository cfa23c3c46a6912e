"""What a message says of the case that it belongs to: tokens, Message-IDs, references. Clues only; who may join is
decided where the cases are known (T1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import getaddresses

from intake.mail.message import Message
from intake.mail.screen import intermediary, is_ours
from intake.mail.tokens import LENGTH, LOOKS
from intake.mail.values import Identity

OF_MAIL = "mail."  # how the second id of a mail of ours begins that is about no case; its Message-ID follows
MOST_IDS = 60  # that are looked at: the first, which began the thread, and the last
MOST_TOKENS = 8
_READ = 200_000  # characters of a report in which our marks are looked for
_SUBJECT = 400
_REFERENCE = re.compile(r"(?<![A-Za-z0-9])CSP[\s‐-―-]{0,2}([0-9A-Z]{4})[\s‐-―-]{0,2}([0-9A-Z]{3})(?![A-Za-z0-9])", re.I)
_TOKEN = re.compile(rf"(?<![a-z0-9]){LOOKS.pattern}(?![a-z0-9])")
_SOFT_BREAK = re.compile(r"=\r?\n")
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to")


@dataclass(frozen=True, slots=True)
class Clues:
    """What may tell the case of a message, the strongest first."""

    tokens: tuple[str, ...]  # what looks like one: not read yet
    ids: tuple[str, ...]  # Message-IDs without brackets that it answers, or that it bears; not ours
    ours: tuple[str, ...]  # Message-IDs that bear a host name of ours
    references: tuple[str, ...]  # case references in the subject, as they would be written

    @property
    def any(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self.tokens or self.ids or self.ours or self.references)


def clues(message: Message, identity: Identity) -> Clues:
    """Return what a message says of its case."""
    named = [*message.references, *message.in_reply_to]
    named = named if len(named) < MOST_IDS else [*named[:10], *named[11 - MOST_IDS :]]
    named = list(dict.fromkeys([*([message.message_id] if message.message_id else []), *named]))
    ours = [one.removeprefix(OF_MAIL) for one in named if _is_ours(one, identity)]
    others = [one for one in named if not _is_ours(one, identity)]
    tokens = [*_plus_tokens(message, identity), *(found[0] for one in ours if (found := _TOKEN.search(one)))]
    written = _REFERENCE.findall(message.subject[:_SUBJECT])
    references = tuple(dict.fromkeys(f"CSP-{four}-{three}".upper() for four, three in written))
    return Clues(tuple(dict.fromkeys(tokens))[:MOST_TOKENS], tuple(others), tuple(ours), references)


def clues_of_report(message: Message, raw: bytes, returned: Message | None, identity: Identity) -> Clues:
    """Return what a bounce says of the mail that it is about: in its own header, in what it returns, anywhere in it.

    A subject proves nothing here: only marks that nobody else can make count.
    """
    text = _SOFT_BREAK.sub("", raw[:_READ].decode("latin-1")) + "\n" + message.text[:_READ]
    tokens = [found[0] for found in _TOKEN.finditer(text)]
    ours = _our_ids(text, identity)
    if returned:
        header = clues(returned, identity)
        tokens = [*header.tokens, *tokens]
        ours = [*([returned.message_id] if returned.message_id else []), *header.ours, *ours]
    kept = dict.fromkeys(one.removeprefix(OF_MAIL) for one in ours if _is_ours(one, identity))
    return Clues(tuple(dict.fromkeys(tokens))[:MOST_TOKENS], (), tuple(kept)[:MOST_IDS], ())


def sender(message: Message, identity: Identity, reply_to: str | None) -> str:
    """Return the address, in lower case, of who wrote: behind an intermediary the one that it writes for (S10).

    `reply_to` is the one address that an answer would go to. "" where nobody can tell.
    """
    return ((reply_to or "") if intermediary(message, identity) else message.author.address).lower()


def _is_ours(id_: str, identity: Identity) -> bool:
    return id_.rpartition("@")[2].lower() in identity.hostnames


def _our_ids(text: str, identity: Identity) -> list[str]:
    hosts = "|".join(re.escape(host) for host in sorted(identity.hostnames))
    return re.findall(rf"(?<![a-z0-9.])([a-z0-9.]{{10,120}}@(?:{hosts}))(?![a-z0-9.-])", text) if hosts else []


def _plus_tokens(message: Message, identity: Identity) -> Iterator[str]:
    """Yield what stands behind the `+` of an address of ours."""
    delivered = getaddresses([value[:400] for name in _DELIVERED for value in message.all(name)[:4]])
    listed = [*message.to[:50], *message.cc[:50]]
    for address in (*(one.address for one in listed), *(one for _, one in delivered)):
        local, _, domain = address.rpartition("@")
        base, _, extension = local.partition("+")
        if len(extension) == LENGTH and is_ours(f"{base}@{domain}", identity):
            yield extension
