"""The demo's mail servers on loopback: an IMAP mailbox, and an SMTP server that fills it and keeps what goes out."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from argparse import Namespace
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Identity, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata

HOST = "127.0.0.1"
HOSTNAME = "mx.example.org"
PATIENCE = 20  # seconds to start, and to stop


@dataclass(frozen=True, slots=True)
class Account:
    """The one mailbox of the demo."""

    address: str  # its plus-forms lead there too
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message that the SMTP server put into the mailbox."""

    recipient: str  # of the envelope
    uid: str  # in INBOX, decimal


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that the service sent to somebody."""

    recipients: tuple[str, ...]  # of the envelope
    header_id: str  # Message-ID without brackets
    languages: str  # Content-Language
    path: Path  # the .eml file


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers while they run; only their own thread appends to the lists."""

    imap_port: int
    smtp_port: int
    arrived: list[Arrived]
    sent: list[Sent]


@contextmanager
def mail_servers(account: Account, folder: Path) -> Iterator[Servers]:
    """Run both servers, on free ports, in a thread of their own while the body runs.

    Mail to the account's address goes to its INBOX, all else into `folder` as .eml files. Raises what keeps the
    servers from starting.
    """
    ready: Future[tuple[Servers, Callable[[], object]]] = Future()
    thread = threading.Thread(target=_run, args=(_serve(account, folder, ready), ready), name="demo-mail", daemon=True)
    thread.start()
    servers, stop = ready.result(PATIENCE)
    try:
        yield servers
    finally:
        stop()
        thread.join(PATIENCE)


def _run(serving: Coroutine[None, None, None], ready: Future[tuple[Servers, Callable[[], object]]]) -> None:
    try:
        asyncio.run(serving)
    except Exception as error:
        if ready.done():
            raise
        ready.set_exception(error)


async def _serve(account: Account, folder: Path, ready: Future[tuple[Servers, Callable[[], object]]]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    login = await _login(account)
    imap_server = IMAPServer(login, login.config)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:  # as pymap's own listener does, but for a task that the garbage collector may take
            await imap_server(reader, writer, SocketInfo.get(writer, None, unique_id=uuid.uuid4().bytes))
        finally:
            writer.close()

    handler = _Handler(account, login.demo_user_identity, folder)
    imap = await asyncio.start_server(greet, HOST, 0)
    smtp = await loop.create_server(lambda: SMTP(handler, hostname=HOSTNAME, enable_SMTPUTF8=True, loop=loop), HOST, 0)
    imap_port, smtp_port = (server.sockets[0].getsockname()[1] for server in (imap, smtp))
    servers = Servers(imap_port, smtp_port, handler.arrived, handler.sent)
    ready.set_result((servers, lambda: loop.call_soon_threadsafe(stop.set)))
    await stop.wait()
    imap.close()
    smtp.close()


class _Config(Config):
    """pymap's settings without asking for this machine's name, which can take seconds where there is no network."""

    @property
    def greeting(self) -> bytes:
        """What the server says first."""
        return f"{HOSTNAME} is ready".encode()


async def _login(account: Account) -> Login:
    arguments = {"debug": False, "cert": None, "key": None, "tls": False, "proxy_protocol": None, "passlib_cfg": None}
    demo = {"demo_data": False, "demo_user": account.user, "demo_password": account.password}
    config = _Config.from_args(Namespace(host=HOST, port=0, **arguments, **demo))
    login = Login(config)
    password = await Passwords(config).hash_password(account.password)
    await login.demo_user_identity.set(UserMetadata(config, account.user, password=password))
    return login


@dataclass(frozen=True)
class _Handler:
    """What becomes of a mail: a message in INBOX where it is for the account, a file otherwise."""

    account: Account
    inbox: Identity
    folder: Path
    arrived: list[Arrived] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd)
        """Deliver to the mailbox once a recipient, as an MTA does; keep the mails to others."""
        raw = envelope.original_content or b""
        others = []
        for recipient in envelope.rcpt_tos:
            if self._is_ours(recipient):
                uid = await self._append(envelope.mail_from or "", recipient, raw)
                self.arrived.append(Arrived(recipient, uid))
            else:
                others.append(recipient)
        if others:
            self.sent.append(self._keep(tuple(others), raw))
        return "250 2.0.0 OK"

    def _is_ours(self, recipient: str) -> bool:
        local, _, domain = recipient.lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" == self.account.address.lower()

    async def _append(self, sender: str, recipient: str, raw: bytes) -> str:
        """Put it into INBOX below the trace headers of final delivery (RFC 5321 §4.4); its UID."""
        now = datetime.now(UTC)
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Received: from out.example.net by {HOSTNAME} with ESMTP\r\n"
            f"\tfor <{recipient}>; {format_datetime(now)}\r\n"
        )
        async with self.inbox.new_session() as session:
            code, _ = await session.append_messages("INBOX", [AppendMessage(trace.encode() + raw, now)])
        return str(max(code.uids))

    def _keep(self, recipients: tuple[str, ...], raw: bytes) -> Sent:
        path = self.folder / f"{len(self.sent) + 1:04}-{re.sub(r'[^A-Za-z0-9.@+-]', '_', recipients[0])}.eml"
        path.write_bytes(raw)
        headers = BytesHeaderParser().parsebytes(raw)
        header_id = str(headers["Message-ID"] or "").strip().strip("<>")
        return Sent(recipients, header_id, str(headers["Content-Language"] or ""), path)
