"""Which days had been read whole, and which new rows came late to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timezone

import pytest
from chispa import assert_df_equality

from klaviyo_spark.api.coverage import Range, Read
from klaviyo_spark.late import late_arrivals, whole_days
from klaviyo_spark.resources import TABLES


def june(day: int, hour: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, 0, second, tzinfo=timezone.utc)


def days(*ranges: tuple[datetime | None, datetime]) -> Sequence[tuple[str, date, date]]:
    """The days of one metric that ranges, read at once, hold whole."""
    return whole_days({"M1": [Read(Range(start, end), end) for start, end in ranges]})


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
    read = Read(Range(june(3), june(4)), june(4))
    day = date(2026, 6, 3)
    assert whole_days({"M1": [read], "M2": [], "M3": [read]}) == [
        ("M1", day, day),
        ("M3", day, day),
    ]


def test_rows_of_days_that_had_been_read_are_counted(spark):
    new = spark.createDataFrame(
        [
            ("A", "M1", date(2026, 6, 3)),
            ("A", "M1", date(2026, 6, 3)),
            ("B", "M1", date(2026, 6, 3)),
            ("A", "M1", date(2026, 6, 5)),
            ("A", "M1", date(2026, 6, 6)),
            ("A", "M2", date(2026, 6, 3)),
            ("A", None, date(2026, 6, 3)),
            ("A", "M1", None),
        ],
        "_account_id string, metric_data_id string, event_date date",
    )
    read = days((june(3), june(6)), (june(4), june(5)))

    late = late_arrivals(new, TABLES["events"], [*read, *read])

    expected = spark.createDataFrame(
        [("A", date(2026, 6, 3), 2), ("A", date(2026, 6, 5), 1), ("B", date(2026, 6, 3), 1)],
        "_account_id string, event_date date, late_rows long",
    )
    assert_df_equality(late, expected, ignore_row_order=True, ignore_nullable=True)


def test_nothing_is_late_where_nothing_had_been_read(spark):
    new = spark.createDataFrame(
        [("A", "M1", date(2026, 6, 3))],
        "_account_id string, metric_data_id string, event_date date",
    )
    assert late_arrivals(new, TABLES["events"], []).isEmpty()
