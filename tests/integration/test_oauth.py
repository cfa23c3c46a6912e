"""Access tokens from a real token endpoint: kept, renewed, and every refusal told (H5, X1, X2)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from intake.errors import IntakeError, Temporary, UserError
from intake.oauth import AccessTokens, OAuthSettings
from tests.servers.certificates import OPENSSL, make_certificates
from tests.servers.m365_tokens import CLIENT_ID, SCOPE, SECRET, TokenEndpoint
from tests.store_fixtures import Clock


@pytest.fixture
def clock() -> Clock:
    """The clock of the endpoint and of who asks it."""
    return Clock()


@pytest.fixture
def endpoint(clock: Clock) -> Iterator[TokenEndpoint]:
    """A token endpoint of the test's own."""
    made = TokenEndpoint(clock)
    yield made
    made.stop()


def settings(endpoint: TokenEndpoint, **changes: object) -> OAuthSettings:
    return replace(OAuthSettings(endpoint.url, CLIENT_ID, SCOPE, SECRET, timeout=5), **changes)  # type: ignore[arg-type]


def fault(asked: OAuthSettings, clock: Clock) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        AccessTokens(asked, clock).token()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_kept_and_renewed_before_its_end(endpoint: TokenEndpoint, clock: Clock) -> None:
    """H5: one token serves every connection, and a new one is had before it ends: none is ever used too late."""
    tokens = AccessTokens(settings(endpoint), clock)
    first = tokens.token()
    for minutes in range(0, 180, 5):
        token = tokens.token()
        assert endpoint.good(token), f"after {minutes} minutes"
        clock.advance(timedelta(minutes=4, seconds=59))
        assert endpoint.good(token), f"after {minutes} minutes, in use"
        clock.advance(timedelta(seconds=1))
    assert first != token
    assert endpoint.asked == 4


def test_a_refused_token_is_not_offered_again(endpoint: TokenEndpoint, clock: Clock) -> None:
    """H5: a token that a server refused is forgotten, and the next connection has a new one."""
    tokens = AccessTokens(settings(endpoint), clock)
    first = tokens.token()
    endpoint.revoke()
    tokens.refused()
    assert tokens.token() != first
    assert endpoint.good(tokens.token())


def test_a_renewed_secret_needs_no_restart(endpoint: TokenEndpoint, clock: Clock) -> None:
    """H5: the client secret is read again for every token: a new one that was put in its place serves at once."""
    kept = ["another"]
    tokens = AccessTokens(settings(endpoint, secret="another"), clock, lambda: kept[0])
    with pytest.raises(IntakeError):
        tokens.token()
    kept[0] = SECRET
    assert endpoint.good(tokens.token())


def test_a_short_life_is_used(endpoint: TokenEndpoint, clock: Clock) -> None:
    """H5: a token of two minutes is renewed after nine tenths of them."""
    endpoint.life = timedelta(minutes=2)
    tokens = AccessTokens(settings(endpoint), clock)
    first = tokens.token()
    clock.advance(timedelta(seconds=107))
    assert tokens.token() == first
    clock.advance(timedelta(seconds=1))
    assert tokens.token() != first


