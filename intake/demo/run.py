"""The demo from start to end: servers, the real service as a process of its own, letters, table, summary."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from intake.app import App
from intake.demo.folder import Folder, lay_down, point_at
from intake.demo.follow import follow, is_up, waiting
from intake.demo.post import ADDRESS, LETTERS, Posted, post
from intake.demo.servers import HOST, Account, Servers, mail_servers
from intake.demo.show import Board
from intake.demo.summary import Outcome, show_summary
from intake.store.database import Database

USER = "cohesion"  # as in the shipped config.yaml
START_SECONDS = 40.0  # for the service to read the mailbox for the first time
FOLLOW_SECONDS = 120.0  # for all letters to be settled
STOP_SECONDS = 15.0
WAVE, WAVE_SECONDS = 3, 1.5  # so many letters at a time, so far apart
TICK_SECONDS = 0.25
INTERRUPTED = 130


def run_demo(path: Path, console: Console) -> int:
    """Show the whole job in a fresh folder at `path`; return the exit code, 0 when every letter is accounted for.

    Raises UserError where `path` holds something that the demo did not make.
    """
    try:
        with _terminable():
            return _run(lay_down(path), console)
    except KeyboardInterrupt:
        console.print(f"Stopped before the end. {path} stays as it is for you to look at.")
        return INTERRUPTED


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does, so that no server and no service is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(folder: Folder, console: Console) -> int:
    started = time.monotonic()
    account = Account(ADDRESS, USER, secrets.token_urlsafe(12))
    posted: list[Posted] = []
    with mail_servers(account, folder.sent) as servers:
        point_at(folder.config, servers.imap_port, servers.smtp_port)
        app = App.open(folder.config)
        console.print(
            f"IMAP on {HOST}:{servers.imap_port}, SMTP on {HOST}:{servers.smtp_port}; the service starts ...\n"
        )
        with _service(folder, account.password) as service:
            if _starts(service, app.database):
                _post_and_follow(service, app.database, servers, posted, console)
    with closing(app.database):
        letters, items = (follow(app.database, posted, servers.sent), waiting(app.database)) if posted else ([], {})
    errors = folder.log.read_text("utf-8", "replace").count('"level": "error"')
    outcome = Outcome(letters, servers.sent, items, service.returncode, errors, time.monotonic() - started)
    return show_summary(outcome, folder, console)


@contextmanager
def _service(folder: Folder, password: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `intake run` on the folder's configuration while the body runs, then stop it by SIGTERM."""
    command = (sys.executable, "-m", "intake", "run", "--config", str(folder.config))
    environment = {**os.environ, "INTAKE_IMAP_PASSWORD": password}
    with (
        folder.log.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment) as process,  # noqa: S603
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _starts(service: subprocess.Popen[bytes], database: Database) -> bool:
    """Wait until the service has read the mailbox for the first time; False where it does not come to that."""
    deadline = time.monotonic() + START_SECONDS
    while not is_up(database):
        if service.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(TICK_SECONDS)
    return True


def _post_and_follow(
    service: subprocess.Popen[bytes], database: Database, servers: Servers, posted: list[Posted], console: Console
) -> None:
    """Post the letters a few at a time and show them, until all are settled, time is up or the service has ended."""
    started = time.monotonic()
    with Board(console, len(LETTERS)) as board:
        while service.poll() is None and (elapsed := time.monotonic() - started) < FOLLOW_SECONDS:
            wave = WAVE * (1 + int(elapsed / WAVE_SECONDS))
            posted += [post(letter, servers) for letter in LETTERS[len(posted) : wave]]
            letters, now = follow(database, posted, servers.sent), datetime.now(UTC)
            board.update(letters, servers.sent, now)
            if len(posted) == len(LETTERS) and all(one.settled(now) for one in letters):
                return
            time.sleep(TICK_SECONDS)
