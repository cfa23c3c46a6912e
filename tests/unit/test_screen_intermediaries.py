"""Screening: machines that write for people, and who stands behind them."""

from __future__ import annotations

from dataclasses import replace

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
