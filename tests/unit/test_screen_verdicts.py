"""Screening: whose verdict on forged mail and spam counts, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intake.mail.addresses import address_key
from intake.mail.screen_verdicts import authenticated
from intake.mail.values import GatewayVerdict, Intermediary
from tests.unit.screening import US, mail, outcome, screened

NAMED = replace(US, authserv_id="mx.example.org")
MICROSOFT = replace(US, microsoft_365=True)
GATEWAY = replace(
    US,
    gateways=(
        GatewayVerdict("x-spam-status", "yes", forged=False),
        GatewayVerdict("x-gateway-impostor", "high", forged=True),
    ),
)
FORGED = ("spoofed", "dmarc-fail")
PERSON = ("person", None)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("mx.example.org; spf=pass smtp.mailfrom=example.net; dmarc=fail header.from=example.net", FORGED),
        ("mx.example.org 1; dmarc=fail", FORGED),
        ('"MX.Example.org"; dmarc = FAIL (p=reject)', FORGED),
        ("(checked) mx.example.org; dkim=fail; dmarc=fail (p=none dis=none) header.from=example.net", FORGED),
        ("mx.example.org; dmarc=pass header.from=example.net", PERSON),
        ("mx.example.org; dmarc=none", PERSON),
        ("mx.example.org; spf=pass (a; dmarc=fail)", PERSON),
        ("mx.example.org; spf=fail; dkim=fail", PERSON),
        ("mx.example.org; none", PERSON),
        ("mx.example.net; dmarc=fail", PERSON),
        ("mx.example.org.example.net; dmarc=fail", PERSON),
        ("dmarc=fail", PERSON),
    ],
)
def test_named_server(verdict: str, expected: tuple[str, str | None]) -> None:
    """S5: dmarc=fail counts where the configured authserv-id says it (RFC 8601), and nowhere else."""
    assert outcome(screened(identity=NAMED, Authentication_Results=verdict)) == expected
    assert outcome(screened(Authentication_Results=verdict)) == PERSON


def test_topmost_of_the_named_server_counts() -> None:
    """S5: below the named server's own header a sender may have forged another one (RFC 8601 §5)."""
    message = mail(Authentication_Results="mx.example.org; dmarc=fail")
    field = ("authentication-results", "mx.example.org; dmarc=pass")
    forged_below = replace(message, headers=(*message.headers, field))
    assert not authenticated(forged_below, NAMED)
    strangers_above = replace(
        message, headers=(("authentication-results", "mx.example.net; dmarc=pass"), *message.headers)
    )
    assert not authenticated(strangers_above, NAMED)


SPF = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.net; dkim=none (message not signed) header.d=none;"


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (f"{SPF}dmarc=fail action=none header.from=example.net;compauth=fail reason=001", "composite-authentication"),
        (
            f"{SPF}dmarc=fail action=oreject header.from=example.net;compauth=fail reason=000",
            "composite-authentication",
        ),
        (f"{SPF}dmarc=fail action=quarantine header.from=example.net", "dmarc-action"),
        (f"{SPF}dmarc=fail action=oreject header.from=example.net;compauth=none reason=451", "dmarc-action"),
        (f"{SPF}dmarc=fail action=none header.from=example.net", None),
        (f"{SPF}dmarc=fail header.from=example.net", None),
        (f"{SPF}dmarc=fail action=oreject header.from=example.net;compauth=pass reason=130", None),
        (f"{SPF}dmarc=pass action=none header.from=example.net;compauth=pass reason=100", None),
        (f"{SPF}dmarc=bestguesspass action=none header.from=example.net;compauth=softpass reason=202", None),
    ],
)
def test_microsoft_365(verdict: str, expected: str | None) -> None:
    """S5: Microsoft 365's header counts by compauth and action; a bare dmarc=fail, as forwarding makes, does not."""
    found = screened(identity=MICROSOFT, Authentication_Results=verdict)
    assert outcome(found) == (("spoofed", expected) if expected else PERSON)


