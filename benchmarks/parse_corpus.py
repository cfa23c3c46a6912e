"""Read a folder of real messages with three parsers and count where each departs from what is known of them.

    python benchmarks/parse_corpus.py [FOLDER] [--misses]

FOLDER (default: ../shared/mails beside the checkout) holds the messages and `manifest.jsonl`, one object a message with
`path`, `format`, `truth_basis` and `expect`. Says so and exits 0 where there is no such folder. `--misses` names the
messages that ours gets wrong. No message text is printed.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import email.utils
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "mails"
STRONG = frozenset({"test", "expected"})


@dataclass(frozen=True)
class File:
    """An attachment as one parser sees it."""

    name: str
    size: int
    sha256: str
    inline: bool


@dataclass(frozen=True)
class Reading:
    """What one parser made of a message."""

    subject: str
    has_subject: bool
    from_name: str
    from_address: str
    to: tuple[str, ...]
    date: datetime | None
    message_id: str
    text: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Miss:
    """One departure from what is known."""

    id: str
    field: str
    strong: bool  # whether that message's truth is asserted by somebody's tests


@dataclass(frozen=True)
class Outcome:
    """What a parser made of a corpus."""

    checks: Counter[tuple[str, bool]]  # (field, strong) -> checks made
    misses: tuple[Miss, ...]
    crashes: tuple[str, ...]  # ids
    seconds: float  # of processor time spent in the parser

    def missed(self, *, strong: bool) -> Counter[str]:
        """Misses a field."""
        return Counter(miss.field for miss in self.misses if miss.strong is strong)


def ours(raw: bytes) -> Reading:
    """Read with the parser of this project."""
    from intake.mail.parse import parse  # noqa: PLC0415 - the comparison is of use without it, too

    mail = parse(raw)
    return Reading(
        subject=mail.subject,
        has_subject=mail.first("subject") is not None,
        from_name=mail.author.name,
        from_address=mail.author.address,
        to=tuple(one.address for one in mail.to),
        date=mail.date,
        message_id=mail.message_id or "",
        text=mail.text,
        files=tuple(File(one.name, one.size, one.sha256, one.inline) for one in mail.attachments),
    )


def standard_library(raw: bytes) -> Reading:
    """Read with `email` and `policy.default`, as its documentation shows."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    author = mail["from"].addresses[0] if mail["from"] and mail["from"].addresses else None
    part = mail.get_body(("plain", "html"))
    return Reading(
        subject=str(mail["subject"] or ""),
        has_subject=mail["subject"] is not None,
        from_name=author.display_name if author else "",
        from_address=author.addr_spec if author else "",
        to=tuple(one.addr_spec for one in mail["to"].addresses) if mail["to"] else (),
        date=mail["date"].datetime if mail["date"] else None,
        message_id=str(mail["message-id"] or "").strip("<> "),
        text=str(part.get_content()) if part else "",
        files=tuple(_library_file(one) for one in mail.iter_attachments()) if mail.is_multipart() else (),
    )


def _library_file(part: Any) -> File:
    data = part.get_payload(decode=True) or b""
    inline = part.get_content_disposition() == "inline"
    return File(part.get_filename() or "", len(data), sha256(data).hexdigest(), inline)


def mail_parser(raw: bytes) -> Reading:
    """Read with mail-parser alone, as its documentation shows."""
    import mailparser  # noqa: PLC0415
    from mailparser.utils import decode_base64_payload  # noqa: PLC0415

    mail = mailparser.parse_from_bytes(raw)
    files = []
    for one in mail.attachments:
        data = decode_base64_payload(one["payload"]) if one["binary"] else one["payload"].encode("utf-8", "replace")
        inline = str(one["content-disposition"]).startswith("inline")
        files.append(File(one["filename"], len(data), sha256(data).hexdigest(), inline))
    name, address = (mail.from_ or [("", "")])[0]
    texts = mail.text_plain or mail.text_html
    return Reading(
        subject=str(mail.subject or ""),
        has_subject="subject" in {key.lower() for key in mail.message},
        from_name=name,
        from_address=address,
        to=tuple(one for _, one in mail.to),
        date=mail.date,
        message_id=str(mail.message_id or "").strip("<> "),
        text="\n".join(texts),
        files=tuple(files),
    )


READERS: dict[str, Callable[[bytes], Reading]] = {
    "ours": ours,
    "standard library": standard_library,
    "mail-parser": mail_parser,
}


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\ufeff", "")).strip()


def _when(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=found.tzinfo or UTC)


def _same_time(found: datetime | None, wanted: str) -> bool:
    return found is not None and found.replace(tzinfo=found.tzinfo or UTC) == _when(wanted)


def _counted(reading: Reading, semantics: str) -> int:
    """Count the attachments as the source of the truth does."""
    if semantics == "disposition":  # what is shown in place is no attachment there
        return sum(not file.inline for file in reading.files)
    return len(reading.files)


