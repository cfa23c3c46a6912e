"""Small numbers: withheld, and not to be reckoned from what is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intake.outbox.overview import moved, parts
from intake.outbox.suppress import FEWEST, Told, alone, told

COUNTS = st.lists(st.one_of(st.integers(0, 8), st.integers(0, 300)), min_size=1, max_size=9)


@given(COUNTS)
def test_nothing_below_five_can_be_reckoned(counts: list[int]) -> None:
    """G1: no number of 1 to 4 is told, and each that is withheld may be none, or five and more, to a reader."""
    seen = told(counts)
    assert all(one is None or one >= FEWEST for one in (*seen.counts, seen.total))
    assert all(one in (None, count) for one, count in zip(seen.counts, counts, strict=True))
    assert seen.total in (None, sum(counts))
    withheld = [n for n, one in enumerate(seen.counts) if one is None]
    if seen.total is None or not any(counts[n] for n in withheld):
        return  # nothing to subtract from, or nobody wrote of any of these
    left = seen.total - sum(one or 0 for one in seen.counts)
    assert len(withheld) > 1
    assert left >= FEWEST


@given(COUNTS)
def test_no_more_is_withheld_than_must_be(counts: list[int]) -> None:
    """G1: at most one number of five and more is withheld, and only for the sake of smaller ones."""
    seen = told(counts)
    sacrificed = [count for one, count in zip(seen.counts, counts, strict=True) if one is None and count >= FEWEST]
    small = sum(count for count in counts if count < FEWEST)
    assert len(sacrificed) == (1 if 0 < small < FEWEST and max(counts) >= FEWEST else 0)
    assert (seen.total is None) == (sum(counts) < FEWEST)


def test_examples() -> None:
    """G1: one small part takes the next smallest along; parts that come to five together need none."""
    assert told([40, 3, 9]) == Told((40, None, None), 52)
    assert told([40, 3, 4]) == Told((40, None, None), 47)
    assert told([40, 0, 9]) == Told((40, None, 9), 49)
    assert told([3, 1]) == Told((None, None), None)
    assert alone([12, 4, 0]) == (12, None, None)


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 30), min_size=4, max_size=4), max_size=6))
def test_what_moved_is_reckoned_from_what_is_shown(table: dict[str, list[int]]) -> None:
    """G1: of what moved only numbers are told that the table shows, and weeks are withheld each by itself."""
    shown = parts(table)
    assert set(shown) == set(table)
    for week in range(4) if table else ():
        assert tuple(row[week] for row in shown.values()) == told([row[week] for row in table.values()]).counts
    for one in moved(shown):
        row = shown[str(one["name"])]
        assert None not in row
        assert (one["last"], *one["before"]) == row  # type: ignore[misc]
