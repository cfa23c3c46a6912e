"""imapclient and imaplib as a daemon needs them: bounded literals, long lines, TLS, no trace.

The only user of imapclient.
"""

from __future__ import annotations

import imaplib
import io
import socket
import ssl
from base64 import b64encode
from typing import IO, Any, cast

from imapclient import IMAPClient, SocketTimeout, imap_utf7

from intake.mailbox.imap_settings import ImapSettings

LINE = 16_000_000  # bytes of one response line: the UIDs of a million messages
LITERALS = 4_000_000  # bytes of literals in the answer to any command but those that fetch a message


class _Imap4(imaplib.IMAP4):
    """imaplib with bounded literals, longer lines, TLS and TCP_NODELAY."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, timeout: float) -> None:
        self._context = context
        self.allowance = LITERALS
        self.overflowed = False
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._context.wrap_socket(sock, server_hostname=self.host) if self._context else sock

    def read(self, size: int) -> bytes:
        """Read a literal; one beyond the allowance is thrown away, and the answer then fails to parse."""
        self.allowance -= size
        if self.allowance >= 0:
            return super().read(size)
        self.overflowed = True
        while size > 0 and (piece := super().read(min(size, 65_536))):
            size -= len(piece)
        return b""

    def readline(self) -> bytes:
        """Read a line; imaplib's own limit is too short for the UIDs of a large folder."""
        line = cast("IO[bytes]", self.file).readline(LINE + 1)
        if len(line) > LINE:
            raise self.abort("a line of more than 16 MB")
        return line


class Client(IMAPClient):  # type: ignore[misc] # imapclient is not typed
    """imapclient over `_Imap4`."""

    _imap: _Imap4

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext | None) -> None:
        """Connect. Raises OSError, imaplib's errors."""
        self.context = context
        timeout = SocketTimeout(connect=settings.timeout, read=settings.timeout)
        super().__init__(settings.host, settings.port, ssl=settings.tls == "tls", timeout=timeout)
        self._imap.debug = 0  # imapclient turns on a trace that would hold addresses
        self.normalise_times = False
        self.folder_encode = False  # one name that it cannot decode would cost us all of them

    def _create_IMAP4(self) -> _Imap4:  # noqa: N802 (imapclient's name)
        return _Imap4(self.host, self.port, self.context if self.ssl else None, self._timeout.connect)

    def allow(self, literals: int) -> None:
        """Let the next command bring `literals` bytes of literals."""
        self._imap.allowance, self._imap.overflowed = literals, False

    @property
    def overflowed(self) -> bool:
        """Whether the last command brought more."""
        return self._imap.overflowed

    def fresh_capabilities(self) -> frozenset[str]:
        """Return what the server can do, forgetting what it said before login."""
        self._cached_capabilities = None
        return frozenset(one.decode("ascii", "replace") for one in self.capabilities())

    def idle(self) -> bool:
        """Begin to idle (RFC 2177); return whether new mail was announced since the folder was opened."""
        self._idle_tag = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            if self._imap.tagged_commands[self._idle_tag]:
                raise self.Error("the server takes no IDLE")
        return len(set(self._imap.untagged_responses.get("EXISTS", ()))) > 1

    def heard(self) -> bool:
        """Say whether something came that poll() cannot see: TLS, or the read before, may have taken it in already."""
        self.socket().setblocking(False)
        try:
            return bool(cast("io.BufferedReader", self._imap.file).peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            self.socket().settimeout(self._timeout.read)

    def sign_in(self, user: str, secret: str, auth: str) -> None:
        """Use SASL where possible: LOGIN knows ASCII only."""
        if auth == "xoauth2":
            answers = iter((_bearer(user, secret),))
            self.sasl_login("XOAUTH2", lambda _: next(answers, ""))  # a second challenge holds the error
        elif "AUTH=PLAIN" in self._imap.capabilities or not (user + secret).isascii():
            self.plain_login(user, secret)
        else:
            self.login(user, secret)


def encoded(folder: str) -> bytes:
    """Return a folder's name as it goes over the wire: modified UTF-7 (RFC 3501 §5.1.3)."""
    return cast("bytes", imap_utf7.encode(folder))


def decoded(folder: Any) -> str:
    """Return a folder's name as people see it; as it is where it is no modified UTF-7."""
    try:
        return str(imap_utf7.decode(folder))
    except ValueError:
        return cast("bytes", folder).decode("ascii", "backslashreplace")


def without(words: str, user: str, secret: str) -> str:
    """Return a server's words without the secret, in whatever form it was sent."""
    sent = (f"\0{user}\0{secret}", _bearer(user, secret))
    for form in (secret, *(b64encode(one.encode()).decode() for one in sent)):
        words = words.replace(form, "***") if form else words
    return words


def _bearer(user: str, token: str) -> str:
    return f"user={user}\x01auth=Bearer {token}\x01\x01"
