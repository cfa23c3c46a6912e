"""The acknowledgement: its headers, its languages, and what it keeps to itself."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import UserError
from intake.mail.tokens import RESIDENT
from intake.mail.values import Acknowledge, Decision, Language, Route, Urgency
from intake.mail.values import Delivery as When
from intake.outbox.mime import bodies
from intake.outbox.outgoing import Outgoing
from intake.outbox.service import Service
from intake.outbox.templates import mail_folders
from intake.rules.rulebook import ANSWERS
from tests.outbox_values import LONDON, NAMES, NOW, REFERENCE, SERVICE, TEMPLATES, composer, read
from tests.store_values import triage

COMPOSER = composer()
TOKEN = SERVICE.tokens.sign(REFERENCE, RESIDENT)
LANGUAGES = sorted(folder.name for folder in (TEMPLATES / "acknowledgement").iterdir() if folder.is_dir())
RIGHT_TO_LEFT = {"ar", "ur", "fa-AF", "ps"}
RLM = "\u200f"


def acknowledged(language: str = "en", template: str = "standard", **changes: object) -> Outgoing:
    """Answer a letter in that language."""
    letter = triage(language=Language(language, 0.9), acknowledge=template, **changes)
    return COMPOSER.acknowledgement(letter, REFERENCE, 1, 1, NOW)


def test_headers() -> None:
    """O4: an acknowledgement says that it is automatic, what it answers, who writes, and goes to one recipient."""
    made = acknowledged("ro")
    mail = read(made.mail)
    assert mail["From"] == "Westshire Safety Partnership <cohesion@example.org>"
    assert mail["To"] == made.recipient == "ana.pop@example.org"
    assert mail["Reply-To"] == made.envelope_from == "cohesion@example.org"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<one@mail.example.org>"
    assert mail["References"] == f"<one@mail.example.org> <case.{TOKEN}@{SERVICE.host}>"
    assert mail["Content-Language"] == "ro, en"
    assert f"\r\nMessage-ID: <{made.header_id}>\r\n".encode() in b"\r\n" + made.mail
    assert mail["Date"].datetime == NOW
    assert not {"cc", "bcc", "sender"} & {name.lower() for name in mail}


def test_token_travels_three_ways() -> None:
    """T1: the case's token stands in the Message-ID, in a second id of References and in a plus-form of Reply-To."""
    plus = composer(service=replace(SERVICE, plus_addressing=True)).acknowledgement(triage(), REFERENCE, 1, 1, NOW)
    mail = read(plus.mail)
    assert mail["Reply-To"] == f"cohesion+{TOKEN}@example.org"
    assert mail["Message-ID"].startswith(f"<case.{TOKEN}.")
    assert REFERENCE in mail["Subject"]


def test_plus_form_must_fit() -> None:
    """T1: where name and token together are longer than a local part may be (RFC 5321), Reply-To stays as it is."""
    long = replace(SERVICE, address="c" * 40 + "@example.org", plus_addressing=True)
    mail = read(composer(service=long).acknowledgement(triage(), REFERENCE, 1, 1, NOW).mail)
    assert mail["Reply-To"] == long.address


def test_null_sender() -> None:
    """O4: the operator can have acknowledgements go out under the null path, and nothing else."""
    quiet = composer(service=replace(SERVICE, null_sender=True))
    assert quiet.acknowledgement(triage(), REFERENCE, 1, 1, NOW).envelope_from == ""


def test_expires() -> None:
    """O7: an acknowledgement is worth sending for 24 hours."""
    assert acknowledged().expires_at == NOW + timedelta(hours=24)


def test_neutral_says_almost_nothing() -> None:
    """O4: the neutral answer names nobody, answers no thread and offers no advice."""
    mail = acknowledged("en", "neutral").mail
    headers = read(mail)
    assert headers["From"] == "cohesion@example.org"
    assert headers["In-Reply-To"] is headers["References"] is None
    assert b"mail.example.org" not in mail
    text, html = bodies(mail)
    for part in (text, html):
        assert "Westshire" not in part
        assert "999" not in part
        assert "police" not in part.lower()
    assert len(text) < 200
    assert headers["Auto-Submitted"] == "auto-replied"


