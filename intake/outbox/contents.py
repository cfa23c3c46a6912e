"""What the templates of each mail know: of a message, or of made-up ones that templates are tried on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from intake.mail.values import Acknowledge, Triage
from intake.outbox import listing, samples, views
from intake.outbox.beside import NOTHING, Beside
from intake.outbox.campaigns import Entry
from intake.outbox.enclosed import Enclosures
from intake.outbox.languages import Languages
from intake.outbox.listing import Reader
from intake.outbox.service import Service
from intake.outbox.shared import Shared
from intake.outbox.templates import Contents, Context
from intake.outbox.views import Alert, Ask, Taken
from intake.rules.rulebook import ANSWERS, Partner

CHART = "weeks"  # what the HTML part of a digest shows its chart by
SURE = 0.4  # confidence from which a letter is answered in its language: of what is below, most is told wrongly


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells templates what they know."""

    service: Service  # who writes

    def acknowledgement(self, triage: Triage, reference: str, answers: Mapping[Acknowledge, str]) -> Contents:
        """Return what an answer knows: but for the reference and the language nothing of the message (promise 3)."""
        way = Acknowledge(triage.acknowledge or Acknowledge.STANDARD)
        written = triage.language
        return Contents(
            answers[way],
            self._headline(reference=reference),
            {},
            language=written.tag if written.confidence >= SURE else "und",
            instead=ANSWERS[way],
            reviewed_only=self.service.reviewed_only,
        )

    def routed(
        self, letter: Shared, enclosed: Enclosures, reference: str, partner: Partner, ask: Ask | None = None
    ) -> Contents:
        """Return what a routed mail knows; `ask` is to whom an emergency is put instead (O8)."""
        known = {"partner": partner.name, "urgency": letter.urgency.value, "category": letter.categories[0]}
        headline = self._headline(reference=reference or "none", **known)
        return Contents("routed", headline, views.routed(letter, enclosed, self.service.time_zone, ask))

    def digest(self, entries: Sequence[Entry], reader: Reader, beside: Beside = NOTHING) -> Contents:
        """Return what a digest knows; `entries` are what `listing.listed` returns."""
        count = sum(len(one.items) for one in entries)
        urgent = sum(len(one.items) for one in entries if one.urgency)
        unseen = len(beside.unseen) + beside.more
        headline = self._headline(partner=reader.partner.name, count=count, urgent=urgent, waiting=unseen)
        return Contents("digest", headline, {**listing.digest(entries, reader, beside), "chart": CHART})

    def late(self, entries: Sequence[Entry], reader: Reader) -> Contents:
        """Return what the list of late messages knows (F11)."""
        return replace(self.digest(entries, reader), mail="late")

    def overview(self, partner: Partner, week: Context) -> Contents:
        """Return what the week in numbers knows."""
        return Contents("overview", self._headline(partner=partner.name, weeks=week["weeks"]), week)

    def alert(self, told: Alert, *, mended: bool) -> Contents:
        """Return what an alert knows."""
        return Contents("alert", self._headline(title=told.title, mended=mended), views.alert(told))

    def taken(self, told: Taken) -> Contents:
        """Return what those know who need not act any more."""
        return Contents("taken", self._headline(reference=told.reference), views.taken(told, self.service.time_zone))

    def samples(self, languages: Languages, answers: Mapping[Acknowledge, str]) -> Iterator[Contents]:
        """Yield what templates are tried on, the likeliest of each mail first."""
        for letter in samples.ACKNOWLEDGED:
            contents = self.acknowledgement(letter, samples.REFERENCE, answers)
            for tag in ("en", "und", *languages.tags(contents.mail)):
                for links in samples.LINKS:
                    headline = {**contents.headline, "service": replace(self.service, links=links)}
                    yield replace(contents, headline=headline, language=tag, reviewed_only=False)
        for passed, enclosed in samples.routed():
            yield from (self.routed(passed, enclosed, samples.REFERENCE, samples.PARTNER, ask) for ask in samples.ASKS)
        for items, beside in samples.DIGESTS:
            reader = Reader(samples.PARTNER, samples.RULEBOOK, self.service.time_zone, samples.NOW)
            digest = self.digest(listing.listed(items, reader), reader, beside)
            yield from (digest, replace(digest, mail="late"))
        for week in samples.OVERVIEWS:
            yield self.overview(samples.PARTNER, week)
        for told in samples.ALERTS:
            yield self.alert(told, mended=not told.lines)
        yield from (self.taken(told) for told in samples.TAKEN)

    def _headline(self, **known: object) -> Context:
        return {"service": self.service, **known}
