"""Triage as a whole: what screening, own words and rules make together of a message."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.values import Identity, Kind
from intake.rules.load import load_rulebook
from intake.triage import Sorter, as_object
from tests.letters.render import letters, render

US = "cohesion@example.org"


@pytest.fixture(scope="module")
def sorter() -> Sorter:
    """The shipped rulebook, for the shipped address."""
    rules = load_rulebook(Path(__file__).parents[2] / "rules")
    return Sorter(
        rules, Identity(frozenset({US}), hostnames=frozenset({"intake.example.org"})), ZoneInfo("Europe/London")
    )


def mail(
    text: str, *, subject: str = "Hello", message_id: str | None = "<one@home.example>", **headers: str
) -> EmailMessage:
    """Return a mail of a resident to us."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann Example <ann@home.example>", US, subject
    made["Date"] = "Mon, 02 Nov 2026 09:00:00 +0000"
    if message_id:
        made["Message-ID"] = message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def test_attached_forward_is_read(sorter: Sorter) -> None:
    """P3, P4: a letter forwarded as an attachment is read by the rules, and stays apart from the sender's own words."""
    forward = mail("See attached.\n")
    forward.add_attachment(mail("The fly-tipping on the verge has mattresses and black bags again.\n", subject="verge"))
    found = sorter.triage(forward.as_bytes())
    assert found.own_words.strip() == "See attached."
    assert "mattresses" in found.full_text
    assert "neighbourhood" in found.decision.categories


def test_late_mail_is_sorted_and_not_answered(sorter: Sorter) -> None:
    """F11: what is first seen late is sorted as ever and never acknowledged, with the reason."""
    raw = mail("Thank you for the street party, we all loved it.\n").as_bytes()
    fresh, late = sorter.triage(raw), sorter.triage(raw, late=True)
    assert fresh.acknowledge == "standard"
    assert (late.acknowledge, late.acknowledge_reason.code) == (None, "late")
    assert late.decision == fresh.decision


def test_staff_of_the_same_domain_are_people(sorter: Sorter) -> None:
    """S1: only what we sent ourselves counts as ours, not everything from the mailbox's domain."""
    raw = mail("Please call me about the grant.\n", message_id="<abc@example.org>")
    raw.replace_header("From", "officer@example.org")
    assert sorter.triage(raw.as_bytes()).kind is Kind.PERSON
    ours = mail("Thank you for your message.\n", message_id="<abc@intake.example.org>")
    assert sorter.triage(ours.as_bytes()).kind is Kind.OWN


@pytest.mark.parametrize(
    "change",
    [
        {"Received": "from a.example by b.example; Mon, 02 Nov 2026 09:00:05 +0000"},
        {"List_Id": "<all.example.org>"},
        {"X_Spam_Score": "0.1"},
    ],
)
def test_copies_share_their_content_key(sorter: Sorter, change: dict[str, str]) -> None:
    """F3: trace and list headers, banners, boundaries and encodings do not make another message."""
    text = "The light at the corner has been out for a week.\n\nAnn\n"
    one, other = mail(text), mail(text, **change)
    other.set_content("CAUTION: This email originated from outside of the organisation.\n\n" + text, cte="base64")
    assert sorter.triage(one.as_bytes()).content_key == sorter.triage(other.as_bytes()).content_key


def test_another_message_has_another_content_key(sorter: Sorter) -> None:
    """F3: other words, another sender or another Message-ID make another message."""
    keys = {
        sorter.triage(one.as_bytes()).content_key
        for one in (
            mail("The light is out.\n"),
            mail("The light is on.\n"),
            mail("The light is out.\n", message_id="<two@home.example>"),
            mail("The light is out.\n", message_id=None),
        )
    }
    assert len(keys) == 4


def test_letters_without_own_words_are_told_apart(sorter: Sorter) -> None:
    """F3: of letters without Message-ID, date and words only equal bytes are copies; a subject is content too."""
    lamp = b"From: form@site.example\nTo: cohesion@example.org\nSubject: lamp\n\n"
    fire = lamp.replace(b"lamp", b"my house is on fire")
    assert sorter.triage(lamp).content_key != sorter.triage(fire).content_key
    assert (
        sorter.triage(lamp).content_key
        != sorter.triage(b"Received: from a.example by b.example; x\n" + lamp).content_key
    )
    dated = [b"Date: Mon, 02 Nov 2026 09:00:00 +0000\n" + one for one in (lamp, fire)]
    assert len({sorter.triage(one).content_key for one in dated}) == 2


def test_every_letter_gives_the_promised_object(sorter: Sorter) -> None:
    """R7: `triage --json` prints every promised key, and an answer never goes without a reason."""
    keys = [
        "kind",
        "reason",
        "subject",
        "from",
        "date",
        "language",
        "categories",
        "tags",
        "flags",
        "areas",
        "urgency",
        "urgent",
        "routes",
        "acknowledge",
        "own_words",
        "attachments",
        "defects",
        "evidence",
    ]
    for letter in letters()[:40]:
        found = as_object(sorter.triage(render(letter)))
        assert list(found) == keys
        assert found["acknowledge"]["reason"]["code"]
        assert found["urgent"] == (found["urgency"] != "routine")
        assert found["categories"]


@given(raw=st.binary(max_size=4000))
def test_any_bytes_are_triaged(raw: bytes) -> None:
    """P2: nothing that can be put into a mailbox stops triage."""
    found = SHIPPED.triage(raw)
    assert found.decision.categories
    assert replace(found, own_words=found.own_words.encode("utf-8").decode("utf-8")) == found


SHIPPED = Sorter(
    load_rulebook(Path(__file__).parents[2] / "rules"), Identity(frozenset({US})), ZoneInfo("Europe/London")
)
