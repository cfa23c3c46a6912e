"""The named steps of the river at which the daemon is killed, and how a process is made to die there.

The product knows nothing of this: the public functions at a step are wrapped in the process that is to die.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

When = Literal["before", "after", "after-something"]  # the last: after it returned anything but nothing
Needs = Literal["", "migration", "rules", "broken-rules", "leases", "claims", "sending"]


@dataclass(frozen=True, slots=True)
class Step:
    """An instant between two things that the daemon does."""

    name: str
    where: str  # module:function, or module:Class.method
    when: When
    hits: int = 1  # killed when the step is reached for the first to this many-th time
    needs: Needs = ""  # what must happen for the step to be reached


ALEMBIC = "alembic.runtime.migration"
ALERTED = "intake.outbox.alerts:Alerts.raised"

STEPS: tuple[Step, ...] = (
    Step("start: before the migration", "intake.app:upgrade", "before", needs="migration"),
    Step("start: within the migration", f"{ALEMBIC}:HeadMaintainer.update_to_step", "after", 4, "migration"),
    Step("start: migrated, not committed", "intake.store.database:command.upgrade", "after", needs="migration"),
    Step("start: upgraded, no rulebook yet", "intake.app:upgrade", "after"),
    Step("start: rulebook begun, not committed", "intake.store.rulebooks:take_up", "after"),
    Step("start: rulebook in force", "intake.daemon.rules:Rules.begin", "after"),
    Step("start: recovered, no thread yet", "intake.daemon.worker:Service._recover", "after"),
    Step("recover: in doubt, not committed", "intake.outbox.queue:recover", "after-something", needs="sending"),
    Step("recover: claims let go, not committed", "intake.store.claims:let_go", "after-something", needs="claims"),
    Step("receive: lease taken, not committed", "intake.store.leases:take", "after", needs="leases"),
    Step("receive: lease held", "intake.daemon.receive:Receiver.hold", "after-something", 2, "leases"),
    Step("receive: lease renewed, not committed", "intake.store.leases:renew", "after-something", 3, "leases"),
    Step("receive: fetched, not kept", "intake.store.ledger:keep", "before", 2),
    Step("receive: kept, not committed", "intake.store.ledger:keep", "after", 2),
    Step("receive: kept, not settled", "intake.daemon.receive:Receiver._keep", "after", 2),
    Step("receive: about to move", "intake.mailbox.imap_session:Session.move", "before", 2),
    Step("receive: moved, not all settled", "intake.mailbox.imap_session:Session.move", "after", 2),
    Step("receive: settled, not marked", "intake.mailbox.imap:ImapSource.settle", "after", 2),
    Step("receive: marked, not committed", "intake.store.ledger:mark_settled", "after", 2),
    Step("receive: settled and marked", "intake.daemon.receive:Receiver._settle", "after", 2),
    Step("receive: polled, not committed", "intake.store.state:polled", "after", 2),
    Step("triage: claimed, not committed", "intake.store.claims:claim", "after-something", 2),
    Step("triage: claimed, not sorted", "intake.triage:Sorter.triage", "before", 6),
    Step("triage: sorted, not recorded", "intake.triage:Sorter.triage", "after", 6),
    Step("record: message written, nothing queued", "intake.store.recording:record", "after", 6),
    Step("record: mail queued, not committed", "intake.outbox.queue:enqueue", "after-something", 6),
    Step("record: rest of the batch written, not committed", "intake.store.recording:Batch.write", "after", 2),
    Step("record: committed, before the next", "intake.daemon.process:Processor._record", "after", 2),
    Step("deliver: claimed, not committed", "intake.outbox.queue:claim", "after-something", 4),
    Step("deliver: claimed, before SMTP", "intake.outbox.smtp:SmtpClient.send", "before", 4),
    Step("deliver: connected, before the mail", "intake.outbox.smtp:_stuffed", "before", 4),
    Step("deliver: mail handed over, before the dot", "intake.outbox.smtp:SmtpClient._finish", "before", 4),
    Step("deliver: the server's 250, not recorded", "intake.outbox.smtp:SmtpClient._finish", "after", 4),
    Step("deliver: sent, not recorded", "intake.outbox.smtp:SmtpClient.send", "after", 4),
    Step("deliver: recorded, not committed", "intake.outbox.queue:sent", "after", 4),
    Step("deliver: committed, before the next", "intake.daemon.deliver:Deliverer._record", "after", 4),
    Step("digest: items of a partner who left, not committed", "intake.outbox.digest:pass_on", "after"),
    Step("digest: items taken, no mail yet", "intake.outbox.compose:Composer.digest", "before"),
    Step("digest: queued, not committed", "intake.outbox.digest:make", "after-something"),
    Step("digest: committed, before the next", "intake.daemon.digests:Digester._make", "after-something"),
    Step("rules: saved, not loaded", "intake.app:run_apart", "before", needs="rules"),
    Step("rules: loaded, not recorded", "intake.daemon.rules:Rules._act", "before", needs="rules"),
    Step("rules: recorded, not committed", "intake.daemon.rules:Rules._in_force", "after", needs="rules"),
    Step("rules: in force", "intake.daemon.rules:Rules._act", "after", needs="rules"),
    Step("rules: fault told, not committed", ALERTED, "after-something", needs="broken-rules"),
)  # fmt: skip

AFTER_START = frozenset({"rules: saved, not loaded", "rules: recorded, not committed"})  # the start comes by there too


# What is left behind by a kill at the second is there for the first to be reached.
BEFORE = {"claims": "triage: claimed, not sorted", "sending": "deliver: claimed, before SMTP"}


def rounds(*, leases: bool) -> list[list[Step]]:
    """Return the steps that can be reached again and again, each behind what must come first.

    `leases`: where several daemons share a database; there nobody takes back all claims at the start.
    """
    by_name = {step.name: step for step in STEPS}
    left_out = {"migration", "claims" if leases else "leases"}
    reached = [step for step in STEPS if step.needs not in left_out]
    return [[*([by_name[BEFORE[one.needs]]] if one.needs in BEFORE else []), one] for one in reached]


def migration_steps() -> list[Step]:
    """Return the steps that are reached while the tables are not up to date."""
    return [step for step in STEPS if step.needs == "migration"]


def arm(step: Step, hit: int, died: Path) -> None:
    """Make this process kill itself when `step` is reached for the `hit`-th time; it leaves its name in `died`."""
    module, _, path = step.where.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for one in outer:
        owner = getattr(owner, one)
    left = hit + (step.name in AFTER_START)
    wrapped: Callable[..., Any] = getattr(owner, name)

    def reached() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            died.write_text(step.name, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(wrapped)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        if step.when == "before":
            reached()
        result = wrapped(*args, **kwargs)
        if step.when == "after" or (step.when == "after-something" and result):
            reached()
        return result

    setattr(owner, name, stand_in)
