"""An IMAP server that misbehaves as told: no real server can be made to lie about sizes or to break off on cue."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.servers.listener import connected

_FETCH = re.compile(rb"UID FETCH (\S+) \((.*)\)", re.I)
_SECTION = re.compile(rb"BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", re.I)


class Drop(Exception):
    """A trick raises it to end the connection without a word."""


Trick = Callable[["Client", bytes, bytes], bool]  # (client, tag, rest of the line) -> whether it answered


@dataclass
class BrokenImap:
    """One folder of `messages`; `tricks` by command ("FETCH", "IDLE", "GREETING", …) answer in the server's place."""

    messages: dict[int, bytes] = field(default_factory=dict)  # by UID
    tricks: dict[str, Trick] = field(default_factory=dict)
    capability: str = "IMAP4rev1"  # before login, and after it unless `later` is given
    later: str | None = None
    uidvalidity: int | None = 7
    sizes: dict[int, int] = field(default_factory=dict)  # what RFC822.SIZE says instead of the truth
    host: str = "127.0.0.1"
    password: str = "secret"

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._clients: set[Client] = set()
        self.accepted = 0
        self.most = 0  # connections at once
        self.commands: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def user(self) -> str:
        """Return a user: there is one mailbox only."""
        return "somebody@example.org"

    @property
    def open(self) -> int:
        """Clients that have not gone."""
        return len(self._clients)

    def wait_until_all_left(self) -> None:
        """Return when no client is connected."""
        for thread in self._threads[1:]:
            thread.join(20)
        assert not self._clients

    def stop(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in list(self._clients):
            with suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> BrokenImap:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        for sock in connected(self._listener):
            client = Client(self, sock)
            with self._lock:
                self._clients.add(client)
                self.accepted += 1
                self.most = max(self.most, len(self._clients))
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: Client) -> None:
        with client.sock, client.file:
            with suppress(Drop, OSError, ValueError):
                client.run()
            with self._lock:  # before the socket closes, or the next client might be counted beside this one
                self._clients.discard(client)


class Client:
    """One connection."""

    def __init__(self, server: BrokenImap, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.file = sock.makefile("rb")
        self.capability = server.capability

    def send(self, *lines: bytes) -> None:
        """Send whole lines."""
        self.sock.sendall(b"".join(line + b"\r\n" for line in lines))

    def run(self) -> None:
        """Answer until the client leaves."""
        if not self._trick("GREETING", b"*", b""):
            self.send(b"* OK ready")
        while line := self.file.readline().rstrip(b"\r\n"):
            self.server.commands.append(line)
            tag, _, rest = line.partition(b" ")
            words = rest.upper().split(b" ")
            name = (words[1] if words[0] == b"UID" else words[0]).decode()
            if not self._trick(name, tag, rest):
                getattr(self, f"on_{name.lower()}")(tag, rest)
            if name == "LOGOUT":
                return

    def _trick(self, name: str, tag: bytes, rest: bytes) -> bool:
        trick = self.server.tricks.get(name)
        return trick is not None and trick(self, tag, rest)

    def on_capability(self, tag: bytes, _rest: bytes) -> None:
        self.send(b"* CAPABILITY " + self.capability.encode(), tag + b" OK done")

    def on_login(self, tag: bytes, _rest: bytes) -> None:
        self.capability = self.server.later or self.server.capability
        self.send(tag + b" OK done")

    def on_noop(self, tag: bytes, _rest: bytes) -> None:
        self.send(tag + b" OK done")

    def on_logout(self, tag: bytes, _rest: bytes) -> None:
        self.send(b"* BYE", tag + b" OK done")

    def on_list(self, tag: bytes, _rest: bytes) -> None:
        self.send(b'* LIST () "/" INBOX', tag + b" OK done")

    def on_select(self, tag: bytes, _rest: bytes) -> None:
        self.send(b"* %d EXISTS" % len(self.server.messages))
        if self.server.uidvalidity is not None:
            self.send(b"* OK [UIDVALIDITY %d]" % self.server.uidvalidity)
        self.send(tag + b" OK done")

    on_examine = on_select

    def on_search(self, tag: bytes, rest: bytes) -> None:
        uids = sorted(self.server.messages)
        if found := re.search(rb"SEARCH UID (\d+):\*", rest):
            uids = [uid for uid in uids if uid >= int(found.group(1))] or uids[-1:]
        elif found := re.search(rb"SEARCH UID ([\d,]+)", rest):
            uids = [int(uid) for uid in found.group(1).split(b",") if int(uid) in self.server.messages]
        self.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids), tag + b" OK done")

    def on_fetch(self, tag: bytes, rest: bytes) -> None:
        for number, uid in enumerate(asked(rest), 1):
            if uid in self.server.messages:
                self.give(number, uid, rest)
        self.send(tag + b" OK done")

    def give(self, number: int, uid: int, rest: bytes) -> None:
        """Send one message's answer to a FETCH."""
        raw = self.server.messages[uid]
        if b"RFC822.SIZE" in rest:
            size = self.server.sizes.get(uid, len(raw))
            date = b'"01-Mar-2026 08:30:00 +0000"'
            self.send(b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %s)" % (number, uid, size, date))
        elif b"BODYSTRUCTURE" in rest:
            body = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "8BIT" %d 1)' % len(raw)
            self.send(b"* %d FETCH (UID %d BODYSTRUCTURE %s)" % (number, uid, body))
        elif found := _SECTION.search(rest):
            section, start, most = found.groups()
            head, _, text = raw.partition(b"\r\n\r\n")
            data = {b"": raw, b"HEADER": head + b"\r\n\r\n", b"TEXT": text}[section.upper()]
            if start is not None:
                data = data[int(start) : int(start) + int(most)]
            label = b"BODY[%s]<%s>" % (section, start) if start is not None else b"BODY[%s]" % section
            self.send(b"* %d FETCH (UID %d %s {%d}" % (number, uid, label, len(data)))
            self.sock.sendall(data)
            self.send(b")")

    def on_idle(self, tag: bytes, _rest: bytes) -> None:
        self.send(b"+ idling")
        assert self.file.readline().strip().upper() == b"DONE"
        self.send(tag + b" OK done")


def asked(rest: bytes) -> list[int]:
    """Return the UIDs that a UID FETCH names."""
    found = _FETCH.match(rest)
    return [int(uid) for uid in found.group(1).split(b",")] if found else []


def drop(_client: Client, _tag: bytes, _rest: bytes) -> bool:
    """End the connection."""
    raise Drop


def say(line: bytes) -> Trick:
    """Answer any command with `line`."""

    def trick(client: Client, tag: bytes, _rest: bytes) -> bool:
        client.send(tag + b" " + line)
        return True

    return trick
