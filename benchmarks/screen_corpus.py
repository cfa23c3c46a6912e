"""Screen a folder of real messages and count what is recognised: bounces, automatic replies, lists, people.

    python benchmarks/screen_corpus.py [FOLDER] [--misses]

FOLDER (default: ../shared/mails beside the checkout) holds the messages and `manifest.jsonl`, one object a message with
`path`, `format`, `kind` and `expect`. Says so and exits 0 where there is no such folder. `--misses` names the messages
where ours departs from what is known of them. No message text and no address is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intake.mail.bounce_report import read_report
from intake.mail.message import Message
from intake.mail.parse import parse
from intake.mail.screen import screen
from intake.mail.values import Identity, Kind, Screening

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "mails"

# Where ours means to depart from what the source's own tests say, and why.
DISPUTED = {
    "fixmystreet/empty-return-path.eml": "a null return path and nothing else: automatic, but no report of a delivery",
    "sisimai/err/make-test-36.eml": "a person passes a report on",
    "pigeonhole/01-no_reply_to_own_address.eml": "our own address in the envelope alone",
    **{
        f"pigeonhole/{name}.eml": "`X-Auto-Response-Suppress` and nothing else"
        for name in (
            "06-no_reply_to_microsoft_x-auto-response-suppress_-_all",
            "07-no_reply_to_microsoft_x-auto-response-suppress_-_oof",
            "08-no_reply_to_microsoft_x-auto-response-suppress_-_dr,oof,rn",
        )
    },
    "flanker/apache-message-news-mime.eml": "a person's letter that bears `Precedence: list`",
    "flufl_bounce/simple_22.txt": "a report that says in one sentence that it failed and in the next that it goes on",
}
# Headers that tell a machine or a list by themselves, and the values by which they tell that it is a person after all.
SIGNS = {
    "auto-submitted": {"no", "auto-forwarded"},  # S3: a rule passed on what a person wrote
    "list-id": set[str](),
    "list-unsubscribe": set[str](),
    "list-post": set[str](),
    "x-autoreply": {"no"},
}
BULK = frozenset({"bulk", "list", "junk"})
TOLD = frozenset({"human", "list", "spam", "auto_reply"})  # kinds that say what a message is
# Sources of bounces whose other messages are mostly bounces too, though nothing says which.
BOUNCE_SUITES = frozenset({"php_bounce_handler", "flufl_bounce", "sisimai"})


@dataclass
class Figures:
    """How many there are, how many were recognised, and which were not."""

    of: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str]] = field(default_factory=list)  # what was asked, message id
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)  # (kind in the manifest, kind by ours)
    seconds: float = 0.0

    def check(self, asked: str, id_: str, *, holds: bool) -> None:
        """Count one check."""
        self.of[asked] += 1
        self.right[asked] += holds
        if not holds:
            self.wrong.append((asked, id_))

    def share(self, asked: str) -> float:
        """The share of a check that holds."""
        return self.right[asked] / self.of[asked]


def measured(folder: Path) -> Figures:
    """Screen every message of the folder and compare with the manifest."""
    figures = Figures()
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["format"] != "rfc822":
            continue
        raw = (folder / entry["path"]).read_bytes()
        message, identity = _mail(entry, raw)
        begun = time.perf_counter()
        found = screen(message, identity)
        figures.seconds += time.perf_counter() - begun
        figures.kinds[entry["kind"], found.kind.value] += 1
        for asked, holds in [*_checks(entry, found), *_marked(entry, message, found), *_reported(entry, message, raw)]:
            figures.check(asked, entry["id"], holds=holds)
    return figures


def _mail(entry: dict[str, Any], raw: bytes) -> tuple[Message, Identity]:
    """Read a message as it was delivered: with the envelope's sender, to the address that the source's test has."""
    envelope = entry["expect"].get("envelope")
    if envelope is None:
        message = parse(raw)
        return message, Identity(frozenset(), lists=frozenset(one.key for one in (*message.to, *message.cc)))
    config = entry["expect"].get("upstream_config", {})
    ours = [envelope["to"], config.get("sieve_user_email"), *entry["expect"].get("own_addresses", [])]
    message = parse(f"Return-Path: <{envelope['from']}>\r\n".encode() + raw)
    return message, Identity(frozenset(address.lower() for address in ours if address))


def _checks(entry: dict[str, Any], found: Screening) -> list[tuple[str, bool]]:
    """Return what is known of a message and whether ours agrees."""
    expect, kind, checks = entry["expect"], entry["kind"], []
    if expect.get("is_bounce", kind == "bounce"):
        checks.append(("bounces taken for bounces", found.kind is Kind.BOUNCE))
    elif expect.get("is_bounce") is False or (kind in TOLD and entry["source"] not in BOUNCE_SUITES):
        checks.append(("others not taken for bounces", found.kind is not Kind.BOUNCE))
    if kind == "auto_reply" or expect.get("auto_submitted"):
        checks.append(("automatic replies not answered", found.silence is not None))
        checks.append(("automatic replies not taken for a person's", found.kind is not Kind.PERSON))
    if expect.get("autoreply_allowed") is not None:
        checks.append(("answered just where it may be", expect["autoreply_allowed"] == (found.silence is None)))
    if kind == "list":
        checks.append(("lists taken for lists", found.kind is Kind.LIST))
    if kind == "human":
        checks.append(("people taken for people", found.kind is Kind.PERSON))
    return checks


def _marked(entry: dict[str, Any], message: Message, found: Screening) -> list[tuple[str, bool]]:
    """Return what must never be answered, whatever kind it is, and whether it is not."""
    checks = []
    if entry["kind"] in {"list", "bounce"} and entry["id"] not in DISPUTED:
        checks.append(("lists and bounces not answered", found.silence is not None))
    signed = any((value := message.first(name)) is not None and value.lower() not in no for name, no in SIGNS.items())
    if signed or message.return_path == "" or (message.first("precedence") or "").lower() in BULK:
        checks.append(("mail with a telling sign not answered", found.silence is not None))
    return checks


def _reported(entry: dict[str, Any], message: Message, raw: bytes) -> list[tuple[str, bool]]:
    """Return what is known of what a report says, and whether ours reads the same."""
    expect = entry["expect"]
    if not expect.get("is_bounce"):
        return []
    failures, checks = read_report(message, raw).failures, []
    if "bounce_temporary" in expect:
        waits = bool(failures) and all(one.action == "delayed" for one in failures)
        checks.append(("delayed told from failed", waits == expect["bounce_temporary"]))
    classes = {one[0] for one in expect.get("bounce_status", [])}
    if len(classes) == 1:
        checks.append(("failed for good or not", all(one.permanent == (classes == {"5"}) for one in failures)))
    if expect.get("bounce_recipients"):
        known = {one.lower() for one in expect["bounce_recipients"]}
        checks.append(("recipients named", known <= {one.recipient.lower() for one in failures}))
    return checks


def main(arguments: list[str]) -> int:
    """Print the figures."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--misses", action="store_true", help="name the messages where ours departs")
    chosen = options.parse_args(arguments)
    if not (chosen.folder / "manifest.jsonl").exists():
        print(f"skipped: there is no corpus of real messages at {chosen.folder}")
        return 0
    figures = measured(chosen.folder)
    for asked, count in figures.of.items():
        print(f"{asked:44}{figures.right[asked]:>6} of {count:<6}{figures.share(asked):>8.2%}")
    print("\nkind in the manifest, kind by ours, messages")
    for (known, ours), count in sorted(figures.kinds.items()):
        print(f"{known:14}{ours:14}{count:>6}")
    print(f"\n{figures.seconds / sum(figures.kinds.values()) * 1e6:.0f} microseconds a message")
    if chosen.misses:
        for asked, id_ in figures.wrong:
            print(f"not so: {asked}: {id_}{'  (' + DISPUTED[id_] + ')' if id_ in DISPUTED else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
