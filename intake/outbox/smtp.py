"""Sends one mail at a time over a kept connection; the only importer of smtplib.

What the server answers, and when, tells what to do next (O2, O3):
- nothing can be sent now, whatever the mail (no connection, no TLS, no AUTH, no MAIL FROM, a quota, no SMTP): `Hold`;
- this mail to this recipient, later: `Temporary`; never: `Permanent`;
- the whole mail was handed over and no answer came: `Unknown`.
Errors bear the stage and the reply's codes, never its text, which may hold an address.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from intake.errors import IntakeError, Permanent, Temporary, UserError
from intake.loopback import is_loopback

Tls = Literal["tls", "starttls", "none"]
Reply = tuple[int, bytes]

_FAREWELL = 2.0  # seconds for the server to answer QUIT: a clean stop has ten

# Replies by which a server refuses us rather than the recipient (RFC 4954 §4 and §6, RFC 5321 §3.8; 432 is
# Microsoft 365's answer to too many connections).
_HOLD_CODES = frozenset({421, 432, 454, 530, 534, 535, 538})
_HOLD_ENHANCED = frozenset({"5.1.8", "5.1.90", "5.2.0", "5.4.5", "5.7.57", "5.7.60", "5.7.705", "5.7.708", "5.7.750"})
_HOLD_WORDS = re.compile(
    rb"send[- ]?as|(sending|daily|hourly|submission|outbound|message)[- ]?(user )?(sending )?(quota|limit|rate)"
    rb"|rate[- ]?limit|too many (messages|connections|concurrent)|throttl",
    re.IGNORECASE,
)
_ENHANCED = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")  # RFC 3463 §2
_MAILBOX = re.compile(r"[45]\.2\.[1-4]")  # the recipient's own mailbox: disabled, full, too small for it
_ADDRESS = re.compile(
    r"""[^\s\x00-\x20\x7f()<>\[\]:;,\\"@]+@[^\s\x00-\x20\x7f()<>\[\]:;,\\"@]+"""
)  # no quoting, no comments


class Hold(Temporary):
    """The server takes nothing from us now: hold the queue, and tell somebody."""


class Unknown(IntakeError):
    """No answer came after the final dot: nobody can tell whether the mail will arrive (RFC 5321 §4.5.3.2.6)."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach the server that takes our mail."""

    host: str
    port: int
    tls: Tls
    user: str | None = None  # None: no AUTH
    secret: str | Callable[[], str] | None = field(default=None, repr=False)  # asked anew for each connection
    auth: Literal["password", "xoauth2"] = "password"
    refused: Callable[[], None] = lambda: None  # told when the server does not accept the secret
    ca_file: Path | None = None  # PEM; None: the system's
    local_hostname: str = "localhost"  # what EHLO says
    timeout: float = 30.0  # seconds for each command
    answer_timeout: float = 600.0  # seconds for the answer to the final dot (RFC 5321 §4.5.3.2.6)

    def __post_init__(self) -> None:
        """Refuse clear text to another machine (X2): UserError."""
        if self.tls == "none" and not is_loopback(self.host):
            raise UserError("SMTP without TLS is for this machine only (127.0.0.1)")


