"""What partners get: routed mails and digests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.message import Attachment
from intake.mail.values import Decision, Delivery, Evidence, Route, Span, Triage, Urgency
from intake.outbox import views
from intake.outbox.mime import SECOND_COPY, as_second_copy, bodies
from intake.outbox.outgoing import Outgoing
from intake.outbox.views import DigestItem
from tests.outbox_values import COUNCIL, NOW, POLICE, REFERENCE, SERVICE, composer, item, read, rulebook
from tests.store_values import decision, triage
from tests.unit.test_compose_quoting import CLICKABLE, HOSTILE

COMPOSER = composer()
RULEBOOK = rulebook()
HEADERS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "content-language", "auto-submitted", "x-loop",
    "mime-version", "content-type",
}  # fmt: skip


def routed(letter: Triage) -> Outgoing:
    """Route it to the police."""
    return COMPOSER.routed(letter, REFERENCE, POLICE, RULEBOOK, 7, 3, NOW)


def digest(*items: DigestItem) -> Outgoing:
    """Make the police a digest."""
    return COMPOSER.digest(POLICE, items, RULEBOOK, NOW, NOW)


def decided(**changes: object) -> Decision:
    """Return a decision with those changes."""
    return replace(decision(), **changes)  # type: ignore[arg-type]


def shown(made: Outgoing) -> tuple[str, str]:
    """Return the text part, and the HTML part as a person reads it."""
    text, html = bodies(made.mail)
    return text, _Page(html).text


class _Page(HTMLParser):
    """A page's tags, without their styles, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self._silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(one for one in attrs if one[0] != "style")))
        self._silent = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag != "style"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data


def test_routed_headers() -> None:
    """O4: routed mail is ours, from us, automatic, for one recipient, and gives the resident's address to no header."""
    made = routed(triage())
    mail = read(made.mail)
    assert {name.lower() for name in mail} == HEADERS | {"references"}
    assert mail["From"] == "Westshire Safety Partnership <cohesion@example.org>"
    assert mail["To"] == made.recipient == "police@example.net"
    assert mail["Reply-To"] == made.envelope_from == "cohesion@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == f"Today: Dark streets ({REFERENCE})"
    assert mail["References"] == f"<case.{SERVICE.tokens.sign(REFERENCE, 'police')}@{SERVICE.host}>"
    assert (made.key, made.partner, made.message_id, made.case_id) == ("routed:7:police", "police", 7, 3)
    assert made.expires_at == NOW + timedelta(hours=48)


@pytest.mark.parametrize(("urgency", "priority"), [("emergency", 0), ("today", 2), ("routine", 2)])
def test_emergencies_first(urgency: str, priority: int) -> None:
    """O7: emergencies go before acknowledgements, and those before all other mail; the mail says how urgent it is."""
    made = routed(triage(decision=decided(urgency=Urgency(urgency))))
    assert made.priority == priority
    assert (read(made.mail)["Importance"] == "high") == (urgency == "emergency")
    assert all(("EMERGENCY" in part) == (urgency == "emergency") for part in shown(made))
    assert COMPOSER.acknowledgement(triage(), REFERENCE, 1, 1, NOW).priority == 1
    assert digest().priority == 3


def test_routed_tells_why() -> None:
    """Promise 6: a routed mail names the rules, what each did, and the words that it fired on."""
    spans = (Span("own-words", 0, 4, "dark"), Span("subject", 0, 4, "dark"), Span("own-words", 9, 13, "lamp"))
    letter = triage(decision=decided(evidence=(Evidence("dark-street", 3, spans, ("category street-lighting",)),)))
    for part in shown(routed(letter)):
        for told in ("dark-street", "Dark streets", "dark", "lamp", REFERENCE, "Westshire Police"):
            assert told in part
        assert "photo[.]jpg" in part


def test_flags_first() -> None:
    """O5: what must be heeded stands before everything else about the letter, with partners by their names."""
    for part in shown(routed(triage(decision=decided(flags=("no-uniform", "not-to:council", "made-up-flag"))))):
        assert part.index("no uniform") < part.index("Do not tell Westshire Council") < part.index("Written")
        assert "made-up-flag" in part


@pytest.mark.parametrize("flag", ["anonymous", "safe-contact"])
def test_contact_withheld(flag: str) -> None:
    """D4: of one who asks not to be named, or to be contacted with care, neither name nor contact is passed on."""
    words = "Call me on 07700 900123 or mail ana.pop@example.org"
    letter = triage(own_words=words, subject="From ana.pop@example.org", decision=decided(flags=(flag,)))
    made = routed(letter)
    for part in shown(made):
        assert "Ana Pop" not in part
        assert "ana" not in part.lower().replace("community", "")
        assert "900123" not in part
        assert "left out" in part
    open_letter = shown(routed(triage(own_words=words, decision=decided(flags=()))))
    assert all("Ana Pop" in part and "ana[.]pop[at]example[.]org" in part for part in open_letter)


