"""The demo as a newcomer runs it: real servers on loopback, the real service, every letter."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from imapclient import IMAPClient
from rich.console import Console
from sqlalchemy import select

from intake.demo import run
from intake.demo.folder import MARKER, lay_down, point_at
from intake.demo.follow import Copy, Mail, Progress, Sorted
from intake.demo.post import ADDRESS, LETTERS, Posted, author, post
from intake.demo.servers import HOST, Account, mail_servers
from intake.errors import UserError
from intake.store.database import Database
from intake.store.tables import deliveries, digest_items, messages, outbox

TOP = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """A demo that is over."""

    folder: Path
    output: str
    seconds: float

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(path.read_bytes()) for path in sorted((self.folder / "sent").glob("*.eml"))]

    def rows(self, *columns: object) -> list[tuple[object, ...]]:
        database = Database(f"sqlite:///{self.folder / 'intake.db'}")
        with closing(database), database.read() as conn:
            return [tuple(row) for row in conn.execute(select(*columns))]


@contextmanager
def _started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "intake", "demo", "--dir", str(folder))
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()  # nothing where it has ended


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One demo for all the promises below."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    started = time.monotonic()
    with _started(folder) as process:
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return Ran(folder, output, time.monotonic() - started)


class TestRun:
    def test_every_letter_is_accounted_for(self, ran: Ran) -> None:
        """Promise 1: the demo ends with exit code 0 and says that every letter is accounted for."""
        assert f"All {len(LETTERS)} letters are accounted for" in ran.output

    def test_every_copy_has_one_outcome(self, ran: Ran) -> None:
        """F3: each letter is recorded once, a further copy is known for one."""
        copies = sum(len(letter.recipients) for letter in LETTERS)
        states = Counter(state for (state,) in ran.rows(deliveries.c.state))
        assert states == {"recorded": len(LETTERS), "duplicate": copies - len(LETTERS)}
        assert all(settled for (settled,) in ran.rows(deliveries.c.settled_at))

    def test_machines_are_told_apart(self, ran: Ran) -> None:
        """S1: bounces, receipts, lists, out-of-office replies and marketing are what they are, people are people."""
        kinds = dict(ran.rows(messages.c.from_address, messages.c.kind))
        assert kinds == {author(letter.raw): letter.kind.value for letter in LETTERS}

    def test_exactly_those_who_deserve_it_are_answered(self, ran: Ran) -> None:
        """Promise 2: one acknowledgement, to one address, for each letter that gets one, and no other."""
        due = Counter({author(letter.raw): 1 for letter in LETTERS if letter.acknowledgements})
        answers = [mail for mail in ran.mails if mail["Auto-Submitted"] == "auto-replied"]
        assert Counter(str(mail["To"]) for mail in answers) == due
        assert all("en" in str(mail["Content-Language"]) for mail in answers)

    def test_the_outbox_and_the_servers_agree(self, ran: Ran) -> None:
        """O1: what the outbox calls sent came out once, and nothing else did."""
        sent = Counter(
            header_id for header_id, state in ran.rows(outbox.c.header_id, outbox.c.state) if state == "sent"
        )
        assert Counter(str(mail["Message-ID"]).strip("<>") for mail in ran.mails) == sent
        assert max(sent.values()) == 1

    def test_the_emergency_goes_to_the_police_at_once(self, ran: Ran) -> None:
        """Promise 4: an emergency is sent at once."""
        emergency = author(next(letter for letter in LETTERS if letter.file == "10-smoke").raw)
        found = ran.rows(messages.c.from_address, messages.c.urgency, messages.c.id)
        ((urgency, number),) = [(urgency, number) for address, urgency, number in found if address == emergency]
        partners = {p for m, p, s in ran.rows(outbox.c.message_id, outbox.c.partner, outbox.c.state) if m == number}
        assert urgency == "emergency"
        assert "police" in partners

    def test_the_rest_waits_in_digests(self, ran: Ran) -> None:
        """D1: what is not urgent stands in digests, once a partner."""
        items = Counter(ran.rows(digest_items.c.partner, digest_items.c.message_id))
        assert len(items) > 10
        assert max(items.values()) == 1

    def test_the_folder_differs_from_a_deployment_by_two_ports(self, ran: Ran) -> None:
        """The demo and production share every line but the servers."""
        shipped, demo = (path.joinpath("config.yaml").read_text("utf-8").splitlines() for path in (TOP, ran.folder))
        changed = [(a.strip(), b.strip()) for a, b in zip(shipped, demo, strict=True) if a != b]
        assert [re.sub(r"\d+", "N", a) == re.sub(r"\d+", "N", b) for a, b in changed] == [True, True]

    def test_a_pipe_gets_plain_lines(self, ran: Ran) -> None:
        """The table works without a terminal: 80 columns, no control codes."""
        assert "\x1b" not in ran.output
        assert "\r" not in ran.output

    def test_it_is_quick(self, ran: Ran) -> None:
        """A newcomer sees the whole job within three minutes."""
        assert ran.seconds < 150

    def test_the_log_is_quiet(self, ran: Ran) -> None:
        """G4: the service's log holds no error, no warning and no address."""
        lines = (ran.folder / "intake.log").read_text("utf-8").splitlines()
        assert not [line for line in lines if json.loads(line)["level"] != "info" or "@" in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_in_the_middle(tmp_path: Path, number: signal.Signals) -> None:
    """H1: Ctrl-C and SIGTERM end the servers and the service."""
    with _started(tmp_path / "run") as process:
        assert process.stdout is not None
        lines = []
        while "Fly-tipping" not in (line := process.stdout.readline()):
            lines.append(line)
            assert line, "".join(lines)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == run.INTERRUPTED
    assert '"stopped"' in (tmp_path / "run" / "intake.log").read_text("utf-8")
    ports = [int(port) for port in re.findall(rf"{HOST}:(\d+)", lines[0])]
    assert len(ports) == 2
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0


class TestFailure:
    def test_a_service_that_does_not_start_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Exit code 1, what is missing, and where the log is."""
        monkeypatch.setattr(run, "START_SECONDS", 0.0)
        output = io.StringIO()
        code = run.run_demo(tmp_path / "run", Console(file=output, width=200))
        assert code == 1
        assert f"{len(LETTERS)} letters were never sent" in output.getvalue()
        assert str(tmp_path / "run" / "intake.log") in output.getvalue()

    def test_time_that_runs_out_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be shown in time is named, and the exit code is 1."""
        monkeypatch.setattr(run, "FOLLOW_SECONDS", 0.1)
        output = io.StringIO()
        assert run.run_demo(tmp_path / "run", Console(file=output, width=200)) == 1
        assert f"{len(LETTERS) - run.WAVE} letters were never sent" in output.getvalue()

    @pytest.mark.parametrize(
        ("copies", "made", "fault"),
        [
            ((), None, "2 of its 2 copies not sorted"),
            (("recorded", "waiting"), "answered", "1 of its 2 copies not sorted"),
            (("recorded", "recorded"), "answered", "recorded 2 times"),
            (("quarantined", "quarantined"), None, "quarantined"),
            (("recorded", "duplicate"), "unanswered", "0 acknowledgements instead of 1"),
            (("recorded", "duplicate"), "machine", "taken for list instead of person"),
            (("recorded", "duplicate"), "given-up", "acknowledgement given-up"),
            (("recorded", "duplicate"), "lost", "acknowledgement did not come out: sent"),
            (("recorded", "duplicate"), "twice", "acknowledgement came out twice"),
            (("recorded", "duplicate"), "answered", None),
        ],
    )
    def test_each_kind_of_miss_is_told(self, copies: tuple[str, ...], made: str | None, fault: str | None) -> None:
        """A letter is accounted for when it is recorded once, as what it is, and answered once; nothing else passes."""
        now = datetime.now(UTC)
        letter = next(letter for letter in LETTERS if len(letter.recipients) == 2)
        mail = Mail("acknowledgement", None, "given-up" if made == "given-up" else "sent", "id@test", now, now)
        kind = "list" if made == "machine" else "person"
        told = Sorted(kind, "en", "general", "routine", "standard", "", () if made == "unanswered" else (mail,), ())
        progress = Progress(
            Posted(letter, ("1", "2"), now),
            tuple(Copy(state, now, 1) for state in copies),
            told if made else None,
            {"id@test": {"lost": 0, "twice": 2}.get(made or "", 1)},
        )
        assert progress.faults(now)[-1:] == ([fault] if fault else [])


class TestFolder:
    def test_only_a_demo_folder_is_deleted(self, tmp_path: Path) -> None:
        """A folder without the demo's marker stays as it is."""
        keep = tmp_path / "keep.txt"
        keep.write_text("mine")
        with pytest.raises(UserError, match="was not made by the demo"):
            lay_down(tmp_path)
        assert os.listdir(tmp_path) == ["keep.txt"]  # noqa: PTH208

    def test_a_demo_folder_is_made_anew(self, tmp_path: Path) -> None:
        """A second demo starts from an empty folder."""
        first = lay_down(tmp_path / "run")
        (first.path / "intake.db").write_text("old")
        again = lay_down(tmp_path / "run")
        assert {path.name for path in again.path.iterdir()} == {MARKER, "config.yaml", "rules", "templates", "sent"}

    def test_a_configuration_without_the_ports_is_refused(self, tmp_path: Path) -> None:
        """The two lines that are changed must be there, once each."""
        folder = lay_down(tmp_path / "run")
        point_at(folder.config, 40143, 40025)
        with pytest.raises(UserError, match="port: 1143"):
            point_at(folder.config, 40143, 40025)


def test_the_mailbox_holds_what_was_posted(tmp_path: Path) -> None:
    """The demo's servers hand every letter over byte for byte, below the trace that delivery adds."""
    account = Account(ADDRESS, "cohesion", "secret")
    with mail_servers(account, tmp_path) as servers:
        posted = [post(letter, servers) for letter in LETTERS]
        with IMAPClient(HOST, servers.imap_port, ssl=False, timeout=20) as client:
            client.login(account.user, account.password)
            client.select_folder("INBOX", readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
    for one in posted:
        for uid in one.uids:
            trace, raw = re.split(rb"(?<=\r\n)(?=From: )", found[int(uid)][b"BODY[]"], maxsplit=1)
            assert trace.startswith(b"Return-Path: <")
            assert _undated(raw) == _undated(one.letter.raw)
    assert not servers.sent


def _undated(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^Date: .*$", b"", raw, count=1)
