"""docs/screening.md tells what the code does: every check, in its order, with its kind and its reasons."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from intake.mail import screen, screen_verdicts
from intake.mail.screen import KINDS, KINDS_OF_INTERMEDIARIES, SILENCES, SILENCES_OF_INTERMEDIARIES
from intake.store import ceilings

DOCS = (Path(__file__).parents[2] / "docs" / "screening.md").read_text("utf-8")
ROW = re.compile(r"(?m)^\| `(\w+)` \|(?: ([a-z-]+) \|)? (`[^|]+`) \|")
CODE = re.compile(r"Reason\(\s*\"([a-z-]+)\"")


def codes(check: screen.Check) -> set[str]:
    """The codes of the reasons that a check gives, by itself or through what it calls in its module."""
    source = inspect.getsource(check)
    called = [
        inspect.getsource(one)
        for name, one in vars(inspect.getmodule(check)).items()
        if name.startswith("_") and inspect.isfunction(one) and re.search(rf"\b{name}\(", source)
    ]
    found = set(CODE.findall("\n".join([source, *called])))
    kinds = {"forged": "gateway-forged", "unsolicited": "gateway-spam"}
    if check in (screen_verdicts.forged, screen_verdicts.unsolicited):
        found.add(kinds[check.__name__])
    return found


def listed(checks: list[screen.Check]) -> list[tuple[str, set[str]]]:
    return [(check.__name__, codes(check)) for check in checks]


def test_every_check_is_told_in_its_order() -> None:
    """S6: the page names each check in the order of the code, its kind, and every reason that it gives."""
    told = ROW.findall(DOCS)
    of_kinds = [(name, kind) for name, kind, _ in told if kind]
    assert of_kinds == [(check.__name__, kind.value) for kind, check in KINDS]
    rows = [(name, set(re.findall(r"`([a-z-]+)`", reasons))) for name, _, reasons in told]
    assert rows == listed([*(check for _, check in KINDS), *SILENCES])


def test_what_is_asked_of_intermediaries() -> None:
    """S10: the page names what is asked of an intermediary's mail."""
    first = DOCS[DOCS.index("Of what a configured intermediary") : DOCS.index("## Which person's")]
    second = DOCS[DOCS.index("Of an intermediary's letter") : DOCS.index("Where none of these")]
    kinds, silences = (re.findall(r"`(\w+)`", text) for text in (first, second))
    names = {check.__name__ for check in SILENCES_OF_INTERMEDIARIES}
    assert kinds == [check.__name__ for _, check in KINDS_OF_INTERMEDIARIES]
    assert [one for one in silences if one in names] == [check.__name__ for check in SILENCES_OF_INTERMEDIARIES]


def test_ceilings_are_told() -> None:
    """S4: the page tells the ceilings that the code keeps."""
    assert [(span.days, most) for span, most in ceilings.CEILINGS] == [(1, 2), (7, 4)]
    assert "two acknowledgements a day and four a week" in DOCS
    assert f"{ceilings.AT_ONCE[1]} mails at once a day to one partner" in DOCS
    for code in (ceilings.TOO_MANY, ceilings.CROWDED.code, ceilings.MANY_AT_ONCE):
        assert f"`{code}`" in DOCS
