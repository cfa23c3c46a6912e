"""A letter as far as a partner may have it: fields, words, evidence, attachments, and the mail that is made of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.message import Attachment
from intake.mail.parse import parse
from intake.mail.values import Delivery, Evidence, Route, Span, Triage, Urgency
from intake.outbox.compose import Outgoing
from intake.outbox.enclosed import Source, enclosures
from intake.outbox.mime import attached, bodies
from intake.outbox.shared import Shared, shared
from intake.outbox.sharing import MAY_GO, overseen, terms
from intake.rules.rulebook import Partner, Sharing
from tests.outbox_values import COUNCIL, NOW, POLICE, REFERENCE, composer, rulebook
from tests.store_values import decision, triage
from tests.unit.test_photographs import SECRET, jpeg, png, webp

COMPOSER = composer()
RULEBOOK = rulebook()
WORDS = "My name is Ana Pop. Call 07700 900123, never at home. He beat me at 12 Elm Road, NN1 2AB. Ask Mrs Khan."
SAID = {  # what of these words each level lets go
    Sharing.FULL: {"Ana", "07700 900123", "12 Elm Road", "NN1 2AB", "Khan", "beat me"},
    Sharing.CONTACT_WITHHELD: {"12 Elm Road", "NN1 2AB", "Khan", "beat me"},
    Sharing.REDACTED: {"beat me"},
    Sharing.COUNTS: set(),
}
EVERYTHING = SAID[Sharing.FULL]


def spans(*words: str) -> tuple[Span, ...]:
    """Return the places of words in the letter."""
    return tuple(Span("own-words", WORDS.index(one), WORDS.index(one) + len(one), one) for one in words)


def letter(*flags: str, urgency: Urgency = Urgency.TODAY, **changes: object) -> Triage:
    """Return a letter in which rules fired on a number, a name and a place."""
    why = (
        Evidence("rule", 3, spans("900123", "Elm", "Khan", "beat"), ("category street-lighting",)),
        Evidence("careful", 3, spans("never"), ("flag safe-contact",)),
    )
    routes = (Route("council", Delivery.NOW, "rule"),)
    decided = replace(decision(), flags=flags, urgency=urgency, evidence=why, routes=routes)
    named = (Attachment(0, "Ana Pop 07700 900123.jpg", "image/jpeg", 1234, "a" * 64, inline=False),)
    made = triage(subject="Ana Pop, 07700 900123", own_words=WORDS, decision=decided, attachments=named)
    return replace(made, **changes)  # type: ignore[arg-type]


def council(sharing: Sharing, **changes: object) -> Partner:
    """Return a partner of that level."""
    return replace(COUNCIL, sharing=sharing, **changes)  # type: ignore[arg-type]


def routed(made: Triage, partner: Partner, source: Source | None = None) -> Outgoing:
    """Route it to that partner."""
    return COMPOSER.routed(made, REFERENCE, partner, RULEBOOK, 7, 3, NOW, source=source)


def goes(made: Triage, partner: Partner) -> Shared:
    """Return what goes."""
    return shared(made, COMPOSER.terms(made, partner, RULEBOOK, NOW), partner, RULEBOOK)


@pytest.mark.parametrize("sharing", Sharing)
def test_mail_by_level(sharing: Sharing) -> None:
    """D4: in the text as in the HTML, subject, words, evidence and file names hold what the level lets go, no more."""
    made = routed(letter(), council(sharing))
    for part in bodies(made.mail):
        there = {one for one in EVERYTHING if one in part}
        assert there == SAID[sharing]
        assert ("Pop" in part or "ana" in part) == (sharing is Sharing.FULL)
        assert ("photo" in part or ".jpg" in part or "[.]jpg" in part) == (sharing is not Sharing.COUNTS)
        assert REFERENCE in part
        assert "Dark streets" in part
    assert "Ana" not in made.mail.split(b"\r\n\r\n")[0].decode()


@pytest.mark.parametrize("sharing", Sharing)
def test_only_listed_fields(sharing: Sharing) -> None:
    """D4: a field goes only where the level's list names it: whatever else a letter holds stays empty."""
    made = goes(letter("child"), council(sharing))
    always = {"terms", "urgency", "categories", "areas", "ask"}
    empty = Shared(made.terms, made.urgency, (), (), ())
    filled = {one.name for one in fields(Shared) if getattr(made, one.name) != getattr(empty, one.name)} - always
    assert filled <= MAY_GO[sharing]
    assert {one.name for one in fields(Shared)} - always <= MAY_GO[Sharing.FULL]


