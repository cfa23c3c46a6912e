"""Taking messages over a session: together where that is safe, alone after trouble, in part where too large."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from intake.errors import Temporary
from intake.mailbox import oversize
from intake.mailbox.arrival import HEAD, received
from intake.mailbox.imap_faults import Refused, TooMuch
from intake.mailbox.imap_session import Listed, Session
from intake.mailbox.source import Fetched, Place

BATCH = 50  # messages fetched at once
BATCH_BYTES = 8_000_000  # bytes that one fetch may bring, unless it is for one message
STRIKES = 3  # times that a message may be refused, or break the connection, before it is given up
_CHUNK = 4_000_000  # bytes asked for when a message turns out larger than announced
_STUB = re.compile(rb"^Subject:\s*Retrieval using the IMAP4 protocol failed", re.I | re.M)  # Exchange's error text
_ID = re.compile(rb"^Message-ID:", re.I | re.M)

_NOTHING = "The server said that the message is there but handed over nothing; it must be read in the mailbox."
_CONVERSION = "The server handed over an error text instead of the message; it must be read in the mailbox."
_GIVEN_UP = f"The server refused the message, or broke off over it, {STRIKES} times; it must be read in the mailbox."


class Taker:
    """Takes the messages of one mailbox, and remembers which of them gave trouble."""

    def __init__(self, name: str, size_limit: int, clock: Callable[[], datetime]) -> None:
        """`size_limit` in bytes; `clock` tells the arrival where neither the server nor the message does."""
        self._name = name
        self._limit = size_limit
        self._clock = clock
        self._strikes: Counter[Place] = Counter()

    def groups(self, folder: tuple[str, int], listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        """Part `listed` into what is fetched at once; however the sizes lie, a group brings BATCH_BYTES at most.

        `folder` is its name and UIDVALIDITY. Alone go large messages and those that gave trouble.
        """
        group: list[Listed] = []
        for one in listed:
            alone = one.size > self._limit or self._place(folder, one) in self._strikes
            if group and (alone or len(group) == BATCH or self._most([*group, one]) > BATCH_BYTES):
                yield group
                group = []
            group.append(one)
            if alone:
                yield group
                group = []
        if group:
            yield group

    def take(self, session: Session, folder: tuple[str, int], group: Sequence[Listed]) -> Iterator[Fetched]:
        """Yield the messages of `group` from the folder that is open; those that are gone are left out.

        Raises Temporary, UserError.
        """
        found = self._together(session, folder, group) if len(group) > 1 else {}
        asked = max(self._asked(one) for one in group)
        for one in group:
            body = found.get(one.uid) or b""
            place = self._place(folder, one)
            if 0 < len(body) < asked:
                yield self._fetched(place, one, body)
            elif (taken := self._alone(session, place, one, body)) is not None:
                yield taken

    def _together(self, session: Session, folder: tuple[str, int], group: Sequence[Listed]) -> dict[int, bytes | None]:
        try:
            return session.section([one.uid for one in group], "", max(self._asked(one) for one in group))
        except Temporary as error:
            if isinstance(error, Refused) and not error.busy and not session.closed:
                return {}  # then each is asked for alone
            if not isinstance(error, Refused) or not error.busy:
                self._strikes.update(self._place(folder, one) for one in group)
            raise

    def _alone(self, session: Session, place: Place, one: Listed, start: bytes) -> Fetched | None:
        """Take one message of which `start` is known; None: it is gone, or is tried again at the next poll."""
        if self._strikes[place] < STRIKES:
            try:
                taken = self._whole(session, place, one, start)
            except Temporary as error:
                if isinstance(error, Refused) and error.busy:
                    raise
                self._strikes[place] += 1
                if not isinstance(error, Refused) or session.closed:
                    raise
                if self._strikes[place] < STRIKES:
                    return None
            else:
                del self._strikes[place]
                return taken
        del self._strikes[place]  # whoever asks for it again has three more tries
        return self._faulty(place, one, _GIVEN_UP)

    def _whole(self, session: Session, place: Place, one: Listed, start: bytes) -> Fetched | None:
        if one.size > self._limit:
            return self._text_only(session, place, one)
        try:
            body = self._body(session, one, start)
        except TooMuch:
            return self._text_only(session, place, one)
        if body is None or len(body) == 0:
            return self._faulty(place, one, _NOTHING) if session.existing([one.uid]) else None
        if len(body) > self._limit:
            return self._text_only(session, place, one)
        return self._fetched(place, one, body)

    def _body(self, session: Session, one: Listed, start: bytes) -> bytes | None:
        """Return the message, a byte more than the limit where it is larger; None: there is nothing, or it went."""
        pieces, size, asked = [start], len(start), len(start)
        if not start:
            asked = self._asked(one)
            pieces = [session.section([one.uid], "", asked).get(one.uid) or b""]
            size = len(pieces[0])
        while asked and len(pieces[-1]) >= asked and size <= self._limit:
            asked = min(_CHUNK, self._limit + 1 - size)
            answer = session.section([one.uid], "", asked, size)
            if one.uid not in answer:
                return None
            pieces.append(answer[one.uid] or b"")
            size += len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _text_only(self, session: Session, place: Place, one: Listed) -> Fetched | None:
        header = session.section([one.uid], "HEADER", oversize.HEADER).get(one.uid)
        if not header:
            return self._faulty(place, one, _NOTHING) if session.existing([one.uid]) else None
        everything = _parts(session, one.uid)
        taken = [part for part in everything if part.readable][: oversize.TEXTS]
        texts = [
            (part, {name: session.section([one.uid], name, most).get(one.uid) or b"" for name, most in sections})
            for part, sections in ((part, oversize.sections(part)) for part in taken)
        ]
        cut = [part for part, found in texts if len(found[part.number]) >= oversize.TEXT]
        raw = oversize.assemble(header, texts)
        left = oversize.sentence(max(one.size, self._limit), self._limit, everything, taken, cut)
        return Fetched(place, raw, self._arrived(one, raw), left_behind=left)

    def _fetched(self, place: Place, one: Listed, raw: bytes) -> Fetched:
        if _STUB.search(raw[:HEAD]) and not _ID.search(raw[:HEAD]):
            return self._faulty(place, one, _CONVERSION)
        return Fetched(place, raw, self._arrived(one, raw))

    def _faulty(self, place: Place, one: Listed, fault: str) -> Fetched:
        return Fetched(place, b"", self._arrived(one, b""), fault=fault)

    def _arrived(self, one: Listed, raw: bytes) -> datetime:
        return one.arrived or received(raw) or self._clock()

    def _place(self, folder: tuple[str, int], one: Listed) -> Place:
        return Place(self._name, *folder, str(one.uid))

    def _asked(self, one: Listed) -> int:
        """How many bytes are asked for: sizes may be estimates, too low ones too."""
        return min(one.size + one.size // 4 + 8192, self._limit + 1)

    def _most(self, group: Sequence[Listed]) -> int:
        return len(group) * max(self._asked(one) for one in group)


def _parts(session: Session, uid: int) -> list[oversize.Part]:
    """Return the parts of a message; none where the server describes them in a way that nobody can read."""
    structure = session.structure(uid)
    try:
        return list(oversize.parts(structure))
    except (TypeError, LookupError, AttributeError, RecursionError):
        return []
