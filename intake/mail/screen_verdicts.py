"""Forged and unsolicited mail, told by whichever server the operator trusts with the verdict (S5)."""

from __future__ import annotations

import re

from intake.mail.message import Message
from intake.mail.values import GatewayVerdict, Identity, Reason

_PIECE = re.compile(r'\\.|[()"]|[^\\()"]+|\\', re.DOTALL)
_WITHIN = re.compile(r"[^\w.@+-]")  # what parts results from one another, and must not where it is quoted
_SERVER = re.compile(r"\s*\"?([^\s;\"=]+)\"?(?:\s+\d+)?\s*;")
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\s([a-z0-9.-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)
_READ = 100_000  # characters of a header that are judged

# What Microsoft 365 did, or would have done but for a setting, with mail that fails its domain's policy.
_ENFORCED = frozenset({"reject", "quarantine", "oreject", "o.reject", "pct.reject", "pct.quarantine"})
_FORGED = frozenset({"SPOOF", "GIMP", "DIMP", "UIMP"})  # CAT: whom it pretends to come from
_UNSOLICITED = frozenset({"SPM", "HSPM", "PHSH", "HPHSH", "HPHISH", "MALW"})  # CAT
_FILTERED = frozenset({"SPM", "SKS", "SKB"})  # SFV: found to be spam, or marked so by a rule or a blocked sender
_LEAST_SCL = 5  # from which on Microsoft 365 takes a message for spam

Results = dict[str, tuple[str, dict[str, str]]]  # method -> (result, properties), in lower case


def forged(message: Message, identity: Identity) -> Reason | None:
    """The server whose verdict counts says that the sender is not who it claims (S5)."""
    return _dmarc(message, identity) or _composite(message, identity) or _gateway(message, identity, forged=True)


def unsolicited(message: Message, identity: Identity) -> Reason | None:
    """The server whose verdict counts takes it for spam (S5)."""
    return _filtered(message, identity) or _gateway(message, identity, forged=False)


def authenticated(message: Message, identity: Identity) -> bool:
    """Tell whether the server whose verdict counts vouches for the author's domain (DMARC, RFC 7489)."""
    verdicts = _by_server(message, identity.authserv_id) if identity.authserv_id else _by_microsoft(message, identity)
    if verdicts is None:
        return False
    result, properties = verdicts.get("dmarc", ("", {}))
    domain = properties.get("header.from", message.author.domain).rstrip(".")
    is_one = len(message.from_) == 1  # of several authors nobody knows which was vouched for
    return result in {"pass", "bestguesspass"} and is_one and bool(domain) and domain == message.author.domain


def _dmarc(message: Message, identity: Identity) -> Reason | None:
    """dmarc=fail by the configured authserv-id (RFC 8601 §2.2)."""
    found = _by_server(message, identity.authserv_id) if identity.authserv_id else None
    if found and found.get("dmarc", ("",))[0] == "fail":
        return Reason("dmarc-fail", f"{identity.authserv_id} says dmarc=fail")
    return None


def _composite(message: Message, identity: Identity) -> Reason | None:
    """Microsoft 365's topmost verdict: compauth, else what it did about dmarc=fail; a bare dmarc=fail is none."""
    found = _by_microsoft(message, identity)
    if found is None:
        return None
    composite = found.get("compauth", ("none",))[0]
    if composite == "fail":
        return Reason("composite-authentication", "Microsoft 365 says compauth=fail")
    result, properties = found.get("dmarc", ("", {}))
    action = properties.get("action", "")
    if composite not in {"pass", "softpass"} and result == "fail" and action in _ENFORCED:
        return Reason("dmarc-action", f"Microsoft 365 says dmarc=fail action={action}")
    category = _antispam(message).get("CAT", "")
    if category in _FORGED:
        return Reason("impersonation", f"Microsoft 365 says CAT:{category}")
    return None


def _filtered(message: Message, identity: Identity) -> Reason | None:
    """Microsoft 365's filter: its verdict, category or confidence level."""
    if not identity.microsoft_365:
        return None
    report = _antispam(message)
    level = report.get("SCL", "")
    if report.get("SFV") in _FILTERED or report.get("CAT") in _UNSOLICITED:
        return Reason("spam-verdict", f"Microsoft 365 says SFV:{report.get('SFV', '')} CAT:{report.get('CAT', '')}")
    if level.isascii() and level.isdigit() and int(level) >= _LEAST_SCL:
        return Reason("spam-verdict", f"Microsoft 365 says SCL:{level[:4]}")
    return None


def _gateway(message: Message, identity: Identity, *, forged: bool) -> Reason | None:
    """A header that the configured gateway sets; its topmost one counts."""
    for one in identity.gateways:
        if one.forged == forged and _says(message, one):
            code = "gateway-forged" if forged else "gateway-spam"
            return Reason(code, f"the gateway says so in {one.header}")
    return None


def _says(message: Message, verdict: GatewayVerdict) -> bool:
    value = message.first(verdict.header)
    return value is not None and value.strip().lower().startswith(verdict.begins)


def _by_server(message: Message, server: str | None) -> Results | None:
    """Return the topmost results of that authserv-id; those of others may be forged (RFC 8601 §5)."""
    for value in message.all("authentication-results"):
        bare = _bare(value)
        found = _SERVER.match(bare)
        if found and server and found[1].lower() == server.lower():
            return _results(bare[found.end() :])
    return None


def _by_microsoft(message: Message, identity: Identity) -> Results | None:
    """Return the topmost results where they are Microsoft 365's: those bear no authserv-id."""
    if not identity.microsoft_365:
        return None
    bare = _bare(message.first("authentication-results") or "")
    return None if _SERVER.match(bare) else _results(bare)


def _results(text: str) -> Results:
    """Return what each method found; of results that contradict one another a failure counts, else none."""
    found: Results = {}
    for part in text.split(";"):
        if not (matched := _RESULT.match(part)):
            continue
        method, result, rest = matched.groups()
        properties = {name.lower(): value.lower() for name, value in _PROPERTY.findall(rest)}
        new = (result.lower(), properties)
        known = found.setdefault(method.lower(), new)
        if known != new and known[0] != "fail":
            found[method.lower()] = new if new[0] == "fail" else ("", {})
    return found


def _bare(value: str) -> str:
    """Return a header without its comments and quotation marks: within them senders write anything (RFC 5322 §3.2)."""
    parts: list[str] = []
    depth, is_quoted = 0, False
    for piece in _PIECE.findall(value[:_READ]):
        if piece == '"' and not depth:
            is_quoted = not is_quoted
        elif piece in ("(", ")") and not is_quoted:
            depth = max(0, depth + (1 if piece == "(" else -1))
            parts.append(" ")
        elif not depth:
            parts.append(_WITHIN.sub("_", piece) if is_quoted else piece)
    return "".join(parts)


def _antispam(message: Message) -> dict[str, str]:
    """Return the fields of Microsoft 365's report: SCL, SFV, CAT."""
    value = message.first("x-forefront-antispam-report") or ""
    pairs = (one.partition(":") for one in value[:_READ].split(";"))
    return {name.strip().upper(): told.strip().upper() for name, _, told in pairs}