def test_own_words_or_all() -> None:
    """P4: a partner reads the sender's own words, and the rest too where there are none or rules fired on it."""
    whole = {"own_words": "Please help", "full_text": "Please help\n> forwarded threat"}
    fired = Evidence("threats", 5, (Span("full-text", 14, 23, "forwarded"),), ("urgency today",))
    assert all("threat" not in part for part in shown(routed(triage(**whole))))
    assert all(
        "forwarded threat" in part for part in shown(routed(triage(decision=decided(evidence=(fired,)), **whole)))
    )
    assert all("forwarded threat" in part for part in shown(routed(triage(**{**whole, "own_words": " "}))))


@pytest.mark.parametrize("date", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None])
def test_any_date(date: datetime | None) -> None:
    """P2: a Date header of any year, or none, stops no mail."""
    assert routed(triage(date=date)).mail


def hostile_letters() -> st.SearchStrategy[Triage]:
    """Letters that try to break out of every place where their text is shown."""

    def made(texts: list[str]) -> Triage:
        one, two, three, four, five, six = texts
        return triage(
            subject=one,
            from_name=two,
            from_address=three,
            reply_address=three,
            own_words=four,
            attachments=(Attachment(0, five, five, 10, "a" * 64, inline=False),),
            decision=decided(flags=(), evidence=(Evidence("rule", 1, (Span("own-words", 0, 1, six),), ("tag x",)),)),
        )

    return st.lists(HOSTILE, min_size=6, max_size=6).map(made)


PLAIN_TAGS = _Page(bodies(routed(triage(decision=decided(flags=()))).mail)[1]).tags
TEMPLATE_TAGS = {name for name, _ in PLAIN_TAGS}


@settings(deadline=None)
@given(hostile_letters())
def test_routed_cannot_be_broken_out_of(letter: Triage) -> None:
    """O5: nothing that a resident writes becomes a header, a link or markup."""
    made = routed(letter)
    mail = read(made.mail)
    assert made.mail.isascii()
    assert {name.lower() for name in mail} == HEADERS | {"references"}
    assert mail["Subject"] == f"Today: Dark streets ({REFERENCE})"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not mail.defects
    text, html = bodies(made.mail)
    page = _Page(html)
    lines = page.tags.count(("div", (("dir", "auto"),)))
    assert [tag for tag in page.tags if tag[0] not in {"div", "br"}] == [
        tag for tag in PLAIN_TAGS if tag[0] not in {"div", "br"}
    ]
    assert lines == text.count("\n>") - 2  # the subject and the line below it
    assert not CLICKABLE.search(text.replace(":\n", " "))
    assert not CLICKABLE.search(page.text.replace(":\n", " "))


@settings(deadline=None)
@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=5))
def test_digest_cannot_be_broken_out_of(texts: list[tuple[str, str]]) -> None:
    """O5: nothing that a resident writes becomes a header, a link or markup of a digest."""
    made = digest(*(item(n, subject=subject, own_words=words) for n, (subject, words) in enumerate(texts)))
    same = digest(*(item(n, subject="x", own_words="y") for n, _ in enumerate(texts)))
    assert made.mail.isascii()
    assert read(made.mail).items()[:5] == read(same.mail).items()[:5]
    assert _Page(bodies(made.mail)[1]).tags == _Page(bodies(same.mail)[1]).tags
    assert not any(CLICKABLE.search(part.replace(":\n", " ")) for part in shown(made))


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=3000))
def test_mails_travel_anywhere(words: str) -> None:
    """O5: a mail is 7-bit, its lines end in CRLF and none is longer than RFC 5321 §4.5.3.1.6 allows."""
    mail = routed(triage(own_words=words, subject=words)).mail
    assert mail.isascii()
    assert b"\0" not in mail
    lines = mail.split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line and len(line) <= 998 for line in lines)


def test_digest_order() -> None:
    """D5: a digest goes by category, the most urgent first, then the oldest, each with its age."""
    made = digest(
        item(1, categories=("general",)),
        item(2, categories=("street-lighting", "general")),
        item(30, categories=("general",), urgency=Urgency.TODAY),
        item(3, categories=("street-lighting",)),
    )
    for part in shown(made):
        places = [part.index(f"CSP-0000-{number:03}") for number in (30, 1, 3, 2)]
        assert places == sorted(places)
        heads = [part.lower().index(name) for name in ("anything else (2)", "dark streets (2)")]
        assert heads == sorted(heads)
        assert "30 hours ago" in part
        assert "1 hour ago" in part
        assert "Also: Anything else" in part
    assert read(made.mail)["Subject"] == "4 new messages, 1 urgent: Westshire Police"


