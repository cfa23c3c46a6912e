"""The daemon as a process that can be started a thousand times: forked from one that has everything imported.

Its leases and delays are shortened, so that what dies is taken up within seconds; its code is the product's own.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.soak.steps import Step, arm

ROOT = Path(__file__).parents[2]
CLAIM, SENDING, MAILBOX = timedelta(seconds=4), timedelta(seconds=4), timedelta(seconds=2)  # leases
POLL = 1  # seconds
DELAY = timedelta(seconds=0.5)  # before a mail is tried again
FIRST_SLOT = datetime(2001, 1, 1, tzinfo=UTC)
SLOT_SECONDS = 1  # between two digests; their slots are named a minute apart

_forked = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Fate:
    """How a daemon is to die: at a step, or when it is killed from outside."""

    step: Step | None = None
    hit: int = 1


def preload() -> None:
    """Import everything once, in the process that daemons are forked from. Call before the first start."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads cannot be forked safely
    _forked.set_forkserver_preload(["tests.soak.daemon", "tests.soak.preloaded"])


class Daemon:
    """One `intake` command in a process of its own."""

    def __init__(self, folder: Path, password: str, began: float, fate: Fate, name: str, *arguments: str) -> None:
        """Start it in a deployment's `folder`; `began` (seconds since the epoch) is when the soak's digests began."""
        self._died, self._output = folder / f"died-{name}", folder / f"output-{name}"
        self._died.unlink(missing_ok=True)
        self._process: ForkServerProcess = _forked.Process(
            target=_main, args=(self._output, password, began, (fate, self._died), arguments)
        )
        self._process.start()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most `seconds`; True when it came."""
        self._process.join(max(0.0, seconds))
        return self._process.exitcode is not None

    def kill(self) -> str:
        """Kill it (SIGKILL) where it lives still; return the step at which it killed itself, "" for none."""
        self._process.kill()
        self._process.join()
        step = self._died.read_text("utf-8") if self._died.exists() else ""
        self._process.close()
        return step

    def stop(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self._process.terminate()

    def freeze(self) -> None:
        """Have it stand still in the middle of whatever it does (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The process's number, by which its claims are told."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def output(self) -> list[Any]:
        """The JSON lines that it printed; its log goes to `log` in the folder."""
        lines = self._output.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode


def _main(output: Path, password: str, began: float, end: tuple[Fate, Path], arguments: tuple[str, ...]) -> None:
    from intake.cli import main

    os.chdir(output.parent)
    os.dup2(os.open(output, os.O_WRONLY | os.O_TRUNC | os.O_CREAT, 0o600), 1)
    os.dup2(os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
    os.environ |= {"INTAKE_IMAP_PASSWORD": password, "INTAKE_CONFIG": "config.yaml"}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness
    _shorten(began)
    fate, died = end
    if fate.step:
        arm(fate.step, fate.hit, died)
    sys.argv = ["intake", *arguments]
    main()


def _shorten(began: float) -> None:
    """Shorten what would be minutes."""
    from intake import app
    from intake.daemon import deliver, process, rules, schedule, worker
    from intake.outbox import digest, queue
    from intake.store import seen

    app.run_apart = lambda load: load()  # a start takes a second less, a thousand times
    seen.unseen = lambda *_, **__: []  # officers' digests would come every second, with the same lines again
    seen.waiting = lambda _: seen.Waiting(0, None, 0)
    process.LEASE, deliver.LEASE, queue.FIRST_DELAY = CLAIM, SENDING, DELAY
    rules.LOOK_SECONDS, rules.QUIET_SECONDS = 0.2, 0.1
    schedule.DELIVER_SECONDS, worker.LOOK_SECONDS, worker.TIDY_SECONDS = 1, 1.0, 1.0
    schedule.CronTrigger = lambda **_: schedule.IntervalTrigger(seconds=1)  # digests are looked after each second
    digest.due_slot = _slots(began)
    recover: Callable[[Any], None] = worker.Service._recover

    def held_briefly(service: Any) -> None:
        service.poll_seconds = dict.fromkeys(service.poll_seconds, POLL)
        for receiver in service.receivers:
            receiver.held = MAILBOX
        recover(service)

    worker.Service._recover = held_briefly


def _slots(began: float) -> Callable[..., datetime | None]:
    """Return what tells a digest's slot: a new one every few seconds."""

    def due_slot(_partner: object, since: datetime, now: datetime, _zone: tzinfo) -> datetime | None:
        slot = FIRST_SLOT + timedelta(minutes=(now.timestamp() - began) // SLOT_SECONDS)
        return slot if since.year > 2020 or slot > since else None

    return due_slot


def pause(seconds: float) -> None:
    """Let the world go on: a soak happens in real time."""
    with contextlib.suppress(InterruptedError):
        time.sleep(seconds)