def test_counts_can_be_acted_on() -> None:
    """O8: who gets counts only learns of an emergency: what, where, which case, whom to ask, how to take it."""
    made = routed(letter(urgency=Urgency.EMERGENCY), council(Sharing.COUNTS))
    for part in bodies(made.mail):
        for told in (
            "EMERGENCY",
            "Dark streets",
            "lings",
            REFERENCE,
            "Ask at once",
            "Westshire Police",
            "have taken it",
        ):
            assert told in part
        assert "police@example.net" in part
        assert "You may know that there is a letter, but not have it." in part


def test_officers_get_what_others_may_not_read() -> None:
    """O8: an emergency of which a partner gets counts only goes to the partners of `general` at once, besides."""
    blind = replace(RULEBOOK, partners={"police": POLICE, "council": council(Sharing.COUNTS)})
    emergency = letter(urgency=Urgency.EMERGENCY)
    found = overseen(emergency, blind, NOW.date()).decision.routes
    assert found == (*emergency.decision.routes, Route("police", Delivery.NOW, "council may not read it"))
    assert overseen(letter(), blind, NOW.date()) == letter()
    assert overseen(emergency, RULEBOOK, NOW.date()).decision.routes == emergency.decision.routes
    slow = replace(emergency.decision, routes=(*emergency.decision.routes, Route("police", Delivery.DIGEST, "x")))
    assert overseen(replace(emergency, decision=slow), blind, NOW.date()).decision.routes == found
    kept = replace(emergency.decision, flags=("not-to:police",))
    assert "police" not in {
        one.partner for one in overseen(replace(emergency, decision=kept), blind, NOW.date()).decision.routes
    }


@pytest.mark.parametrize("flag", ["anonymous", "safe-contact"])
@pytest.mark.parametrize("sharing", Sharing)
def test_flags_lower(sharing: Sharing, flag: str) -> None:
    """D4: of one who asks not to be named, or to be contacted with care, no level passes on name or contact."""
    for part in bodies(routed(letter(flag), council(sharing)).mail):
        assert "Ana" not in part
        assert "Pop" not in part
        assert "900123" not in part
        assert "example[.]org" not in part
    assert goes(letter(flag), council(sharing)).sender is None


def test_anonymous_emergency_keeps_its_place() -> None:
    """O8: help finds the door of one who asks not to be named."""
    part = bodies(routed(letter("anonymous", urgency=Urgency.EMERGENCY), council(Sharing.FULL)).mail)[0]
    assert "12 Elm Road" in part
    assert "Khan" not in part
    assert "900123" not in part


def test_how_to_contact_comes_first() -> None:
    """O5: how the sender may be contacted is told first, in their words, as far as these may go."""
    for part in bodies(routed(letter("safe-contact"), council(Sharing.FULL)).mail):
        said = part.index("Call [phone number], never at home.")
        assert said < part.index("What it is" if "What it is" in part else "WHAT IT IS")


def test_no_agreement_is_told() -> None:
    """D4: a partner whose agreement ran out reads why it gets so little."""
    lapsed = council(Sharing.FULL, agreement=replace(COUNCIL.agreement, expires=date(2026, 3, 1)))  # type: ignore[type-var]
    assert all("missing or has run out" in part for part in bodies(routed(letter(), lapsed).mail))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=8))
