"""Processes beside this one: how they begin, and one that runs one function and gives its memory back."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar, cast

from intake.garbage import uncollected

_SPAWN = multiprocessing.get_context("spawn")  # a process with threads cannot be forked safely
NICE = 10  # what sorts many letters waits for what fetches, records and answers, and for the mail server beside it
ALLOCATIONS = 20_000  # between two looks for garbage: a letter that is sorted leaves little behind

_here: list[object] = []  # of a pool's process: one, put there by `_begin_with`

Result = TypeVar("Result")


def run_apart(function: Callable[[], Result]) -> Result:
    """Run it in a process that ends with it. Raises what it raises, BrokenProcessPool where that process is ended."""
    with ProcessPoolExecutor(1, mp_context=_SPAWN, initializer=begin) as pool:
        packed = pool.submit(_packed_result, function).result()
    return cast("Result", _unpacked(packed))


def pool_with(thing: object) -> ProcessPoolExecutor:
    """Return as many processes as there are cores, in each of which `here` returns `thing`."""
    packed = _packed(thing)
    return ProcessPoolExecutor(os.cpu_count(), mp_context=_SPAWN, initializer=_begin_with, initargs=(packed,))


def begin() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that started this one, and end with that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _begin_with(packed: bytes) -> None:
    """Begin a pool's process, in which `here` returns what is packed."""
    begin()
    os.nice(NICE)
    _here.append(_unpacked(packed))
    gc.freeze()  # all that there is now is no garbage
    gc.set_threshold(ALLOCATIONS, 20, 50)


def here() -> Any:
    """Return what this process of a pool was begun with."""
    return _here[0]


def _packed_result(function: Callable[[], object]) -> bytes:
    return _packed(function())


def _packed(thing: object) -> bytes:
    """Return it as bytes; a rulebook has a hundred thousand parts, and looks for garbage take longer than the rest."""
    with uncollected():
        return pickle.dumps(thing)


def _unpacked(packed: bytes) -> object:
    """Return what this program packed in another of its processes."""
    with uncollected():
        return pickle.loads(packed)  # noqa: S301 (it came by a pipe to this very program)
