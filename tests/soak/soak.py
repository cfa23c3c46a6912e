"""One soak: servers, a deployment, letters all the while, and daemons that die and are started again."""

from __future__ import annotations

import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text

from intake.errors import IntakeError
from intake.store.database import Database
from tests.servers.control import control
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.soak.daemon import Daemon, Fate, pause, preload
from tests.soak.deployed import HANDLED, Deployed, Kind, database
from tests.soak.letters import Letter, Letters
from tests.soak.older import leave
from tests.soak.sink import DurableSink
from tests.soak.steps import STEPS, Step, migration_steps, rounds
from tests.soak.verdict import Evidence, Verdict, judge

RANDOM, STOPPING = "at a random instant", "while it stops (SIGTERM)"
PATIENCE = 8.0  # seconds for a daemon to reach the step at which it is to die; then it is killed where it is
REST = 30.0  # seconds in which nothing changes, after which what is still to be done will never be
BACKLOG = 200  # things to be done, above which no more letters are posted than one now and then
TRICKLE = 0.5  # seconds between two letters while a daemon is waited for
OLDER = 4  # letters, or so, that an older version has kept
LAST = "triage: claimed, not sorted"
AT_REST = """SELECT (SELECT count(*) FROM deliveries WHERE state = 'waiting' OR settled_at IS NULL)
+ (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'due-later'))
+ (SELECT count(*) FROM digest_items WHERE digest_id IS NULL)"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a soak."""

    kills: int
    database: Kind
    seed: int
    letters: int = 5  # posted for each kill, about
    at_random: float = 0.3  # of the kills
    only: tuple[str, ...] = ()  # names of steps; empty: all of them


@dataclass
class Result:
    """What happened."""

    plan: Plan
    kills: Counter[str] = field(default_factory=Counter)  # by step
    missed: Counter[str] = field(default_factory=Counter)  # steps that were not reached in time: killed where it was
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0


