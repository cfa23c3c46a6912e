from __future__ import annotations

import os
from functools import partial

import pytest

from intake.errors import UserError
from intake.processes import run_apart
from intake.rules.load import load_files
from tests.unit.rulebooks import files, rule


def test_it_runs_in_another_process() -> None:
    """F4: what a function takes of memory on the way is another process's, and given back with it."""
    assert run_apart(os.getpid) != os.getpid()


def test_faults_come_back_with_their_places() -> None:
    """R4: faults of rules that were loaded in another process are told with file, line and column."""
    broken = files(rule("{word: [bomb]}"))
    with pytest.raises(UserError) as here:
        load_files(broken)
    with pytest.raises(UserError) as there:
        run_apart(partial(load_files, broken))
    assert there.value.problems == here.value.problems
    assert str(there.value) == str(here.value)
