"""How the SMTP server may be reached."""

from __future__ import annotations

import pytest

from intake.errors import UserError
from intake.outbox.smtp import SmtpSettings


@pytest.mark.parametrize("host", ["smtp.example.org", "192.0.2.1", "10.0.0.1", "127.0.0.1.example.org", ""])
def test_clear_text_stays_here(host: str) -> None:
    """X2: without TLS mail goes to this machine only."""
    with pytest.raises(UserError):
        SmtpSettings(host, 25, "none")
    assert SmtpSettings(host, 465, "tls")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine(host: str) -> None:
    """X2: to this machine clear text is allowed."""
    assert SmtpSettings(host, 25, "none")


def test_secrets_are_not_shown() -> None:
    """X1: the password is in no representation of the settings."""
    assert "sesame" not in repr(SmtpSettings("localhost", 25, "none", user="u", secret="open sesame"))