def test_nobody_to_answer() -> None:
    """S11: without one address to answer to, or against the decision, no acknowledgement can be made."""
    for letter in (triage(acknowledge=None), triage(reply_address=None)):
        with pytest.raises(ValueError, match="not to be acknowledged"):
            COMPOSER.acknowledgement(letter, REFERENCE, 1, 1, NOW)


def decisions() -> st.SearchStrategy[Decision]:
    """Whatever rules may decide."""
    names = st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=4, unique=True).map(tuple)
    routes = st.lists(st.builds(Route, st.sampled_from(["police", "council"]), st.sampled_from(When), st.just("x")))
    flags = st.lists(st.sampled_from(["child", "anonymous", "not-to:police"]), unique=True).map(tuple)
    return st.builds(
        Decision, names, names, flags, st.sampled_from(Urgency), st.sampled_from(Acknowledge), routes.map(tuple),
        st.just(()), st.just(()), st.just("v"),
    )  # fmt: skip


@settings(deadline=None)
@given(decisions(), st.text(), st.text(), st.sampled_from(["standard", "neutral"]))
def test_gives_nothing_away(decided: Decision, subject: str, words: str, template: str) -> None:
    """Promise 3: whatever was written and decided, the answer is the same, byte for byte."""
    changes = {"subject": subject, "own_words": words, "full_text": words, "from_name": words, "attachments": ()}
    assert acknowledged("pl", template, decision=decided, **changes).mail == acknowledged("pl", template).mail


@pytest.mark.parametrize("template", ["standard", "neutral"])
def test_names_no_category_and_no_partner(template: str) -> None:
    """Promise 3: the answer names no category and no partner, and quotes nothing."""
    text, html = bodies(acknowledged(template=template).mail)
    for secret in (*NAMES.values(), "Westshire Police", "Westshire Council", "Our street", "About one", "Ana"):
        assert secret not in text + html


