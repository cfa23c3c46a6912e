"""Runs one function in a process of its own, so that the memory it takes on the way is given back."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

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
    with ProcessPoolExecutor(1, mp_context=context, initializer=leave_interrupts) as pool:
        return pool.submit(function, *args, **kwargs).result()


def leave_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
