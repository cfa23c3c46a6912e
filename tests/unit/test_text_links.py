"""Links that mail gateways wrapped, unwrapped."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.text import unwrap_links

LINK = "https://www.example.org/bins?day=3&road=Elm_Road-West"
SAFE = "https://eur02.safelinks.protection.outlook.com/?url={}&data=05%7C02%7C&sdata=x%3D&reserved=0"


def second(link: str) -> str:
    """What urldefense version 2 makes of a link."""
    coded = quote(link, safe="").replace("_", "%5F").replace("-", "%2D").replace("%2F", "_").replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={coded}&d=DwMFAg&c=abc&r=def&e="


WRAPPED = {
    "Safe Links": SAFE.format(quote(LINK, safe="")),
    "version 1": f"https://urldefense.proofpoint.com/v1/url?u={quote(LINK, safe='')}&k=abc",
    "version 2": second(LINK),
    "version 3": f"https://urldefense.com/v3/__{LINK}__;!!Abc!xyz$",
    "version 3, one slash": f"https://urldefense.com/v3/__{LINK.replace('//', '/')}__;!!Abc!xyz$",
    "both": SAFE.format(quote(f"https://urldefense.com/v3/__{LINK}__;!!Abc!xyz$", safe="")),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_wrapped_link_is_as_it_was_sent(wrapped: str) -> None:
    """P4: protected links are unwrapped, also one within the other."""
    assert unwrap_links(f"see ({wrapped}), please") == f"see ({LINK}), please"


def test_version_3_puts_back_what_it_kept_apart() -> None:
    """P4: the characters that urldefense version 3 keeps apart stand where they stood, single ones and runs."""
    wrapped = "https://urldefense.com/v3/__https://example.org/a*b*c/**A__;wqPDqcOpw6k!!Abc!xyz$"
    assert unwrap_links(wrapped) == "https://example.org/a£béc/éé"


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/?url=https%3A%2F%2Felsewhere.example",
        SAFE.format("javascript%3Aalert(1)"),
        "https://eur02.safelinks.protection.outlook.com/?data=nothing",
        "https://urldefense.com/v3/nothing",
        "https://urldefense.com/v3/__https://example.org/*__;!!é$",
        "https://[broken",
        "www.example.org",
    ],
)
def test_other_links_stay(link: str) -> None:
    """P4: a link that no gateway wrapped, or that wraps no link, is left as it stands."""
    assert unwrap_links(link) == link


@given(
    st.lists(st.sampled_from(["https://", "urldefense.com/v3/__", "__;", "!", "*", "**A", "%", "é", " ", SAFE, "["]))
)
def test_never_raises(parts: list[str]) -> None:
    """P5: whatever stands in a letter, unwrapping its links does not fail."""
    unwrap_links("".join(parts))
