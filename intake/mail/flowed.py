"""Text that its sender's program has broken into lines for us to put together again (RFC 3676)."""

from __future__ import annotations


def unfolded(text: str, *, delsp: bool) -> str:
    """Return format=flowed `text` with its paragraphs on one line each (RFC 3676 §4).

    `delsp`: the space that marks a flowed line is not part of the text. Lines are joined only within one quote depth;
    the signature separator "-- " is never joined.
    """
    out: list[list[str]] = []  # the pieces of each line
    flowing_at = -1  # quote depth of the paragraph that the next line continues
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content.removeprefix(" ")
        signature = content == "-- "
        flows = content.endswith(" ") and not signature
        if flows and delsp:
            content = content[:-1]
        if depth == flowing_at and not signature:
            out[-1].append(content)
        else:
            out.append([">" * depth + " " if depth else "", content])
        flowing_at = depth if flows else -1
    return "\n".join("".join(line) for line in out)
