"""Ask a ClamAV daemon about some bytes (clamd's INSTREAM command, clamd(8)); the only file that talks to it."""

from __future__ import annotations

import re
import socket
import struct
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from intake.errors import Permanent, Temporary

_CHUNK = 256 * 1024
_LONGEST_ANSWER = 4096
_FOUND = re.compile(r"^stream: (.{1,200}) FOUND$")


@dataclass(frozen=True, slots=True)
class Clamd:
    """Where the daemon listens: a socket of the file system, or a port of this machine."""

    host: str
    port: int
    path: Path | None = None  # in place of host and port
    seconds: float = 10.0  # for one answer, connecting and sending included

    def scan(self, content: bytes) -> str:
        """Return the name of the signature that `content` bears, "" where it bears none.

        Raises Temporary where no answer comes in time, Permanent where the daemon will not look at it: it is too large.
        """
        deadline = monotonic() + self.seconds
        try:
            with closing(self._connected(deadline)) as connection:
                with suppress(BrokenPipeError, ConnectionResetError):  # it refused the rest: its answer says why
                    _send(connection, content, deadline)
                answer = _answer(connection, deadline)
        except OSError as error:
            raise Temporary(f"the virus scanner does not answer ({type(error).__name__})") from None
        return _verdict(answer)

    def _connected(self, deadline: float) -> socket.socket:
        if self.path is None:
            return socket.create_connection((self.host, self.port), _left(deadline))
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_left(deadline))
            connection.connect(str(self.path))
        except OSError:
            connection.close()
            raise
        return connection


def _send(connection: socket.socket, content: bytes, deadline: float) -> None:
    connection.sendall(b"zINSTREAM\0")
    for at in range(0, len(content), _CHUNK):
        chunk = content[at : at + _CHUNK]
        connection.settimeout(_left(deadline))
        connection.sendall(struct.pack(">I", len(chunk)) + chunk)
    connection.sendall(struct.pack(">I", 0))


def _answer(connection: socket.socket, deadline: float) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        connection.settimeout(_left(deadline))
        got = connection.recv(_LONGEST_ANSWER)
        if not got:
            break
        answer += got
    return answer.partition(b"\0")[0].decode("ascii", "replace").strip()


def _left(deadline: float) -> float:
    """Return the seconds until `deadline`. Raises TimeoutError behind it."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _verdict(answer: str) -> str:
    if answer == "stream: OK":
        return ""
    if found := _FOUND.match(answer):
        return found[1]
    if "size limit exceeded" in answer:
        raise Permanent("the virus scanner takes no file of that size: raise StreamMaxLength in clamd.conf")
    raise Temporary("the virus scanner gives no verdict")
