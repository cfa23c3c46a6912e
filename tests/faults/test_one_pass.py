"""One pass receives and sorts side by side, and ends whole however it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from intake.daemon.process import Processor
from intake.errors import Temporary
from intake.mailbox.imap import ImapSource
from intake.store.database import Database
from tests.faults.house import House, server

Build = Callable[..., House]
SECONDS = 30.0  # that a thread waits for another before the test fails


class Slow:
    """A mailbox that hands over one letter at a time, and does something after each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: Callable[[], object]) -> None:
        fetch = ImapSource.fetch

        def slowly(source: ImapSource, *ledger: Any) -> Iterator[list[Any]]:
            for batch in fetch(source, *ledger):
                for one in batch:
                    yield [one]
                    after()

        monkeypatch.setattr(ImapSource, "fetch", slowly)


def test_sorted_while_more_is_fetched(build: Build, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """F6, H1: a letter is recorded before the next one has been fetched, and each has one outcome."""
    recorded, seen = threading.Semaphore(0), list[bool]()
    record = Processor._record

    def recording(*arguments: Any) -> None:
        record(*arguments)
        recorded.release(len(arguments[1]))

    monkeypatch.setattr(Processor, "_record", recording)
    Slow(monkeypatch, lambda: seen.append(recorded.acquire(timeout=SECONDS)))
    with server(3) as behind:
        house = build(database, behind)
        summary = house.one()
        assert (summary.kept, summary.triaged, summary.faults) == (3, 3, [])
        assert seen == [True] * 3
        house.whole(3)


def test_a_stop_ends_both(build: Build, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """H1: a stop while letters are fetched ends the pass; the next one takes in the rest, each once."""
    stop = threading.Event()
    with monkeypatch.context() as patched, server(3) as behind:
        Slow(patched, stop.set)
        house = build(database, behind)
        assert house.service.once(stop).kept == 2
        patched.undo()
        assert house.one().kept == 1
        house.whole(3)


def test_a_mailbox_that_fails_ends_the_sorting(
    build: Build, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F8, H1: where the mailbox breaks off, what was kept is sorted all the same, and the pass says what happened."""

    def breaks() -> None:
        raise Temporary("the line is cut")

    with monkeypatch.context() as patched, server(3) as behind:
        Slow(patched, breaks)
        house = build(database, behind)
        summary = house.one()
        assert (summary.triaged, summary.faults) == (1, ["the line is cut"])
        patched.undo()
        house.one()
        house.whole(3)


def test_what_nobody_foresaw_ends_the_pass(build: Build, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """H1: a fault of ours on either side ends the pass with that fault, and no thread is left waiting."""

    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, server(2) as behind:
        house = build(database, behind)
        Slow(patched, fails)  # type: ignore[arg-type]
        with pytest.raises(ZeroDivisionError):
            house.one()
        patched.undo()
        patched.setattr(Processor, "process", fails)
        with pytest.raises(ZeroDivisionError):
            house.one()
    assert not any(one.name.startswith("triage") for one in threading.enumerate())
