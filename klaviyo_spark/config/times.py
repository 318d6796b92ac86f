"""Times and durations as people write them. No clock here: "now" is an argument."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from klaviyo_spark import messages
from klaviyo_spark.errors import UsageError

TIME_FORM = "ISO 8601, such as 2026-01-31 or 2026-01-31T09:00:00Z"
DURATION_FORM = "a whole number and d, h or m, such as 7d, 36h or 30m"
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.I
)
_DURATION = re.compile(r"(\d{1,5})([dhm])")
_UNIT = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def parse_time(text: str) -> datetime:
    """The moment that ``text`` names, in UTC; UTC too where it states no offset.

    Raises:
        ValueError: it names none.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(messages.conf.NO_TIME(text=text, form=TIME_FORM))
    date, minute, second, fraction, zone = found.groups()
    # Python 3.10 reads one form only: six digits of a second, a colon in the offset.
    plain = f"{date}T{minute or '00:00'}{second or ':00'}.{(fraction or '0').ljust(6, '0')}"
    digits = (zone or "+00:00").upper().replace("Z", "+0000").replace(":", "").ljust(5, "0")
    try:
        read = datetime.fromisoformat(f"{plain}{digits[:3]}:{digits[3:]}")
        return read.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise ValueError(messages.conf.NO_TIME(text=text, form=TIME_FORM)) from error


def parse_duration(text: str) -> timedelta:
    """The length of time that ``text`` names: ``7d``, ``36h``, ``30m``, ``0d``.

    Raises:
        ValueError: it names none.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(messages.conf.NO_DURATION(text=text, form=DURATION_FORM))
    return int(found.group(1)) * _UNIT[found.group(2)]


def bounds(
    start: str | None, end: str | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """What ``--start`` and ``--end`` say, in UTC; the end is exclusive, and may be yet to come.

    None, or empty as Databricks gives it, means that an option was not given.

    Raises:
        UsageError: one is no time, the start is yet to come, or not before the end.
    """
    first, last = _option("--start", start), _option("--end", end)
    if first is not None and first > now:
        raise UsageError(messages.command_line.START_IN_FUTURE(start=start))
    if first is not None and last is not None and first >= last:
        raise UsageError(messages.command_line.START_AFTER_END(start=start, end=end))
    return first, last


def _option(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise UsageError(
            messages.command_line.OPTION_NO_TIME(option=name, text=text, form=TIME_FORM)
        ) from error
