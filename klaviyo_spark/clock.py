"""This machine's clock. Klaviyo's, which pages are stamped by, is ``api.servertime``."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """Now, in UTC, by this machine's clock."""
    return datetime.now(timezone.utc)
