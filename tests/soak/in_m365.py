"""The kill proof in a Microsoft 365 of ours: `python -m tests.soak.in_m365 [KILLS [SEED]]`; 1 where one was broken."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from intake.store.database import Database
from tests.servers.m365 import Microsoft365
from tests.servers.m365_post import Submitted
from tests.servers.m365_tokens import CLIENT_ID, SCOPE, SECRET
from tests.servers.smtp_sink import Received
from tests.soak.daemon import preload
from tests.soak.deployed import HANDLED, Deployed
from tests.soak.letters import MAILBOX, Letter
from tests.soak.sink import Mail, _told
from tests.soak.soak import Plan, Result, Soak
from tests.soak.verdict import Evidence, judge


class Tenant(Microsoft365):
    """Stands where the soak has its sink: tells what was submitted, as the daemon wrote it."""

    def __init__(self) -> None:
        super().__init__(MAILBOX)
        self.smtp.per_minute = 100_000
        self.port = self.smtp.port

    def mails(self) -> list[Mail]:
        """Return what was submitted, in order."""
        with self.post.lock:
            return [_mail(one) for one in self.post.submitted]

    def held(self, folder: str) -> int:
        folders = self.post.mailboxes[MAILBOX].folders
        return len(folders[folder].messages) if folder in folders else 0


class SoakInM365(Soak):
    """The same letters, fates and promises, with the mailbox and the submission of a tenant."""

    def __init__(self, plan: Plan, folder: Path, tenant: Tenant) -> None:
        super().__init__(plan, folder, tenant, _say)  # type: ignore[arg-type] # none of it asks for Dovecot's own ways
        self._tenant = tenant

    def run(self) -> Result:
        """Kill, come to rest, and judge."""
        started = time.monotonic()
        preload()
        with ExitStack() as stack:
            self._sink = self._tenant  # type: ignore[assignment]
            self._deployment = Deployed(self._folder / "intake")
            self._deployment.read(self._tenant.imap.port, MAILBOX, self._tenant.smtp.port, "")
            self._sign_in()
            self._database = Database(f"sqlite:///{self._deployment.folder / 'intake.db'}")
            stack.callback(self._database.close)
            self._kill_and_post()
            self._come_to_rest()
            self._result.verdict = judge(self._evidence())
            self._result.verdict.check(not self._left_over, f"{self._left_over} things were never done")
            self._result.verdict.check(self._tenant.imap.most == 1, "more than one IMAP connection at a time")
        self._result.seconds = time.monotonic() - started
        return self._result

    def _sign_in(self) -> None:
        url = self._tenant.tokens.url
        oauth = f"oauth: {{token-url: '{url}', client-id: {CLIENT_ID}, scope: '{SCOPE}', client-secret-file: secret}}\n"
        self._deployment.edit(
            ("    password-env: INTAKE_IMAP_PASSWORD", "    sign-in: oauth #"),
            ("  # user: cohesion@example.org\n", f"  user: {MAILBOX}\n  sign-in: oauth\n"),
            ("  # microsoft-365: true", "  microsoft-365: true"),
            ("screening:\n", f"{oauth}\nscreening:\n"),
        )
        (self._deployment.folder / "secret").write_text(SECRET)

    def _deliver(self, letters: list[Letter]) -> None:
        for letter in letters:
            self._tenant.post.deliver(MAILBOX, letter.raw, sender=letter.envelope_from)
            self._posted.append(letter)

    def _evidence(self) -> Evidence:
        before = len(self._sink.mails())
        (once,) = self._said("run", "--once", "--json")
        assert (once["kept"], once["delivered"], once["faults"], len(self._sink.mails())) == (0, 0, [], before), once
        listed = self._said("outbox", "--state", "unknown", "--json")
        (status,) = self._said("status", "--json")
        held = {folder: self._tenant.held(folder) for folder in ("INBOX", HANDLED)}
        log = self._deployment.folder / "log"
        return Evidence(self._posted, self._sink.mails(), self._database, held, HANDLED, listed, status, log)


def _mail(one: Submitted) -> Mail:
    return _told(Received(one.sender, one.recipients, one.raw, one.user, False, (), "250"))


def _say(done: int) -> None:
    if done % 10 == 0:
        sys.stdout.write(f"{done} kills\n")
        sys.stdout.flush()


def main(kills: int = 100, seed: int = 1) -> int:
    """Run it and print what happened."""
    with tempfile.TemporaryDirectory() as folder, Tenant() as tenant:
        result = SoakInM365(Plan(kills, "sqlite", seed), Path(folder), tenant).run()
        tokens = tenant.tokens.asked
    seen = result.verdict
    sys.stdout.write(
        f"{result.kills.total()} kills in {result.seconds:.0f} s, {tokens} tokens; delivered {seen.delivered}, lost "
        f"{seen.lost}, doubled {seen.doubled}; acknowledged {seen.acknowledged}, "
        f"twice {seen.acknowledged_twice}, never {seen.unacknowledged}; routed {seen.routed}, "
        f"lost {seen.routed_lost}, sent again {seen.sent_again}; "
        f"unknown {len(seen.unknown)}; broken: {seen.broken or 'nothing'}\n"
    )
    return 1 if seen.broken else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
