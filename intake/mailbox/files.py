"""Mail from files, for a backlog: a Maildir, an mbox, an .eml file or a folder of them. Nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from intake.errors import UserError
from intake.mailbox.arrival import HEAD, dated, received
from intake.mailbox.idle import Waker
from intake.mailbox.mbox import entries, is_separator, separated
from intake.mailbox.source import Fetched, Ledger, Place

BATCH = 50  # messages
BATCH_BYTES = 8_000_000
_INFO = re.compile(r"[:;!]2,[A-Za-z]*$")  # flags at the end of a Maildir's file name, by the systems' separators
_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?[!-9;-~]+[ \t]*:")  # a header line (RFC 5322 §2.2)
_SECONDS = re.compile(r"(\d{9,11})\.")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Found:
    """One file that holds one message."""

    path: Path
    uid: str
    arrived: datetime


class FileSource:
    """A `Source` over files; what the path holds tells which kind."""

    def __init__(self, path: Path, size_limit: int = 50_000_000, clock: Callable[[], datetime] = _now) -> None:
        """Look at `path`. Raises UserError where there is no mail; above `size_limit` bytes a message is cut."""
        self._path = path.resolve()
        self.name = str(self._path)
        self.notices: Sequence[str] = ()
        self._limit = size_limit
        self._clock = clock
        self._waker = Waker()
        self._list = self._kind()

    def count(self) -> int:
        """Return how many messages there are. Raises UserError."""
        if self._list is None:
            with _readable(self._path):
                return sum(1 for _ in entries(self._path, 0))
        return len(self._list())

    def fetch(self, ledger: Ledger) -> Iterator[Sequence[Fetched]]:
        """Yield batches of what the ledger does not know, oldest first; an mbox in its own order. Raises UserError."""
        known = ledger.known(self.name, "", 0)
        messages = self._from_mbox(known) if self._list is None else self._from_files(self._list(), known)
        batch: list[Fetched] = []
        for message in messages:
            if batch and (len(batch) == BATCH or sum(len(one.raw) for one in batch) + len(message.raw) > BATCH_BYTES):
                yield batch
                batch = []
            batch.append(message)
        if batch:
            yield batch

    def settle(self, places: Iterable[Place]) -> None:
        """Leave the files as they are."""

    def wait(self, seconds: float) -> bool:
        """Wait for `wake`; files announce nothing."""
        self._waker.sleep(seconds)
        return False

    def wake(self) -> None:
        """End a `wait` that another thread is in, or the next one."""
        self._waker.wake()

    def close(self) -> None:
        """Nothing is open between two batches."""

    def _kind(self) -> Callable[[], list[_Found]] | None:
        """Return what lists the files, None for an mbox."""
        path = self._path
        if path.is_file():
            with _readable(path), path.open("rb") as file:
                line = file.readline(1000)
            if is_separator(line, first=True):
                return None
            if _FIELD.match(line):
                return lambda: [self._eml(path)]
            raise UserError(f"{path} is neither an mbox nor a message: it begins with no header line")
        if (path / "cur").is_dir() and (path / "new").is_dir():
            return self._maildir
        if path.is_dir() and next(_emls(path), None) is not None:
            return lambda: sorted((self._eml(one) for one in _emls(path)), key=_order)
        raise UserError(f"{path} is neither a Maildir, an mbox file, an .eml file nor a folder that holds .eml files")

    def _maildir(self) -> list[_Found]:
        found = {}
        for path in (one for folder in ("new", "cur") for one in (self._path / folder).iterdir()):
            modified = _modified(path)
            if modified is not None and not path.name.startswith("."):
                named = _SECONDS.match(path.name)
                delivered = datetime.fromtimestamp(int(named.group(1)), UTC) if named else modified
                uid = _INFO.sub("", path.name)
                found[uid] = _Found(path, uid, min(delivered, modified))
        return sorted(found.values(), key=_order)

    def _eml(self, path: Path) -> _Found:
        uid = path.name if path == self._path else path.relative_to(self._path).as_posix()
        try:
            with path.open("rb") as file:
                head = file.read(HEAD)
        except OSError:
            head = b""  # whoever reads it will say so
        return _Found(path, uid, self._arrived(path, received(head), dated(head)))

    def _arrived(self, path: Path, *told: datetime | None) -> datetime:
        """Return the first date that is told and has passed; else when the file was written."""
        now = self._clock()
        passed = (one for one in told if one is not None and one <= now + timedelta(days=1))
        return next(passed, None) or _modified(path) or now

    def _from_files(self, files: Sequence[_Found], known: Set[str]) -> Iterator[Fetched]:
        for one in files:
            if one.uid in known:
                continue
            place = Place(self.name, "", 0, one.uid)
            try:
                with one.path.open("rb") as file:
                    raw = file.read(self._limit + 1)
                    size = one.path.stat().st_size
            except FileNotFoundError:
                continue
            except OSError as error:
                yield Fetched(place, b"", one.arrived, fault=f"The file cannot be read: {error.strerror}.")
            else:
                yield self._fetched(place, raw, size, one.arrived)

    def _from_mbox(self, known: Set[str]) -> Iterator[Fetched]:
        with _readable(self._path):
            for entry in entries(self._path, self._limit):
                uid = f"{entry.offset}-{sha256(entry.raw).hexdigest()[:16]}"
                if uid not in known:
                    told = (separated(entry.separator), received(entry.raw), dated(entry.raw))
                    place = Place(self.name, "", 0, uid)
                    yield self._fetched(place, entry.raw, entry.size, self._arrived(self._path, *told))

    def _fetched(self, place: Place, raw: bytes, size: int, arrived: datetime) -> Fetched:
        if not raw:
            return Fetched(place, b"", arrived, fault="The file holds nothing here.")
        left = ""
        if size > self._limit:
            left = (
                f"The message has {size / 1e6:.1f} MB; what is beyond {self._limit / 1e6:.1f} MB was left in the file."
            )
        return Fetched(place, raw[: self._limit], arrived, left_behind=left)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _emls(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() == ".eml" and path.is_file())


def _modified(path: Path) -> datetime | None:
    """Return when a file was last written; None where there is no file."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None
    except OSError:
        return None


def _order(one: _Found) -> tuple[datetime, str]:
    return one.arrived, one.uid
