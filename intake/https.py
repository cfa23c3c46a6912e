"""Posts over HTTPS, or over HTTP to this machine: certificates verified, nothing followed. The only user of urllib."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request
from urllib.request import build_opener as opener_of

from intake.loopback import is_loopback

LARGEST = 100_000  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes  # as far as it was read


class _NoRedirects(HTTPRedirectHandler):
    """What is posted goes to the address that was configured, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: urllib then raises HTTPError."""


def may_be_told(url: str) -> bool:
    """Tell whether anything may be sent to that URL: over TLS, or to this machine (X2)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 (raises for what is none)
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_plain and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float, ca_file: Path | None = None) -> Answer:
    """Post `body` and return the answer, whatever its status; `timeout` is in seconds without a byte.

    `ca_file`: PEM, None for the system's. Raises OSError (ssl.SSLError among them), HTTPException, or ValueError for a
    URL that nothing may be sent to.
    """
    if not may_be_told(url):
        raise ValueError("nothing may be sent to this URL")
    request = Request(url, body, dict(headers))  # noqa: S310 (checked)
    try:
        with _opener(url, ca_file).open(request, timeout=timeout) as response:
            return Answer(response.status, response.read(LARGEST))
    except HTTPError as error:
        with error:
            return Answer(error.code, _read(error))
    except URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None


def _read(error: HTTPError) -> bytes:
    try:
        return error.read(LARGEST)
    except (OSError, http.client.HTTPException):
        return b""


def _opener(url: str, ca_file: Path | None) -> OpenerDirector:
    """Return what asks: by the system's proxy to another machine, by none to this one."""
    context = ssl.create_default_context(cafile=ca_file)
    proxies = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else []
    return opener_of(HTTPHandler(), HTTPSHandler(context=context), _NoRedirects(), *proxies)
