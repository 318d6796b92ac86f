"""Which of Klaviyo's values are times. No Spark, no I/O here; ``cast`` says the same in SQL."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

# ISO 8601, upper and lower case, with or without time of day, fraction and zone.
TIME = r"(?i)^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
OFFSET = r"(?i)\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
# A number since 1970, as JSON writes one.
EPOCH = r"^\d{1,14}(\.\d*)?([eE][+-]?\d{1,2})?$"
# Below so many it counts seconds, below so many milliseconds; above, it is none.
SECONDS_BELOW, MILLISECONDS_BELOW = 10**11, 10**14
# A smaller number, such as 2026, is no time where other things may stand.
LEAST_EPOCH = 10**8

_TIME, _EPOCH = re.compile(TIME, re.ASCII), re.compile(EPOCH, re.ASCII)
_PARTS = re.compile(
    r"([\d-]{10})(?:.(\d\d:\d\d)(:\d\d)?(?:\.(\d+))?\s*(?:Z|UTC)?([+-]\d\d)?:?(\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_1970 = datetime(1970, 1, 1, tzinfo=timezone.utc)


def as_time(value: Any) -> datetime | None:
    """A time in any form of the API, in UTC, where none is said too; None for what is no time.

    Args:
        value: of decoded JSON, or a time with its zone. What is finer than a microsecond is cut
            off.
    """
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    try:
        return _of_epoch(text) if _EPOCH.match(text) else _of_text(text)
    except (ValueError, OverflowError):  # no such day, or beyond the years 1 to 9999
        return None


def _of_epoch(text: str) -> datetime | None:
    number = Decimal(text)
    if not LEAST_EPOCH <= number < MILLISECONDS_BELOW:
        return None
    return _1970 + timedelta(
        microseconds=int(number * (1_000_000 if number < SECONDS_BELOW else 1_000))
    )


def _of_text(text: str) -> datetime | None:
    found = _PARTS.fullmatch(text) if _TIME.match(text) else None
    if not found:
        return None
    day, minute, second, fraction, hours, minutes = found.groups()
    # Python 3.10 reads one form only: six digits of a second, a colon in the offset.
    clock = f"{minute or '00:00'}{second or ':00'}.{(fraction or '0')[:6].ljust(6, '0')}"
    zone = f"{hours or '+00'}:{minutes or '00'}"
    # Nor does Python know a year 0, whose last hours may be of the year 1 in UTC.
    early = timedelta(days=4 * 365 + 1) if day.startswith("0000") else timedelta(0)
    day = day.replace("0000", "0004", 1) if early else day
    return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(timezone.utc) - early
