"""What `intake rules explain` shows: a letter with the words that rules fired on, and the account of the decision."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from intake.mail.values import Span
from intake.reports import cell, printable
from intake.rules.explain import Explanation, Hit, Line, Miss, Why
from intake.workbench import Account, Recorded

_HIT, _NEAR = "bold reverse", "underline"
_MARKS = {_HIT: "»{}«", _NEAR: "›{}‹"}  # where there are no colours
_WEIGHED = re.compile(r"category |\S+ [+-]\d+$")  # effects that a hit's weights tell better
_MOST_EFFECTS, _MOST_REASON = 8, 160  # what is told of one rule: effects of weight, characters of what it fails at
_KEPT = 300  # characters beside a match that are shown of a long stretch without one
_ISOLATE, _POP = "\u2068", "\u2069"  # what is written from right to left stays within its place


def account_object(account: Account) -> dict[str, Any]:
    """Return the account, ready for JSON."""
    return asdict(account)


def account_text(account: Account, zone: ZoneInfo, *, plain: bool) -> Text:
    """Return the account for a person; `plain` marks words by signs, which a terminal shows by colours."""
    told = account.explanation
    lines = [
        Text(f"{account.what}, from {isolated(account.sender)}: {account.kind}, {account.language.tag}", "bold"),
        *([Text(f"  {account.kind_reason.detail}")] if account.kind_reason else []),
        *_letter(told, account.why, plain=plain),
        *(_why(account.why, told.hits) if account.why else [*_hits(told), *_misses(told.misses)]),
        *_sums(told),
        *_outcome(account),
        *(_recorded(account.recorded, zone) if account.recorded else []),
    ]
    return Text("\n").join(lines)


def isolated(text: str) -> str:
    """Return one line of somebody else's text as it may stand within a line of ours."""
    return f"{_ISOLATE}{printable(text).replace(chr(10), ' ')}{_POP}"


def _letter(told: Explanation, asked: Why | None, *, plain: bool) -> Iterator[Text]:
    """Yield every field with the words marked: those of hits and of near misses, or of the one rule asked about."""
    if asked:
        hits = [span for line in asked.lines if line.held for span in line.spans]
        near = [span for line in asked.lines if not line.held for span in line.spans]
    else:
        hits = [span for one in told.hits for span in one.spans]
        near = [span for one in told.misses for span in one.spans]
    for field, text in told.texts.items():
        yield Text(f"\n{field}" + ("" if field in told.read else " (read by rules that name it)"), "dim")
        styles = {style: [one for one in spans if one.field == field] for style, spans in ((_HIT, hits), (_NEAR, near))}
        marked = Text().join(_pieces(printable(text), styles, plain=plain))
        yield from (Text.assemble("  ", _ISOLATE, line, _POP) for line in marked.split("\n", allow_blank=True))


def _pieces(text: str, styles: Mapping[str, list[Span]], *, plain: bool) -> Iterator[Text]:
    """Yield `text` cut where a span begins or ends; long stretches without a match are shortened."""
    cuts = {0, len(text)} | {at for spans in styles.values() for one in spans for at in (one.start, one.end)}
    styled = ((_style(start, end, styles), start, end) for start, end in pairwise(sorted(cuts)))
    for style, parts in groupby(styled, key=lambda one: one[0]):
        stretch = [(start, end) for _, start, end in parts]
        start, end = stretch[0][0], stretch[-1][1]
        piece = text[start:end]
        if not style:
            yield Text(_shortened(piece, is_first=start == 0, is_last=end == len(text)))
        else:
            yield Text(_MARKS[style].format(piece) if plain else piece, style)


def _style(start: int, end: int, styles: Mapping[str, list[Span]]) -> str:
    within = (style for style, spans in styles.items() if any(one.start <= start and end <= one.end for one in spans))
    return next(within, "")


def _shortened(piece: str, *, is_first: bool, is_last: bool) -> str:
    if len(piece) <= 2 * _KEPT:
        return piece
    head = "" if is_first and not is_last else piece[:_KEPT]
    tail = "" if is_last and not is_first else piece[-_KEPT:]
    return f"{head} […] {tail}"


def _hits(told: Explanation) -> Iterator[Text]:
    yield Text("\nrules that fired", "bold")
    assigned = {one.what for one in told.sums if one.assigned}
    for one in told.hits:
        yield _rule(one.rule, one.name, one.place, " (safety)" if one.safety else "")
        effects = _effects(one, foremost(one.weights, assigned))
        yield Text(f"      {effects}" + ("" if one.counted else " (its category is not assigned)"))
        yield from _words(one.spans)
    if not told.hits:
        yield Text("  none")


