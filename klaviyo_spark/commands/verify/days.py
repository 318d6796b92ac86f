"""Days (UTC) to verify, and how they join into spans. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

# Klaviyo takes no event of an earlier time.
EARLIEST = date(2000, 1, 1)
# How far back is verified unless everything is asked for: what is older was verified often.
BACK = timedelta(days=400)
_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class DayRange:
    """Whole days in a row, from ``first`` to ``last``; both belong to it."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + n * _DAY for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def holds(self, other: DayRange) -> bool:
        """Whether ``other`` lies within."""
        return self.first <= other.first and other.last <= self.last

    @property
    def start(self) -> datetime:
        """Midnight (UTC) at which it begins."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """Midnight (UTC) at which it ends (exclusive)."""
        return _midnight(self.last + _DAY)


def days_to_verify(
    now: datetime,
    lookback: timedelta,
    start: datetime | None,
    read_until: datetime | None,
    first_held: date | None,
    everything: bool,
) -> DayRange | None:
    """The days of one metric to verify; None where there is none.

    Days within the lookback are still being filled, here and at Klaviyo. Of these ``everything``
    takes in those that have been read to their end.

    Args:
        now: by Klaviyo's clock.
        start: conf's; what is before it is not kept.
        read_until: how far the metric has been read; None: never.
        first_held: the first day that any event here falls into.
    """
    last = (now - lookback).date() - _DAY
    first = (now - BACK).date()
    if everything:
        first = min(EARLIEST, first_held or EARLIEST)
        if read_until is not None:
            last = max(last, min(now, read_until).date() - _DAY)
    if start is not None:
        first = max(
            first, start.date() if start == _midnight(start.date()) else start.date() + _DAY
        )
    return DayRange(first, last) if first <= last else None


def joined(days: Iterable[date]) -> list[DayRange]:
    """Days that follow each other as one span, in order."""
    spans: list[DayRange] = []
    for day in sorted({*days}):
        if spans and spans[-1].last + _DAY == day:
            spans[-1] = DayRange(spans[-1].first, day)
        else:
            spans.append(DayRange(day, day))
    return spans


def windows(days: Iterable[date], longest: int) -> list[DayRange]:
    """The fewest spans of at most ``longest`` days that hold ``days``, with what lies between."""
    spans: list[DayRange] = []
    for day in sorted({*days}):
        if spans and (day - spans[-1].first).days < longest:
            spans[-1] = DayRange(spans[-1].first, day)
        else:
            spans.append(DayRange(day, day))
    return spans


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)
