"""The submission end of a Microsoft 365 of ours: XOAUTH2 only, 30 mails a minute, a daily limit, three connections."""

# ruff: noqa: N802 (aiosmtpd finds commands by these names)

from __future__ import annotations

import base64
import contextlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.servers.m365_post import PostOffice
from tests.servers.m365_tokens import TokenEndpoint
from tests.servers.smtp_sink import CLOSE, HANG, SmtpSink, _Keeper, _Protocol

SEND_AS_DENIED = "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; Failed to process message"
QUOTA = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
TOO_MANY = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"
TOO_FAST = "421 4.4.2 Message submission rate for this client has exceeded the configured limit"
BASIC = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
BAD_TOKEN = "535 5.7.3 Authentication unsuccessful"
NOT_SIGNED_IN = "530 5.7.57 Client not authenticated to send mail."


@dataclass
class Submission(SmtpSink):
    """An SmtpSink (so that a test may script answers: SEND_AS_DENIED at "dot") with Microsoft's own ways."""

    post: PostOffice | None = None
    tokens: TokenEndpoint | None = None
    per_minute: int = 30
    recipients_a_day: int = 10_000
    others: int = 0  # connections of the same mailbox that somebody else has open
    send_as_denied: bool = False
    taken: Callable[[], None] = lambda: None  # called when a mail was taken, before that is said
    too_fast: int = field(default=0, init=False)  # mails that were refused for coming too fast
    times: deque[datetime] = field(default_factory=deque, init=False)
    day: Counter[date] = field(default_factory=Counter, init=False)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(lambda: _Client(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refusal(self, recipients: int) -> str | None:
        """Return why a mail that was handed over is not taken, or None; a taken one counts."""
        assert self.post is not None
        today = self.post.clock().date()
        if self.send_as_denied:
            return SEND_AS_DENIED
        if self.others + self.open_connections > 3:
            return TOO_MANY
        if self.day[today] + recipients > self.recipients_a_day:
            return QUOTA
        self.day[today] += recipients
        return None

    def hurried(self) -> bool:
        """Say whether one more mail within the minute is too many; if not, it counts."""
        assert self.post is not None
        now = self.post.clock()
        while self.times and self.times[0] <= now - timedelta(minutes=1):
            self.times.popleft()
        if len(self.times) >= self.per_minute:
            self.too_fast += 1
            return True
        self.times.append(now)
        return False


class _Client(_Protocol):
    command_size_limits: ClassVar[dict[str, int]] = defaultdict(lambda: 12_288)  # RFC 4954 §4: a token is long
    line_length_limit = 20_000
    sink: Submission

    def __init__(self, sink: Submission) -> None:
        super().__init__(sink, _Submitter(sink))

    async def smtp_AUTH(self, arg: str) -> None:
        if arg.split(" ", maxsplit=1)[0].upper() != "XOAUTH2":
            await self.push(BASIC)
        else:
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        if not self.session.authenticated:
            await self.push(NOT_SIGNED_IN)
        elif self.sink.hurried():
            await self.act(TOO_FAST)
        else:
            await super().smtp_MAIL(arg)


class _Submitter(_Keeper):
    """Hands what is taken to the post office; its 250 names the Message-ID that the mail got."""

    sink: Submission

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        refused = self.sink.refusal(len(envelope.rcpt_tos))
        if refused is not None:
            return refused
        reply = self.sink._scripted("dot")
        if reply is None or reply in {CLOSE, HANG}:
            assert self.sink.post is not None
            user, raw = session.auth_data.login.decode(), bytes(envelope.original_content)
            assigned = self.sink.post.submit(user, envelope.mail_from or "", tuple(envelope.rcpt_tos), raw)
            self.sink.taken()
            reply = reply or f"250 2.0.0 OK {assigned} [Hostname=AM0P000MB0001.EURP000.PROD.OUTLOOK.test]"
        if reply in {CLOSE, HANG}:
            await server.act(reply)
        return reply

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:
        """The client's one message is `user=NAME^Aauth=Bearer TOKEN^A^A` in base64."""
        blob = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        post, tokens = self.sink.post, self.sink.tokens
        assert post is not None
        assert tokens is not None
        with contextlib.suppress(ValueError):
            fields = dict(part.split("=", 1) for part in blob.decode().split("\x01") if "=" in part)
            name, token = fields.get("user", ""), fields.get("auth", "").removeprefix("Bearer ")
            if name.lower() in post.mailboxes and tokens.good(token):
                return AuthResult(success=True, auth_data=LoginPassword(name.encode(), b""))
        return AuthResult(success=False, handled=False, message=BAD_TOKEN)
