"""Letters by the thousand, each with a serial number that comes back in everything that is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.unit.rulebooks import PARTNERS, rule

MAILBOX = "cohesion@example.org"
SERIAL = re.compile(r"soak-(\d{6})")

CATEGORIES = """
threshold: 10
categories:
  - {id: danger, name: Danger, urgency: emergency, partners: [police]}
  - {id: housing, name: Housing, urgency: today, partners: [housing, police]}
  - {id: home, name: Home, acknowledge: neutral, partners: [officers]}
  - {id: street, name: Street, partners: [street]}
  - {id: unsolicited, name: Unsolicited, partners: [], acknowledge: none}
  - {id: general, name: General, partners: [officers]}
"""
RULES = (
    rule("{words: [knife]}", "{category: danger}", id_="knife", safety=True)
    + rule("{words: [mould]}", "{category: housing}", id_="mould")
    + rule("{words: [afraid]}", "{category: home}", id_="afraid")
    + rule("{words: [lamp]}", "{category: street}", id_="lamp")
)
NOW = {"danger": ("police",), "housing": ("housing", "police")}  # who hears at once; the others' wait for the digest
WORDS = {
    "danger": "There is a man with a knife outside, please send somebody at once.",
    "housing": "There is black mould all over the bedroom wall and the landlord does not answer.",
    "home": "I am afraid of my neighbour and do not know whom to tell about it.",
    "street": "The street lamp at the corner has been dark for two weeks now.",
    "general": "I would like to know when the next meeting takes place, thank you very much.",
}
BOUNCE = """\
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender {serial}
Message-ID: <{serial}@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b{serial}"

--b{serial}
Content-Type: text/plain

The mail system could not deliver {serial}.

--b{serial}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {serial}@nowhere.example.net
Action: failed
Status: 5.1.1

--b{serial}--
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, and what must become of it."""

    serial: str  # "soak-000017": in its subject, its words and its Message-ID
    raw: bytes
    envelope_from: str  # "" is the null path
    group: str | None  # who is answered: of all letters of one group one is acknowledged; None: nobody
    now: tuple[str, ...]  # partners who must hear at once
    again: str = ""  # the serial of which it is a copy


class Letters:
    """Draws them."""

    def __init__(self, rng: Random) -> None:
        """The same `rng` draws the same letters."""
        self._rng = rng
        self._number = 0
        self._written: list[Letter] = []

    def draw(self) -> Iterator[Letter]:
        """Yield one letter, and now and then a copy right behind it."""
        letter = self._draw()
        yield letter
        if self._rng.random() < 0.05:
            yield self._copy(letter)

    def _draw(self) -> Letter:
        kind = self._rng.random()
        if kind < 0.08 and self._written:
            return self._copy(self._rng.choice(self._written[-40:]))
        if kind < 0.11 and (answered := [one for one in self._written[-40:] if one.group]):
            return self._same_id(self._rng.choice(answered))
        self._number += 1
        serial = f"soak-{self._number:06}"
        if kind < 0.19:
            return self._keep(Letter(serial, _lines(BOUNCE.format(serial=serial, to=MAILBOX)), "", None, ()))
        if kind < 0.25:
            return self._person(serial, "Auto-Submitted: auto-replied", "Automatic reply")
        if kind < 0.29:
            return self._person(serial, "List-Id: <news.example.net>\nPrecedence: list", "News")
        return self._person(serial)

    def _person(self, serial: str, marks: str = "", subject: str = "Hello") -> Letter:
        """Return what a person wrote, or with `marks` what a machine did: that is answered to nobody, and can wait."""
        category = self._rng.choices(list(WORDS), (0 if marks else 1, 3, 1, 4, 2))[0]
        sender = f"{serial}@home.example.net"
        raw = _mail(serial, sender, category, f"{subject} {serial}", marks)
        if marks:
            return self._keep(Letter(serial, raw, sender, None, ()))
        return self._keep(Letter(serial, raw, sender, sender, NOW.get(category, ())))

    def _same_id(self, other: Letter) -> Letter:
        """Return another letter of that sender under the same Message-ID (F3)."""
        self._number += 1
        serial = f"soak-{self._number:06}"
        sender = other.group or ""
        raw = _mail(serial, sender, "housing", f"Hello again {serial}")
        return Letter(serial, raw, sender, sender, NOW["housing"])

    def _copy(self, letter: Letter) -> Letter:
        return Letter(letter.serial, letter.raw, letter.envelope_from, letter.group, letter.now, letter.serial)

    def _keep(self, letter: Letter) -> Letter:
        self._written.append(letter)
        return letter


def rulebook(variant: int, *, broken: bool = False) -> dict[str, str]:
    """Return the files of the soak's rulebook; variants differ in a rule that no letter meets."""
    other = rule(f"{{{'wrods' if broken else 'words'}: [variant{variant}]}}", "{category: street}", id_="variant")
    return {"categories.yaml": CATEGORIES, "partners.yaml": PARTNERS, "10-rules.yaml": f"rules:\n{RULES}{other}"}


def _mail(serial: str, sender: str, category: str, subject: str, marks: str = "") -> bytes:
    """Return a mail whose Message-ID is its sender's address: so two of one sender bear the same."""
    head = (
        f"From: Resident <{sender}>\nTo: {MAILBOX}\nSubject: {subject}\nMessage-ID: <{sender}>\n"
        f"Date: Mon, 05 Jan 2026 09:00:00 +0000\n{marks}\n"
    )
    return _lines(f"{head.rstrip()}\n\nDear all,\n\n{WORDS[category]} This is {serial}.\n")


def _lines(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
