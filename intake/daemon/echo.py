"""What a partner's machine wrote does not go back to it at once: two services would never end (S4). Pure."""

from __future__ import annotations

from dataclasses import replace

from intake.mail.values import WRITTEN_BY_MACHINES, Delivery, Route, Triage
from intake.rules.rulebook import Rulebook


def not_returned(triage: Triage, rulebook: Rulebook) -> Triage:
    """Return the triage with routes to the partner whose machine wrote the message put into its digest."""
    if triage.kind not in WRITTEN_BY_MACHINES:
        return triage
    author = triage.from_address.lower()

    def calmed(route: Route) -> Route:
        partner = rulebook.partners.get(route.partner)
        own = partner is not None and rulebook.writes_from(partner, author)
        return replace(route, delivery=Delivery.DIGEST) if own else route

    routes = tuple(map(calmed, triage.decision.routes))
    return replace(triage, decision=replace(triage.decision, routes=routes))