class SmtpClient:
    """One connection at most, one thread at a time."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._kept: smtplib.SMTP | None = None

    def send(self, envelope_from: str, recipient: str, mail: bytes) -> None:
        """Hand over one mail (CRLF, 7-bit) for one recipient; "" is the null path.

        Raises Hold, Temporary, Permanent or Unknown.
        """
        if not _ADDRESS.fullmatch(recipient):
            raise Permanent("SMTP: the recipient is no address")
        recipient = _with_ascii_domain(recipient)
        connection = self._ready()
        options = self._options(connection, recipient)
        with self._before_the_dot():
            _expect(connection.mail(envelope_from, options), "MAIL", refused_is_hold=True)
            # Not `rcpt()`, which reads what it is given as a header and may find another address in it.
            _expect(connection.docmd("RCPT", f"TO:<{recipient}>"), "RCPT")
            _expect(connection.docmd("DATA"), "DATA", wanted=3)
            connection.send(_stuffed(mail))
        self._finish(connection)

    def close(self) -> None:
        """Say good-bye and let go of the connection; never raises."""
        connection, self._kept = self._kept, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if connection.sock is not None:
                    connection.sock.settimeout(_FAREWELL)
                connection.quit()
            connection.close()

    def _ready(self) -> smtplib.SMTP:
        """Return a connection that answers: the kept one after RSET, or a new one."""
        if self._kept is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if self._kept.rset()[0] == 250:
                    return self._kept
            self._drop()
        self._kept = self._connected()
        return self._kept

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        connection: smtplib.SMTP | None = None
        stage = "connect"
        try:
            context = None if settings.tls == "none" else ssl.create_default_context(cafile=settings.ca_file)
            connection = self._open(context)
            if connection.sock is not None:
                # The final dot goes out by itself: Nagle's algorithm would hold it back for 40 ms.
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stage = "EHLO"
            connection.ehlo_or_helo_if_needed()
            if settings.tls == "starttls":
                stage = "STARTTLS"
                connection.starttls(context=context)
                connection.ehlo_or_helo_if_needed()
            if settings.user is not None:
                stage = "AUTH"
                _sign_in(connection, settings, settings.user)
        except IntakeError as error:  # there is no token now
            _close(connection)
            raise Hold(f"SMTP {stage}: {error}") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            _close(connection)
            raise Hold(f"SMTP {stage}: {_told(error)}") from None
        return connection

    def _open(self, context: ssl.SSLContext | None) -> smtplib.SMTP:
        settings = self._settings
        where, name, seconds = (settings.host, settings.port), settings.local_hostname, settings.timeout
        if settings.tls == "tls":
            return smtplib.SMTP_SSL(*where, local_hostname=name, timeout=seconds, context=context)
        return smtplib.SMTP(*where, local_hostname=name, timeout=seconds)

    def _options(self, connection: smtplib.SMTP, recipient: str) -> list[str]:
        """Return the options of MAIL: SMTPUTF8 (RFC 6531) for a recipient that needs it."""
        if recipient.isascii():
            return []
        if not connection.has_extn("smtputf8"):
            raise Permanent("SMTP: the server takes no addresses in other scripts (SMTPUTF8)")
        return ["SMTPUTF8"]

    @contextmanager
    def _before_the_dot(self) -> Iterator[None]:
        """The server has not the whole mail: what is lost here is lost for certain."""
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Hold(f"SMTP connection: {_told(error)}") from None
        except Hold:
            self.close()
            raise

    def _finish(self, connection: smtplib.SMTP) -> None:
        """Send the final dot and wait for the answer."""
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._settings.answer_timeout)
            connection.send(b".\r\n")
            reply = connection.getreply()
            if connection.sock is not None:
                connection.sock.settimeout(self._settings.timeout)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unknown(f"SMTP: no answer after the final dot: {_told(error)}") from None
        if reply[0] // 100 not in {2, 4, 5}:
            self._drop()
            raise Unknown("SMTP: the answer after the final dot is no reply")
        _expect(reply, "after the mail")

    def _drop(self) -> None:
        _close(self._kept)
        self._kept = None


def _sign_in(connection: smtplib.SMTP, settings: SmtpSettings, user: str) -> None:
    """Sign in by password or by token (XOAUTH2). Raises smtplib's errors, and those of whoever gives the secret."""
    secret = settings.secret() if callable(settings.secret) else settings.secret or ""
    try:
        if settings.auth == "xoauth2":
            connection.auth("XOAUTH2", _Bearer(user, secret))
        else:
            connection.login(user, secret)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code // 100 == 5:
            settings.refused()
        raise


@dataclass(frozen=True, slots=True)
class _Bearer:
    """What smtplib asks for: the token first, and nothing for the challenge by which a server tells an error."""

    user: str
    token: str = field(repr=False)

    def __call__(self, challenge: bytes | None = None) -> str:
        """Return the client's part of XOAUTH2."""
        return "" if challenge else f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"


def _expect(reply: Reply, stage: str, *, wanted: int = 2, refused_is_hold: bool = False) -> None:
    code, text = reply
    if code // 100 != wanted:
        _refuse(code, text, stage, hold=refused_is_hold)


def _refuse(code: int, text: bytes, stage: str, *, hold: bool) -> NoReturn:
    found = _ENHANCED.match(text)
    enhanced = found[1].decode() if found else ""
    told = f"SMTP {stage}: {code} {enhanced}".rstrip()
    about_recipient = stage == "RCPT"  # and so are its words
    if hold or code < 200 or _is_about_us(code, enhanced, b"" if about_recipient else text):
        raise Hold(told)
    if code // 100 == 5:
        raise Permanent(told)
    raise Temporary(told)


def _is_about_us(code: int, enhanced: str, text: bytes) -> bool:
    """Tell whether the server refuses the sender whatever the recipient: quota, rate, or the right to send (O3)."""
    if code in _HOLD_CODES or enhanced in _HOLD_ENHANCED:
        return True
    if _MAILBOX.fullmatch(enhanced):
        return False
    return bool(_HOLD_WORDS.search(text)) or (code == 554 and b"quota" in text.lower())


def _told(error: Exception) -> str:
    """Return an error's codes or kind, without the server's text."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        found = _ENHANCED.match(text)
        return f"{error.smtp_code} {found[1].decode() if found else ''}".rstrip()
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {error.verify_message}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server closed the connection, or said nothing in time"
    if isinstance(error, smtplib.SMTPException):
        return str(error)  # smtplib's own words
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _stuffed(mail: bytes) -> bytes:
    """Return the mail with CRLF at its end and a second dot before each that begins a line (RFC 5321 §4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _with_ascii_domain(address: str) -> str:
    """Return the address with its domain as DNS has it (RFC 5890 A-labels). Raises Permanent."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise Permanent("SMTP: the recipient's domain is no domain") from None


def _close(connection: smtplib.SMTP | None) -> None:
    if connection is not None:
        connection.close()
