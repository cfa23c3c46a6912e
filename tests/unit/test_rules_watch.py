"""When changed rule files are loaded: after every save, once, and not while an editor is at work."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.daemon.rules import LOOK_SECONDS, QUIET_SECONDS, Signature, Watch, signature
from intake.outbox.templates import mail_folders

ONE, TWO, THREE = ((("a.yaml", str(n)),) for n in range(3))


def looks(watch: Watch, *seen: tuple[float, Signature]) -> list[bool]:
    """Look at each instant; return when it was time to load."""
    return [watch.due(one, now) for now, one in seen]


def test_nothing_saved_nothing_loaded() -> None:
    """R5: a folder that nobody touches is never loaded again."""
    watch = Watch(ONE)
    assert not any(looks(watch, *((2.0 * n, ONE) for n in range(9))))
    assert watch.seconds == LOOK_SECONDS


def test_a_save_is_loaded_once_and_within_seconds() -> None:
    """R5: what was saved is loaded when it has kept still for a second, once, at most four seconds later."""
    watch = Watch(ONE)
    assert looks(watch, (0, ONE), (2, TWO)) == [False, False]
    assert watch.seconds == QUIET_SECONDS
    assert looks(watch, (3, TWO), (5, TWO)) == [True, False]
    assert watch.seconds == LOOK_SECONDS


def test_several_files_saved_one_after_another() -> None:
    """R5: while files are being saved, or one is half written, nothing is loaded."""
    watch = Watch(ONE)
    assert looks(watch, (0, TWO), (0.9, THREE), (1.8, TWO), (2.7, THREE), (3.6, THREE), (3.8, THREE)) == [
        False,
        False,
        False,
        False,
        False,
        True,
    ]


def test_taken_back_before_it_was_loaded() -> None:
    """R5: what is as it was needs no load; the same change again is waited for anew."""
    watch = Watch(ONE)
    assert looks(watch, (0, TWO), (1, ONE), (1.5, TWO), (2, TWO), (2.5, TWO)) == [False, False, False, False, True]


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 1.0, 2.0]), st.integers(0, 2)), max_size=40))
def test_what_lies_there_is_what_was_loaded(steps: list[tuple[float, int]]) -> None:
    """R5: whatever is saved and when, once the folder is quiet its last state was loaded, and none twice in a row."""
    watch, now = Watch(ONE), 0.0
    loaded: list[Signature] = [ONE]
    states = (ONE, TWO, THREE)
    last = ONE
    for pause, state in [*steps, (0.0, steps[-1][1] if steps else 0), (2.0, -1), (2.0, -1)]:
        now += pause
        last = last if state < 0 else states[state]
        if watch.due(last, now):
            loaded.append(last)
    assert loaded[-1] == last
    assert all(one != other for one, other in pairwise(loaded))


def saved_in_place(path: Path) -> None:
    path.write_text("rules: [] \n")


def saved_by_rename(path: Path) -> None:
    new = path.with_name(".rules.tmp")
    new.write_text("rules: []\n")
    os.utime(new, ns=(path.stat().st_mtime_ns,) * 2)
    new.replace(path)


def added(path: Path) -> None:
    path.with_name("20-more.yaml").write_text("rules: []\n")


def renamed(path: Path) -> None:
    path.rename(path.with_name("11-rules.yaml"))


def made_unreadable(path: Path) -> None:
    path.chmod(0)


def made_a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.yaml")


def folder_gone(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize(
    "change",
    [saved_in_place, saved_by_rename, added, renamed, made_unreadable, made_a_dangling_link, Path.unlink, folder_gone],
)
def test_every_way_to_save_is_seen(tmp_path: Path, change: object) -> None:
    """R5: a change is seen however it was saved, also a file of equal size and time that took the old one's place."""
    file = tmp_path / "rules" / "10-rules.yaml"
    file.parent.mkdir()
    file.write_text("rules: []\n")
    before = signature(file.parent)
    assert signature(file.parent) == before
    change(file)  # type: ignore[operator]
    assert signature(file.parent) != before


def test_what_is_no_rule_file_is_not_seen(tmp_path: Path) -> None:
    """R5: an editor's swap and backup files start no load."""
    before = signature(tmp_path)
    for name in (".10-rules.yaml.swp", "10-rules.yaml~", ".#10-rules.yaml", "#10-rules.yaml#", "notes.txt"):
        (tmp_path / name).write_text("x")
    assert signature(tmp_path) == before


def test_a_template_folder_that_rules_may_name(tmp_path: Path) -> None:
    """R5: rules that name a template folder that is not there are looked at again when it has come."""
    templates = tmp_path / "templates"
    assert mail_folders(templates) == ()
    templates.mkdir()
    (templates / "frame.html").write_text("x")
    assert mail_folders(templates) == ()
    (templates / "acknowledgement-gentle").mkdir()
    assert mail_folders(templates) == ("acknowledgement-gentle",)
