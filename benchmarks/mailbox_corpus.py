"""Make a mailbox as a council's looks, the same for the same seed, and rules of many patterns for it, Sieve too.

    python -m benchmarks.mailbox_corpus FOLDER [--messages N] [--patterns N]

55 % plain text, 35 % with HTML beside it, 10 % with a file of 200 KB to 5 MB; nine charsets; a tenth say that a
machine wrote them. The sentences are those of `tests/letters`, shuffled. FOLDER becomes a Maildir, and `rules.yaml` and
`rules.sieve` are put beside it. Each letter is of another sender, so that each may be answered.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from html import escape
from itertools import count, pairwise
from pathlib import Path

from tests.letters.render import MAILBOX, letters
from tests.unit.rulebooks import rule

SEED = 42
DAY = 86_400
KINDS = {"plain": 0.55, "alternative": 0.35, "200 KB": 0.08, "1 MB": 0.015, "5 MB": 0.005}
SIZES = {"200 KB": 200_000, "1 MB": 1_000_000, "5 MB": 5_000_000}  # of the attached file
CHARSETS = {  # its weight, and in which languages letters come in it; None: all
    "utf-8": (12, None),
    "us-ascii": (6, ("en",)),
    "windows-1252": (3, ("en", "fr", "es", "pt")),
    "iso-8859-1": (2, ("fr", "es", "pt")),
    "iso-8859-2": (2, ("pl", "ro", "sq")),
    "koi8-r": (1, ("ru",)),
    "windows-1251": (1, ("ru", "bg")),
    "windows-1256": (1, ("ar", "ur")),
    "gb18030": (1, ("zh-Hans",)),
}
CATEGORIES = ("housing", "street") * 4 + ("hate",)  # of tests/unit/rulebooks.py, in turn; the last goes out at once
EACH = 10  # patterns of a rule
QUOTING = re.compile(r"\s*>|\s*\S{1,20}:|-{2}")  # lines that begin a quote or a forward
HEAD = '<html><head><meta charset="utf-8"><style>p.MsoNormal {margin:0cm; font-family:"Calibri",sans-serif;}</style>'
LINE = '<p class="MsoNormal"><span style="font-size:12.0pt;mso-fareast-language:EN-US">{}<o:p></o:p></span></p>'


@dataclass(frozen=True, slots=True)
class Made:
    """One message of the corpus."""

    number: int  # from 0
    kind: str
    raw: bytes  # lines end with CRLF


@cache
def sentences() -> dict[str, list[str]]:
    """Return what residents say, by language."""
    said: dict[str, list[str]] = {}
    for one in letters():
        parts = re.split(r"(?<=[.!?؟।])\s+|\n+", one["body"])
        said.setdefault(one["language"], []).extend(
            part for part in parts if len(part) > 10 and not QUOTING.match(part)
        )
    return said


def corpus(messages: int, seed: int = SEED) -> Iterator[Made]:
    """Yield so many messages."""
    chance = random.Random(seed)
    for number in range(messages):
        (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        yield Made(number, kind, message(number, kind, chance))


def message(number: int, kind: str, chance: random.Random) -> bytes:
    """Return one message; what a resident's program and the servers on the way put around the words is there, too."""
    (charset,) = chance.choices(list(CHARSETS), [weight for weight, _ in CHARSETS.values()])
    made = EmailMessage(policy=SMTP)
    head(made, number, chance)
    short, said = kind == "plain", letter(charset, chance, 2000 if kind == "plain" else 1500)
    coded = "base64" if charset not in ("us-ascii", "iso-8859-1") and chance.random() < 0.3 else "quoted-printable"
    made.set_content(said, charset=charset, cte="7bit" if charset == "us-ascii" else coded)
    random.seed(number)  # the email package draws boundaries from here
    if not short:
        made.add_alternative(page(said + letter(charset, chance, 2500)), subtype="html", cte="quoted-printable")
    if kind in SIZES:
        file = b"%PDF-1.4\n" + chance.randbytes(SIZES[kind])
        made.add_attachment(file, maintype="application", subtype="pdf", filename=f"letter {number}.pdf")
    return made.as_bytes()


def head(made: EmailMessage, number: int, chance: random.Random) -> None:
    """Write the header."""
    date = format_datetime(datetime(2026, 11, 1, 9, tzinfo=UTC).replace(minute=number % 60))
    for hop in range(chance.randint(2, 6)):
        name = f"mx{hop}.example.net (mx{hop}.example.net [192.0.2.{chance.randint(1, 250)}])"
        made["Received"] = f"from {name} by in{hop}.example.org with ESMTPS id {chance.getrandbits(48):012x}; {date}"
    signed = " ".join(chance.randbytes(24).hex() for _ in range(6))
    made["DKIM-Signature"] = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1; b={signed}"
    made["Authentication-Results"] = "in0.example.org; dkim=pass header.d=example.net; spf=pass; dmarc=pass"
    one = chance.choice(letters_of_all())
    made["From"] = f'"{one["from_name"] or "A resident"}" <resident{number}@example.net>'
    made["To"] = f"Cohesion <{MAILBOX}>"
    made["Subject"] = f"{' '.join(one['subject'].split())} ({number})"
    made["Date"] = date
    made["Message-ID"] = f"<m{number}.{chance.getrandbits(64):x}@example.net>"
    if chance.random() < 0.2:
        made["Cc"] = "Helper <helper@example.net>"
    if chance.random() < 0.1:
        made["Auto-Submitted"] = "auto-replied"


