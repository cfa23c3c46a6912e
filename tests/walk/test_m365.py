"""The whole river in a Microsoft 365 of ours: tokens, mailbox, submissions, and what it makes of our mails."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import pytest

from intake.app import App
from intake.daemon.health import Health
from intake.daemon.worker import Summary
from tests.servers.m365 import Microsoft365
from tests.servers.m365_post import NOTHING, PASSED, STUB
from tests.servers.m365_tokens import CLIENT_ID, SCOPE, SECRET
from tests.threads import LINES, RULES
from tests.threads import letter as thread_letter
from tests.walk.deployment import Deployment
from tests.walk.test_river import wait_until

US = "cohesion@example.org"
POLICE = "desk@police.example.net"
OAUTH = f"""
  client-id: {CLIENT_ID}
  scope: {SCOPE}
  client-secret-file: secret
"""
LAMP = "The street lamp outside number 12 has been broken for three weeks and the lane is dark."
DANGER = "There is a man with a knife outside our door right now, please send somebody."


class Tenant:
    """A deployment in a tenant: what `intake init` lays down, a small rulebook, and the sign-in by token."""

    def __init__(self, m365: Microsoft365, folder: Path) -> None:
        self.m365, self.post = m365, m365.post
        self.deployment = Deployment(folder)
        self.deployment.connect(imap=m365.imap.port, user=US, smtp=m365.smtp.port, move_to="Handled")
        self.deployment.edit(
            ("    password-env: INTAKE_IMAP_PASSWORD", "    sign-in: oauth #"),
            ("  # user: cohesion@example.org\n", f"  user: {US}\n  sign-in: oauth\n"),
            ("  # microsoft-365: true", "  microsoft-365: true"),
            ("screening:\n", f"oauth:\n  token-url: {m365.tokens.url}{OAUTH}\nscreening:\n"),
        )
        (folder / "secret").write_text(f"{SECRET}\n")
        shutil.rmtree(folder / "rules")
        (folder / "rules").mkdir()
        for name, text in RULES.items():
            (folder / "rules" / name).write_text(text, "utf-8")

    def once(self) -> Summary:
        """Do one full pass."""
        app = App.open(self.deployment.config)
        try:
            return app.run_once(threading.Event())
        finally:
            app.database.close()

    def health(self) -> Health:
        """Return what `intake status` tells."""
        app = App.open(self.deployment.config)
        try:
            return app.health()
        finally:
            app.database.close()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.deployment.folder / 'intake.db'}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    def letter(self, number: int, text: str = LAMP, headers: str = "", verdict: str = PASSED, fault: str = "") -> None:
        """Deliver a letter of the person of that number."""
        sender = f"ann{number}@home.example"
        raw = (
            f"From: Ann Example <{sender}>\nTo: {US}\nSubject: Hello {number}\n"
            f"Date: {format_datetime(datetime.now(UTC))}\nMessage-ID: <{number}@home.example>\n{headers}\n{text}\n"
        )
        self.post.deliver(US, raw.encode(), sender=sender, verdict=verdict, fault=fault)

    def acknowledged(self) -> Counter[str]:
        """Return who got how many acknowledgements."""
        return Counter(one.recipient for one in self.post.carried if b"Auto-Submitted: auto-replied" in one.raw)

    def in_folder(self, name: str) -> int:
        folders = self.post.mailboxes[US].folders
        return len(folders[name].messages) if name in folders else 0


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    """A tenant with the shared mailbox."""
    with Microsoft365(US) as server:
        yield Tenant(server, tmp_path / "intake")


def test_the_whole_river(tenant: Tenant) -> None:
    """H1, F5, F6, O4, H5: letters that come while the daemon idles are answered, and an emergency is sent on."""
    daemon = tenant.deployment.start("run")
    imap, tokens = tenant.m365.imap, tenant.m365.tokens
    try:
        wait_until(lambda: any(b"IDLE" in line for line in imap.commands), 60)
        tenant.letter(1)
        tenant.letter(2, DANGER)
        wait_until(lambda: len(tenant.post.submitted) >= 3 and tenant.in_folder("Handled") == 2, 60)
        daemon.terminate()
        assert daemon.wait(20) == 0
    finally:
        daemon.kill()
        daemon.wait()
    assert tenant.acknowledged() == {"ann1@home.example": 1, "ann2@home.example": 1}
    routed = [one for one in tenant.post.carried if b"Auto-Submitted: auto-generated" in one.raw]
    assert [one.recipient for one in routed] == [POLICE]
    assert {one.sender for one in tenant.post.carried} == {US}
    assert (tokens.asked, imap.most) == (1, 1)
    log = (tenant.deployment.folder / "log").read_text()
    assert not any(secret in log for secret in (SECRET, US, *tokens.issued))


def test_what_comes_back_makes_no_case_and_no_loop(tenant: Tenant) -> None:
    """S1, T1: our mails that come back under another Message-ID, and a read receipt to ourselves, cause nothing."""
    tenant.post.forwards["ann1@home.example"] = US  # her acknowledgement, sent back by a careless rule
    tenant.post.forwards[POLICE] = US
    tenant.letter(1)
    tenant.letter(2, DANGER)
    tenant.letter(3, headers=f"Disposition-Notification-To: {US}\n")
    summaries = [tenant.once() for _ in range(3)]
    assert not any(one.faults for one in summaries)
    assert summaries[-1].kept == summaries[-1].delivered == 0
    assert tenant.acknowledged() == {f"ann{n}@home.example": 1 for n in (1, 2, 3)}
    kinds = Counter(kind for (kind,) in tenant.rows("SELECT kind FROM messages"))
    assert kinds == {"person": 3, "own": 2, "automatic": 1}
    assert len(tenant.post.receipts) == 1
    of_ours = "SELECT count(DISTINCT case_id) FROM messages WHERE kind IN ('person', 'own')"
    assert tenant.rows(of_ours) == [(3,)]  # ours are laid to the cases that they were about
    assert tenant.in_folder("Sent Items") == len(tenant.post.submitted) == 4


def test_sent_items_that_are_read_by_mistake(tenant: Tenant) -> None:
    """S1: even where the folder of what was sent is read, our own mails make no case and cause no mail."""
    tenant.deployment.edit(("# junk-folder: auto ", "junk-folder: Sent Items #"))
    tenant.letter(1, DANGER)
    for _ in range(3):
        tenant.once()
    kinds = Counter(kind for (kind,) in tenant.rows("SELECT kind FROM messages"))
    assert kinds == {"person": 1, "own": 2}
    assert len(tenant.post.submitted) == 2


def test_messages_that_cannot_be_had(tenant: Tenant) -> None:
    """F7: an error text, or nothing, instead of a message: quarantined, told, left in the mailbox, and not answered."""
    tenant.letter(1, fault=STUB)
    tenant.letter(2, fault=NOTHING)
    tenant.letter(3)
    tenant.once()
    assert tenant.rows("SELECT state FROM deliveries ORDER BY uid") == [("quarantined",)] * 2 + [("recorded",)]
    assert (tenant.in_folder("INBOX"), tenant.in_folder("Handled")) == (2, 1)
    assert tenant.acknowledged() == {"ann3@home.example": 1}
    errors = [str(error) for (error,) in tenant.rows("SELECT error FROM quarantine")]
    assert all("must be read in the mailbox" in error for error in errors)
    assert any("quarantined messages: 2" in one for one in tenant.health().unwell)


def test_verdicts(tenant: Tenant) -> None:
    """S5: only the topmost verdict counts, and of it what was done: not a sender's own claim, nor a bare dmarc=fail."""
    failed = "spf=fail smtp.mailfrom=home.example; dkim=none;dmarc=fail action={} header.from=home.example;compauth={}"
    claim = "Authentication-Results: dmarc=pass action=none header.from=home.example;compauth=pass reason=100\n"
    tenant.letter(1, headers=claim, verdict=failed.format("quarantine", "fail reason=000"))
    tenant.letter(2, verdict=failed.format("none", "pass reason=130"))
    tenant.letter(3, headers=claim.replace("pass", "fail"))
    tenant.once()
    assert tenant.rows("SELECT kind FROM messages ORDER BY id") == [("spoofed",), ("person",), ("person",)]
    assert tenant.acknowledged() == {"ann2@home.example": 1, "ann3@home.example": 1}


