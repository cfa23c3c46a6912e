"""SQLite's writers within one service."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.store.turns import Turns

LONG = 30.0


def waiter(turns: Turns, seconds: float, name: int, served: list[int]) -> threading.Thread:
    """Begin a thread that waits for its turn, and return it once it does or has given up."""
    before = turns.waiting

    def wait() -> None:
        if turns.take(seconds):
            served.append(name)
            turns.end()

    thread = threading.Thread(target=wait)
    thread.start()
    while thread.is_alive() and turns.waiting == before:
        pass
    return thread


@given(patient=st.lists(st.booleans(), max_size=6))
def test_turns_come_in_the_order_in_which_they_were_asked_for(patient: list[bool]) -> None:
    """H2: threads write in the order in which they asked; one that gives up keeps nobody waiting."""
    turns, served = Turns(), list[int]()
    assert turns.take(LONG)
    threads = []
    for name, one in enumerate(patient):
        threads.append(waiter(turns, LONG if one else 0.0, name, served))
        if not one:
            threads[-1].join()
    turns.end()
    for thread in threads:
        thread.join()
    assert served == [name for name, one in enumerate(patient) if one]
    assert turns.take(0.0)


def test_who_asks_again_at_once_stands_behind_who_waits() -> None:
    """H2: a thread that writes again and again keeps no other out."""
    turns, served = Turns(), list[int]()
    for name in range(100):
        assert turns.take(LONG)
        thread = waiter(turns, LONG, name, served)
        turns.end()
        assert turns.take(LONG)
        assert served[-1] == name
        turns.end()
        thread.join()


@pytest.mark.parametrize("seconds", [0.0, 0.001])
def test_a_turn_that_comes_as_it_is_given_up_is_not_lost(seconds: float) -> None:
    """H2: whether a waiting thread gets its turn or not, the next one does."""
    turns, served = Turns(), list[int]()
    for name in range(300):
        assert turns.take(LONG)
        thread = waiter(turns, seconds, name, served)
        turns.end()
        thread.join()
    assert turns.take(0.0)
    assert turns.waiting == 0
