"""One connection to an IMAP server: the few commands we use, bounded in memory and time.

Every failure leaves here as one of three: Refused, when the server said no or said nothing that can be read;
Temporary, when the connection broke off (it is closed then); UserError, when a person must change something.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from intake.errors import Temporary, UserError
from intake.mailbox.imap_client import LITERALS, Client, decoded, encoded
from intake.mailbox.imap_faults import Faults, Refused
from intake.mailbox.imap_settings import ImapSettings, same_folder

_FAREWELL = 2.0  # seconds for the server to answer LOGOUT
_SLACK = 65_536  # bytes of other literals that may come with a message


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server says about a message before it is fetched."""

    uid: int
    size: int  # bytes; may be an estimate
    arrived: datetime | None  # INTERNALDATE in UTC; None: the server gave none that can be read


class Session:
    """A signed-in connection. Not for two threads at once."""

    def __init__(self, settings: ImapSettings) -> None:
        """Connect, secure and sign in. Raises Temporary, UserError; then nothing stays open."""
        self._settings = settings
        self._faults = Faults(settings)
        self._who = self._faults.who
        self._selected: tuple[str, bool, int] | None = None  # folder, writable, UIDVALIDITY
        self.closed = False
        self._client = self._connect()
        try:
            self._secure()
            self._sign_in()
            with self._speaking():
                self.capabilities = self._client.fresh_capabilities()
        except BaseException:
            self.drop()
            raise

    def has(self, capability: str) -> bool:
        """Say whether the server has `capability`, by what it told after login (RFC 9051 §6.1.1)."""
        return capability in self.capabilities

    @property
    def opened(self) -> tuple[str, int] | None:
        """The folder that is open to be read, with its UIDVALIDITY."""
        return (self._selected[0], self._selected[2]) if self._selected and not self._selected[1] else None

    def folders(self) -> list[tuple[str, frozenset[str]]]:
        """Return every folder's decoded name and attributes (in lower case)."""
        with self._speaking():
            listed = self._client.list_folders()
        return [(decoded(name), frozenset(_text(flag).lower() for flag in flags)) for flags, _, name in listed]

    def open(self, folder: str, *, writable: bool = False, again: bool = True) -> int:
        """Select `folder`, read-only unless `writable`; return its UIDVALIDITY.

        With `again=False` a folder that is open already is left as it is. Raises UserError where it cannot be had.
        """
        if not again and self._selected is not None and self._selected[:2] == (folder, writable):
            return self._selected[2]
        self._selected = None
        try:
            with self._speaking():
                answer = self._client.select_folder(encoded(folder), readonly=not writable)
        except Refused as error:
            raise self._not_open(folder, error) from error
        uidvalidity = answer.get(b"UIDVALIDITY")
        if uidvalidity is None:
            raise Temporary(f"{self._who}: the server gives no UIDVALIDITY for the folder “{folder}”")
        self._selected = (folder, writable, uidvalidity)
        return int(uidvalidity)

    def search(self, since: date | None = None) -> list[int]:
        """Return the UIDs in the open folder; with `since` those whose INTERNALDATE, as the server counts days, is."""
        with self._speaking():
            return list(self._client.search(["SINCE", since] if since else "ALL"))

    def search_above(self, uid: int) -> list[int]:
        """Return the UIDs above `uid`."""
        with self._speaking():
            found = self._client.search(["UID", f"{uid + 1}:*"])
        return [one for one in found if one > uid]  # `n:*` holds the last message even below n (RFC 9051 §9)

    def existing(self, uids: Sequence[int]) -> list[int]:
        """Return those of `uids` that the open folder still holds."""
        with self._speaking():
            return list(self._client.search(["UID", ",".join(map(str, uids))]))

    def listing(self, uids: Sequence[int]) -> list[Listed]:
        """Return size and arrival of those of `uids` that are still there, in their order."""
        with self._speaking():
            answer = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        return [
            Listed(uid, int(data.get(b"RFC822.SIZE") or 0), _utc(data.get(b"INTERNALDATE")))
            for uid, data in answer.items()
            if b"RFC822.SIZE" in data or b"INTERNALDATE" in data
        ]

    def section(self, uids: Sequence[int], section: str, limit: int, start: int = 0) -> dict[int, bytes | None]:
        """Return at most `limit` bytes from `start` of a section ("" is the whole message) of each of `uids`.

        None: the server had no data for it. A UID that is gone is not in the answer. Raises TooMuch.
        """
        item = f"BODY.PEEK[{section}]<{start}.{limit}>"
        with self._speaking(limit * len(uids) + _SLACK):
            answer = self._client.fetch(uids, [item])
        key = f"BODY[{section}]".encode()
        return {uid: _data(data, key) for uid, data in answer.items()}

    def structure(self, uid: int) -> Any:
        """Return the parsed BODYSTRUCTURE (RFC 9051 §7.5.2) as nested tuples, or None."""
        with self._speaking():
            return self._client.fetch([uid], ["BODYSTRUCTURE"]).get(uid, {}).get(b"BODYSTRUCTURE")

    def create(self, folder: str) -> None:
        """Create `folder`. Raises UserError where the server refuses."""
        try:
            with self._speaking():
                self._client.create_folder(encoded(folder))
        except Refused as error:
            raise UserError(f"{self._who}: the folder “{folder}” is missing and cannot be created ({error})") from error

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move `uids` from the open folder (RFC 6851)."""
        with self._speaking():
            self._client.move(uids, encoded(folder))

    def idle(self, sleep: Callable[[int], bool]) -> tuple[bool, bool]:
        """Watch the open folder (RFC 2177) while `sleep(descriptor)` lasts; it says whether there is something to read.

        Return whether new mail was announced, and whether anything was.
        """
        with self._speaking():
            announced = self._client.idle()
            try:
                spoke = announced or self._client.heard() or sleep(self._client.socket().fileno())
            finally:
                _, responses = self._client.idle_done()
        return announced or any(b"EXISTS" in response for response in responses), spoke

    def close(self) -> None:
        """Log out, then let go; never raises."""
        if not self.closed:
            with suppress(imaplib.IMAP4.error, OSError, AttributeError):
                self._client.socket().settimeout(_FAREWELL)
                self._client.logout()
        self.drop()

    def drop(self) -> None:
        """Let go of the connection without a word; never raises."""
        self.closed = True
        with suppress(OSError, AttributeError):
            self._client.shutdown()

    def _connect(self) -> Client:
        settings = self._settings
        try:
            context = None if settings.tls == "none" else ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise UserError(f"{self._who}: the certificates in {settings.ca_file} cannot be read") from error
        try:
            with self._faults.reaching():
                return Client(settings, context)
        except imaplib.IMAP4.error as error:
            raise Temporary(f"{self._who}: {settings.host} did not greet us as an IMAP server") from error

    def _secure(self) -> None:
        if self._settings.tls != "starttls":
            return
        try:
            with self._faults.reaching():
                self._client.starttls(self._client.context)
        except imaplib.IMAP4.abort as error:
            raise Temporary(f"{self._who}: the connection broke off before TLS") from error
        except imaplib.IMAP4.error as error:
            raise UserError(f"{self._who}: {self._settings.host} offers no STARTTLS; use `tls: tls`") from error

    def _sign_in(self) -> None:
        secret = self._settings.secret
        secret = secret if isinstance(secret, str) else secret()
        try:
            self._client.sign_in(self._settings.user, secret, self._settings.auth)
        except OSError as error:
            raise self._faults.broke_off(error) from None
        except imaplib.IMAP4.error as error:
            fault = self._faults.not_signed_in(error, secret)
            if isinstance(fault, UserError):
                self._settings.refused()
            raise fault from None

    def _not_open(self, folder: str, error: Refused) -> Temporary | UserError:
        there = [name for name, flags in self.folders() if "\\noselect" not in flags]
        if not same_folder(folder, *there):
            return UserError(f"{self._who}: there is no folder “{folder}”; there are: {', '.join(sorted(there)[:50])}")
        if error.code == "NOPERM":
            return UserError(f"{self._who}: the account may not open the folder “{folder}”: grant it access ({error})")
        return error

    @contextmanager
    def _speaking(self, literals: int = LITERALS) -> Iterator[None]:
        """Bound what one command may bring, and tell what went wrong with it."""
        if self.closed:
            raise Temporary(f"{self._who}: the connection is closed")
        self._client.allow(literals)
        try:
            yield
        except imaplib.IMAP4.readonly as error:
            raise UserError(f"{self._who}: the account may only read this folder; it cannot move messages") from error
        except (imaplib.IMAP4.abort, OSError) as error:
            self.drop()
            raise self._faults.broke_off(error) from error
        except imaplib.IMAP4.error as error:
            raise self._faults.refused(error, too_much=self._client.overflowed) from error
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            self.drop()  # an answer that trips the parser: nobody knows what was read of it
            raise Refused(f"{self._who}: the server's answer cannot be read ({type(error).__name__})") from error


def _data(data: dict[bytes, Any], key: bytes) -> bytes | None:
    """Return the section under `key`, which the server may spell with its own case and the start in `<>`."""
    for name, value in data.items():
        if name.upper().partition(b"<")[0] == key.upper() and value is not None:
            return value if isinstance(value, bytes) else str(value).encode()
    return None


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
