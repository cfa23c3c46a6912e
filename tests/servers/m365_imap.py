"""The IMAP end of a Microsoft 365 of ours: XOAUTH2 only, three connections a mailbox, no keywords, sizes estimated."""

from __future__ import annotations

import base64
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes

from tests.servers.broken_imap import asked
from tests.servers.listener import connected
from tests.servers.m365_parts import section_of, structure
from tests.servers.m365_post import NOTHING, STUB, Folder, Mailbox, PostOffice, Stored
from tests.servers.m365_tokens import TokenEndpoint

CAPABILITY = (
    b"IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
)
FLAGS = rb"\Seen \Answered \Flagged \Deleted \Draft $MDNSent"
_SECTION = re.compile(rb"BODY(\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", re.I)
_STUB_TEXT = (
    b"Subject: Retrieval using the IMAP4 protocol failed for the following message: %d\r\n"
    b"From: Microsoft Exchange\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
    b"The server was unable to hand over this message. It has not been deleted; another program may show it.\r\n"
)


class ImapEnd:
    """Serves the mailboxes of a post office; each connection in a thread of its own."""

    def __init__(self, post: PostOffice, tokens: TokenEndpoint) -> None:
        self.post, self.tokens = post, tokens
        self.commands: list[bytes] = []
        self.signed_in: list[_Client] = []
        self.most = 0  # connections to one mailbox at once
        self.others = 0  # connections to each mailbox that somebody else has open
        self.on: dict[str, Callable[[], None]] = {}  # called before a command is answered: "FETCH", "MOVE"
        self._clients: set[_Client] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """End every connection."""
        for client in list(self._clients):
            with suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        for sock in connected(self._listener):
            client = _Client(self, sock)
            self._clients.add(client)
            self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
            self._threads[-1].start()

    def _serve(self, client: _Client) -> None:
        with client.sock, client.file:
            with suppress(OSError, ValueError, EOFError):
                client.run()
            with self.post.lock:
                self._clients.discard(client)
                if client in self.signed_in:
                    self.signed_in.remove(client)


