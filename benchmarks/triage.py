"""Time `intake triage` over letters as files: messages a second, on as many cores as there are.

The letters of `tests/letters` are rendered again and again under other Message-IDs, which also draws other encodings
and headers. The command is run over few and over many in turn: what the difference took is the rate without start-up.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, alternating, options, seconds, tell
from tests.letters.render import LETTERS, letters, render

FEW, MANY = "few", "many"


def write(folder: Path, count: int) -> Path:
    """Write so many letters as files."""
    folder.mkdir()
    known = letters([*sorted(LETTERS.glob("*.jsonl")), *sorted((LETTERS.parent / "others").glob("*.jsonl"))])
    for number in range(count):
        one = known[number % len(known)]
        (folder / f"{number:06d}.eml").write_bytes(render(one | {"id": f"{one['id']}-{number}"}))
    return folder


def triage(folder: Path, count: int) -> float:
    """Return the seconds that the command takes over the folder; checks that it printed a line a letter."""
    with tempfile.TemporaryFile() as out:
        command = [sys.executable, "-m", "intake", "triage", "--json", str(folder)]
        taken = seconds(lambda: subprocess.run(command, stdout=out, check=True))
        out.seek(0)
        assert sum(1 for _ in out) == count
    return taken


def main() -> None:
    """Print the rates."""
    parser = options(__doc__ or "", "triage")
    parser.add_argument("--messages", type=int, help="20,000 by default; quick: 1,200")
    parser.add_argument("--rounds", type=int, help="5 by default; quick: 1")
    given = parser.parse_args()
    many, few = given.messages or (1200 if given.quick else 20_000), 400  # a pool is up for both
    with tempfile.TemporaryDirectory() as base:
        folders = {FEW: write(Path(base) / FEW, few), MANY: write(Path(base) / MANY, many)}
        works = {FEW: lambda: triage(folders[FEW], few), MANY: lambda: triage(folders[MANY], many)}
        found = alternating(works, given.rounds or (1 if given.quick else 5))
    steady = (many - few) / (found[MANY] - found[FEW])
    whole = Figure("whole command", many / found[MANY], "messages/s", f"{many} letters")
    start = Figure("start-up", found[FEW] - few / steady, "s")
    tell(given, [Figure("without start-up", steady, "messages/s", "wanted: 1,500"), whole, start])


if __name__ == "__main__":
    main()
