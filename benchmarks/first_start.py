"""Start the service on a folder that already holds years of mail, or one huge message, and watch what it takes.

    python -m benchmarks.first_start [--messages N] [--small-rules]
    python -m benchmarks.first_start --large MB [--small-rules]

Needs Dovecot. Letters are written into its Maildir as files, at random ages from three days to six years; the daemon is
`intake run` as an operator starts it. Prints figures, and the largest resident memory of its processes together.
`--large` starts on an empty folder, and then delivers one message of so many MB beside a letter; what is printed is
what that message adds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from base64 import encodebytes
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from tests.letters.render import letters, render
from tests.servers.control import control
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.unit.rulebooks import lay_down, rule
from tests.walk.deployment import Deployment

DAY = 86_400.0
OTHERS = re.compile(rb"^(?:Date|Message-ID):[^\n]*\n", re.I | re.M)  # fields that each letter gets anew
YOUNGEST, OLDEST = 3 * DAY, 6 * 365 * DAY  # ages of the letters, in seconds


class Memory:
    """The largest resident memory that a process and its children had together, looked at ten times a second."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Begin to look."""
        self.pid = process.pid
        self.peak = 0  # bytes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Look no more; return the peak in MB."""
        self._stop.set()
        self._thread.join()
        return self.peak // 1_000_000

    def now(self) -> int:
        """Return what it takes now, in bytes."""
        return sum(map(_resident, tree(self.pid)))

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, self.now())


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def fill(server: Dovecot, user: str, count: int) -> None:
    """Write letters of residents, each under a Message-ID of its own, into the user's INBOX."""
    made = [render(one) for one in letters()]
    folder = server.maildir(user)
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    chance, now = random.Random(1), time.time()
    for number in range(count):
        arrived = int(now - chance.uniform(YOUNGEST, OLDEST))
        date = format_datetime(datetime.fromtimestamp(arrived, UTC))
        head = f"Date: {date}\r\nMessage-ID: <{number}@old.example.net>\r\n"
        path = folder / "cur" / f"{1_000_000_000 + number}.M{number}P1.mx:2,S"
        path.write_bytes(head.encode() + OTHERS.sub(b"", made[number % len(made)], 2))
        os.utime(path, (arrived, arrived))
    own(server, user)


