"""The servers that tests talk to, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.smtp_sink import SmtpSink


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server of the test's own, without AUTH and TLS."""
    with SmtpSink() as sink:
        yield sink
