"""Mail from files: what an mbox, a Maildir and .eml files hold, and what is made of damaged ones."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import UserError
from intake.mailbox import mbox
from intake.mailbox.files import FileSource
from tests.servers.ledger import Kept, everything, letter

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ARRIVED = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
FROM = b"From someone@example.net Mon May  6 07:08:00 2024\n"


def written(path: Path, content: bytes, at: datetime = NOW) -> Path:
    """Write a file as of `at`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


@pytest.mark.parametrize(
    ("line", "arrived"),
    [
        (b"From a@example.net Mon May  6 07:08:09 2024", ARRIVED),
        (b"From - Mon May 06 07:08:00 2024", ARRIVED),
        (b"From 1790@xxx Mon May 06 07:08:09 +0000 2024", ARRIVED),
        (b"From a Mon May  6 09:08 2024 +0200", ARRIVED),
        (b"From a Mon May  6 07:08:00 UTC 2024\r", ARRIVED),
        (b"From a Mon Foo  6 07:08:00 2024", None),
        (b"From MAILER-DAEMON", None),
    ],
)
def test_a_from_line_tells_the_arrival(line: bytes, arrived: datetime | None) -> None:
    """F11: every usual form of an mbox's separator gives the time of arrival in UTC."""
    assert mbox.separated(line + b"\n") == arrived


def test_an_mbox_is_parted_at_its_separators_only(tmp_path: Path) -> None:
    """P2: text that begins with "From " is no separator without a date and an empty line before it."""
    path = written(
        tmp_path / "m",
        FROM + b"Subject: 1\n\nFrom here on\nnothing\nFrom there too Mon May  6 07:08:00 2024\n\nFrom here to 2024\n\n"
        b">From a quote\n>>From a quote in a quote\n\n" + FROM + b"Subject: 2\n\nend without a newline",
    )
    first, second = everything(FileSource(path))
    assert first.raw == (
        b"Subject: 1\n\nFrom here on\nnothing\nFrom there too Mon May  6 07:08:00 2024\n\nFrom here to 2024\n\n"
        b"From a quote\n>From a quote in a quote\n"
    )
    assert second.raw == b"Subject: 2\n\nend without a newline"
    assert FileSource(path).count() == 2


@given(st.lists(st.binary(max_size=200).map(lambda raw: b"Subject: x\n\n" + raw), max_size=6))
def test_whatever_is_written_as_mboxrd_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, raws: list[bytes]
) -> None:
    """P2: any bytes survive an mbox, and none of them makes two messages of one."""
    path = tmp_path_factory.mktemp("mbox") / "m"
    with path.open("wb") as file:
        file.write(FROM + b"Subject: first\n\n\n")
        for raw in raws:
            lines = raw.split(b"\n")
            quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
            file.write(FROM + b"\n".join(quoted) + b"\n\n")
    assert [one.raw for one in everything(FileSource(path))][1:] == [raw + b"\n" for raw in raws]


