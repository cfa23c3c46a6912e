"""A private clamd on loopback that knows one signature: no downloaded database is needed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("clamd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
WORD = b"a-word-that-only-the-tests-signature-knows"
LARGEST = 1_000_000  # bytes of one file

_CONFIG = """
Foreground yes
LocalSocket {base}/clamd.ctl
TCPSocket {port}
TCPAddr 127.0.0.1
DatabaseDirectory {base}/signatures
LogFile {base}/log
StreamMaxLength {largest}
"""


@dataclass(frozen=True)
class RunningClamd:
    """Where it listens."""

    host: str
    port: int
    path: Path


@contextmanager
def running() -> Iterator[RunningClamd]:
    """Start it, wait until it listens, and end it."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory() as folder, closing(socket.socket()) as free:
        base = Path(folder)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (base / "signatures").mkdir()
        (base / "signatures" / "test.ndb").write_text(f"Test.Word:0:*:{WORD.hex()}\n", "ascii")
        (base / "clamd.conf").write_text(_CONFIG.format(base=base, port=port, largest=LARGEST), "utf-8")
        process = subprocess.Popen([PROGRAM, "-c", base / "clamd.conf"], stdout=subprocess.DEVNULL, stderr=-3)
        try:
            _wait(process, port, base / "log")
            yield RunningClamd("127.0.0.1", port, base / "clamd.ctl")
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"clamd did not start: {log.read_text('utf-8', 'replace') if log.exists() else ''}")