@cache
def letters_of_all() -> list[dict[str, str]]:
    """Return the letters whose names and subjects are used."""
    return [one for one in letters() if '"' not in (one["from_name"] or "")]


def letter(charset: str, chance: random.Random, characters: int) -> str:
    """Return so many characters of a letter, as far as the charset has them."""
    languages = CHARSETS[charset][1] or tuple(sentences())
    pool = sentences()[chance.choices(languages, [len(sentences()[one]) for one in languages])[0]]
    said: list[str] = []
    while sum(map(len, said)) < characters:
        said.append(chance.choice(pool) + chance.choice(("\n", "\n", "\n\n")))
    return "".join(said).encode(charset, "ignore").decode(charset)


def page(said: str) -> str:
    """Return it as a mail program writes HTML."""
    body = "\n".join(LINE.format(escape(line)) for line in said.split("\n"))
    return f'{HEAD}</head><body lang="EN-GB"><div class="WordSection1">\n{body}</div></body></html>'


def write_maildir(folder: Path, messages: int, seed: int = SEED, *, since: float | None = None) -> int:
    """Write the corpus as a Maildir whose messages came evenly between `since` and now; return its bytes.

    `since` is in seconds since 1970; by default a day ago, so that what is sorted now is still answered (F11).
    """
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    now = time.time()
    first = now - DAY if since is None else since
    size = 0
    for one in corpus(messages, seed):
        raw = one.raw.replace(b"\r\n", b"\n")  # as servers store it
        arrived = int(first + (now - first) * one.number / messages)
        name = f"{arrived}.M{one.number:07d}P1.mx,S={len(raw)},W={len(one.raw)}:2,"
        (folder / "cur" / name).write_bytes(raw)
        os.utime(folder / "cur" / name, (arrived, arrived))
        size += len(one.raw)
    return size


def patterns(wanted: int) -> list[str]:
    """Return so many patterns: words, phrases and open endings, a third each; a tenth are in the letters."""
    chance = random.Random(SEED)
    words = [re.findall(r"[a-z]{4,}", said.lower()) for said in sentences()["en"]]
    known = sorted({word for line in words for word in line if len(word) > 6})
    pairs = sorted({f"{a} {b}" for line in words for a, b in pairwise(line)})
    made: dict[str, None] = {}
    for number in count():
        if len(made) == wanted:
            return list(made)
        strange = "".join(chance.choices("bcdfghklmnprstvz", k=3)) + chance.choice("aeiou") * 2 + str(number)
        word = chance.choice(known) if number % 10 == 0 else strange
        pair = chance.choice(pairs) if number % 10 == 1 else f"{strange} {chance.choice(known)}"
        made[(word, pair, f"{word[:-2] if number % 10 == 0 else word}*")[number % 3]] = None
    raise AssertionError


def grouped(wanted: int) -> list[tuple[str, list[str]]]:
    """Return (category, patterns) of each rule."""
    every = patterns(wanted)
    parts = [every[start : start + EACH] for start in range(0, wanted, EACH)]
    return [(CATEGORIES[number % len(CATEGORIES)], part) for number, part in enumerate(parts)]


def rules(wanted: int) -> str:
    """Return rules with so many patterns, for the categories of `tests.unit.rulebooks`: the text under `rules:`."""
    return "".join(
        rule(f"{{words: [{', '.join(part)}]}}", f"{{category: {category}, weight: 20}}", id_=f"rule-{number}")
        for number, (category, part) in enumerate(grouped(wanted))
    )


def sieve(wanted: int) -> str:
    """Return a Sieve script (RFC 5228) that files by the same patterns, as near as Sieve can: parts of words count."""
    tests = "\n".join(
        f'elsif anyof (header :contains "subject" [{named}], body :text :contains [{named}]) '
        f'{{ fileinto :create "{category}"; }}'
        for category, part in grouped(wanted)
        for named in [", ".join(f'"{one.rstrip("*")}"' for one in part)]
    )
    needed = 'require ["body", "fileinto", "mailbox"];'
    return f"{needed}\nif false {{ discard; }}\n{tests}\nelse {{ keep; }}\n"


def main() -> None:
    """Write the corpus and the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--patterns", type=int, default=500)
    options = parser.parse_args()
    size = write_maildir(options.folder, options.messages)
    (options.folder / "rules.yaml").write_text("rules:\n" + rules(options.patterns), "utf-8")
    (options.folder / "rules.sieve").write_text(sieve(options.patterns), "utf-8")
    print(f"{options.messages} messages, {size / 1e6:.0f} MB, {options.patterns} patterns in {options.folder}")


if __name__ == "__main__":
    main()
