"""The command over real mail, all of it at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.walk.deployment import Deployment

CORPUS = Path(__file__).parents[3] / "shared" / "mails"


def test_every_real_message_is_sorted(tmp_path: Path) -> None:
    """P2: `triage --json` over every real message ends without a crash, with one object each; none is answered wrongly.

    No acknowledgement goes to a bounce or an automatic reply that anything tells for one, nor to any list.
    """
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real messages is not at {CORPUS}: the command was not run over a single one")
    entries = [json.loads(line) for line in (CORPUS / "manifest.jsonl").read_text("utf-8").splitlines()]
    paths = [str(CORPUS / one["path"]) for one in entries]
    printed = Deployment(tmp_path / "intake").call("triage", "--json", *paths)
    found = {one["path"]: one for one in map(json.loads, printed.splitlines())}
    assert set(found) == set(paths)
    answered = {
        kind: sum(
            found[path]["acknowledge"]["template"] is not None
            for path, one in zip(paths, entries, strict=True)
            if one["kind"] == kind and one["format"] == "rfc822"
        )
        for kind in ("list", "auto_reply", "bounce")
    }
    assert answered == {"list": 0, "auto_reply": 0, "bounce": 0}
