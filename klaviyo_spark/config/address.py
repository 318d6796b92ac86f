"""The address of Klaviyo, or of what speaks like it: where a key may be sent. Pure."""

from __future__ import annotations

import ipaddress
import re

from klaviyo_spark import messages

_URL = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?/?")


def check_base_url(url: str) -> str:
    """The address of the API as ``scheme://host[:port]``.

    Raises:
        ValueError: not an address, with a path, a user or a query, or plain http to another
            machine: the key would travel readable.
    """
    found = _URL.fullmatch(url)
    if not found or int(found.group(3) or 0) > 65535:
        raise ValueError(messages.conf.BAD_BASE_URL())
    scheme, host, _ = found.groups()
    if scheme == "http" and not _is_loopback(host):
        raise ValueError(messages.conf.PLAIN_HTTP(host=host))
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
