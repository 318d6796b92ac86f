"""Which days are verified, and how days join. No Spark."""

from __future__ import annotations

from datetime import date, datetime, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.verify.days import DayRange, days_to_verify, joined, windows
from tests.builders import DAY, WEEK

NOW = datetime(2026, 11, 24, 10, tzinfo=timezone.utc)
A_DATE = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def the_days(
    now: datetime = NOW,
    start: datetime | None = None,
    read_until: datetime | None = NOW,
    first_held: date | None = None,
    everything: bool = False,
) -> DayRange | None:
    return days_to_verify(now, WEEK, start, read_until, first_held, everything)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (NOW, date(2026, 11, 16)),
        (utc(2026, 11, 24), date(2026, 11, 16)),
        (utc(2026, 11, 23, 23, 59, 59), date(2026, 11, 15)),
    ],
)
def test_days_whose_late_events_may_still_come_are_left_out(now, last):
    assert the_days(now) == DayRange((now - 400 * DAY).date(), last)


def test_everything_begins_where_klaviyo_does_and_ends_with_the_last_day_read_whole():
    ever = date(2000, 1, 1)
    assert the_days(everything=True) == DayRange(ever, date(2026, 11, 23))
    half_read = utc(2026, 11, 22, 23, 59)
    assert the_days(everything=True, read_until=half_read) == DayRange(ever, date(2026, 11, 21))


@pytest.mark.parametrize("read_until", [None, utc(2026, 9, 1)])
def test_days_older_than_the_lookback_are_verified_whether_they_were_read_or_not(read_until):
    assert the_days(everything=True, read_until=read_until) == DayRange(
        date(2000, 1, 1), date(2026, 11, 16)
    )


def test_everything_takes_in_what_is_here_of_earlier_times():
    found = the_days(everything=True, first_held=date(1999, 5, 5))
    assert found == DayRange(date(1999, 5, 5), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("start", "first"),
    [(utc(2026, 3, 1), date(2026, 3, 1)), (utc(2026, 3, 1, 0, 0, 1), date(2026, 3, 2))],
)
@pytest.mark.parametrize("everything", [True, False])
def test_days_before_conf_start_are_not_kept_and_so_not_verified(start, first, everything):
    found = the_days(start=start, everything=everything)
    assert found is not None
    assert found.first == first


def test_where_no_day_has_settled_there_is_none_to_verify():
    assert the_days(start=NOW - 3 * DAY) is None


@given(st.sets(A_DATE, max_size=40))
def test_days_join_where_they_follow_each_other(days):
    spans = joined(days)
    assert [day for span in spans for day in span] == sorted(days)
    assert all(b.first - a.last > DAY for a, b in pairwise(spans))


@given(st.sets(A_DATE, min_size=1, max_size=40), st.integers(1, 400))
def test_windows_hold_all_days_and_none_is_too_long_nor_one_too_many(days, longest):
    spans = windows(days, longest)
    assert all(any(span.first <= day <= span.last for span in spans) for day in days)
    assert all(len(span) <= longest for span in spans)
    # The first days of the windows lie so far apart that no one window holds two of them.
    firsts = [span.first for span in spans]
    assert {*firsts} <= days
    assert all((b - a).days >= longest for a, b in pairwise(firsts))


def test_a_span_begins_at_midnight_and_ends_before_the_next():
    span = DayRange(date(2024, 2, 28), date(2024, 3, 1))
    assert (span.start, span.end, len(span)) == (utc(2024, 2, 28), utc(2024, 3, 2), 3)