@pytest.mark.parametrize(
    ("lose", "said"),
    [("secret", "the client secret is not the right one"), ("grant", "the access token was not accepted")],
)
def test_what_is_not_let_in_says_so(tenant: Tenant, lose: str, said: str) -> None:
    """H5, O3: a lost secret or grant is told, with what to mend; afterwards everything goes on."""
    tokens = tenant.m365.tokens
    good = tokens.good
    tenant.letter(1)
    if lose == "secret":
        tokens.secret = "another"
    else:
        tokens.good = lambda _token: False  # type: ignore[method-assign]
    lost = tenant.once()
    assert lost.mend
    assert said in lost.faults[0]
    assert any(said in one for one in tenant.health().unwell)
    tokens.secret, tokens.good = SECRET, good  # type: ignore[method-assign]
    assert tenant.once().kept == 1
    assert tenant.acknowledged() == {"ann1@home.example": 1}
    assert not tenant.health().unwell


@pytest.mark.parametrize(("event", "at"), [("FETCH", 2), ("MOVE", 1), ("submission", 2)])
def test_killed(tenant: Tenant, event: str, at: int) -> None:
    """H1, O2: killed while it fetches, moves or submits it goes on: nothing is lost, and nobody is answered twice."""
    people = [f"ann{number}@home.example" for number in range(6)]
    for number in range(6):
        tenant.letter(number)
    seen = Counter[str]()

    def kill() -> None:
        seen[event] += 1
        if seen[event] == at:
            daemon.kill()
            daemon.wait()

    if event == "submission":
        tenant.m365.smtp.taken = kill
    tenant.m365.imap.on[event] = kill
    daemon = tenant.deployment.start("run")
    try:
        wait_until(lambda: seen[event] >= at, 60)
    finally:
        daemon.kill()
        assert daemon.wait() == -9
    tenant.once()
    assert tenant.rows("SELECT state, count(*) FROM deliveries GROUP BY state") == [("recorded", 6)]
    assert tenant.rows("SELECT count(*) FROM messages") == [(6,)]
    assert (tenant.in_folder("INBOX"), tenant.in_folder("Handled")) == (0, 6)
    assert tenant.acknowledged() == dict.fromkeys(people, 1)
    unknown = tenant.rows("SELECT count(*) FROM outbox WHERE state = 'unknown'")
    assert unknown == [(1 if event == "submission" else 0,)]


