"""Run `intake triage --json` over a folder of real messages and print what it got right beside two libraries.

    python benchmarks/corpus.py [FOLDER]

FOLDER (default: ../shared/mails beside the checkout) holds the messages and `manifest.jsonl`. Says so and exits 0 where
there is no such folder; exits 1 when a message is missing from the output. No message text is printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "shared" / "mails"


def triaged(folder: Path, paths: list[str]) -> dict[str, dict[str, Any]]:
    """Return what the command prints of every message, by its path in the folder."""
    command = [sys.executable, "-m", "intake", "triage", "--json", *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return {one["path"]: one for one in map(json.loads, done.stdout.splitlines())}


def machine_kinds(manifest: list[dict[str, Any]], got: dict[str, dict[str, Any]]) -> None:
    """Print how many automatic replies and bounces the command recognised, and what it took for one."""
    for label, truth, taken in (
        ("bounces taken for bounces", lambda m: m["expect"].get("is_bounce"), {"bounce"}),
        ("automatic replies not taken for a person's", lambda m: m["kind"] == "auto_reply", None),
    ):
        wanted = [got[m["path"]]["kind"] for m in manifest if m["format"] == "rfc822" and truth(m)]
        right = sum(kind in taken if taken else kind != "person" for kind in wanted)
        print(f"{label:<46} {right:>5} of {len(wanted)}")
    others = [m for m in manifest if m["kind"] in {"human", "list", "spam"} and m["format"] == "rfc822"]
    wrong = sum(got[m["path"]]["kind"] == "bounce" for m in others)
    print(f"{'people, lists and spam taken for bounces':<46} {wrong:>5} of {len(others)}")


def main(argv: list[str]) -> int:
    """Print the figures."""
    folder = Path(argv[1]) if len(argv) > 1 else FOLDER
    if not (folder / "manifest.jsonl").is_file():
        print(f"no corpus at {folder}: nothing was measured")
        return 0
    manifest = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    began = time.perf_counter()
    got = triaged(folder, [m["path"] for m in manifest])
    missing = [m["path"] for m in manifest if m["path"] not in got]
    print(f"{len(got)} of {len(manifest)} messages sorted in {time.perf_counter() - began:.1f} s; none crashed")
    machine_kinds(manifest, got)
    sys.stdout.flush()
    for script in ("parse_corpus.py", "screen_corpus.py", "own_words.py"):
        print(f"\n== {script}", flush=True)
        subprocess.run([sys.executable, str(HERE / script)], check=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
