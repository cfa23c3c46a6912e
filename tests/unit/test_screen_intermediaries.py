"""Screening: machines that write for people, and who stands behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intake.mail.values import Intermediary
from tests.unit.screening import US, outcome, screened

FORM = Intermediary("forms@council.example", "reply-to")


def test_web_form_is_answered_at_the_address_behind_it() -> None:
    """S10: a configured form's mail is a person's although the form marks it, and is answered where it says."""
    us = replace(US, intermediaries=(FORM, Intermediary("@voice.example", "none")))
    fields = {
        "From": "Forms <forms@council.example>", "Reply-To": "pat@example.net", "Auto-Submitted": "auto-generated",
        "Precedence": "bulk", "Return-Path": "<>",
    }  # fmt: skip
    found = screened(identity=us, **fields)
    assert outcome(found) == ("person", None)
    assert found.reply_to == "pat@example.net"
    nobody = screened(identity=us, **(fields | {"Reply-To": None}))
    assert (outcome(nobody), nobody.reply_to) == (("person", "no-address"), None)


def test_voicemail_is_read_and_not_answered() -> None:
    """S10: behind voicemail-to-mail there is nobody to answer."""
    us = replace(US, intermediaries=(Intermediary("@voice.example", "none"),))
    found = screened(identity=us, From="noreply@voice.example", Auto_Submitted="auto-generated")
    assert (outcome(found), found.reply_to) == (("person", "intermediary"), None)


def test_named_header_of_a_forwarding_desk() -> None:
    """S10: where the sender stands in a header of its own, that header names who is answered."""
    us = replace(US, intermediaries=(Intermediary("desk@council.example", "x-original-sender"),))
    found = screened(identity=us, From="desk@council.example", X_Original_Sender="Pat <pat@example.net>")
    assert found.reply_to == "pat@example.net"


def test_out_of_office_of_an_intermediary_is_not_answered() -> None:
    """S10: what an intermediary's own program replies is an automatic reply."""
    us = replace(US, intermediaries=(FORM,))
    found = screened(identity=us, From="forms@council.example", Reply_To="a@example.net", Auto_Submitted="auto-replied")
    assert outcome(found) == ("auto-reply", "auto-submitted")


@pytest.mark.parametrize(
    "text",
    [
        "Name: Pat Elm\nE-mail: pat@example.net\n\nThe lamps are dark.\n",
        "Your details\n\nE-mail:\n\n  Pat Elm <pat@example.net>.\n\nE-mail: somebody@example.com\n",
    ],
)
def test_sender_in_a_line_of_the_text(text: str) -> None:
    """S10: a form that names its sender in the text alone is answered there: on the labelled line, or below it."""
    us = replace(US, intermediaries=(Intermediary("forms@council.example", "text: e-mail"),))
    assert screened(text, identity=us, From="noreply@council.example").reply_to != "pat@example.net"
    found = screened(text, identity=us, From="forms@council.example", Auto_Submitted="auto-generated")
    assert (outcome(found), found.reply_to) == (("person", None), "pat@example.net")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Name: Pat\n", "no-address"),
        ("E-mail: pat@example.net, sam@example.net\n", "no-address"),
        ("E-mail: not given\n", "no-address"),
        ("E-mail: cohesion@example.org\n", "no-address"),
        ("E-mail: noreply@example.net\n", "noreply-sender"),
    ],
)
def test_no_single_address_behind_it(text: str, why: str) -> None:
    """S10, S11: where an intermediary names nobody, several, ourselves or a `noreply`, nobody is answered."""
    us = replace(US, intermediaries=(Intermediary("forms@council.example", "text: e-mail"),))
    assert outcome(screened(text, identity=us, From="forms@council.example")) == ("person", why)


def test_intermediary_whose_own_address_is_noreply() -> None:
    """S10: an intermediary that writes as `noreply` is not silenced for that."""
    us = replace(US, intermediaries=(Intermediary("noreply@council.example", "reply-to"),))
    found = screened(identity=us, From="noreply@council.example", Reply_To="pat@example.net")
    assert (outcome(found), found.reply_to) == (("person", None), "pat@example.net")
