"""What partners would get on schedule, as text and as a page; nothing is written or sent. It raises Temporary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.outbox import digest as digests
from intake.outbox import overview as overviews
from intake.outbox.compose import Composer
from intake.outbox.mime import attached, bodies, page
from intake.rules.rulebook import Rulebook
from intake.store.database import Database


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail that was not sent."""

    text: str
    page: str  # HTML, with its pictures written into it
    attached: tuple[str, ...]  # names of files


def digest(database: Database, composer: Composer, rulebook: Rulebook, partner_id: str, at: datetime | None) -> Preview:
    """Return the digest that a partner would get at an instant, None for now. Raises UserError for no partner."""
    partner = rulebook.partner(partner_id)
    with database.read() as conn:
        made = digests.preview(conn, partner, composer, rulebook, at or database.clock(conn))
    return _preview(made.mail)


def overview(database: Database, composer: Composer, rulebook: Rulebook, at: datetime | None) -> Preview:
    """Return the overview of the week before an instant, None for now."""
    partners = list(rulebook.partners.values())
    reader = next((one for one in partners if one.overview is not None), partners[0])
    with database.read() as conn:
        made = overviews.preview(conn, reader, composer, rulebook, at or database.clock(conn))
    return _preview(made.mail)


def _preview(mail: bytes) -> Preview:
    return Preview(bodies(mail)[0], page(mail), tuple(one.name for one in attached(mail)))
