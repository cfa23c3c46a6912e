"""Which data sharing agreements are missing, over or near their end, told thirty days ahead (D4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from intake.errors import UserError
from intake.outbox.alerts import Alerts
from intake.outbox.views import Alert
from intake.rules.rulebook import Partner, Rulebook, Sharing

NOTICE = timedelta(days=30)


def sentence(partner: Partner, today: date) -> str | None:
    """Return what is wrong with a partner's agreement, or soon will be; None: nothing, or it needs none."""
    if partner.sharing is Sharing.COUNTS:
        return None
    if partner.agreement is None:
        return f"{partner.name} has no agreement in rules/partners.yaml: it gets counts only"
    ends = partner.agreement.expires
    if ends - today > NOTICE:
        return None
    said = f"the agreement {partner.agreement.reference} with {partner.name}"
    if today > ends:
        return f"{said} ran out on {ends}: it gets counts only until rules/partners.yaml has a new one"
    return f"{said} runs out on {ends}: it gets counts only from then on"


def check(rulebook: Callable[[], Rulebook], today: date) -> None:
    """Raise UserError with a sentence for every agreement that is missing, over or near its end."""
    if said := [one for partner in rulebook().partners.values() if (one := sentence(partner, today))]:
        raise UserError("\n".join(said))


def tell(conn: Connection, alerts: Alerts, partners: Iterable[Partner], today: date, now: datetime) -> int:
    """Tell each of them once while it lasts, and once that there is a new one; return how many mails that makes."""
    told = 0
    for partner in partners:
        topic, title = f"agreement {partner.id}", f"An agreement with {partner.name} is needed"
        if said := sentence(partner, today):
            told += alerts.raised(conn, Alert(topic, title, "Without a valid one it gets counts only.", (said,)), now)
        else:
            told += alerts.mended(conn, Alert(topic, title, "There is one.", ()), now)
    return told
