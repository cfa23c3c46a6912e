"""Access tokens by the client-credentials flow (RFC 6749 §4.4), as Microsoft 365 wants them for IMAP and SMTP.

A token is kept until shortly before it ends, or until a server refuses it.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from intake import https
from intake.errors import IntakeError, Temporary, UserError
from intake.loopback import is_loopback

MARGIN = timedelta(minutes=5)  # a token is renewed so long before its end, or a tenth of a short life
LIFE = timedelta(hours=1)  # of a token whose end the server does not tell (RFC 6749 §5.1)
NOTICE = timedelta(days=30)  # before the end of a client secret (H5)
_WHO = "OAuth"
_HEADERS = {"Accept": "application/json"}
_ERROR = re.compile(r"[A-Za-z_]{1,60}")
_NUMBER = re.compile(r"\bAADSTS\d{3,12}\b")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a bearer token is made of, and more (RFC 6750 §2.1)
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_MENDS = {  # by Microsoft's number, else by RFC 6749 §5.2
    "AADSTS7000222": "the client secret has run out: make a new one and put it in its place",
    "AADSTS7000215": "the client secret is not the right one: it is the secret's value that counts, not its id",
    "AADSTS700016": "the tenant does not know this `client-id`",
    "AADSTS90002": "there is no such tenant: check `token-url`",
    "invalid_client": "check `client-id`, and whether the client secret is right and has not run out",
    "unauthorized_client": "the application may not sign in by itself: check `client-id` and what it was granted",
    "invalid_scope": "check `scope`; Microsoft 365 wants https://outlook.office365.com/.default",
}


def runs_out(expires: date, today: date) -> str | None:
    """Return the sentence for a client secret whose last day is near, or over; None: there is time."""
    if expires - today > NOTICE:
        return None
    verb = "runs out" if today <= expires else "ran out"
    return (
        f"The client secret for OAuth {verb} on {expires}: mail is neither read nor sent without one. Make a new one, "
        "put it in its place, change `oauth.client-secret-expires`, and start the service anew"
    )


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """An application that signs in as itself. Raises UserError for an address that must not be used (X2)."""

    token_url: str
    client_id: str
    scope: str
    secret: str = field(repr=False)
    ca_file: Path | None = None  # PEM; None: the system's
    timeout: float = 30.0  # seconds without a byte

    def __post_init__(self) -> None:
        """Refuse to send the secret in clear text to another machine."""
        parts = urlsplit(self.token_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise UserError(f"{_WHO}: `token-url` must begin with https://")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    good_until: datetime  # from then on a new one is fetched


class AccessTokens:
    """The one token of an application, for as many threads and servers as ask."""

    def __init__(
        self, settings: OAuthSettings, clock: Callable[[], datetime], secret: Callable[[], str] | None = None
    ) -> None:
        """`clock` gives the instant, aware; `secret` the client secret as it is kept now. Nothing is fetched yet."""
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: _Token | None = None

    def token(self) -> str:
        """Return a token that is good for some minutes at least.

        Raises Temporary where none can be had now, UserError where a person must change something; no error holds
        the secret, a token, or a word of the server's but its error codes.
        """
        with self._lock:
            if self._kept is None or self._clock() >= self._kept.good_until:
                self._kept = None
                self._kept = self._fetched()
            return self._kept.text

    def refused(self) -> None:
        """Forget the token, which a server did not accept: what was granted since is in the next one only."""
        with self._lock:
            self._kept = None

    def _fetched(self) -> _Token:
        asked = self._clock()
        if self._secret:  # a new one may have been put in its place
            self._settings = replace(self._settings, secret=self._secret())
        answer = _answer(self._settings)
        text, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(text, str) or not _TOKEN.fullmatch(text):
            raise Temporary(f"{_WHO}: {_host(self._settings)} gave no token")
        life = timedelta(seconds=int(str(seconds))) if re.fullmatch(r"\d{1,9}", str(seconds)) else LIFE
        return _Token(text, asked + life - min(MARGIN, life / 10))


def _answer(settings: OAuthSettings) -> dict[str, Any]:
    """Ask for a token; return the answer's fields. Raises Temporary, UserError."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.secret,
        "scope": settings.scope,
    }
    try:
        answer = https.post(settings.token_url, urlencode(asked).encode(), _HEADERS, settings.timeout, settings.ca_file)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(settings, error) from None
    if answer.status // 100 != 2:
        raise _refused(settings, answer)
    return _fields(answer.body)


def _fields(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object; none where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refused(settings: OAuthSettings, told: https.Answer) -> IntakeError:
    """Return what to raise for an answer that is no token."""
    answer = _fields(told.body)
    code = _ERROR.fullmatch(str(answer.get("error", "")))
    number = _NUMBER.search(str(answer.get("error_description", "")))
    said = ", ".join([f"HTTP {told.status}", *(found[0] for found in (code, number) if found)])
    where = _host(settings)
    passing = told.status in {408, 429} or told.status >= 500 or (code and code[0] in _PASSING)
    if passing:
        return Temporary(f"{_WHO}: {where} gives no token now ({said})")
    mends = [_MENDS[found[0]] for found in (number, code) if found and found[0] in _MENDS]
    what = mends[0] if mends else "check `token-url`, `client-id` and `scope`"
    return UserError(f"{_WHO}: {where} refuses a token ({said}): {what}")


def _unreachable(settings: OAuthSettings, reason: Exception) -> IntakeError:
    """Return what to raise for a server that could not be asked."""
    where = _host(settings)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return UserError(f"{_WHO}: the certificate of {where} does not verify ({reason.verify_message})")
    if isinstance(reason, TimeoutError):
        return Temporary(f"{_WHO}: {where} did not answer in time")
    said = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
    return Temporary(f"{_WHO}: {where} cannot be asked for a token ({said})")


def _host(settings: OAuthSettings) -> str:
    return urlsplit(settings.token_url).hostname or "the token server"
