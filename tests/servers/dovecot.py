"""A private Dovecot on loopback: free ports, a folder of its own, its own certificate authority."""

from __future__ import annotations

import grp
import http.server
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.certificates import OPENSSL, make_certificates

PASSWORD = "correct-horse-£"  # of every user; not ASCII on purpose
TOKEN = "a-good-token"  # of every user
PROGRAM = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def missing() -> str:
    """Say why there is no Dovecot to test with; "" where there is one."""
    if PROGRAM is None:
        return "Dovecot is not installed"
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return "" if version.startswith("2.3.") else f"Dovecot {version} reads another configuration than 2.3"


_CONFIG = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 0
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:~/m
mail_max_userip_connections = 200
mailbox_list_index = yes
{ssl}
{extra}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {base}/oauth2
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/u/%u allow_all_users=yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service imap {{
  process_limit = 200
}}
"""
_OAUTH = """
introspection_mode = auth
introspection_url = http://127.0.0.1:{port}/
username_attribute = email
active_attribute = active
active_value = true
"""


@dataclass
class Dovecot:
    """Knows every user name under one password; each new name has an empty mailbox with INBOX and Junk."""

    capability: str = ""  # what it says it can do after login, instead of all it can
    host: str = "localhost"
    password: str = PASSWORD
    port: int = field(default=0, init=False)  # clear text and STARTTLS
    tls_port: int = field(default=0, init=False)
    lmtp_port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp" if len(tempfile.gettempdir()) > 40 else None))
        self.ca_file = self.base / "ca.pem"

    @property
    def has_tls(self) -> bool:
        """Whether a certificate could be made."""
        return OPENSSL is not None

    def user(self) -> str:
        """Return a user whose mailbox is empty."""
        return f"u{uuid.uuid4().hex[:12]}@example.org"

    def maildir(self, user: str) -> Path:
        """Where that user's mail lies."""
        return self.base / "u" / user / "m"

    def start(self) -> Dovecot:
        """Start it and wait until it answers. Raises AssertionError with its log."""
        self._tokens = _Tokens()
        self._prepare()
        for _ in range(3):  # somebody else may take a port between the choice and the start
            if self._launch():
                return self
        logs = [path.read_text() for path in (self.base / "out", self.base / "log") if path.exists()]
        self.stop()
        raise AssertionError("Dovecot did not start:\n" + "\n".join(logs))

    def _launch(self) -> bool:
        assert PROGRAM is not None
        self.port, self.tls_port, self.lmtp_port = free_ports(3)
        self._configure()
        command = [PROGRAM, "-F", "-c", str(self.base / "conf")]
        with (self.base / "out").open("wb") as out:
            west = {**os.environ, "TZ": "America/Los_Angeles"}  # a server counts days in its own zone
            self._process = subprocess.Popen(command, stdout=out, stderr=out, env=west, **self._owner())
        end = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < end:
            if self._answers():
                return True
            time.sleep(0.02)
        return False

    def stop(self) -> None:
        """Stop it and remove everything it wrote."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._tokens.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def _account(self) -> pwd.struct_passwd:
        """Whom it runs as: ourselves, or somebody without rights where we are root."""
        if os.getuid():
            return pwd.getpwuid(os.getuid())
        return next(entry for entry in pwd.getpwall() if entry.pw_name in {"mail", "nobody"})

    def _owner(self) -> dict[str, object]:
        account = self._account()
        return {} if os.getuid() else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _prepare(self) -> None:
        for name in ("run", "state", "u"):
            (self.base / name).mkdir()
        if self.has_tls:
            make_certificates(self.base)
        (self.base / "oauth2").write_text(_OAUTH.format(port=self._tokens.port))

    def _configure(self) -> None:
        account = self._account()
        ssl = (
            f"ssl = yes\nssl_cert = <{self.base}/cert.pem\nssl_key = <{self.base}/key.pem"
            if self.has_tls
            else "ssl = no"
        )
        text = _CONFIG.format(
            base=self.base,
            user=account.pw_name,
            group=grp.getgrgid(account.pw_gid).gr_name,
            uid=account.pw_uid,
            gid=account.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
            lmtp_port=self.lmtp_port,
            password=self.password,
            ssl=ssl,
            extra=f"imap_capability = {self.capability}" if self.capability else "",
        )
        (self.base / "conf").write_text(text, "utf-8")
        for path in (self.base, *self.base.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                return sock.recv(4) == b"* OK"
        except OSError:
            return False


class _Tokens:
    """Tells Dovecot whose an access token is (RFC 7662, as far as Dovecot asks)."""

    def __init__(self) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token, _, user = self.headers.get("Authorization", "").removeprefix("Bearer ").partition(":")
                good = token == TOKEN and bool(user)
                body = json.dumps({"email": user if good else "nobody", "active": good}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def token_of(user: str) -> str:
    """Return an access token that is good for `user`."""
    return f"{TOKEN}:{user}"


def free_ports(count: int) -> list[int]:
    """Return ports on loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
