"""Which days had been read whole. No Spark."""

from __future__ import annotations

from datetime import date

import pytest

from klaviyo_spark.silver.late_arrivals import whole_days
from klaviyo_spark.state.intervals import CoveredInterval, Range
from tests.helpers.june import days, june


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (june(3), june(6), 3, 5),
        (june(3, second=1), june(6), 4, 5),
        (june(3), june(5, 23, 59), 3, 4),
        (june(3), june(4), 3, 3),
        (june(3, 12), june(5), 4, 4),
    ],
)
def test_a_day_is_whole_from_midnight_to_midnight(start, end, first, last):
    assert days((start, end)) == [("M1", date(2026, 6, first), date(2026, 6, last))]


@pytest.mark.parametrize("hours", [(june(3), june(3, 23)), (june(3, 12), june(4, 12))])
def test_a_range_that_holds_no_whole_day_holds_none(hours):
    assert days(hours) == []


def test_a_read_since_ever_holds_all_days_before_its_end():
    assert days((None, june(6, 12))) == [("M1", date(1, 1, 1), date(2026, 6, 5))]


def test_two_reads_that_meet_in_a_day_hold_it_together():
    whole = ("M1", date(2026, 6, 3), date(2026, 6, 5))
    assert days((june(4, 12), june(6)), (june(3), june(4, 12))) == [whole]


def test_a_gap_keeps_its_day_apart():
    assert days((june(3), june(4, 12)), (june(4, 13), june(6))) == [
        ("M1", date(2026, 6, 3), date(2026, 6, 3)),
        ("M1", date(2026, 6, 5), date(2026, 6, 5)),
    ]


def test_each_metric_has_days_of_its_own():
    read = CoveredInterval(Range(june(3), june(4)), june(4))
    day = date(2026, 6, 3)
    assert whole_days({"M1": [read], "M2": [], "M3": [read]}) == [
        ("M1", day, day),
        ("M3", day, day),
    ]
