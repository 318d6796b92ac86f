"""What a backfill costs, from what there is to read."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from klaviyo_spark.commands.backfill.forecast import (
    ResourceEstimate,
    ahead,
    days_of,
    lines,
    per_step,
)


def june(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=timezone.utc)


STEPS = [(june(1), june(3)), (june(3), june(4, 12))]


def test_days_are_those_that_steps_touch():
    assert days_of(STEPS) == [date(2026, 6, day) for day in (1, 2, 3, 4)]
    assert days_of([(june(1, 12), june(2, 6)), (june(2, 6), june(2, 7))]) == [
        date(2026, 6, 1),
        date(2026, 6, 2),
    ]


def test_days_before_the_earliest_are_left_out():
    assert days_of([(june(1), june(5))], date(2026, 6, 3)) == [date(2026, 6, 3), date(2026, 6, 4)]


def test_a_step_has_the_records_of_its_days():
    per_day = {date(2026, 6, 1): 5, date(2026, 6, 3): 7, date(2026, 6, 4): 1, date(2026, 6, 5): 9}

    assert per_step(STEPS, per_day) == [5, 8]


@pytest.mark.parametrize(
    ("resource", "per_step", "share", "threads", "expected"),
    [
        # 16 threads that take a second each are 960 a minute, of the 3,500 that Klaviyo allows
        (
            "events",
            [1_000_000],
            1.0,
            16,
            ResourceEstimate("events", 1_000_000, 1_000, 62.5, 960 / 3_500),
        ),
        # of 750 a minute, a quarter
        ("profiles", [75_000], 0.25, 16, ResourceEstimate("profiles", 75_000, 750, 240.0, 0.25)),
        # fewer than a minute takes
        ("events", [999, 0, 1_001], 1.0, 16, ResourceEstimate("events", 2_000, 4, 0.25, 4 / 3_500)),
    ],
)
def test_the_limit_or_the_threads_are_the_brake(resource, per_step, share, threads, expected):
    assert ahead(resource, per_step, share, threads) == expected


def test_it_is_said_per_resource_and_in_all():
    found = [ahead("events", [1_000_000], 1.0, 16), ahead("profiles", [75_000], 1.0, 16)]

    assert list(lines(found, 1.0, 16)) == [
        "events: about 1,000,000 records, 1,000 requests or more, 1 min at 27 % of Klaviyo's "
        "limit for them",
        "profiles: about 75,000 records, 750 requests or more, 1 min at 100 % of Klaviyo's limit "
        "for them",
        "in all about 2 min of requests (rate_limit_share 1, max_concurrent_requests 16), then "
        "4 min of refining where Spark has two cores",
    ]
