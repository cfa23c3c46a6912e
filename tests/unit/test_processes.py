from __future__ import annotations

import os
from functools import partial

import pytest

from intake.errors import UserError
from intake.processes import NICE, here, pool_with, run_apart
from intake.rules.load import load_files
from tests.unit.rulebooks import files, rule


def test_it_runs_in_another_process() -> None:
    """F4: what a function takes of memory on the way is another process's, and given back with it."""
    assert run_apart(os.getpid) != os.getpid()


def test_a_pool_leaves_the_cores_to_what_serves_people() -> None:
    """F11: what sorts a backlog waits for what fetches and answers today's letter, and knows its rulebook."""
    with pool_with("a rulebook") as pool:
        assert pool.submit(os.nice, 0).result() == min(os.nice(0) + NICE, 19)
        assert pool.submit(here).result() == "a rulebook"


def test_faults_come_back_with_their_places() -> None:
    """R4: faults of rules that were loaded in another process are told with file, line and column."""
    broken = files(rule("{word: [bomb]}"))
    with pytest.raises(UserError) as here:
        load_files(broken)
    with pytest.raises(UserError) as there:
        run_apart(partial(load_files, broken))
    assert there.value.problems == here.value.problems
    assert str(there.value) == str(here.value)
