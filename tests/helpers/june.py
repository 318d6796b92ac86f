"""Times of June 2026, and the days that reads of them hold whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timezone

from klaviyo_spark.silver.late_arrivals import whole_days
from klaviyo_spark.state.intervals import CoveredInterval, Range


def june(day: int, hour: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, 0, second, tzinfo=timezone.utc)


def days(*ranges: tuple[datetime | None, datetime]) -> Sequence[tuple[str, date, date]]:
    """The days of one metric that ranges, read at once, hold whole."""
    return whole_days({"M1": [CoveredInterval(Range(start, end), end) for start, end in ranges]})
