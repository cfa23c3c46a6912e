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

from tests import packages as made

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


def _seed(folder: Path) -> None:
    """Write seeds for what is in mails only in an encoding that no fuzzer sees through."""
    rtf = made.compressed(rb"{\rtf1\ansicpg1250\fromhtml1 {\*\htmltag <p>}Pe scar\'e3 \u238?}")
    file = {made.LONG_NAME: made.wide("a.jpg"), made.CONTENT: (made.BINARY, b"x")}
    letter = made.EMBEDDED + made.tnef({made.BODY: made.wide("z"), made.HTML: (made.BINARY, b"<p>x")})
    both = [file, {made.DISPLAY: made.wide("a"), made.CONTENT: (0x0D, letter)}]
    entity = b"Content-Type: text/plain\r\n\r\nhello"
    found = {
        "tnef": (made.tnef({made.RTF: (made.BINARY, rtf)}, both),),
        "smime": (made.signed(entity), made.signed(entity, 3, still_open=True)),
    }
    for number, data in enumerate(found.get(folder.name, ())):
        (folder / f"seed-{number}").write_bytes(data)


def main(arguments: list[str]) -> None:
    """Run until stopped, or as long as libFuzzer's options say."""
    name = arguments[1] if arguments[1:2] and arguments[1] in TARGETS else "mail"
    folder, *options = arguments[2:] if arguments[1:2] == [name] else arguments[1:]
    own = Path(folder) / name
    own.mkdir(parents=True, exist_ok=True)
    _seed(own)
    head = TARGETS[name]
    usual = ["-max_len=16384", "-timeout=60", "-rss_limit_mb=2000", f"-artifact_prefix={own}/found-"]
    corpus = [str(own), *seeds()] if name == "mail" else [str(own)]
    atheris.Setup([arguments[0], *usual, *options, *corpus], lambda data: check(head + data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