@pytest.mark.parametrize("template", ["standard", "neutral"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language(language: str, template: str) -> None:
    """Promise 2: the resident's language stands before the English, marked as what it is, running its own way."""
    made = acknowledged(language, template)
    assert made.problems == ()
    mail = read(made.mail)
    text, html = bodies(made.mail)
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    folder = "acknowledgement" if template == "standard" else "acknowledgement-neutral"
    line = (TEMPLATES / folder / language / "subject.txt").read_text("utf-8").strip()
    assert mail["Subject"] == line.replace("{{ reference }}", REFERENCE)
    own, english = text.split("\n----------------------------------------\n")
    assert f'<div lang="{language}" dir="{direction}">' in html
    assert '<div lang="en" dir="ltr">' in html
    assert html.index(f'lang="{language}"') < html.index('<div lang="en"')
    numbers = (REFERENCE,) if template == "neutral" else (REFERENCE, "999", "55", "101", "111")
    for wanted in numbers:
        assert wanted in own
        assert wanted in english
        assert html.count(wanted) >= 2
    lines = [line for line in own.split("\n") if line]
    assert all(line.startswith(RLM) for line in lines) == (direction == "rtl")


@pytest.mark.parametrize(
    ("written", "answered"), [("pt-BR", "pt, en"), ("de", "en"), ("und", "en"), ("en", "en"), ("", "en"), ("..", "en")]
)
def test_other_languages(written: str, answered: str) -> None:
    """Promise 2: a region falls back to its language, and what nobody has translated to English."""
    made = acknowledged(written)
    assert read(made.mail)["Content-Language"] == answered
    assert made.problems == ()


class _Page(HTMLParser):
    """Collects a page's tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("template", ["standard", "neutral"])
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_readable_by_everyone(language: str, template: str) -> None:
    """O4: an answer has its languages and headings marked, works dark, and loads and links to nothing."""
    _, html = bodies(acknowledged(language, template).mail)
    tags = _Page(html).tags
    names = {name for name, _ in tags}
    assert ("html", {"lang": "en", "dir": "ltr"}) in tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags
    assert "title" in names
    assert template == "neutral" or {"h1", "h2"} <= names
    assert not names & {"a", "img", "script", "link", "iframe", "form"}
    assert "url(" not in html


def test_same_sender_and_id_one_key() -> None:
    """F3: one reply address and Message-ID have one key, whatever the bytes; without an id the content tells."""
    key = acknowledged().key
    assert acknowledged(reply_address="ANA.pop@Example.ORG", content_key="c" * 64, own_words="other").key == key
    assert acknowledged(message_id="other@example.org").key != key
    assert acknowledged(reply_address="else@example.org").key != key
    nameless = acknowledged(message_id=None)
    assert acknowledged(message_id=None).key == nameless.key != key
    assert acknowledged(message_id=None, content_key="c" * 64).key != nameless.key
    assert len(key) <= 96


@pytest.mark.parametrize("id_", ["a" * 400 + "@example.org", "x?=utf-8?q?y?=@example.org", "no-at"])
def test_message_ids_stay_whole(id_: str) -> None:
    """O4: the id that is answered comes back as it was, never folded or encoded."""
    assert f"In-Reply-To: <{id_}>\r\nReferences: <{id_}>\r\n <case.".encode() in acknowledged(message_id=id_).mail


@pytest.mark.parametrize("id_", ["", "a b", "a\r\nBcc: x@example.org", "a>b", "é@example.org", "a" * 901])
def test_what_is_no_message_id(id_: str) -> None:
    """O5: what is no Message-ID is not answered to, and breaks nothing."""
    mail = read(acknowledged(message_id=id_).mail)
    assert mail["In-Reply-To"] is mail["Bcc"] is None
    assert mail["References"] == f"<case.{TOKEN}@{SERVICE.host}>"


@pytest.mark.parametrize(
    "address",
    ["josé@example.org", '"a b"@example.org', "a@[127.0.0.1]", "x@y\r\nBcc: z@example.org", "a,b@example.org"],
)
def test_unusual_addresses(address: str) -> None:
    """P2: an address that a 7-bit header cannot hold stays on the envelope, and stops nothing."""
    made = acknowledged(reply_address=address)
    assert made.recipient == address
    assert read(made.mail)["To"] == "undisclosed-recipients:;"
    assert read(made.mail)["Bcc"] is None
    assert made.mail.isascii()


def test_published_address_must_be_plain() -> None:
    """O4: an address of ours that no header can hold is refused when the service starts."""
    with pytest.raises(UserError):
        Service("Us", "zażalenia@example.org", LONDON, "example.org")


def test_another_template_folder(tmp_path: Path) -> None:
    """R1: an answer is written from the folder that the rulebook names; where it fails, the built-in (O6)."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    mine = tmp_path / "templates" / "mine"
    shutil.copytree(TEMPLATES / "acknowledgement-neutral", mine)
    (mine / "subject.txt").write_text("Another subject {{ reference }}\n", "utf-8")
    writer = composer(tmp_path / "templates")
    answers = {**ANSWERS, Acknowledge.NEUTRAL: "mine"}
    letter = replace(triage(), acknowledge="neutral")
    assert writer.check(answers) == ()
    assert "mine" in mail_folders(tmp_path / "templates")
    made = writer.acknowledgement(letter, REFERENCE, 1, 1, NOW, answers)
    assert read(made.mail)["Subject"] == f"Another subject {REFERENCE}"
    (mine / "subject.txt").write_text("{{ nothing }}\n", "utf-8")
    (problem,) = writer.check(answers)
    assert problem.file == "mine/subject.txt"
    fallen_back = writer.acknowledgement(letter, REFERENCE, 1, 1, NOW, answers)
    assert fallen_back.mail == COMPOSER.acknowledgement(letter, REFERENCE, 1, 1, NOW).mail
    assert fallen_back.problems