def test_evidence_never_tells_what_words_do_not(places: list[tuple[int, int]]) -> None:
    """D4: wherever a rule fired, its words show no digit and no name that redacting takes out."""
    cut = tuple(Span("own-words", start, end, WORDS[start:end]) for start, end in places if start < end)
    made = letter()
    made = replace(made, decision=replace(made.decision, evidence=(Evidence("rule", 1, cut, ("tag x",)),)))
    for word in (one for why in goes(made, council(Sharing.REDACTED)).why for one in why.words):
        assert not re.search(r"\d|Ana|Pop|Khan|Kha\b|\bElm|NN1", word)


def mail(*files: tuple[str, bytes]) -> bytes:
    """Return a letter with these files."""
    made = EmailMessage()
    made["From"] = "Ana Pop <ana.pop@example.org>"
    made["To"] = "cohesion@example.org"
    made.set_content(WORDS)
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


FILES = (
    ("one.jpg", jpeg()), ("two.PNG", png()), ("three.webp", webp()), ("film.mp4", SECRET), ("note.pdf", b"%PDF-1.7"),
    ("run.exe", b"MZ"), ("phone.heic", SECRET), ("lie.jpg", b"<svg>" + SECRET),
)  # fmt: skip


def sent(partner: Partner, *flags: str, files: tuple[tuple[str, bytes], ...] = FILES) -> tuple[Outgoing, bytes]:
    """Route a letter with files; return the mail and the letter as it came."""
    raw = mail(*files)
    made = letter(*flags, attachments=parse(raw).attachments)
    return routed(made, partner, Source(raw, NOW)), raw


def test_full_gets_files() -> None:
    """G5: with the level full, files go; photographs without metadata, and what cannot be stripped is kept with us."""
    made, _ = sent(council(Sharing.FULL))
    found = attached(made.mail)
    assert [one.name for one in found] == [f"{REFERENCE}-{end}" for end in ("1.jpg", "2.png", "3.webp", "5.pdf")]
    assert [one.type for one in found] == ["image/jpeg", "image/png", "image/webp", "application/pdf"]
    assert not any(SECRET in one.content for one in found)
    for part in bodies(made.mail):
        assert part.count("without what the camera wrote into it") == 3
        assert part.count("cannot be taken out") == 3
        assert part.count("mail systems refuse") == 1


@pytest.mark.parametrize(
    ("sharing", "names"),
    [(Sharing.CONTACT_WITHHELD, ["1.jpg", "2.png", "3.webp"]), (Sharing.REDACTED, []), (Sharing.COUNTS, [])],
)
def test_lower_levels_get_fewer(sharing: Sharing, names: list[str]) -> None:
    """D4: with contact withheld only photographs go, without metadata; below that nothing does."""
    found = attached(sent(council(sharing, evidential=True))[0].mail)
    assert [one.name for one in found] == [f"{REFERENCE}-{one}" for one in names]
    assert not any(SECRET in one.content for one in found)


def test_evidential_gets_the_letter_as_it_came() -> None:
    """G5: an evidential partner gets the letter byte for byte, with its SHA-256 and the time of receipt."""
    files = FILES[:5]
    made, raw = sent(council(Sharing.FULL, evidential=True), files=files)
    found = attached(made.mail)
    assert [one.content for one in found] == [raw, *(content for _, content in files)]
    assert found[0].name == f"{REFERENCE}-original.eml"
    for part in bodies(made.mail):
        assert hashlib.sha256(raw).hexdigest() in part
        assert "2026-03-02 09:05:00 +0000" in part
        assert part.count(f"{REFERENCE}-original.eml") == 1
    assert b"\r\n" in made.mail
    assert made.mail.isascii()


@pytest.mark.parametrize("flag", ["anonymous", "safe-contact"])
def test_no_original_of_who_must_be_spared(flag: str) -> None:
    """D4: where the sender asks for care, the letter as it came, with all it tells, is kept with us."""
    made, raw = sent(council(Sharing.FULL, evidential=True), flag)
    assert not any(one.content == raw or SECRET in one.content for one in attached(made.mail))


