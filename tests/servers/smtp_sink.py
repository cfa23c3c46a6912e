"""An SMTP server on loopback that keeps what it is given and answers as a test tells it to."""

# ruff: noqa: N802 (aiosmtpd finds commands by these names)

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

CLOSE = "close"  # end the connection without a word
HANG = "hang"  # say nothing until the client goes away


@dataclass(frozen=True, slots=True)
class Received:
    """One message that a client sent up to the final dot."""

    sender: str  # envelope sender; "" is the null path
    recipients: tuple[str, ...]  # those that RCPT accepted
    raw: bytes
    user: str | None  # who was signed in
    tls: bool
    options: tuple[str, ...]  # of MAIL: "SIZE=123", "BODY=8BITMIME"
    answer: str  # what the final dot was answered: "250 ...", CLOSE or HANG


@dataclass(slots=True)
class _Answer:
    stage: str
    reply: str
    left: int | None  # None: for ever
    recipient: str | None


@dataclass
class SmtpSink:
    """Starts in a thread of its own; `answer` scripts what it says at each stage.

    Stages: "connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data" (the 354), "dot" (after the message).
    A message whose dot was answered by 2xx, CLOSE or HANG is in `messages`; all are in `attempts`.
    """

    users: dict[str, str] = field(default_factory=dict)  # name -> password or access token; empty: no AUTH needed
    tls_context: ssl.SSLContext | None = None  # a server context
    implicit_tls: bool = False  # speak TLS at once instead of offering STARTTLS
    size_limit: int | None = None  # bytes, announced as SIZE
    other_scripts: bool = True  # whether SMTPUTF8 is announced (RFC 6531)
    host: str = "127.0.0.1"
    port: int = 0

    attempts: list[Received] = field(default_factory=list, init=False)
    connections: int = field(default=0, init=False)  # since the start
    commands: list[str] = field(default_factory=list, init=False)  # the scriptable stages clients reached, in order

    def __post_init__(self) -> None:
        self._answers: list[_Answer] = []
        self._changed = threading.Condition()
        self._protocols: set[_Protocol] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)

    def start(self) -> SmtpSink:
        """Listen on `port`, or on a free one where it is 0; the same port again after a stop."""
        logging.getLogger("mail").setLevel(logging.ERROR)  # aiosmtpd's notes on its own past
        if self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._thread.start()
        self._run(self._listen())
        return self

    def stop(self) -> None:
        """Drop every client and stop listening."""
        if self._loop.is_closed():
            return
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> SmtpSink:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, stage: str, reply: str, *, times: int | None = 1, recipient: str | None = None) -> None:
        """Answer the next `times` (None: all) commands of `stage` with `reply`, or do CLOSE or HANG.

        `recipient` limits a "rcpt" answer to one address.
        """
        with self._changed:
            self._answers.append(_Answer(stage, reply, times, recipient))

    def clear(self) -> None:
        """Forget messages, commands and scripted answers."""
        with self._changed:
            self.attempts.clear()
            self.commands.clear()
            self._answers.clear()

    @property
    def messages(self) -> list[Received]:
        """What was accepted, or taken without an answer."""
        with self._changed:
            return [one for one in self.attempts if one.answer.startswith("2") or one.answer in {CLOSE, HANG}]

    @property
    def open_connections(self) -> int:
        """Clients that are connected now."""
        return len(self._protocols)

    def wait_for(self, count: int, seconds: float = 10) -> list[Received]:
        """Return the messages once there are `count`; fails the test after `seconds`."""
        self.wait_until(lambda: len(self.messages) >= count, seconds)
        return self.messages

    def wait_until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        """Return when `true()` holds, looked at whenever a client did something."""
        end = time.monotonic() + seconds
        with self._changed:
            while not true():
                if (left := end - time.monotonic()) <= 0:
                    raise AssertionError(f"nothing happened within {seconds} s; {len(self.attempts)} attempts so far")
                self._changed.wait(min(left, 0.2))

    def _scripted(self, stage: str, recipient: str | None = None) -> str | None:
        with self._changed:
            self.commands.append(stage)
            self._changed.notify_all()
            for one in self._answers:
                if one.stage == stage and one.left != 0 and one.recipient in {None, recipient}:
                    if one.left is not None:
                        one.left -= 1
                    return one.reply
        return None

    def _keep(self, received: Received) -> None:
        with self._changed:
            self.attempts.append(received)
            self._changed.notify_all()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        context = self.tls_context if self.implicit_tls else None
        self._server = await self._loop.create_server(lambda: _Protocol(self), self.host, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        self._server.close()
        for protocol in list(self._protocols):
            protocol.drop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)


class _Protocol(SMTP):
    """One client; each scriptable command asks the sink first."""

    def __init__(self, sink: SmtpSink, keeper: _Keeper | None = None) -> None:
        self.sink = sink
        super().__init__(
            keeper or _Keeper(sink),
            hostname="sink.test",
            ident="sink",
            loop=sink._loop,
            data_size_limit=sink.size_limit,
            tls_context=None if sink.implicit_tls else sink.tls_context,
            auth_require_tls=False,
            authenticator=self._check,
            enable_SMTPUTF8=sink.other_scripts,
        )

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and self.sink.users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=False, auth_data=data)

    def connection_made(self, transport: Any) -> None:
        if self not in self.sink._protocols:
            self.sink.connections += 1
        self.sink._protocols.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink._protocols.discard(self)
        super().connection_lost(error)

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def _said(self, stage: str, recipient: str | None = None) -> bool:
        reply = self.sink._scripted(stage, recipient)
        if reply is not None:
            await self.act(reply)
        return reply is not None

    async def act(self, reply: str) -> None:
        if reply == HANG:
            await asyncio.Event().wait()
        elif reply == CLOSE:
            self.drop()
        else:
            await self.push(reply)
            if reply.startswith("421"):
                self.transport.close()

    async def _handle_client(self) -> None:
        if await self._said("connect"):
            if self.transport is not None:
                self.transport.close()
            return
        await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._said("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._said("starttls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._said("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        if self.sink.users and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
        elif not await self._said("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        address = arg.partition(":")[2].strip().partition(">")[0].lstrip("<")
        if not await self._said("rcpt", address):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._said("data"):
            await super().smtp_DATA(arg)


class _Keeper:
    """Keeps each message with the answer it got, and knows XOAUTH2."""

    def __init__(self, sink: SmtpSink) -> None:
        self.sink = sink

    async def handle_DATA(self, server: _Protocol, session: Any, envelope: Any) -> str:
        reply = self.sink._scripted("dot") or "250 2.0.0 kept"
        self.sink._keep(
            Received(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                raw=bytes(envelope.original_content),
                user=session.login_data.decode() if session.login_data else None,
                tls=self.sink.implicit_tls or session.ssl is not None,
                options=tuple(envelope.mail_options),
                answer=reply,
            )
        )
        if reply in {CLOSE, HANG}:
            await server.act(reply)
        return reply

    async def auth_XOAUTH2(self, server: _Protocol, args: list[str]) -> AuthResult:
        """The client's one message is `user=NAME^Aauth=Bearer TOKEN^A^A` in base64."""
        blob = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        with contextlib.suppress(ValueError):
            fields = dict(part.split("=", 1) for part in blob.decode().split("\x01") if "=" in part)
            name, token = fields.get("user", ""), fields.get("auth", "").removeprefix("Bearer ")
            if token and self.sink.users.get(name) == token:
                return AuthResult(success=True, auth_data=LoginPassword(name.encode(), b""))
        return AuthResult(success=False, handled=False)