def _effects(one: Hit, weights: Mapping[str, int]) -> str:
    weighed = (f"{what} {weight:+}" for what, weight in weights.items())
    others = (effect for effect in one.effects if not (one.weights and _WEIGHED.match(effect)))
    hidden = len(one.weights) - len(weights)
    more = [f"{hidden} of less weight (--rule {one.rule})"] if hidden else []
    return "; ".join([*weighed, *others, *more])


def foremost(weights: Mapping[str, int], assigned: Collection[str]) -> dict[str, int]:
    """Return the weights for what is assigned and the greatest others; all, where they are few."""
    order = sorted(weights, key=lambda what: (what not in assigned, -abs(weights[what])))
    kept = set(order[:_MOST_EFFECTS])
    return {what: weight for what, weight in weights.items() if what in kept}


def _misses(misses: Iterable[Miss]) -> Iterator[Text]:
    yield from [Text("\nrules that nearly fired", "bold")] if misses else []
    for one in misses:
        yield _rule(one.rule, one.name, one.place, "")
        failed = one.failed if len(one.failed) <= _MOST_REASON else f"{one.failed[:_MOST_REASON]}…"
        yield Text(f"      fails at {isolated(failed)}")
        yield from _words(one.spans)


def _rule(id_: str, name: str, place: str, more: str) -> Text:
    return Text.assemble("  ", (id_, "bold cyan"), more, f"  {name}" if name else "", (f"  {place}", "dim"))


def _words(spans: Iterable[Span]) -> Iterator[Text]:
    words = dict.fromkeys(isolated(span.text) for span in spans)
    yield from [Text(f"      {', '.join(words)}", "italic")] if words else []


def _why(asked: Why, hits: Iterable[Hit]) -> Iterator[Text]:
    verdict = "fired" if asked.fired else "did not fire"
    yield Text(f"\n{verdict}", "bold green" if asked.fired else "bold red")
    yield _rule(asked.rule, asked.name, asked.place, "")
    counted = next((_effects(one, one.weights) for one in hits if one.rule == asked.rule), "; ".join(asked.effects))
    yield Text(f"      {counted}")
    if asked.stopped:
        yield Text(f"      was not asked: `{asked.stopped}` stopped later rules")
    yield from (_line(one) for one in asked.lines)


def _line(line: Line) -> Text:
    sign = ("✓", "green") if line.held else ("✗", "red")
    words = dict.fromkeys(isolated(span.text) for span in line.spans)
    said = Text.assemble("      ", "  " * line.depth, sign, f" {line.text}")
    said.append(f"   {', '.join(words)}" if words else "", "italic")
    return said.append(f"   ({isolated(line.note)})" if line.note else "", "yellow")


def _sums(told: Explanation) -> Iterator[Text]:
    yield Text("\nsums", "bold")
    shown = [one for one in told.sums if one.assigned or one.weight > 0 or one.weight >= one.threshold]
    width = max((len(one.what) for one in shown), default=0)
    for one in shown:
        style = "" if one.assigned else "dim"
        yield Text(f"  {one.what:{width}}  {one.weight:>4} of {one.threshold}: {one.why}", style)
    if against := ", ".join(one.what for one in told.sums if one not in shown):
        yield Text(f"  nothing spoke for, or more against than for: {against}", "dim")


def _outcome(account: Account) -> Iterator[Text]:
    told, decision = account.explanation, account.explanation.decision
    routes = [f"{route.partner} ({route.delivery}, because of {route.why})" for route in decision.routes]
    answer = f"{account.acknowledge or 'none'}: {account.acknowledge_reason.detail}"
    by = f"; {decision.acknowledge} by {', '.join(told.acknowledge)}"
    rows = {
        "categories": ", ".join(decision.categories),
        "tags": ", ".join(decision.tags),
        "flags": ", ".join(decision.flags),
        "areas": ", ".join(decision.areas),
        "urgency": f"{decision.urgency}" + (f", by {', '.join(told.urgency)}" if told.urgency else ""),
        "answer": answer + by,
        "to": ", ".join(routes) or "nobody",
        "not to": ", ".join(f"{partner} ({why})" for partner, why in told.kept_out.items()),
        "stopped": f"`{told.stopped}` kept later rules from being asked" if told.stopped else "",
    }
    yield Text("\nso", "bold")
    yield from (Text(f"  {name:10}  {value}") for name, value in rows.items() if value)


def _recorded(one: Recorded, zone: ZoneInfo) -> Iterator[Text]:
    yield Text(f"\nrecorded {cell(one.at, zone)}, under other rules (version {one.rulebook[:12]})", "bold")
    rows = {
        "categories": one.categories,
        "tags": one.tags,
        "flags": one.flags,
        "urgency": (one.urgency,),
        "answer": (one.acknowledge or "none",),
        "to": one.partners or ("nobody",),
    }
    yield from (Text(f"  {name:10}  {', '.join(values)}") for name, values in rows.items() if values)