def _names(reading: Reading) -> Counter[str]:
    return Counter(_squeezed(file.name) for file in reading.files)


def checked(expect: dict[str, Any], reading: Reading) -> Iterator[tuple[str, bool]]:
    """Compare what is known of a message with a reading of it: (field, whether it agrees)."""
    semantics = expect.get("attachments_semantics", "all-nonbody")
    text = _squeezed(reading.text)
    hashes = Counter(file.sha256 for file in reading.files)
    sizes = Counter(file.size for file in reading.files)
    single: dict[str, Callable[[Any], bool]] = {
        "subject": lambda want: _squeezed(reading.subject) == _squeezed(want),
        "subject_missing": lambda want: reading.has_subject is not want,
        "from": lambda want: reading.from_address.lower() == want.lower(),
        "from_name": lambda want: _squeezed(reading.from_name) == _squeezed(want),
        "to": lambda want: sorted(one.lower() for one in reading.to) == sorted(one.lower() for one in want),
        "date": lambda want: _same_time(reading.date, want),
        "message_id": lambda want: reading.message_id == want.strip("<>"),
        "text_empty": lambda want: (not text) is want,
        "attachments_count": lambda want: _counted(reading, semantics) == want,
        "attachment_names": lambda want: _names(reading) >= Counter(map(_squeezed, want)),
        "attachment_names_include": lambda want: _names(reading) >= Counter(map(_squeezed, want)),
        "inline_names": lambda want: _names(reading) >= Counter(map(_squeezed, want)),
        "attachment_sha256": lambda want: hashes >= Counter(want),
        "attachment_sizes": lambda want: sizes >= Counter(want),
    }
    for field, agrees in single.items():
        if field in expect:
            yield field, agrees(expect[field])
    for field, inside in (("text_contains", True), ("text_not_contains", False)):
        for part in expect.get(field, ()):
            yield field, (_squeezed(part) in text) is inside
    for part in expect.get("subject_contains", ()):
        yield "subject_contains", part in reading.subject


def entries(folder: Path) -> list[dict[str, Any]]:
    """The manifest's whole messages."""
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if entry["format"] == "rfc822"]


def measured(folder: Path, read: Callable[[bytes], Reading]) -> Outcome:
    """Read every message of `folder` and compare. A message that makes `read` raise misses all its checks."""
    checks: Counter[tuple[str, bool]] = Counter()
    misses: list[Miss] = []
    crashes: list[str] = []
    spent = 0.0
    for entry in entries(folder):
        raw = (folder / entry["path"]).read_bytes()
        begun = time.process_time()
        try:
            reading = read(raw)
        except Exception:  # noqa: BLE001 - that a parser raises is what is counted here
            crashes.append(entry["id"])
            reading = _NOTHING
        spent += time.process_time() - begun
        strong = entry["truth_basis"] in STRONG
        for field, agrees in checked(entry["expect"], reading):
            checks[field, strong] += 1
            if not agrees or reading is _NOTHING:
                misses.append(Miss(entry["id"], field, strong))
    return Outcome(checks, tuple(misses), tuple(crashes), spent)


_NOTHING = Reading("", False, "", "", (), None, "", "", ())


def _printed(outcomes: dict[str, Outcome], *, strong: bool) -> None:
    print(f"\n{'asserted by tests or expected outputs' if strong else 'snapshots of one parser (advisory)'}")
    print(f"{'':26}{'checks':>8}" + "".join(f"{name:>18}" for name in outcomes))
    first = next(iter(outcomes.values()))
    fields = sorted(field for field, basis in first.checks if basis is strong)
    for field in fields:
        missed = "".join(f"{outcome.missed(strong=strong)[field]:>18}" for outcome in outcomes.values())
        print(f"{field:26}{first.checks[field, strong]:>8}{missed}")
    totals = "".join(f"{sum(outcome.missed(strong=strong).values()):>18}" for outcome in outcomes.values())
    print(f"{'mismatches in all':26}{sum(first.checks[field, strong] for field in fields):>8}{totals}")


def main(arguments: list[str]) -> int:
    """Print the figures of all three."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--misses", action="store_true", help="name the messages that ours gets wrong")
    chosen = options.parse_args(arguments)
    if not (chosen.folder / "manifest.jsonl").exists():
        print(f"skipped: there is no corpus of real messages at {chosen.folder}")
        return 0
    outcomes = {name: measured(chosen.folder, read) for name, read in READERS.items()}
    for strong in (True, False):
        _printed(outcomes, strong=strong)
    print(f"\n{'messages that raise':34}" + "".join(f"{len(one.crashes):>18}" for one in outcomes.values()))
    count = len(entries(chosen.folder))
    print(
        f"{'processor microseconds a message':34}"
        + "".join(f"{one.seconds / count * 1e6:>18.0f}" for one in outcomes.values())
    )
    if chosen.misses:
        for miss in outcomes["ours"].misses:
            print(f"{'strong' if miss.strong else 'advisory':10}{miss.field:26}{miss.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