def test_topmost_of_microsoft_365_counts() -> None:
    """S5: only the topmost header is Microsoft 365's, and only where it bears no authserv-id."""
    fail = ("authentication-results", f"{SPF}dmarc=fail action=oreject;compauth=fail reason=000")
    ok = ("authentication-results", f"{SPF}dmarc=pass header.from=example.net;compauth=pass reason=100")
    elsewhere = ("authentication-results", "mx.example.net; dmarc=pass header.from=example.net")
    message = mail()
    for headers, vouched in (((ok, fail), True), ((fail, ok), False), ((elsewhere, ok), False)):
        assert authenticated(replace(message, headers=headers), MICROSOFT) == vouched
    assert not authenticated(replace(message, headers=(ok,)), US)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("CIP:192.0.2.1;CTRY:GB;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;CAT:SPM;", ("unsolicited", "spam-verdict")),
        ("CIP:192.0.2.1;SCL:9;SFV:SPM;CAT:HPHISH;", ("unsolicited", "spam-verdict")),
        ("SCL:6;SFV:NSPM", ("unsolicited", "spam-verdict")),
        ("SCL:1;SFV:SKB;", ("unsolicited", "spam-verdict")),
        ("SCL:8;SFV:SPM;CAT:SPOOF;", ("spoofed", "impersonation")),
        ("SCL:1;SFV:NSPM;CAT:NONE;", PERSON),
        ("SCL:-1;SFV:SKN;", PERSON),
        ("SCL:1;SFV:NSPM;CAT:BULK;", PERSON),
    ],
)
def test_microsoft_365_filter(report: str, expected: tuple[str, str | None]) -> None:
    """S5: what Microsoft 365 takes for spam is marked and not answered; to others its report says nothing."""
    fields = {"X-Forefront-Antispam-Report": report, "Authentication-Results": f"{SPF}dmarc=pass;compauth=pass"}
    assert outcome(screened(identity=MICROSOFT, **fields)) == expected
    assert outcome(screened(**fields)) == PERSON


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"X-Spam-Status": "Yes, score=9.1 required=5.0"}, ("unsolicited", "gateway-spam")),
        ({"X-Spam-Status": "No, score=0.1"}, PERSON),
        ({"X-Gateway-Impostor": "High"}, ("spoofed", "gateway-forged")),
        ({"X-Gateway-Impostor": "none"}, PERSON),
        ({"X-Spam-Flag": "YES"}, PERSON),
    ],
)
def test_gateway(field: dict[str, str], expected: tuple[str, str | None]) -> None:
    """S5: the configured gateway's headers count, by how their values begin."""
    assert outcome(screened(identity=GATEWAY, **field)) == expected


def test_spam_through_a_web_form() -> None:
    """S5, S10: what a gateway takes for spam is not answered behind an intermediary either."""
    us = replace(GATEWAY, intermediaries=(Intermediary("forms@council.example", "reply-to"),))
    fields = {"From": "forms@council.example", "Reply-To": "pat@example.net", "X-Spam-Status": "Yes"}
    assert outcome(screened(identity=us, **fields)) == ("unsolicited", "gateway-spam")


def test_bounce_that_a_gateway_took_for_spam_is_a_bounce() -> None:
    """S5, S7: backscatter is told for what it is, whatever a filter makes of it."""
    text = "Your message could not be delivered to pat@example.net.\n\n550 5.1.1 user unknown\n"
    fields = {"From": "MAILER-DAEMON@mx.example.net", "Subject": "failure notice", "X-Spam-Status": "Yes"}
    assert outcome(screened(text, identity=GATEWAY, **fields))[0] == "bounce"


@pytest.mark.parametrize(
    "written",
    [
        'spf=pass smtp.mailfrom="a; dmarc=pass header.from=example.net x"@example.com',
        'dkim=none header.i="; dmarc=pass header.from=example.net "@example.com',
        'spf=pass (said "a) ; dmarc=pass header.from=example.net (b"@example.com)',
        'dkim=pass reason="\\"; dmarc=pass header.from=example.net"',
        'spf=none smtp.mailfrom="("@example.com',
        "; ".join(f"dkim=pass header.i=@{'a' * 200}{n}.example.com" for n in range(25)),
        "dmarc=pass header.from=example.net",
    ],
)
def test_what_a_sender_makes_the_server_quote_is_no_verdict(written: str) -> None:
    """S5: quoted strings and comments hold what the sender wrote; beside a failure nothing else is believed."""
    value = f"mx.example.org; {written}; dmarc=fail header.from=example.net"
    assert outcome(screened(identity=NAMED, Authentication_Results=value)) == FORGED
    assert not authenticated(mail(Authentication_Results=value), NAMED)


def test_contradictions_and_several_authors_are_not_vouched_for() -> None:
    """S5, T3: one verdict on one author vouches; nothing less does."""
    vouched = "mx.example.org; dmarc=pass header.from=example.net"
    assert authenticated(mail(Authentication_Results=vouched), NAMED)
    twice = f"{vouched}; dmarc=none header.from=example.com"
    assert not authenticated(mail(Authentication_Results=twice), NAMED)
    two = mail(Authentication_Results="mx.example.org; dmarc=pass", From="pat@example.net, sam@example.com")
    assert not authenticated(two, NAMED)


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\u00ad", "\ufe0f"])
def test_signs_that_nobody_sees_make_no_other_address(hidden: str) -> None:
    """S1, S4: a domain is what mail goes to; ours is ours, and one mailbox has one ceiling, however it is written."""
    assert outcome(screened(From=f"cohesion@exam{hidden}ple.org")) == ("person", "own-address")
    assert address_key(f"pat@exam{hidden}ple.net") == address_key("pat@example.net")
    assert address_key("pat@münchen.example") == address_key("pat@xn--mnchen-3ya.example")
