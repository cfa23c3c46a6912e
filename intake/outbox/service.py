"""Who writes our mails: what every one of them is signed, addressed and tied to its case with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes
from zoneinfo import ZoneInfo

from intake.errors import UserError
from intake.mail.tokens import Tokens
from intake.outbox.mime import is_plain


@dataclass(frozen=True, slots=True)
class Links:
    """Pages of the partnership's own that answers name, https; "" for one that there is not."""

    easy_read: str = ""  # an Easy Read version
    bsl: str = ""  # one in British Sign Language
    privacy: str = ""  # how personal data is used


@dataclass(frozen=True, slots=True)
class Service:
    """Who writes our mails."""

    name: str  # "West Northamptonshire Community Safety Partnership"
    address: str  # the published address: From, Reply-To and envelope sender
    time_zone: ZoneInfo  # what dates in mails are told in
    host: str  # the domain of our Message-IDs
    null_sender: bool = False  # acknowledgements go out under the null path `<>` (RFC 3834 §3.3)
    tokens: Tokens = field(default_factory=lambda: Tokens(partial(token_bytes, 32)), repr=False)  # T1
    plus_addressing: bool = False  # replies come to name+TOKEN@domain, because the server delivers that too
    links: Links = Links()  # for residents
    reviewed_only: bool = False  # acknowledgements go out in no translation that nobody has reviewed

    def __post_init__(self) -> None:
        """Refuse an address that a 7-bit header cannot hold: UserError."""
        if not is_plain(self.address):
            raise UserError("the published address must be plain: name@example.org, in ASCII")
