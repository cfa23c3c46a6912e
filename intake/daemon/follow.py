"""What it changes about a message that it joins a case: who gets it, and that nobody is answered again (T2, T3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from intake.mail.values import Delivery, Route, Triage, Urgency
from intake.outbox.lasting import lasting
from intake.rules.rulebook import Rulebook
from intake.rules.weigh import GENERAL, barred, officers
from intake.store.recording import FOLLOW_UP, NOTE, Placing
from intake.store.threads import Standing

HAS_CASE = "has the case"
LISTED = "notes are listed"
UNVERIFIED = "unverified-note"  # flag: nobody vouches for its sender


def followed(triage: Triage, placing: Placing, standing: Standing, rulebook: Rulebook) -> Triage:
    """Return the triage of a message that joins a case: a resident's follow-up, or a partner's note."""
    told = [UNVERIFIED] if placing.unverified else []
    flags = tuple(dict.fromkeys((*triage.decision.flags, *lasting(sorted(standing.flags)), *told)))
    author = placing.note_of
    wanted = _of_note(triage, author, rulebook, flags) if author else _of_follow_up(triage, standing)
    blocked = barred(flags)
    routes = [one for one in _once(wanted) if one.partner not in blocked and one.partner in rulebook.partners]
    if not routes:
        level = _when(triage.decision.urgency)
        routes = [Route(partner, level, GENERAL) for partner in officers(rulebook, flags)]
    silent = NOTE if author else FOLLOW_UP
    return replace(
        triage,
        decision=replace(triage.decision, flags=flags, routes=tuple(routes)),
        acknowledge=None,
        acknowledge_reason=silent if triage.acknowledge or author else triage.acknowledge_reason,
    )


def pressing(triage: Triage, standing: Standing | None) -> Urgency:
    """Return how urgent a message is, or the case that it joins while that is open."""
    levels = [triage.decision.urgency, *([standing.urgency] if standing and not standing.closed else [])]
    return max(levels, key=lambda one: one.rank)


def _of_follow_up(triage: Triage, standing: Standing) -> list[Route]:
    """What rules ask for, and whoever has the case; at once where it, or the case while it is open, cannot wait."""
    level = pressing(triage, standing)
    carried = (Route(partner, _when(level), HAS_CASE) for partner in standing.partners)
    return [*triage.decision.routes, *carried]


def _of_note(triage: Triage, author: str, rulebook: Rulebook, flags: Iterable[str]) -> list[Route]:
    """Officers see every note; others but its author only what rules find urgent in it."""
    level = triage.decision.urgency
    listed = (Route(one, _when(level), LISTED) for one in officers(rulebook, flags))
    urgent = (one for one in triage.decision.routes if level is not Urgency.ROUTINE and one.partner != author)
    return [*urgent, *listed]


def _once(routes: Iterable[Route]) -> list[Route]:
    """Return one route a partner, by the first that asks for it; at once where any asks for that."""
    found: dict[str, Route] = {}
    for one in routes:
        first = found.setdefault(one.partner, one)
        if one.delivery is Delivery.NOW:
            found[one.partner] = replace(first, delivery=Delivery.NOW)
    return list(found.values())


def _when(level: Urgency) -> Delivery:
    return Delivery.DIGEST if level is Urgency.ROUTINE else Delivery.NOW
