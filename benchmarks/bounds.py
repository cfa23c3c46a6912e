"""Measure what the largest and the worst mails cost: each is parsed and triaged in a process under a memory limit.

    python -m benchmarks.bounds [--limit-mb N]

Prints for each the size, the seconds for reading it, the memory it took above what the process had before, and what
was read. A mail that needs more than the limit ends the process, and is told as such.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from intake.mail.parse import parse
from intake.mail.values import Identity
from intake.triage import read
from tests import packages as made

HEAD = b"From: ana@example.org\r\nTo: cohesion@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
US = Identity(frozenset({"cohesion@example.org"}))
LINE = b"QUJD" * 19 + b"\r\n"


def _part(media: bytes, encoding: bytes, body: bytes) -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
    return head + b"Content-Type: " + media + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body


def _recipients(count: int) -> bytes:
    people = b",\r\n ".join(b"p%d@example.org" % number for number in range(count))
    return HEAD + b"Cc: " + people + b"\r\n\r\nhello"


def _nested(depth: int) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return HEAD + b"".join(heads) + b"\r\nhello"


def _signed(size: int) -> bytes:
    entity = b"Content-Type: text/plain\r\n\r\nhello\r\n" + b"x" * size
    return HEAD + made.smime(made.signed(entity, size // 1000, still_open=True))


def _winmail(size: int) -> bytes:
    file = {made.LONG_NAME: made.wide("a.bin"), made.CONTENT: (made.BINARY, b"x" * size)}
    return HEAD + made.winmail(made.tnef({made.BODY: made.wide("hello")}, [file]))


CASES: dict[str, Callable[[], bytes]] = {
    "one attachment, base64": lambda: HEAD + _part(b"application/pdf", b"base64", LINE * 1_282_000),
    "one attachment, quoted-printable": lambda: HEAD + _part(b"application/pdf", b"quoted-printable", b"=41" * 10**7),
    "one text": lambda: HEAD + b"\r\n" + b"All is well here today. \r\n" * 3_846_000,
    "one HTML text": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p>All is well. </p>\r\n" * 4_545_000,
    "seven million parts": lambda: HEAD + _part(b"text/plain", b"7bit", b"hello\r\n--b\r\n\r\n" * 7_000_000),
    "winmail.dat": lambda: _winmail(100_000_000),
    "signed in one piece": lambda: _signed(100_000_000),
    "10,000 recipients": lambda: _recipients(10_000),
    "100,000 recipients": lambda: _recipients(100_000),
    "10,000 nested parts": lambda: _nested(10_000),
    "a header line": lambda: HEAD + b"X-Long: " + b"a" * 10**6 + b"\r\n\r\nhello",
}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _make(name: str, file: Path) -> None:
    file.write_bytes(CASES[name]())


def _measure(file: Path, limit: int, out: multiprocessing.SimpleQueue[tuple[int, float, int, str]]) -> None:
    read(HEAD + b"\r\nhello", US, ZoneInfo("Europe/London"), None, late=False)
    raw = file.read_bytes()
    base = _peak()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    begun = time.perf_counter()
    read(raw, US, ZoneInfo("Europe/London"), None, late=False)
    took = time.perf_counter() - begun
    peak = _peak() - base
    found = parse(raw)
    said = f"{len(found.part_types)} parts, {len(found.cc)} in Cc, {len(found.text):,} characters"
    out.put((len(raw), took, peak, f"{said}, {len(found.attachments)} attached"))


def main() -> None:
    """Print a line a case."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit-mb", type=int, default=1500, help="address space of each process, the mail included")
    limit = options.parse_args().limit_mb * 1024 * 1024
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as folder:
        for name in CASES:
            file, out = Path(folder) / "mail", context.SimpleQueue()
            for work in (partial(_make, name, file), partial(_measure, file, limit, out)):
                process = context.Process(target=work)
                process.start()
                process.join()
            if process.exitcode:
                print(f"{name:34} ended with {process.exitcode}: more than {limit >> 20} MB", flush=True)
                continue
            size, took, peak, said = out.get()
            print(f"{name:34} {size / 1e6:7.1f} MB {took:7.2f} s {peak:5} MB more  {said}", flush=True)


if __name__ == "__main__":
    main()
