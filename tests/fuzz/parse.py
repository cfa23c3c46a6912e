"""Fuzz the reading of mails: `python -m tests.fuzz.parse [mail|tnef|smime] FOLDER [libFuzzer's options]`.

FOLDER keeps what the fuzzer makes from one run to the next, and the inputs that break something. The seeds are
tests/mails and, where they lie beside the checkout, the real messages in ../shared/mails. Needs atheris, which
`pip install --group fuzz` brings.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import atheris

with atheris.instrument_imports(include=["intake.mail", "email", "mailparser"]):
    from intake.mail.parse import attachment_content
    from intake.mail.values import Identity
    from intake.triage import read

ROOT = Path(__file__).parents[2]
US = Identity(frozenset({"cohesion@example.org"}))
ZONE = ZoneInfo("Europe/London")
HEAD = b"From: a@example.org\r\nTo: cohesion@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: "
TARGETS: dict[str, bytes] = {
    "mail": b"",
    "tnef": HEAD + b"application/ms-tnef; name=winmail.dat\r\n\r\n",
    "smime": HEAD + b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\n",
}


def check(raw: bytes) -> None:
    """Raise where a promise about a mail does not hold: P2, P4, P5."""
    found = read(raw, US, ZONE, None, late=False)
    message = found.facts.message
    assert not any("cannot be read (" in defect for defect in message.defects), message.defects
    for text in (message.subject, message.text, message.html, message.author.name, *map(str, message.headers)):
        text.encode("utf-8")
        assert "\0" not in text
    first, *rest = (line.strip() for line in found.facts.own.own.split("\n"))
    lines = {line.strip() for line in message.text.split("\n")}
    assert set(rest) <= lines
    assert any(line.endswith(first) for line in lines)  # a banner may stand before it
    for one in message.attachments:
        content = attachment_content(raw, one.index)
        assert (len(content), sha256(content).hexdigest()) == (one.size, one.sha256)


def seeds() -> list[str]:
    """Return the folders that hold whole mails."""
    real = ROOT.parent / "shared" / "mails"
    below = [real, *sorted(path for path in real.rglob("*") if path.is_dir())] if real.is_dir() else []
    return [str(path) for path in (ROOT / "tests" / "mails", *below)]


def main(arguments: list[str]) -> None:
    """Run until stopped, or as long as libFuzzer's options say."""
    name = arguments[1] if arguments[1:2] and arguments[1] in TARGETS else "mail"
    folder, *options = arguments[2:] if arguments[1:2] == [name] else arguments[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    head = TARGETS[name]
    usual = ["-max_len=16384", "-timeout=60", "-rss_limit_mb=2000", f"-artifact_prefix={folder}/found-"]
    corpus = [folder, *seeds()] if name == "mail" else [folder]
    atheris.Setup([arguments[0], *usual, *options, *corpus], lambda data: check(head + data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
