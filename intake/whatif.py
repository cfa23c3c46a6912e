"""What-if: the stored history under two rulebooks, and what of it would move (R6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from intake.errors import Temporary
from intake.mail.values import Decision, Identity, Read
from intake.processes import here, pool_with
from intake.rules.beside import Counted, Pair
from intake.store import history
from intake.store.database import Database
from intake.triage import Judged, judged, read

FEW = 1000  # messages that are judged sooner than a pool is up
CHUNK = 500  # ids that a process judges at once


class Move(NamedTuple):
    """One thing that would be otherwise."""

    what: str  # "category" (the main one), "urgency", "acknowledgement", "partner", "also" (a category), "flag", "tag"
    which: str  # id of the partner, category, flag or tag; "" of the first three
    before: str  # "" : not at all
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A message that another rulebook would treat otherwise."""

    id: int
    arrived_at: datetime
    before: tuple[str, ...]  # categories, main first
    after: tuple[str, ...]
    moves: tuple[Move, ...]
    fall: int  # by how many steps it would be less urgent; negative: more
    reference: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of some messages."""

    messages: int
    moved: int
    counts: Mapping[Move, int]
    first: tuple[Moved, ...]  # the first of those that moved: what is less urgent before the rest, then the newest


@dataclass(frozen=True, slots=True)
class Comparer:
    """Two rulebooks, and all that judging the history by them takes."""

    pair: Pair
    identity: Identity
    zone: ZoneInfo
    since: datetime
    limit: int  # of the messages that are told one by one

    def run(self, database: Database, step: Callable[[int], None]) -> Tally:
        """Judge every message that arrived since then; `step` is told the number just done. Raises Temporary."""
        with database.read() as conn:
            stretch = history.stretch(conn, self.since)
        starts = range(stretch.first, stretch.last + 1, CHUNK)
        chunks = [range(start, min(start + CHUNK, stretch.last + 1)) for start in starts]
        tallies = self._pooled(database, chunks) if stretch.messages > FEW else self._alone(database, chunks)
        whole = self.added(self._told(tallies, step))
        with database.read() as conn:
            names = history.named(conn, [one.id for one in whole.first])
        named = (replace(one, reference=names[one.id][0], subject=names[one.id][1]) for one in whole.first)
        return replace(whole, first=tuple(named))

    def chunk(self, database: Database, ids: range) -> Tally:
        """Judge the messages of some ids."""
        count = 0
        moved: list[Moved] = []
        with database.read() as conn:
            for past in history.pasts(conn, ids, self.since, self.zone, self._reread):
                count += 1
                if one := self._compared(past):
                    moved.append(one)
        counts = Counter(move for one in moved for move in one.moves)
        return Tally(count, len(moved), counts, self._first(moved))

    def added(self, tallies: Iterable[Tally]) -> Tally:
        """Return several tallies as one."""
        count, moved, counts = 0, 0, Counter[Move]()
        first: tuple[Moved, ...] = ()
        for one in tallies:
            count, moved = count + one.messages, moved + one.moved
            counts.update(one.counts)
            first = self._first(chain(first, one.first))
        return Tally(count, moved, counts, first)

    def _first(self, moved: Iterable[Moved]) -> tuple[Moved, ...]:
        return tuple(nsmallest(self.limit, moved, key=lambda one: (-one.fall, -one.arrived_at.timestamp(), -one.id)))

    def _compared(self, past: history.Past) -> Moved | None:
        known = past.rulebook == self.pair.before.version
        kept = [Counted(one["rule"], one["times"], tuple(one["words"])) for one in past.evidence] if known else None
        decisions = zip((self.pair.before, self.pair.after), self.pair.decide(past.read.facts, kept), strict=True)
        before, after = (judged(past.read, rulebook, decision) for rulebook, decision in decisions)
        found = tuple(moves(before, after))
        if not found:
            return None
        old, new = before.decision, after.decision
        fall = old.urgency.rank - new.urgency.rank
        return Moved(past.id, past.arrived_at, old.categories, new.categories, found, fall)

    def _reread(self, raw: bytes, arrived: datetime, late: bool) -> Read:
        return read(raw, self.identity, self.zone, arrived, late=late)

    def _alone(self, database: Database, chunks: Iterable[range]) -> Iterator[Tally]:
        return (self.chunk(database, ids) for ids in chunks)

    def _pooled(self, database: Database, chunks: Iterable[range]) -> Iterator[Tally]:
        try:
            with pool_with((database, self)) as pool:
                yield from pool.map(_chunk_here, chunks)
        except BrokenProcessPool as error:
            raise Temporary("a process that judged messages was ended from outside: is there enough memory?") from error

    def _told(self, tallies: Iterable[Tally], step: Callable[[int], None]) -> Iterator[Tally]:
        for one in tallies:
            step(one.messages)
            yield one


def moves(before: Judged, after: Judged) -> Iterator[Move]:
    """Yield what is otherwise: the main category, urgency, acknowledgement, partners, other categories, flags, tags.

    A category that only moves to or from the first place is told as the main one alone.
    """
    old, new = before.decision, after.decision
    single = (
        ("category", old.categories[0], new.categories[0]),
        ("urgency", old.urgency.value, new.urgency.value),
        ("acknowledgement", before.acknowledge or "none", after.acknowledge or "none"),
    )
    yield from (Move(what, "", was, will) for what, was, will in single if was != will)
    for what, was_all, will_all in (
        ("partner", _partners(old), _partners(new)),
        ("also", _also(old, new), _also(new, old)),
        ("flag", dict.fromkeys(old.flags, "yes"), dict.fromkeys(new.flags, "yes")),
        ("tag", dict.fromkeys(old.tags, "yes"), dict.fromkeys(new.tags, "yes")),
    ):
        for which in dict.fromkeys((*was_all, *will_all)):
            was, will = was_all.get(which, ""), will_all.get(which, "")
            if was != will:
                yield Move(what, which, was, will)


def _partners(decision: Decision) -> dict[str, str]:
    return {route.partner: route.delivery.value for route in decision.routes}


def _also(one: Decision, other: Decision) -> dict[str, str]:
    return dict.fromkeys((category for category in one.categories[1:] if category != other.categories[0]), "yes")


def _chunk_here(ids: range) -> Tally:
    database, comparer = here()
    tally: Tally = comparer.chunk(database, ids)
    return tally