REFUSALS = [
    ((401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."), UserError, "has run out"),
    ((401, "invalid_client", "AADSTS7000215: Invalid client secret provided."), UserError, "not the right one"),
    ((400, "unauthorized_client", "AADSTS700016: Application not found."), UserError, "`client-id`"),
    ((400, "invalid_request", "AADSTS90002: Tenant not found."), UserError, "`token-url`"),
    ((400, "invalid_scope", "AADSTS1002012: The scope is not valid."), UserError, "check `scope`"),
    ((401, "invalid_client", ""), UserError, "check `client-id`"),
    ((403, "\x1b[31m no code", ""), UserError, "(HTTP 403)"),
    ((404, "", ""), UserError, "(HTTP 404)"),
    ((307, "", ""), UserError, "(HTTP 307)"),
    ((429, "", ""), Temporary, "(HTTP 429)"),
    ((503, "", ""), Temporary, "(HTTP 503)"),
    ((400, "temporarily_unavailable", "AADSTS90033: A transient error."), Temporary, "temporarily_unavailable"),
]


@pytest.mark.parametrize(("answer", "kind", "said"), REFUSALS, ids=[f"{a[0]} {a[1]}"[:24] for a, _, _ in REFUSALS])
def test_refusals(
    endpoint: TokenEndpoint, clock: Clock, answer: tuple[int, str, str], kind: type[IntakeError], said: str
) -> None:
    """H5: what the endpoint says tells whether to wait or which setting to mend; a redirect is never followed."""
    endpoint.answer = answer
    found = fault(settings(endpoint), clock)
    assert type(found) is kind
    assert said in str(found)
    assert "\x1b" not in str(found)
    assert endpoint.asked == 1
    endpoint.answer = None
    assert endpoint.good(AccessTokens(settings(endpoint), clock).token())


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"[" * 50_000, b'{"access_token": 7}', b'{"access_token": "a\\r\\nb"}', b"\xff" * 300_000],
    ids=["empty", "html", "list", "nested", "number", "line", "long"],
)
def test_answers_that_hold_no_token(endpoint: TokenEndpoint, clock: Clock, body: bytes) -> None:
    """H2: an answer without a token, as proxies give, is tried again later."""
    endpoint.body = body
    assert type(fault(settings(endpoint), clock)) is Temporary


@pytest.mark.parametrize("expires_in", ["null", '"3599"', "-5", '"soon"'])
def test_ends_that_cannot_be_read(endpoint: TokenEndpoint, clock: Clock, expires_in: str) -> None:
    """H5: a token whose end is not told counts for an hour at most (RFC 6749 §5.1)."""
    endpoint.body = b'{"access_token": "abc", "expires_in": %s}' % expires_in.encode()
    tokens = AccessTokens(settings(endpoint), clock)
    assert tokens.token() == tokens.token() == "abc"
    assert endpoint.asked == 1
    clock.advance(timedelta(hours=1))
    tokens.token()
    assert endpoint.asked == 2


def test_an_endpoint_that_is_away(endpoint: TokenEndpoint, clock: Clock) -> None:
    """H2: nobody listens, nobody answers in time, the connection breaks off: try again later."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/token"
        assert "in time" in str(fault(settings(endpoint, token_url=url, timeout=0.2), clock))
    assert type(fault(settings(endpoint, token_url=url), clock)) is Temporary


def test_secrets_are_not_shown(endpoint: TokenEndpoint, clock: Clock) -> None:
    """X1: neither secret nor token is in any representation."""
    tokens = AccessTokens(settings(endpoint), clock)
    token = tokens.token()
    shown = repr(settings(endpoint)) + repr(tokens) + repr(vars(tokens))
    assert SECRET not in shown
    assert token not in shown


@pytest.mark.parametrize("url", ["http://login.example.org/token", "ftp://127.0.0.1/token", "login.example.org", ""])
def test_no_clear_text(url: str) -> None:
    """X2: the secret goes out over TLS only, but to this machine."""
    with pytest.raises(UserError, match="https"):
        OAuthSettings(url, CLIENT_ID, SCOPE, SECRET)


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed: TLS to the token endpoint was not tested")
def test_tls_is_verified(tmp_path: Path, clock: Clock) -> None:
    """X2: the secret is handed only to an endpoint whose certificate verifies."""
    make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    endpoint = TokenEndpoint(clock, context)
    try:
        assert endpoint.good(AccessTokens(settings(endpoint, ca_file=tmp_path / "ca.pem"), clock).token())
        stranger = fault(settings(endpoint), clock)
        assert isinstance(stranger, UserError)
        assert "does not verify" in str(stranger)
        wrong_name = endpoint.url.replace("localhost", "127.0.0.1")
        assert "does not verify" in str(
            fault(settings(endpoint, token_url=wrong_name, ca_file=tmp_path / "ca.pem"), clock)
        )
        assert endpoint.asked == 1
    finally:
        endpoint.stop()
