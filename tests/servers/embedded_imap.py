"""pymap in a thread: an IMAP server that needs nothing installed but a Python package."""

from __future__ import annotations

import asyncio
import threading
import uuid
from argparse import Namespace
from concurrent.futures import Future
from dataclasses import dataclass, field

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata

_ARGUMENTS = {"debug": False, "cert": None, "key": None, "tls": False, "proxy_protocol": None, "passlib_cfg": None}
_DEMO = {"demo_data": False, "demo_user": "nobody", "demo_password": ""}


class _Config(Config):
    @property
    def greeting(self) -> bytes:
        """Without the machine's full name, which may take seconds to look up."""
        return b"ready"


@dataclass
class EmbeddedImap:
    """Has IDLE, MOVE and UIDPLUS; no TLS, CONDSTORE, SPECIAL-USE or keywords."""

    password: str = "secret"
    host: str = "127.0.0.1"
    port: int = field(default=0, init=False)

    def start(self) -> EmbeddedImap:
        """Listen on a free port."""
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="pymap", daemon=True)
        self._thread.start()
        self.port = ready.result(20)
        return self

    def stop(self) -> None:
        """Stop listening and let go of the clients."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def user(self) -> str:
        """Return a user whose mailbox is empty."""
        name = f"u{uuid.uuid4().hex[:12]}@example.org"
        self._login.users_dict[name] = UserMetadata(self._login.config, name, password=self._hash)
        return name

    async def _serve(self, ready: Future[int]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        config = _Config.from_args(Namespace(host=self.host, port=0, **_ARGUMENTS, **_DEMO))
        self._login = Login(config)
        self._hash = await Passwords(config).hash_password(self.password)
        imap = IMAPServer(self._login, config)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:  # as pymap's own listener does, but for a task that the garbage collector may take
                await imap(reader, writer, SocketInfo.get(writer, None, unique_id=uuid.uuid4().bytes))
            finally:
                writer.close()

        server = await asyncio.start_server(serve, self.host, 0)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
