"""What servers of ours share: connections as they come, until nobody listens any more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress


def connected(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield each connection, which sends at once what it is given; end when `listener` is closed."""
    with suppress(OSError):
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield sock