def test_old_mail_of_a_shared_mailbox(tenant: Tenant) -> None:
    """F11: a shared mailbox of years is sorted at the first start, and nobody in it is answered."""
    past = datetime.now(UTC) - timedelta(days=400)
    for number in range(20):
        tenant.letter(number, DANGER if number % 5 == 0 else LAMP)
    for stored in tenant.post.mailboxes[US].folders["INBOX"].messages.values():
        stored.arrived = past
    assert tenant.once().kept == 20
    assert not tenant.acknowledged()


def answer(carried: bytes, sender: str, keep: str) -> EmailMessage:
    """Answer a mail under the id that Microsoft gave it; of the ways back to the case only `keep` is left."""
    mail = message_from_bytes(carried, policy=SMTP)
    references = f"{mail['References'] or ''} {mail['Message-ID']}"
    made = thread_letter(
        "It is still dark there.",
        sender,
        to=str(mail["Reply-To"]) if keep == "address" else US,
        subject=f"Re: {mail['Subject']}" if keep == "subject" else "Re: your mail",
        in_reply_to=str(mail["Message-ID"]),
        references=" ".join(references.split()) if keep == "references" else "",
    )
    made.replace_header("Date", format_datetime(datetime.now(UTC)))
    return made


@pytest.mark.parametrize("keep", ["address", "references", "subject"])
def test_replies_find_their_case(tenant: Tenant, keep: str) -> None:
    """T1, T2: though our Message-ID was replaced, each way alone brings a reply to its case, but not a stranger's."""
    tenant.deployment.edit(("# threads: ", "threads: "), ("#   plus-addressing: true ", "  plus-addressing: true "))
    tenant.letter(1)
    tenant.once()
    (carried,) = tenant.post.carried
    for sender in ("ann1@home.example", "eve@else.example"):
        raw = answer(carried.raw, sender, keep).as_bytes(policy=LINES)
        tenant.post.deliver(US, raw, sender=sender)
    tenant.once()
    cases = [case for (case,) in tenant.rows("SELECT case_id FROM messages ORDER BY id")]
    assert len(cases) == 3
    assert cases[0] == cases[1] != cases[2]
    assert tenant.acknowledged()["ann1@home.example"] == 1
