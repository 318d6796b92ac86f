"""The address of Klaviyo, or of what speaks like it: where a key may be sent. Pure."""

from __future__ import annotations

import ipaddress
import re

_URL = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?/?")


def check_base_url(url: str) -> str:
    """The address of the API as ``scheme://host[:port]``.

    Raises:
        ValueError: not an address, with a path, a user or a query, or plain http to another
            machine: the key would travel readable.
    """
    found = _URL.fullmatch(url)
    if not found or int(found.group(3) or 0) > 65535:
        raise ValueError("expected https://HOST[:PORT], without user, path or query")
    scheme, host, _ = found.groups()
    if scheme == "http" and not _is_loopback(host):
        raise ValueError(f"plain http to {host} would show the key; use https (or loopback)")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