@given(st.binary(max_size=2000))
def test_no_bytes_stop_an_mbox(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    """P2: a damaged mbox gives what can be had of it, and counts the same."""
    path = tmp_path_factory.mktemp("mbox") / "m"
    path.write_bytes(FROM + junk)
    source = FileSource(path)
    assert len(everything(source)) == source.count() >= 1


def test_an_mbox_is_never_loaded_whole(tmp_path: Path) -> None:
    """F4: a large mbox, and a line without end in it, are read in bounded memory."""
    path = tmp_path / "m"
    with path.open("wb") as file:
        for number in range(60):
            file.write(FROM + b"Subject: %d\n\n" % number + b"x" * 1_000_000 + b"\n\n")
        file.write(FROM + b"Subject: endless\n\n" + b"y" * 20_000_000)
    tracemalloc.start()
    try:
        sizes = [len(one.raw) for batch in FileSource(path, size_limit=2_000_000).fetch(Kept()) for one in batch]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(sizes) == 61
    assert max(sizes) == 2_000_000
    assert peak < 30_000_000


@pytest.mark.parametrize("kind", ["eml", "mbox"])
def test_a_file_above_the_limit_is_cut_and_that_is_told(tmp_path: Path, kind: str) -> None:
    """F4: of a message above the limit its beginning is taken."""
    raw = letter(1, ARRIVED, b"0123456789\r\n" * 1000)
    path = written(tmp_path / f"m.{kind}", raw if kind == "eml" else FROM + raw)
    (one,) = everything(FileSource(path, size_limit=5000))
    assert one.raw == raw[:5000]
    assert "was left in the file" in one.left_behind


def test_an_eml_tells_its_arrival_as_well_as_it_can(tmp_path: Path) -> None:
    """F11: the topmost Received header counts, then the Date header, then the file; never a date to come."""
    received = b"Received: from a by b\r\n\tid 1; Mon, 6 May 2024 09:08:00 +0200\r\n"
    older = b"Received: from c by d; Sun, 5 May 2024 07:08:00 +0000\r\n"
    cases = {
        b"": NOW,
        b"Date: Mon, 6 May 2024 07:08:00 -0000\r\n": ARRIVED,
        received + older + b"Date: Fri, 1 Jan 2021 00:00:00 +0000\r\n": ARRIVED,
        b"Received: nonsense\r\nDate: Mon, 6 May 2024 07:08:00 +0000\r\n": ARRIVED,
        b"Date: Mon, 6 May 2999 07:08:00 +0000\r\n": NOW,
        b"Date: Mon, 99 May 2024 77:08:00 +9999\r\n": NOW,
        b"X-Date: Mon, 6 May 2024 07:08:00 +0000\r\n\r\nDate: Mon, 6 May 2024 07:08:00 +0000\r\n": NOW,
    }
    for head, arrived in cases.items():
        path = written(tmp_path / "one.eml", head + b"Subject: x\r\n\r\nwords\r\n")
        (one,) = everything(FileSource(path, clock=lambda: NOW))
        assert one.arrived == arrived, head


def test_a_maildir_tells_its_arrival_by_name_and_time(tmp_path: Path) -> None:
    """F11: the older of the two counts, so that a copied Maildir does not look fresh."""
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    written(tmp_path / "cur" / "1714979280.M1P1.host:2,RS", b"Subject: 1\n\n")
    written(tmp_path / "cur" / "odd name", b"Subject: 2\n\n", datetime(2025, 1, 1, tzinfo=UTC))
    written(tmp_path / "new" / "1772353800.M1P1.host", b"Subject: 3\n\n", datetime(2025, 6, 1, tzinfo=UTC))
    written(tmp_path / "tmp" / "1.M1P1.host", b"half deliv")
    written(tmp_path / "new" / ".hidden", b"no mail")
    taken = everything(FileSource(tmp_path))
    assert [one.raw[9:10] for one in taken] == [b"1", b"2", b"3"]
    assert [one.arrived for one in taken] == [
        ARRIVED,
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2025, 6, 1, tzinfo=UTC),
    ]


def test_a_maildir_message_keeps_its_name_when_it_is_read(tmp_path: Path) -> None:
    """F2: a message that moves from `new` to `cur`, or gets flags, is not taken twice."""
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    new = written(tmp_path / "new" / "1714979280.M1P1.host", b"Subject: 1\n\n")
    source, ledger = FileSource(tmp_path), Kept()
    ledger.places.update(one.place for one in everything(source))
    new.rename(tmp_path / "cur" / "1714979280.M1P1.host:2,FS")
    assert everything(source, ledger) == []


def test_empty_and_unreadable_files_are_told_and_stop_nothing(tmp_path: Path) -> None:
    """P2, F7: a file that holds nothing or cannot be read is a fault of its own."""
    written(tmp_path / "a.eml", b"")
    written(tmp_path / "b.EML", b"Subject: b\r\n\r\n")
    (tmp_path / "c.eml").mkdir()
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    source = FileSource(tmp_path)
    assert sorted((one.raw, bool(one.fault)) for one in everything(source)) == [
        (b"", True),
        (b"Subject: b\r\n\r\n", False),
    ]
    assert source.count() == 2


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """P2: without the right to read one file the others come."""
    written(tmp_path / "a.eml", b"Subject: a\r\n\r\n").chmod(0)
    written(tmp_path / "b.eml", b"Subject: b\r\n\r\n")
    assert sorted(bool(one.fault) for one in everything(FileSource(tmp_path))) == [False, True]


def test_files_that_go_during_a_run_are_left_out(tmp_path: Path) -> None:
    """F7: a file that somebody removes during an import is no fault."""
    for number in range(60):
        written(tmp_path / f"{number:02}.eml", b"Subject: %d\r\n\r\n" % number)
    run = FileSource(tmp_path).fetch(Kept())
    assert len(next(run)) == 50
    (tmp_path / "55.eml").unlink()
    assert [len(batch) for batch in run] == [9]


def test_an_import_changes_no_file(tmp_path: Path) -> None:
    """F8: an import reads, and leaves names, contents and times as they were."""
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    written(tmp_path / "new" / "1714979280.M1P1.host", letter(1, NOW))
    before = [(path, path.stat().st_mtime) for path in sorted(tmp_path.rglob("*"))]
    source = FileSource(tmp_path)
    source.settle([one.place for one in everything(source)])
    assert [(path, path.stat().st_mtime) for path in sorted(tmp_path.rglob("*"))] == before


@pytest.mark.parametrize("name", ["nowhere", "empty", "notes"])
def test_what_holds_no_mail_is_told(tmp_path: Path, name: str) -> None:
    """F10: a mistaken path is told before anything is read."""
    (tmp_path / "empty").mkdir()
    written(tmp_path / "notes" / "notes.txt", b"no mail")
    with pytest.raises(UserError, match="neither a Maildir"):
        FileSource(tmp_path / name)
