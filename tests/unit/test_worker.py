"""A daemon thread outlives every fault, and says so."""

from __future__ import annotations

import logging
import random
import threading

import pytest

from intake.daemon.loop import Loop
from intake.errors import Temporary, UserError
from intake.mailbox.backoff import Backoff

AT_ONCE = Backoff(random.Random(1), first=0.001, cap=0.001)


@pytest.mark.parametrize("error", [Temporary("away"), UserError("wrong"), ZeroDivisionError("secret words")], ids=repr)
@pytest.mark.parametrize("untellable", [None, UserError("no database"), OSError("no disk")], ids=repr)
def test_a_loop_outlives_every_fault(
    error: Exception, untellable: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """H2: whatever goes wrong in a thread, or in telling of it, it is logged without its words and tried again."""
    caplog.set_level(logging.WARNING)
    told: list[str] = []
    tries: list[int] = []
    done = threading.Event()

    def work() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise error
        done.set()
        loop.rest()

    def fault(sentence: str) -> None:
        told.append(sentence)
        if untellable:
            raise untellable

    loop = Loop("test", work, backoff=AT_ONCE, fault=fault)
    loop.start()
    assert done.wait(10)
    loop.stop()
    assert loop.join(10)
    assert len(told) == 3
    assert "secret words" not in " ".join(told) + caplog.text


def test_a_bell_ends_the_rest() -> None:
    """F5: a thread that waits takes up work as soon as its bell rings, also when it rang during the work."""
    rounds = threading.Semaphore(0)

    def work() -> None:
        rounds.release()
        loop.rest(60)

    loop = Loop("test", work, backoff=AT_ONCE)
    loop.start()
    for _ in range(3):
        assert rounds.acquire(timeout=10)
        loop.ring()
    loop.stop()
    assert loop.join(10)
