"""Processes beside this one: how they begin, and one that runs one function and gives its memory back."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar

ALLOCATIONS = 20_000  # between two looks for garbage: a letter that is sorted leaves little behind

_here: list[object] = []  # of a pool's process: one, put there by `begin_with`

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Run(Protocol):
    """Returns what a function of a module returns for some arguments, or raises what it raises."""

    def __call__(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Run it."""
        ...


def run_here(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run it in this process."""
    return function(*args, **kwargs)


def run_apart(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run it in a process that ends with it. Raises BrokenProcessPool where that is ended from outside."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=begin) as pool:
        return pool.submit(function, *args, **kwargs).result()


def begin() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that started this one, and end with that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def begin_with(thing: object) -> None:
    """Begin a pool's process, in which `here` returns `thing`."""
    begin()
    _here.append(thing)
    gc.freeze()  # all that there is now is no garbage
    gc.set_threshold(ALLOCATIONS, 20, 50)


def here() -> Any:
    """Return what this process of a pool was begun with."""
    return _here[0]
