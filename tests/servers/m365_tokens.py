"""The token endpoint of a Microsoft 365 of ours: client credentials, tokens that last an hour by a given clock."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CLIENT_ID = "00000000-0000-4000-8000-000000000365"
SECRET = "the-client-secret-of-a-test"
SCOPE = "https://outlook.office365.com/.default"
PATH = "/example.org/oauth2/v2.0/token"


class TokenEndpoint:
    """Gives tokens; says which are good. `answer` makes the next ones be refused."""

    def __init__(self, clock: Callable[[], datetime], context: ssl.SSLContext | None = None) -> None:
        self.clock = clock
        self.life = timedelta(seconds=3599)
        self.secret = SECRET
        self.answer: tuple[int, str, str] | None = None  # (HTTP status, error, description)
        self.body: bytes | None = None  # given instead of a token
        self.asked = 0
        self.issued: dict[str, datetime] = {}  # token -> its end
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._scheme = "https" if context else "http"
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where tokens are asked for."""
        name = "localhost" if self._scheme == "https" else "127.0.0.1"
        return f"{self._scheme}://{name}:{self._server.server_address[1]}{PATH}"

    def good(self, token: str) -> bool:
        """Tell whether a token was given here and has not run out."""
        with self._lock:
            return token in self.issued and self.clock() < self.issued[token]

    def revoke(self) -> None:
        """Take back every token."""
        with self._lock:
            self.issued.clear()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        with self._lock:
            self.asked += 1
            if self.body is not None:
                return 200, self.body
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "scope": SCOPE}
            if self.answer is not None:
                return _refusal(*self.answer)
            if path != PATH:
                return _refusal(400, "invalid_request", "AADSTS90002: Tenant 'x' not found.")
            if given.pop("client_secret", None) != self.secret:
                return _refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
            if given != wanted:
                return _refusal(400, "invalid_scope", "AADSTS70011: The provided request must include a 'scope'.")
            token = f"{secrets.token_urlsafe(1200)}.{len(self.issued)}"  # as long as theirs are
            self.issued[token] = self.clock() + self.life
            seconds = int(self.life.total_seconds())
            return 200, json.dumps({"token_type": "Bearer", "expires_in": seconds, "access_token": token}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = endpoint.reply(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if status // 100 == 3:
                    self.send_header("Location", endpoint.url)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _refusal(status: int, error: str, description: str) -> tuple[int, bytes]:
    return status, json.dumps({"error": error, "error_description": f"{description} Trace ID: 1"}).encode()
