"""What config.yaml says about screening reaches the screening."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.app import App
from intake.errors import UserError
from intake.mail.values import GatewayVerdict, Intermediary
from tests.walk.deployment import Deployment


def test_verdicts_and_intermediaries(tmp_path: Path) -> None:
    """S5, S10: config.yaml names whose verdict counts, and where an intermediary's sender stands."""
    deployment = Deployment(tmp_path / "intake")
    deployment.edit(
        ("  # microsoft-365: true ", "  microsoft-365: true "),
        ("  # gateway: ", "  gateway: "),
        ("  #  - {header: X-Spam-Status", "    - {header: X-Spam-Status"),
        ("intermediaries: []", "intermediaries: [{address: forms@example.net, sender: 'text: E-mail'}]"),
        ("acknowledgements-per-hour: 200", "acknowledgements-per-hour: 7"),
    )
    app = App.open(deployment.config)
    assert app.identity.microsoft_365
    assert app.identity.gateways == (GatewayVerdict("x-spam-status", "yes", forged=False),)
    assert app.identity.intermediaries == (Intermediary("forms@example.net", "text: e-mail"),)
    assert app.config.limits.acknowledgements_per_hour == 7


@pytest.mark.parametrize("sender", ["text:", "two words", "'text: '"])
def test_place_that_is_none(tmp_path: Path, sender: str) -> None:
    """S10: where an intermediary's sender stands is a header, a labelled line, or none."""
    deployment = Deployment(tmp_path / "intake")
    deployment.edit(("intermediaries: []", f"intermediaries: [{{address: forms@example.net, sender: {sender}}}]"))
    with pytest.raises(UserError):
        App.open(deployment.config)
