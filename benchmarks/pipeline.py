"""Time the whole pipeline against a bare fetch of the same mailbox, and against what people would use instead.

Every message of a mailbox (`benchmarks/mailbox_corpus.py`) is fetched from Dovecot, sorted by 500 patterns, committed
to SQLite with synchronous=FULL, and settled: `intake run --once`, in a fresh deployment each time. It is a backlog of a
year: sorted and listed in digests, not answered (F11), as nothing that it is compared with answers. Once more, "each
answered", the same messages came within the last day, so acknowledgements and mails to partners are composed and
queued, too; no SMTP server answers until all rounds are over, so sending is timed apart. A rate is that of the whole
command; "without start-up" leaves out what the same command takes on an empty mailbox.

Beside it, in turn: imapclient fetching into nothing, which is the limit; the least that the libraries do which any such
service is made of (`benchmarks/least.py`); Pigeonhole's `sieve-filter` with the same
patterns; `notmuch new` on the same messages as a Maildir; django-helpdesk's `get_email` on the first few hundred, from
the same server, on SQLite. What is not installed is named as not measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, alternating, options, seconds, tell
from benchmarks.first_start import rows
from benchmarks.least import least
from benchmarks.mailbox_corpus import rules, sieve
from benchmarks.peers import (
    Helpdesk,
    Mailboxes,
    bare_fetch,
    no_notmuch,
    no_sieve_filter,
    notmuch_new,
    sieve_filter,
)
from tests.servers.dovecot import free_ports
from tests.servers.dovecot import missing as no_dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.unit.rulebooks import lay_down
from tests.walk.deployment import Deployment

US, MOVED, EMPTY, BARE = "intake", "intake, each message moved", "intake on an empty mailbox", "bare fetch"
ANSWERED = "intake, each message answered"
LEAST = "imapclient, mail-parser and SQLAlchemy alone"
SIEVE, NOTMUCH, HELPDESK = "sieve-filter", "notmuch new", "django-helpdesk"
WANTED = {BARE: 0.6, SIEVE: 2.0, NOTMUCH: 1.0, HELPDESK: 20.0}  # our rate over theirs
HELD = 75  # exit code of a pass whose mails wait for the SMTP server


class Ours:
    """The pipeline, run again and again on mailboxes of the same messages."""

    def __init__(self, mailboxes: Mailboxes, folder: Path, patterns: int) -> None:
        """Each round's deployment is made in `folder`."""
        self._mailboxes, self._folder, self.patterns = mailboxes, folder, patterns
        self._rounds = 0
        (self.smtp,) = free_ports(1)
        self.last: Deployment | None = None  # whose mails wait

    def deployment(self, user: str, move_to: str | None = None) -> Deployment:
        """Return a new deployment that reads the user's mailbox by the rules of so many patterns."""
        self._rounds += 1
        made = Deployment(self._folder / f"round-{self._rounds}", self._mailboxes.server.password)
        lay_down(made.folder / "rules", rules(self.patterns))
        made.connect(imap=self._mailboxes.server.port, user=user, smtp=self.smtp, move_to=move_to)
        return made

    def take_in(self, count: int | None = None, move_to: str | None = None, *, old: bool = True) -> float:
        """Return the seconds of one pass over a mailbox with `count` messages, all by default; checks what it did."""
        wanted = self._mailboxes.messages if count is None else count
        user = self._mailboxes.user(count, old=old)
        made = self.deployment(user, move_to)
        exit_code = HELD if wanted else 0
        said: list[str] = []
        taken = seconds(lambda: said.append(made.call("run", "--once", "--json", exit_code=exit_code, seconds=7200)))
        check(made, json.loads(said[0].splitlines()[0]), wanted)
        self._mailboxes.forget(user)
        self.last = self.last if old else made
        return taken

    def send(self) -> tuple[int, float]:
        """Send what the last deployment that answers has queued; return (mails, seconds)."""
        assert self.last is not None
        with SmtpSink(port=self.smtp) as sink:
            taken = seconds(lambda: self.last and self.last.call("run", "--once", seconds=7200))
            return len(sink.messages), taken