def test_original_with_what_servers_refuse() -> None:
    """O8: a program in a letter does not keep the mail about it from arriving."""
    made, raw = sent(council(Sharing.FULL, evidential=True))
    assert not any(one.content in {raw, b"MZ"} for one in attached(made.mail))
    assert all(hashlib.sha256(raw).hexdigest() in part for part in bodies(made.mail))


@pytest.mark.parametrize("verdict", ["infected", "unscanned", "unscannable"])
def test_what_is_not_clean_stays(verdict: str) -> None:
    """X5: what is infected, or no scanner has passed, goes to nobody, and not within the letter as it came either."""
    raw = mail(*FILES[:2])
    first, second = parse(raw).attachments
    made = letter(attachments=(replace(first, verdict=verdict), replace(second, verdict="clean")))
    found = attached(routed(made, council(Sharing.FULL, evidential=True), Source(raw, NOW)).mail)
    assert [one.name for one in found] == [f"{REFERENCE}-2.png"]


def test_no_more_than_a_partner_takes() -> None:
    """D4: attachments together stay within what the partner takes; what does not fit is kept with us, and told."""
    files = tuple((f"{n}.pdf", bytes(1000)) for n in range(5))
    made, _ = sent(council(Sharing.FULL, largest_attachment=2_500), files=files)
    assert sum(len(one.content) for one in attached(made.mail)) == 2_000
    assert all(part.count("too large to be sent") == 3 for part in bodies(made.mail))
    made, raw = sent(council(Sharing.FULL, largest_attachment=2_500, evidential=True), files=files)
    assert raw not in [one.content for one in attached(made.mail)]
    assert attached(sent(council(Sharing.FULL, largest_attachment=0))[0].mail) == []


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), st.binary(max_size=50)), max_size=4
    )
)
def test_any_file_name(files: list[tuple[str, bytes]]) -> None:
    """O5: no name of a file becomes a header, a path or a link: ours are made of the case's reference."""
    raw = mail(("a.pdf", b"1"))
    named = tuple(Attachment(n, name, "text/html", len(data), "", inline=False) for n, (name, data) in enumerate(files))
    made = letter(attachments=named)
    of = terms(council(Sharing.FULL), RULEBOOK, (), Urgency.TODAY, NOW.date())
    for one in enclosures(made, of, council(Sharing.FULL), REFERENCE, Source(raw, NOW)).files:
        assert re.fullmatch(rf"{REFERENCE}-\d+\.[a-z0-9]+", one.name)
        assert one.type != "text/html"
    assert routed(made, council(Sharing.FULL), Source(raw, NOW)).mail.isascii()


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("14_Elm_Road.jpg", "[address]jpg"),
        ("14-elm-road.jpg", "[address]jpg"),
        ("flat_3b.jpg", "[address].jpg"),
        ("Maria_Kowalska-ID.pdf", "[name].pdf"),
        ("2026-03-02_lamp.jpg", "2026-03-02 lamp.jpg"),
    ],
)
def test_names_of_files_are_words(name: str, left: str) -> None:
    """D4: what stands for a space in a file's name hides nothing, in the list as in the words that rules fired on."""
    named = (Attachment(0, name, "image/jpeg", 1234, "a" * 64, inline=False),)
    fired = Evidence(
        "rule", 3, (Span("attachment-names", 3, len(name) - 4, name[3:-4]),), ("category street-lighting",)
    )
    made = letter(attachments=named, decision=replace(letter().decision, evidence=(fired,)))
    found = goes(made, council(Sharing.REDACTED))
    assert [one.name for one in found.attachments] == [left]
    assert not {"Elm", "elm", "3b", "Maria", "Kowalska"} & set(re.findall("[A-Za-z0-9]+", found.why[0].words[0]))
