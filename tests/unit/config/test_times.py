"""Times and durations as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.config.times import bounds, parse_duration, parse_time
from klaviyo_spark.errors import UsageError

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T09:30", "2026-01-31T09:30:00+00:00"),
        ("2026-01-31 09:30:15", "2026-01-31T09:30:15+00:00"),
        ("2026-01-31T09:30:15Z", "2026-01-31T09:30:15+00:00"),
        ("2026-01-31T09:30:15.5z", "2026-01-31T09:30:15.500000+00:00"),
        ("2026-01-31T09:30:15.123456+02:00", "2026-01-31T07:30:15.123456+00:00"),
        ("2026-01-31T09:30:15-0530", "2026-01-31T15:00:15+00:00"),
        ("2026-01-31T00:30+01", "2026-01-30T23:30:00+00:00"),
        ("2026-01-31+01:00", "2026-01-30T23:00:00+00:00"),
    ],
)
def test_a_time_is_read_in_utc(text: str, expected: str):
    assert parse_time(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-02-30", "20260131", "2026-W05", "2026-01-31T25:00",
     "2026-01-31T09", "2026-01-31T09:00:00+99:00", "0001-01-01T00:00:00+01:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_form_expected(text: str):
    with pytest.raises(ValueError, match=r"is not a time. Use ISO 8601, such as 2026-01-31"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", timedelta(days=7)),
        ("36h", timedelta(hours=36)),
        ("30m", timedelta(minutes=30)),
        ("0d", timedelta(0)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta):
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "7 days", "-1d", "1.5h", "7w", "P7D", "999999d"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a duration. Use a whole number"):
        parse_duration(text)


def test_bounds_not_given_are_none():
    assert bounds(None, None, NOW) == (None, None)
    assert bounds("", "", NOW) == (None, None)


def test_the_end_may_be_yet_to_come():
    first, last = bounds("2026-02-01", "2027-01-01", NOW)

    assert first == datetime(2026, 2, 1, tzinfo=timezone.utc)
    assert last == datetime(2027, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (
            "soon",
            None,
            "--start soon: not a time. Use ISO 8601, such as 2026-01-31 or 2026-01-31T09:00:00Z.",
        ),
        (
            None,
            "2026-02-30",
            "--end 2026-02-30: not a time. Use ISO 8601, such as 2026-01-31 or "
            "2026-01-31T09:00:00Z.",
        ),
        (
            "2026-02-02",
            "2026-02-01",
            "--start 2026-02-02: not before --end 2026-02-01. Put the earlier time first.",
        ),
        (
            "2026-02-01",
            "2026-02-01",
            "--start 2026-02-01: not before --end 2026-02-01. Put the earlier time first.",
        ),
        (
            "2026-03-01T12:00:01",
            None,
            "--start 2026-03-01T12:00:01: lies in the future. Use an earlier time.",
        ),
    ],
)
def test_bad_bounds_are_refused_by_option_and_value(
    start: str | None, end: str | None, message: str
):
    with pytest.raises(UsageError) as refused:
        bounds(start, end, NOW)

    assert str(refused.value) == message
    assert refused.value.exit_code == 2