class Soak:
    """Runs one plan in an empty folder."""

    def __init__(self, plan: Plan, folder: Path, dovecot: Dovecot, killed: Callable[[int], None]) -> None:
        """`killed` is told how many kills there have been, after each."""
        self._plan, self._folder, self._dovecot, self._killed = plan, folder, dovecot, killed
        self._result = Result(plan)
        self._rng, self._letters = Random(plan.seed), Letters(Random(plan.seed))
        self._lock = threading.Lock()
        self._posted: list[Letter] = []
        self._fates: list[Step | None] = []
        self._over = threading.Event()
        self._faults: list[BaseException] = []
        self._began = time.time()

    def run(self) -> Result:
        """Kill, come to rest, and judge."""
        started = time.monotonic()
        preload()
        with ExitStack() as stack:
            self._sink = stack.enter_context(DurableSink(self._folder / "sent.jsonl"))
            url = stack.enter_context(database(self._plan.database))
            self._user = self._dovecot.user()
            self._deployment = Deployed(self._folder / "intake", PASSWORD)
            self._deployment.read(self._dovecot.port, self._user, self._sink.port, url)
            self._database = Database(url or f"sqlite:///{self._deployment.folder / 'intake.db'}")
            stack.callback(self._database.close)
            self._migrate()
            self._kill_and_post()
            self._come_to_rest()
            self._result.verdict = judge(self._evidence())
            self._result.verdict.check(not self._left_over, f"{self._left_over} things were never done")
        self._result.seconds = time.monotonic() - started
        return self._result

    def _start(self, fate: Fate, slot: int, *arguments: str) -> Daemon:
        return Daemon(self._deployment.folder, PASSWORD, self._began, fate, str(slot), *arguments)

    def _migrate(self) -> None:
        """Kill it again and again before its database, which an older version made, is one that it can use."""
        self._deliver([letter for _ in range(OLDER) for letter in self._letters.draw()])
        with control(self._dovecot, self._user) as box:
            leave(self._database, box)
        only = self._plan.only
        reached = [one for one in migration_steps() if not only or one.name in only]
        for step in reached * (1 + self._plan.kills // 200):
            daemon = self._start(Fate(step, self._rng.randint(1, step.hits)), 0, "run")
            daemon.wait(PATIENCE)
            self._count(daemon.kill(), step)

    def _kill_and_post(self) -> None:
        slots = 1 if self._plan.database == "sqlite" else 2
        threads = [
            threading.Thread(target=self._watched, args=(self._live, slot), daemon=True) for slot in range(slots)
        ]
        poster = threading.Thread(target=self._watched, args=(self._post,), daemon=True)
        for thread in (*threads, poster):
            thread.start()
        for thread in threads:
            thread.join()
        self._over.set()
        poster.join()
        if self._faults:
            raise self._faults[0]

    def _watched(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001 (raised in the thread that waits)
            self._faults.append(error)
            self._over.set()

    def _live(self, slot: int) -> None:
        """Let daemons live and die, one after the other, until there were enough kills."""
        rng = Random(f"{self._plan.seed} {slot}")
        while self._result.kills.total() < self._plan.kills and not self._over.is_set():
            with self._lock:
                step = self._next_step(rng)
            if step is None:
                self._die_by_chance(rng, slot)
            else:
                self._die_at(step, rng, slot)
            pause(rng.random() * 0.1 if self._plan.database == "sqlite" else rng.random() * 0.5)

    def _next_step(self, rng: Random) -> Step | None:
        if not self._fates:
            every = rounds(leases=self._plan.database == "postgresql")
            only = self._plan.only
            reached: list[list[Step | None]] = [[*one] for one in every if not only or one[-1].name in only]
            reached += [[None]] * round(len(reached) * self._plan.at_random / (1 - self._plan.at_random))
            rng.shuffle(reached)
            self._fates = [one for each in reached for one in each]
        return self._fates.pop(0)

    def _die_by_chance(self, rng: Random, slot: int) -> None:
        daemon = self._start(Fate(), slot, "run")
        seconds = min(rng.expovariate(1.0), 4.0)
        if rng.random() < 0.2:
            self._deployment.save()
        self._ended_too_early(daemon.wait(seconds), daemon)
        stopping = rng.random() < 0.15
        if stopping:
            daemon.stop()
            if daemon.wait(rng.random() * 0.5):  # it was faster, and ended well
                self._ended_too_early(daemon.exit_code not in {0, -15}, daemon)
                daemon.kill()
                return
        daemon.kill()
        self._count(STOPPING if stopping else RANDOM, None)

    def _die_at(self, step: Step, rng: Random, slot: int) -> None:
        daemon = self._start(Fate(step, rng.randint(1, step.hits)), slot, "run")
        if step.needs in {"rules", "broken-rules"}:
            self._save_until_it_dies(daemon, broken=step.needs == "broken-rules")
        else:
            daemon.wait(PATIENCE)
        self._count(daemon.kill(), step)

    def _save_until_it_dies(self, daemon: Daemon, *, broken: bool) -> None:
        """Save one rulebook after the other, every second of them faulty where that is asked for."""
        for turn in range(round(PATIENCE)):
            if daemon.wait(1.0):
                break
            self._deployment.save(broken=broken and turn % 2 == 0)
        if broken:
            self._deployment.save()

    def _ended_too_early(self, ended: bool, daemon: Daemon) -> None:
        if ended:
            tail = (self._deployment.folder / "log").read_text("utf-8", "replace")[-3000:]
            raise AssertionError(f"the daemon ended badly, with {daemon.exit_code}:\n{tail}")

    def _count(self, died_at: str, step: Step | None) -> None:
        with self._lock:
            if step is not None and not died_at:
                self._result.missed[step.name] += 1
            self._result.kills[died_at or RANDOM] += 1
            self._killed(self._result.kills.total())

    def _post(self) -> None:
        """Post letters, some at a time, as long as daemons die; never so many that they cannot keep up."""
        waited = 0.0
        while not self._over.is_set():
            behind = (
                len(self._posted) < self._plan.letters * (self._result.kills.total() + 4) and self._left() < BACKLOG
            )
            for _ in range(self._rng.randint(1, 6) if behind else waited > TRICKLE):
                self._deliver([*self._letters.draw()])
                waited = 0.0
            seconds = self._rng.random() * 0.2
            waited += seconds
            self._over.wait(seconds)

    def _deliver(self, letters: list[Letter]) -> None:
        for letter in letters:
            if self._rng.random() < 0.2:
                with control(self._dovecot, self._user) as box:
                    box.deliver(letter.raw)
            else:
                with smtplib.LMTP("127.0.0.1", self._dovecot.lmtp_port) as lmtp:
                    lmtp.sendmail(letter.envelope_from, [self._user], letter.raw)
            self._posted.append(letter)

    def _come_to_rest(self) -> None:
        """Let one daemon work, unharmed, until nothing is left to do; where two shared a database, the other is dead.

        What the dead had claimed must pass to the living without a restart.
        """
        self._deployment.save()
        daemon = self._start(Fate(), 0, "run")
        try:
            if self._plan.database == "postgresql":
                other = self._start(Fate(next(one for one in STEPS if one.name == LAST)), 1, "run")
                other.wait(PATIENCE)
                self._count(other.kill(), None)
            self._left_over = self._watch_it_rest(daemon)
            daemon.stop()
            self._ended_too_early(not daemon.wait(10.0) or daemon.exit_code != 0, daemon)
        finally:
            daemon.kill()

    def _watch_it_rest(self, daemon: Daemon) -> int:
        """Return how many things stay undone: 0, or what has not changed for so long that nobody will do it."""
        left, since = self._left(), time.monotonic()
        while left and time.monotonic() < since + REST:
            self._ended_too_early(daemon.wait(0.2), daemon)
            if (now := self._left()) != left:
                left, since = now, time.monotonic()
        return left

    def _left(self) -> int:
        """Return how many things are still to be done, letters that are in no ledger among them."""
        try:
            with self._database.read() as conn:
                left = int(conn.execute(text(AT_REST)).scalar_one())
                known = int(conn.execute(text("SELECT count(*) FROM deliveries")).scalar_one())
        except IntakeError:
            return -1
        return left + len(self._posted) - known

    def _evidence(self) -> Evidence:
        """Ask the commands, as an operator would."""
        before = len(self._sink.mails())
        (once,) = self._said("run", "--once", "--json")
        done = (once["kept"], once["triaged"], once["digests"], once["delivered"], once["faults"])
        mails = self._sink.mails()
        assert (*done, len(mails)) == (0, 0, 0, 0, [], before), once
        listed = self._said("outbox", "--state", "unknown", "--json")
        (status,) = self._said("status", "--json")
        with control(self._dovecot, self._user) as box:
            held = {folder: len(box.flags(folder)) for folder in ("INBOX", HANDLED)}
        log = self._deployment.folder / "log"
        return Evidence(self._posted, mails, self._database, held, HANDLED, listed, status, log)

    def _said(self, *arguments: str) -> list[Any]:
        daemon = self._start(Fate(), 0, *arguments)
        try:
            assert daemon.wait(10 * REST), arguments
            return daemon.output
        finally:
            daemon.kill()
