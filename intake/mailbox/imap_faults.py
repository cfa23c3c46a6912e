"""What goes wrong with a mail server, in sentences that say who must do what, without secrets and addresses."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from intake.errors import Temporary, UserError
from intake.mailbox.imap_client import without
from intake.mailbox.imap_settings import ImapSettings

_PASSING = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA", "SERVERBUG", "EXPUNGEISSUED"})  # RFC 5530 §3
_BUSY = re.compile(  # 432 is Microsoft 365's answer to too many connections
    r"try again|temporar|unavailable|too many|throttl|backoff|maximum number|limit exceeded|\b432\b", re.I
)


class Refused(Temporary):
    """The server said NO or BAD, or its answer cannot be read; the mailbox can still be talked to."""

    def __init__(self, message: str, code: str = "", *, busy: bool = False) -> None:
        """Carry the sentence, the response code (RFC 5530) or "", and whether any message would be refused now."""
        super().__init__(message)
        self.code = code
        self.busy = busy


class TooMuch(Refused):
    """The server sent more than it was asked for; the rest was thrown away unread."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Turns the library's errors into ours, for one mailbox."""

    settings: ImapSettings

    @property
    def who(self) -> str:
        """How every sentence begins."""
        return f"mailbox {self.settings.name}"

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Tell what keeps us from a connection."""
        host, port = self.settings.host, self.settings.port
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise UserError(
                f"{self.who}: the certificate of {host} does not verify ({error.verify_message}): `host` must be the "
                "name it is made out to, and its issuer one that this machine trusts"
            ) from error
        except ssl.SSLError as error:
            if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
                raise UserError(f"{self.who}: {host} speaks no TLS on port {port}; `tls: starttls`?") from error
            raise Temporary(f"{self.who}: no TLS with {host} ({_reason(error)})") from error
        except imaplib.IMAP4.abort as error:
            raise Temporary(f"{self.who}: {host} port {port} broke off ({_words(error)})") from error
        except OSError as error:
            raise Temporary(f"{self.who}: {host} port {port} cannot be reached ({_reason(error)})") from error

    def not_signed_in(self, error: imaplib.IMAP4.error, secret: str) -> Temporary | UserError:
        """Return what to raise when the server does not let us in."""
        words = _one_line(self._discreet(without(str(error), self.settings.user, secret)))
        said = f"the server said: {words}"
        broke_off = isinstance(error, imaplib.IMAP4.abort) or isinstance(error.__context__, imaplib.IMAP4.abort)
        if broke_off or _code(words) in _PASSING or _BUSY.search(words):
            return Temporary(f"{self.who}: not signed in for now ({said})")
        if "authenticated but not connected" in words.lower():
            return UserError(
                f"{self.who}: the account is good but may not open this mailbox by IMAP: switch IMAP on for the "
                f"mailbox and grant the application access to it ({said})"
            )
        if self.settings.auth == "xoauth2":
            return UserError(
                f"{self.who}: the access token was not accepted: check `user`, the application's IMAP permission and "
                f"that it was granted on this mailbox ({said})"
            )
        return UserError(
            f"{self.who}: user name or password was not accepted: check `user` and where the password stands; "
            f"Microsoft 365 takes no passwords for IMAP, only OAuth: `sign-in: oauth` ({said})"
        )

    def broke_off(self, error: Exception) -> Temporary:
        """Return what to raise when a connection ends in the middle."""
        return Temporary(f"{self.who}: the connection broke off ({self._discreet(_words(error))})")

    def refused(self, error: imaplib.IMAP4.error, *, too_much: bool) -> Refused:
        """Return what to raise when the server says NO or BAD, or what nobody can read."""
        if too_much:
            return TooMuch(f"{self.who}: the server sent more than it was asked for")
        words = self._discreet(_words(error))
        code = _code(words)
        return Refused(f"{self.who}: {words}", code, busy=code in _PASSING - {"SERVERBUG"} or bool(_BUSY.search(words)))

    def _discreet(self, words: str) -> str:
        user = self.settings.user
        return re.sub(re.escape(user), "the user", words, flags=re.I) if user else words


def _words(error: BaseException) -> str:
    """Return what the server or the system said, on one line and not too long."""
    return _one_line(_reason(error) if isinstance(error, OSError) else str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)[:200].strip()


def _reason(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)


def _code(words: str) -> str:
    found = re.search(r"\[([A-Z][A-Z-]+)[\] ]", words)
    return found.group(1) if found else ""