def own(server: Dovecot, user: str) -> None:
    """Give the user's files to whom Dovecot runs as."""
    owner = server.base.stat()
    home = server.maildir(user).parent
    for path in (home, *home.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def rows(deployment: Deployment, query: str) -> list[tuple[object, ...]]:
    """Ask the service's SQLite database; nothing while it is not there yet."""
    try:
        with closing(sqlite3.connect(f"file:{deployment.folder / 'intake.db'}?mode=ro", uri=True, timeout=60)) as db:
            return db.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


@contextmanager
def running(deployment: Deployment) -> Iterator[Memory]:
    """Run the service, and watch its memory."""
    daemon = deployment.start("run")
    memory = Memory(daemon)
    try:
        yield memory
    finally:
        memory.stop()
        daemon.terminate()
        daemon.wait(30)


def wait_for(true: Callable[[], object], seconds: float = 7200) -> float:
    """Wait; return the seconds that it took."""
    start = time.monotonic()
    while not true():
        if time.monotonic() - start > seconds:
            raise SystemExit("it did not come to an end")
        time.sleep(0.5)
    return time.monotonic() - start


def first_start(server: Dovecot, sink: SmtpSink, deployment: Deployment, count: int) -> None:
    """Print what a first start on so many messages takes, and what came of it."""
    user = server.user()
    deployment.password = server.password
    began = time.monotonic()
    fill(server, user, count)
    print(f"{count} letters written in {time.monotonic() - began:.0f} s", flush=True)
    deployment.connect(imap=server.port, user=user, smtp=sink.port)
    with running(deployment) as memory:
        kept = wait_for(lambda: rows(deployment, "SELECT polled_at FROM mailbox_states WHERE mailbox = 'main'"))
        print(f"kept after {kept:.0f} s; peak {memory.peak >> 20} MiB", flush=True)
        sorted_ = wait_for(lambda: not rows(deployment, "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"))
        rate = count / (kept + sorted_)
        print(f"sorted after {kept + sorted_:.0f} s: {rate:.0f} a second; peak {memory.peak >> 20} MiB", flush=True)
        listed = wait_for(lambda: rows(deployment, "SELECT 1 FROM outbox WHERE kind = 'late' AND state = 'sent'"), 300)
        print(
            f"the urgent ones listed {listed:.0f} s later; peak {memory.peak >> 20} MiB, now {memory.now() >> 20} MiB"
        )
    said(deployment, sink)
    began = time.monotonic()
    with measured(deployment, "reconcile", "--json") as told:
        pass
    account = json.loads(told[0])
    print(f"reconcile: proven {account['proven']}, {time.monotonic() - began:.1f} s, peak {told[1]} MB")
    with measured(deployment, "digest", "preview", busiest(deployment)) as told:
        print(f"the fullest digest: {len(told[0]) / 1e6:.1f} MB of text, peak {told[1]} MB")


def said(deployment: Deployment, sink: SmtpSink) -> None:
    """Print what came of the messages, and what went out."""
    for what, query in (
        ("outcomes", "SELECT state, late, count(*) FROM deliveries GROUP BY state, late"),
        ("mails", "SELECT kind, state, count(*) FROM outbox GROUP BY kind, state"),
        ("urgencies", "SELECT urgency, count(*) FROM messages GROUP BY urgency"),
        ("digest items", "SELECT partner, count(*) FROM digest_items GROUP BY partner"),
    ):
        print(f"{what}:", *rows(deployment, query))
    answers = sum(b"Auto-Submitted: auto-replied" in one.raw for one in sink.messages)
    sizes = [len(one.raw) for one in sink.messages]
    print(f"acknowledgements at the SMTP server: {answers}; mails: {len(sizes)}, bytes: {sizes}")


def busiest(deployment: Deployment) -> str:
    """Return the partner with the most open items."""
    return str(rows(deployment, "SELECT partner FROM digest_items GROUP BY partner ORDER BY count(*) DESC")[0][0])


@contextmanager
def measured(deployment: Deployment, *command: str) -> Iterator[tuple[str, int]]:
    """Run a command to its end; yield (what it printed, its peak memory in MB)."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "intake", *command],
            env=deployment.environment,
            cwd=deployment.folder,
            stdout=out,
        )
        memory = Memory(process)
        process.wait()
        peak = memory.stop()
        out.seek(0)
        yield out.read().decode("utf-8"), peak


def large(server: Dovecot, sink: SmtpSink, deployment: Deployment, megabytes: int) -> None:
    """Print what one message of so many MB adds to the memory of a service that runs."""
    user = server.user()
    deployment.password = server.password
    deployment.connect(imap=server.port, user=user, smtp=sink.port)
    with control(server, user) as staff, running(deployment) as memory:
        wait_for(lambda: rows(deployment, "SELECT polled_at FROM mailbox_states WHERE mailbox = 'main'"))
        staff.deliver(render(letters()[0]))
        wait_for(lambda: rows(deployment, "SELECT 1 FROM messages"))
        time.sleep(3)
        before, memory.peak = memory.now(), 0
        staff.deliver(huge(megabytes))
        wait_for(lambda: rows(deployment, "SELECT 1 FROM messages WHERE id = 2"))
        time.sleep(3)
        print(f"before {before >> 20} MiB, peak {memory.peak >> 20} MiB: {(memory.peak - before) >> 20} MiB more")
        print("kept of it:", *rows(deployment, "SELECT size FROM raws ORDER BY kept_at DESC LIMIT 1"))


def huge(megabytes: int) -> bytes:
    """Return a letter with an attachment that no compression makes smaller."""
    head = (
        b"From: resident@example.net\r\nTo: cohesion@example.org\r\nSubject: a film of it\r\n"
        b"Message-ID: <huge@example.net>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        b"The lamp is broken, see the film.\r\n--b\r\nContent-Type: video/mp4; name=film.mp4\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    piece = encodebytes(random.Random(2).randbytes(750_000)).replace(b"\n", b"\r\n")
    return head + piece * max(1, round(megabytes * 1e6 / len(piece))) + b"\r\n--b--\r\n"


def main() -> None:
    """Read the arguments, make the servers, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--large", type=int, metavar="MB")
    parser.add_argument("--limit", type=int, metavar="MB", help="limits.message-mb; by default as shipped")
    parser.add_argument(
        "--small-rules", action="store_true", help="the tests' small rulebook instead of the shipped one"
    )
    options = parser.parse_args()
    server = Dovecot().start()
    try:
        with tempfile.TemporaryDirectory() as folder, SmtpSink() as sink:
            deployment = Deployment(Path(folder) / "intake")
            if options.small_rules:
                lay_down(deployment.folder / "rules", rule("{words: [knife, threat*]}", "{category: danger}"))
            if options.limit:
                deployment.edit(("message-mb: 50", f"message-mb: {options.limit}"))
            if options.large:
                large(server, sink, deployment, options.large)
            else:
                first_start(server, sink, deployment, options.messages)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
