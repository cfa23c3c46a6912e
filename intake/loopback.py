"""Which hosts are this machine: only to them may anything go in clear text (X2)."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, by name or address, without asking any name server."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
