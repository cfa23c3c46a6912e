"""A TCP relay in front of a real server, that counts connections, cuts, halves, delays, splits and spoils them."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path


class Proxy:
    """Relays connections to a port on loopback, or to a socket in a folder."""

    def __init__(self, target: int | Path, host: str = "127.0.0.1") -> None:
        self.host = host
        self._target = target
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self.accepted = 0
        self.most = 0  # connections at once
        self.cut_after: int | None = None  # bytes from the server, after which the connection is cut
        self.cut_sent: int | None = None  # bytes from the client, after which it is
        self.hole_after: int | None = None  # bytes from the server, after which nothing passes any more: see `thaw`
        self.garbage: bytes | None = None  # what comes once in the place of the server's next words
        self.refusing = False  # every connection is closed at once
        self.split = False  # every byte goes in a segment of its own
        self.delay = 0.0  # seconds that everything takes
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def open(self) -> int:
        """Connections whose client has not gone."""
        with self._lock:
            return len(self._pairs)

    def freeze(self) -> None:
        """Pass nothing on any more, and say nothing: a black hole."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on again."""
        self.hole_after = None
        self._flowing.set()

    def cut(self) -> None:
        """End every connection."""
        with self._lock:
            clients = [client for client, _ in self._pairs]
        for client in clients:
            self._end(client)

    def half_close(self) -> None:
        """Say to every client that the server will say no more, and go on listening."""
        with self._lock:
            for client, _ in self._pairs:
                client.shutdown(socket.SHUT_WR)

    def wait_until_all_left(self) -> None:
        """Return when no client is connected."""
        for thread in self._threads[1:]:
            thread.join(20)
        assert not self._pairs

    def stop(self) -> None:
        """End everything."""
        self.thaw()
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refusing:
                    self.accepted += 1
                    client.close()
                    continue
                server = self._reach()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._pairs.append((client, server))
                    self.accepted += 1
                    self.most = max(self.most, sum(not _left(one) for one, _ in self._pairs))
                for pair in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._relay, args=(*pair, client), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _reach(self) -> socket.socket:
        if isinstance(self._target, Path):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._target))
            return server
        server = socket.create_connection((self.host, self._target))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _relay(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        name = "cut_sent" if source is client else "cut_after"
        with suppress(OSError):
            while data := source.recv(65_536):
                if source is not client:
                    data = self._spoilt(data)
                if (left := getattr(self, name)) is not None:
                    data = data[:left]
                    setattr(self, name, left - len(data))
                self._pass(data, target, source is not client)
                if getattr(self, name) == 0:
                    setattr(self, name, None)
                    break
        self._end(client)

    def _spoilt(self, data: bytes) -> bytes:
        garbage, self.garbage = self.garbage, None
        return data if garbage is None else garbage

    def _pass(self, data: bytes, target: socket.socket, from_server: bool) -> None:
        if from_server and self.hole_after is not None:
            passing, data = data[: self.hole_after], data[self.hole_after :]
            self.hole_after -= len(passing)
            target.sendall(passing)
            if data:
                self.freeze()
        self._flowing.wait()
        if self.delay:
            threading.Event().wait(self.delay)
        for piece in (data[n : n + 1] for n in range(len(data))) if self.split else (data,):
            target.sendall(piece)

    def _end(self, client: socket.socket) -> None:
        with self._lock:
            for pair in [pair for pair in self._pairs if pair[0] is client]:
                self._pairs.remove(pair)
                for sock in pair:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                    sock.close()


def _left(client: socket.socket) -> bool:
    """Say whether the client has gone, also where the thread that relays for it has not noticed yet."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