def check(made: Deployment, summary: dict[str, int], wanted: int) -> None:
    """See that every message has its outcome and is settled."""
    assert (summary["kept"], summary["triaged"]) == (wanted, wanted), summary
    states = dict(rows(made, "SELECT state, count(*) FROM deliveries GROUP BY state"))
    assert states == ({"recorded": wanted} if wanted else {}), states
    assert rows(made, "SELECT count(*) FROM deliveries WHERE settled_at IS NULL") == [(0,)]


def contenders(
    mailboxes: Mailboxes, ours: Ours, folder: Path, few: int
) -> tuple[dict[str, Callable[[], float]], dict[str, str]]:
    """Return (what is run in turn, why others are not measured)."""
    works: dict[str, Callable[[], float]] = {
        BARE: lambda: bare_fetch(mailboxes),
        US: ours.take_in,
        MOVED: lambda: ours.take_in(move_to="Handled"),
        ANSWERED: lambda: ours.take_in(old=False),
        LEAST: lambda: least(mailboxes, folder / "least.db"),
        EMPTY: lambda: ours.take_in(0),
    }
    helpdesk = Helpdesk(folder / "helpdesk")
    missing = {SIEVE: no_sieve_filter(), NOTMUCH: no_notmuch(), HELPDESK: helpdesk.missing}
    script = mailboxes.server.base / "rules.sieve"  # where the user that Dovecot runs as may read it
    script.write_text(sieve(ours.patterns), "utf-8")
    peers: dict[str, Callable[[], float]] = {
        SIEVE: lambda: sieve_filter(mailboxes, script),
        NOTMUCH: lambda: notmuch_new(mailboxes),
        HELPDESK: lambda: helpdesk.get_email(mailboxes, few),
    }
    return works | {name: work for name, work in peers.items() if not missing[name]}, missing


def figures(found: dict[str, float], missing: dict[str, str], messages: int, few: int) -> Iterator[Figure]:
    """Yield rates and ratios from the medians of the seconds."""
    rates = {name: (few if name == HELPDESK else messages) / found[name] for name in found if name != EMPTY}
    yield from (Figure(name, rate, "messages/s") for name, rate in rates.items())
    steady = messages / (found[US] - found[EMPTY])
    yield Figure("intake without start-up", steady, "messages/s")
    yield Figure("start-up", found[EMPTY], "s")
    yield Figure(f"{LEAST} / {BARE}", rates[LEAST] / rates[BARE], "x", "bounds what is made of them")
    yield Figure(f"intake without start-up / {LEAST}", steady / rates[LEAST], "x")
    for name, wanted in WANTED.items():
        if name in rates:
            yield Figure(f"intake / {name}", rates[US] / rates[name], "x", f"wanted: {wanted}")
            yield Figure(f"intake without start-up / {name}", steady / rates[name], "x")
        else:
            yield Figure(f"intake / {name}", None, note=missing[name])


def main() -> None:
    """Print rates and ratios."""
    parser = options(__doc__ or "", "pipeline")
    parser.add_argument("--messages", type=int, help="5,000 by default; quick: 100")
    parser.add_argument("--rounds", type=int, help="5 by default; quick: 1")
    parser.add_argument("--patterns", type=int, default=500, help="of the rules (500)")
    given = parser.parse_args()
    if no_dovecot():
        sys.exit(f"not measured: {no_dovecot()}")
    messages, rounds = given.messages or (100 if given.quick else 5000), given.rounds or (1 if given.quick else 5)
    few = min(messages, 50 if given.quick else 500)
    with tempfile.TemporaryDirectory() as folder, Mailboxes(messages) as mailboxes:
        ours = Ours(mailboxes, Path(folder), given.patterns)
        works, missing = contenders(mailboxes, ours, Path(folder), few)
        found = alternating(works, rounds)
        mails, taken = ours.send()
        sent = Figure("mails sent afterwards", mails / taken, "mails/s", f"{mails} mails")
        size = Figure("corpus", mailboxes.bytes / 1e6, "MB", f"{messages} messages, {given.patterns} patterns")
        each = Figure("mails a message", mails / messages, "mails")
        tell(given, [size, *figures(found, missing, messages, few), sent, each])


if __name__ == "__main__":
    main()