def test_digest_names_its_partner() -> None:
    """D5: a digest says for whom it is and how many messages it holds, none included."""
    made = COMPOSER.digest(COUNCIL, [item(1)], RULEBOOK, NOW, NOW)
    assert read(made.mail)["Subject"] == "1 new message: Westshire Council"
    assert made.recipient == "council@example.net"
    assert made.key == "digest:council:2026-03-02T09:05+00:00"
    assert read(digest().mail)["Subject"] == "Nothing new: Westshire Police"
    assert read(made.mail)["Auto-Submitted"] == "auto-generated"


def test_digest_holds_no_contact() -> None:
    """D4: a digest passes on no address and no telephone number, and no more of a letter than an excerpt."""
    made = digest(item(1, own_words="Call 07700 900123 or a@example.org. " + "word " * 200))
    for part in shown(made):
        assert "900123" not in part
        assert "example.org" not in part
        assert part.count("word") < 100


def test_digest_of_a_letter_without_words() -> None:
    """R9: where a letter has no words of its own, its subject stands for it."""
    assert all("About 1" in part for part in shown(digest(item(1, own_words=" \n"))))


def test_digest_of_a_backlog() -> None:
    """D1: a digest of 5,000 items stays small enough for every server, and names them all."""
    made = digest(*(item(number, own_words="ă" * 500) for number in range(5000)))
    assert len(made.mail) < 10_000_000
    assert bodies(made.mail)[0].count("CSP-0000-") == 5000


def test_digest_tables() -> None:
    """D5: a digest's tables have headers that a screen reader tells, and no layout that Outlook does not know."""
    tags = _Page(bodies(digest(item(1), item(2)).mail)[1]).tags
    assert ("th", (("scope", "col"),)) in tags
    assert sum(name == "th" and ("scope", "row") in attrs for name, attrs in tags) == 2
    assert "grid" not in bodies(digest(item(1)).mail)[1]


def test_unknown_category() -> None:
    """R5: an item whose category the rulebook has no more is still shown."""
    assert all("gone (1)" in part.lower() for part in shown(digest(item(1, categories=("gone",)))))


def test_second_copy() -> None:
    """Promise 5: a mail that may have arrived says so when it goes again, once, and is the same mail otherwise."""
    made = routed(triage(own_words="Ünïcode"))
    again = as_second_copy(made.mail)
    assert as_second_copy(again) == again
    assert again.isascii()
    assert f"\r\nMessage-ID: <{made.header_id}>\r\n".encode() in b"\r\n" + again  # never folded
    first, second = read(made.mail), read(again)
    assert second["Subject"] == SECOND_COPY + first["Subject"]
    assert bodies(again) == bodies(made.mail)
    assert [pair for pair in first.items() if pair[0] != "Subject"] == [
        pair for pair in second.items() if pair[0] != "Subject"
    ]


def test_route_reason() -> None:
    """Promise 6: a partner is told which rule or category asked for it, not what concerns others."""
    routes = (Route("police", Delivery.NOW, "hate-at-night"), Route("council", Delivery.NOW, "broken-lamp"))
    for part in shown(routed(triage(decision=decided(routes=routes)))):
        assert "hate-at-night" in part
        assert "broken-lamp" not in part


def test_long_letters_are_cut() -> None:
    """P5: a letter of ten million characters makes a mail of bounded size."""
    made = routed(triage(own_words="word " * 2_000_000))
    assert len(made.mail) < 10 * views.WORDS


def test_places_are_named() -> None:
    """A routed mail and a digest name the places that the letter names."""
    book = replace(RULEBOOK, areas={"lings": "Lings", "nn3": "NN3"})
    letter = replace(triage(), decision=replace(decision(), areas=("lings", "gone")))
    made = COMPOSER.routed(letter, REFERENCE, POLICE, book, 7, 3, NOW)
    text, page = bodies(made.mail)
    assert "Area: Lings, gone" in text
    assert ">Lings, gone</td>" in page
    text, page = bodies(COMPOSER.digest(POLICE, [item(1, areas=("lings",)), item(2)], book, NOW, NOW).mail)
    assert text.count("Area: Lings") == page.count("Area: Lings") == 1
    text, page = bodies(routed(replace(triage(), decision=replace(decision(), areas=()))).mail)
    assert "Area" not in text + page