class _Client:
    """One connection."""

    def __init__(self, end: ImapEnd, sock: socket.socket) -> None:
        self.end, self.sock = end, sock
        self.file = sock.makefile("rb")
        self.box: Mailbox | None = None
        self.token = ""
        self.folder: Folder | None = None
        self.known = 0  # messages in it that the client was told of
        self._writing = threading.Lock()

    def send(self, *pieces: bytes) -> None:
        """Send whole lines."""
        with self._writing:
            self.sock.sendall(b"".join(piece + b"\r\n" for piece in pieces))

    def run(self) -> None:
        """Answer until the client leaves, or its token runs out."""
        self.send(b"* OK The Microsoft Exchange IMAP4 service is ready.")
        while line := self.file.readline().rstrip(b"\r\n"):
            self.end.commands.append(line)
            tag, _, rest = line.partition(b" ")
            words = rest.upper().split(b" ")
            name = (words[1] if words[0] == b"UID" else words[0]).decode()
            if self.box is not None and not self.end.tokens.good(self.token):
                self.send(b"* BYE Session invalidated - AccessTokenExpired")
                return
            self.end.on.get(name, lambda: None)()
            handler = getattr(self, f"on_{name.lower()}", None)
            if handler is None:
                self.send(tag + b" BAD Command Error. 11")
            elif handler(tag, rest):
                return

    def on_capability(self, tag: bytes, _rest: bytes) -> None:
        self.send(b"* CAPABILITY " + CAPABILITY, tag + b" OK CAPABILITY completed.")

    def on_login(self, tag: bytes, _rest: bytes) -> None:
        self.send(tag + b" NO LOGIN failed.")

    def on_authenticate(self, tag: bytes, rest: bytes) -> None:
        words = rest.split(b" ")
        if words[1].upper() != b"XOAUTH2":
            self.send(tag + b" NO AUTHENTICATE failed.")
            return
        if len(words) < 3:
            self.send(b"+ ")
        blob = base64.b64decode(words[2] if len(words) > 2 else self.file.readline().strip())
        fields = dict(part.split("=", 1) for part in blob.decode().split("\x01") if "=" in part)
        name, self.token = fields.get("user", "").lower(), fields.get("auth", "").removeprefix("Bearer ")
        self.send(self._signed_in(tag, name))

    def _signed_in(self, tag: bytes, name: str) -> bytes:
        end = self.end
        with end.post.lock:
            if not end.tokens.good(self.token):
                return tag + b" NO AUTHENTICATE failed."
            box = end.post.mailboxes.get(name)
            if box is None:
                return tag + b" BAD User is authenticated but not connected."
            there = end.others + sum(client.box is box for client in end.signed_in)
            if there >= 3:
                return tag + b" NO AUTHENTICATE failed. 432 4.3.2 concurrent connections limit exceeded"
            self.box = box
            end.signed_in.append(self)
            end.most = max(end.most, there + 1)
        return tag + b" OK AUTHENTICATE completed."

    def on_noop(self, tag: bytes, _rest: bytes) -> None:
        self.send(tag + b" OK NOOP completed.")

    def on_logout(self, tag: bytes, _rest: bytes) -> bool:
        self.send(b"* BYE Microsoft Exchange Server IMAP4 server signing off.", tag + b" OK LOGOUT completed.")
        return True

    def on_list(self, tag: bytes, _rest: bytes) -> None:
        with self.end.post.lock:
            folders = dict(self._box.folders)
        lines = [b'* LIST (%s) "/" "%s"' % (one.attributes.encode(), name.encode()) for name, one in folders.items()]
        self.send(*lines, tag + b" OK LIST completed.")

    def on_select(self, tag: bytes, rest: bytes) -> None:
        self.folder = self._box.folders.get(_name(rest))
        if self.folder is None:
            self.send(tag + b" NO %s doesn't exist." % _name(rest).encode())
            return
        with self.end.post.lock:
            self.known = len(self.folder.messages)
            self.send(
                b"* %d EXISTS" % self.known,
                b"* FLAGS (%s)" % FLAGS,
                b"* OK [PERMANENTFLAGS (%s)] Permanent flags" % FLAGS,  # no \*: no keywords
                b"* OK [UIDVALIDITY %d] UIDVALIDITY value" % self.folder.uidvalidity,
                b"* OK [UIDNEXT %d] The next unique identifier value" % self.folder.next_uid,
                tag + b" OK completed.",
            )

    on_examine = on_select

    def on_create(self, tag: bytes, rest: bytes) -> None:
        with self.end.post.lock:
            self._box.folders.setdefault(_name(rest), Folder(2000 + len(self._box.folders)))
        self.send(tag + b" OK CREATE completed.")

    def on_search(self, tag: bytes, rest: bytes) -> None:
        with self.end.post.lock:
            uids = list(self._open.messages)
            if found := re.search(rb"SEARCH UID (\d+):\*", rest):
                uids = [uid for uid in uids if uid >= int(found[1])] or uids[-1:]
            elif found := re.search(rb"SEARCH UID ([\d,]+)", rest):
                uids = [uid for uid in uids if uid in {int(one) for one in found[1].split(b",")}]
            elif found := re.search(rb"SINCE (\S+)", rest):
                since = datetime.strptime(found[1].decode(), "%d-%b-%Y").date()  # noqa: DTZ007 (a date)
                uids = [uid for uid in uids if self._open.messages[uid].arrived.date() >= since]
        self.send(b" ".join([b"* SEARCH", *(b"%d" % uid for uid in uids)]), tag + b" OK SEARCH completed.")

    def on_fetch(self, tag: bytes, rest: bytes) -> None:
        for uid in asked(rest):
            with self.end.post.lock:
                stored = self._open.messages.get(uid)
                number = sum(other <= uid for other in self._open.messages)
            if stored is not None:
                self._give(number, uid, stored, rest)
        self.send(tag + b" OK FETCH completed.")

    def _give(self, number: int, uid: int, stored: Stored, rest: bytes) -> None:
        if b"RFC822.SIZE" in rest:
            date = stored.arrived.strftime('"%d-%b-%Y %H:%M:%S %z"').encode()
            self.send(b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %s)" % (number, uid, stored.size, date))
        elif b"BODYSTRUCTURE" in rest:
            told = structure(message_from_bytes(stored.raw))
            self.send(b"* %d FETCH (UID %d BODYSTRUCTURE %s)" % (number, uid, told))
        elif found := _SECTION.search(rest):
            peek, section, start, most = found.groups()
            if not peek:
                stored.flags.add(r"\Seen")
            if stored.fault == NOTHING:
                return
            data = section_of(stored.raw, section) if stored.fault != STUB else _STUB_TEXT % uid
            self.end.post.downloaded(self._box, stored)
            data = data if start is None else data[int(start) : int(start) + int(most)]
            label = b"BODY[%s]" % section + (b"" if start is None else b"<%s>" % start)
            self.send(b"* %d FETCH (UID %d %s {%d}\r\n%s)" % (number, uid, label, len(data), data))

    def on_move(self, tag: bytes, rest: bytes) -> None:
        found = re.search(rb"MOVE ([\d,]+) ", rest)
        assert found is not None
        with self.end.post.lock:
            target = self._box.folders[_name(rest)]
            for uid in [int(one) for one in found[1].split(b",")]:
                if (stored := self._open.messages.get(uid)) is not None:
                    number = sum(other <= uid for other in self._open.messages)
                    del self._open.messages[uid]
                    target.messages[target.next_uid] = stored
                    target.next_uid += 1
                    self.send(b"* %d EXPUNGE" % number)
        self.send(tag + b" OK MOVE completed.")

    def on_idle(self, tag: bytes, _rest: bytes) -> bool:
        folder = self._open

        def tell() -> None:
            self.known = len(folder.messages)
            with suppress(OSError):
                self.send(b"* %d EXISTS" % self.known)

        self.send(b"+ IDLE accepted, awaiting DONE command.")
        with self.end.post.lock:
            folder.listeners.append(tell)
            if len(folder.messages) != self.known:
                tell()
        try:
            done = self.file.readline().strip().upper() == b"DONE"
        finally:
            with self.end.post.lock:
                folder.listeners.remove(tell)
        self.send(tag + b" OK IDLE completed.")
        return not done

    @property
    def _box(self) -> Mailbox:
        if self.box is None:
            raise EOFError("not signed in")
        return self.box

    @property
    def _open(self) -> Folder:
        if self.folder is None:
            raise EOFError("no folder is open")
        return self.folder


def _name(rest: bytes) -> str:
    """Return the folder that a command names last."""
    found = re.search(rb'(?:"([^"]*)"|(\S+))$', rest)
    assert found is not None
    name = (found[1] or found[2]).decode()
    return "INBOX" if name.upper() == "INBOX" else name
