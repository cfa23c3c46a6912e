"""A TCP relay in front of a real server, that counts connections, cuts them, or falls silent like a dead link."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Relays connections to a port on loopback."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
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
        self._flowing.set()

    def cut(self) -> None:
        """End every connection."""
        with self._lock:
            clients = [client for client, _ in self._pairs]
        for client in clients:
            self._end(client)

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
                server = socket.create_connection((self.host, self._target))
                with self._lock:
                    self._pairs.append((client, server))
                    self.accepted += 1
                    self.most = max(self.most, len(self._pairs))
                for pair in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._relay, args=(*pair, client), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _relay(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                if source is not client and self.cut_after is not None:
                    data, self.cut_after = data[: self.cut_after], max(0, self.cut_after - len(data))
                target.sendall(data)
                if source is not client and self.cut_after == 0:
                    self.cut_after = None
                    break
        self._end(client)

    def _end(self, client: socket.socket) -> None:
        with self._lock:
            for pair in [pair for pair in self._pairs if pair[0] is client]:
                self._pairs.remove(pair)
                for sock in pair:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                    sock.close()
