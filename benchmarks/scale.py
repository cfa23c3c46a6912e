"""Simulate a day of a national service: so many messages over many councils' mailboxes, on so many processes.

What one process does comes from the figures that the other benchmarks put into `benchmarks/figures.json`; what is not
there, or is of a quick run, is assumed, and told so. Letters come by the hours of a day, with an incident at one
council at noon. A process sorts and records at the rate that one core was measured at on PostgreSQL. The mailboxes are
dealt out over the databases, so a burst at one council holds up those that share its database until it is sorted. The
least numbers of processes and databases are looked for with which the wait keeps its bound; then told: how long one
waits, what the relays allow, and what is to be kept.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, options, tell

MEASURED = Path(__file__).with_name("figures.json")
STEP = 5  # seconds of the simulation
DAY = 86_400
HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 9, 8, 8, 8, 8, 8, 8, 7, 6, 5, 4, 3, 2, 2)  # letters by the hour of a day
NOON, INCIDENT, TIMES = 12 * 3600, 3600, 200  # when, for how long, and how many times one council's usual mail
BOUND = 5.0  # seconds: of a hundred letters 99 are answered sooner
SPARE = 0.6  # of what a process can do that is planned with: the rest is for deaths, backlogs and upgrades
THREADS = 6  # of one process that ask the database
M365 = (30, 10_000)  # mails a minute, and recipients a day, that one Microsoft 365 mailbox may send


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is measured, or assumed."""

    process: float  # messages a second that one process on one core sorts and records on PostgreSQL
    database: float  # messages a second that one database records at least: what two processes did together
    latency: float  # seconds from arrival to the answer where nothing waits (99th percentile)
    kept: float  # bytes that a message takes in the database, raw mail included
    mails: float  # mails that one message causes
    assumed: tuple[str, ...]  # names of those that were not measured


@dataclass(frozen=True, slots=True)
class Service:
    """How it is laid out."""

    messages: int  # a day
    mailboxes: int
    processes: int
    databases: int


def inputs(file: Path) -> Inputs:
    """Return what the figures say."""
    held: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    assumed: list[str] = []

    def figure(name: str, what: str, otherwise: float) -> float:
        run = held.get(name, {"quick": True})
        for one in () if run["quick"] else run["figures"]:  # figures of a quick run mean little
            if one["what"] == what and one["value"]:
                return float(one["value"])
        assumed.append(f"{name}: {what}")
        return otherwise

    process = figure("many", "one", 50.0)
    return Inputs(
        process=process,
        database=max(process, figure("many", "two", 200.0)),
        latency=figure("latency", "light load: 99th percentile", 1.0),
        kept=figure("growth", "PostgreSQL: size of a message", 12_000.0),
        mails=figure("pipeline", "mails a message", 1.3),
        assumed=tuple(assumed),
    )


def arrivals(service: Service, seed: int) -> Iterator[tuple[float, float]]:
    """Yield, step by step, how many letters come to the databases together, and how many of them by the incident."""
    chance = random.Random(seed)
    usual = service.messages / sum(HOURS) / 3600 * STEP  # of an hour with weight 1
    for second in range(0, DAY, STEP):
        mean = usual * HOURS[second // 3600]
        burst = mean / service.mailboxes * TIMES if NOON <= second < NOON + INCIDENT else 0.0
        yield max(0.0, chance.gauss(mean, math.sqrt(mean))), burst


def simulate(service: Service, known: Inputs, seed: int = 1) -> tuple[float, float, float]:
    """Return (99th percentile, worst) of the wait in seconds over all letters, and the worst elsewhere than there.

    One database has the incident; the others have only their share.
    """
    each = service.processes / service.databases
    rate = (
        min(each * known.process, known.database) * SPARE * STEP
    )  # letters that one database's processes do in a step
    hit = calm = 0.0
    waits: list[tuple[float, float]] = []
    for usual, burst in arrivals(service, seed):
        share = usual / service.databases
        hit, calm = max(0.0, hit + share + burst - rate), max(0.0, calm + share - rate)
        waits.append((known.latency + hit / rate * STEP, share + burst))
        waits.append((known.latency + calm / rate * STEP, usual - share))
    return _centile(waits, 0.99), max(wait for wait, _ in waits), max(wait for wait, _ in waits[1::2])


def _centile(waits: list[tuple[float, float]], part: float) -> float:
    left = part * sum(count for _, count in waits)
    for wait, count in sorted(waits):
        left -= count
        if left <= 0:
            return wait
    return waits[-1][0]


def least(messages: int, mailboxes: int, known: Inputs) -> Service:
    """Return the smallest service that keeps the bound: as few databases as bear the busiest hour, then processes."""
    busiest = messages * max(HOURS) / sum(HOURS) / 3600
    databases = max(1, math.ceil(busiest / (known.database * SPARE)))
    processes = max(databases, math.ceil(busiest / (known.process * SPARE)))
    one = Service(messages, mailboxes, processes, databases)
    while simulate(one, known)[0] > BOUND:
        fuller = one.processes / one.databases * known.process >= known.database
        one = replace(one, databases=one.databases + 1) if fuller else replace(one, processes=one.processes + 1)
        one = replace(one, processes=max(one.processes, one.databases))
    return one


def figures(service: Service, known: Inputs) -> Iterator[Figure]:
    """Yield the plan."""
    centile, worst, elsewhere = simulate(service, known)
    yield Figure("messages a day", service.messages, "messages", f"{service.mailboxes} mailboxes")
    yield Figure("busiest hour", service.messages * max(HOURS) / sum(HOURS) / 3600, "messages/s")
    yield Figure("one process", known.process, "messages/s", f"of which {SPARE:.0%} are planned with")
    yield Figure("processes", service.processes, "cores")
    yield Figure("databases", service.databases, "servers")
    yield Figure("wait, 99th percentile", centile, "s", f"wanted: at most {BOUND:.0f}")
    yield Figure("wait, worst, where the incident is", worst, "s", f"{TIMES} times its usual mail for an hour")
    yield Figure("wait, worst, elsewhere", elsewhere, "s")
    each = math.ceil(service.processes / service.databases)
    yield Figure("connections to each database", each * THREADS, "sessions", f"{THREADS} threads a process: pool them")
    yield Figure("kept a day", service.messages * known.kept / 1e9, "GB")
    kept = service.messages * known.kept * 730 / 1e12
    yield Figure("kept in two years", kept, "TB", "raw mail belongs into object storage")
    mails = service.messages / service.mailboxes * known.mails
    yield Figure("mails a day from one mailbox", mails, "mails", f"Microsoft 365 allows {M365[1]}")
    burst = service.messages / service.mailboxes * HOURS[12] / sum(HOURS) * TIMES * known.mails
    yield Figure(
        "the incident's mails leave after", burst / M365[0] / 60, "hours", f"{M365[0]} a minute; urgent ones first"
    )


def main() -> None:
    """Print the plan."""
    parser = options(__doc__ or "", "scale")
    parser.add_argument("--messages", type=int, default=10_000_000, help="a day (10,000,000)")
    parser.add_argument("--mailboxes", type=int, default=2000, help="councils' mailboxes (2,000)")
    parser.add_argument("--figures", type=Path, default=MEASURED, help="what was measured (benchmarks/figures.json)")
    given = parser.parse_args()
    known = inputs(given.figures)
    found = list(figures(least(given.messages, given.mailboxes, known), known))
    if known.assumed:
        found.append(Figure("inputs that are assumed", len(known.assumed), "inputs", "; ".join(known.assumed)))
    tell(given, found)


if __name__ == "__main__":
    main()
