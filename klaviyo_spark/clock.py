"""This machine's clock, and times from numbers. Klaviyo's clock, which pages are stamped by, is
``client.server_clock``."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc_now() -> datetime:
    """Now, in UTC, by this machine's clock."""
    return datetime.now(timezone.utc)


def utc(micros: int) -> datetime:
    """The instant so many microseconds after 1970.

    Sessions differ in the zone they collect times in, so times are collected as such numbers.
    """
    return _EPOCH + timedelta(microseconds=micros)
