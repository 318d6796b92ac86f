"""What Klaviyo is asked to count, and how its answers are read. No network."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from klaviyo_spark.commands.verify.asking import COUNTS, LONGEST, count_walks, counts
from klaviyo_spark.errors import BadAnswer

BASE = "https://a.klaviyo.com"
NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
FIRST = date(2026, 1, 31)
THREE = [FIRST + timedelta(days=n) for n in range(3)]
FACTS = {"first": "2026-01-31", "last": "2026-02-02"}


def an_answer(
    *numbers: Any, first: date = FIRST, groups: int = 1, dates: list[str] | None = None
) -> bytes:
    """The answer to a question for days from ``first`` on."""
    if dates is None:
        days = [first + timedelta(days=n) for n in range(len(numbers))]
        dates = [f"{day}T00:00:00+00:00" for day in days]
    rows = [{"dimensions": [], "measurements": {"count": list(numbers)}}] * groups
    attributes = {"dates": dates, "data": rows}
    return json.dumps({"data": {"type": "metric-aggregate", "attributes": attributes}}).encode()


def test_a_question_is_as_klaviyo_wants_it():
    (walk,) = count_walks(BASE, {"M1": THREE}, NOW)

    assert walk.question is not None
    assert json.loads(walk.question) == {
        "data": {
            "type": "metric-aggregate",
            "attributes": {
                "metric_id": "M1",
                "measurements": ["count"],
                "interval": "day",
                "timezone": "UTC",
                "page_size": 500,
                "filter": [
                    "greater-or-equal(datetime,2026-01-31T00:00:00)",
                    "less-than(datetime,2026-02-03T00:00:00)",
                ],
            },
        }
    }
    assert walk.first_url == f"{BASE}/api/metric-aggregates"
    assert (walk.endpoint.rate.burst, walk.endpoint.rate.steady) == (3, 60)
    assert (walk.endpoint.scopes, walk.parent_id) == (("metrics:read",), "M1")


def test_no_question_is_about_more_than_a_year():
    days = [FIRST + timedelta(days=n) for n in range(2 * LONGEST + 1)]
    walks = count_walks(BASE, {"M1": days, "M2": THREE, "M3": []}, NOW)

    assert [(walk.parent_id, walk.facts["first"], walk.facts["last"]) for walk in walks] == [
        ("M1", "2026-01-31", "2027-01-30"),
        ("M1", "2027-01-31", "2028-01-30"),
        ("M1", "2028-01-31", "2028-01-31"),
        ("M2", "2026-01-31", "2026-02-02"),
    ]


def test_days_far_apart_are_not_asked_for_with_all_between():
    days = [FIRST, FIRST + timedelta(days=LONGEST - 1), FIRST + timedelta(days=1000)]
    walks = count_walks(BASE, {"M1": days}, NOW)
    assert [walk.facts["last"] for walk in walks] == ["2027-01-30", "2028-10-27"]


def test_counts_are_per_day():
    assert counts(an_answer(3, 0, 12), FACTS) == dict(zip(THREE, (3, 0, 12), strict=True))


def test_whole_numbers_may_come_as_fractions_do():
    assert [*counts(an_answer(3.0, 0.0, 12.0), FACTS).values()] == [3, 0, 12]


def test_a_metric_without_events_may_have_no_row_of_counts():
    dates = [f"{day}T00:00:00+00:00" for day in THREE]
    assert [*counts(an_answer(dates=dates, groups=0), FACTS).values()] == [0, 0, 0]


def test_several_rows_add_up_and_days_that_nobody_asked_for_are_left():
    body = an_answer(1, 2, 3, 4, 5, first=FIRST - timedelta(days=1), groups=2)
    assert [*counts(body, FACTS).values()] == [4, 6, 8]


@pytest.mark.parametrize(
    "body",
    [
        an_answer(1, 2),
        an_answer(1, 2, 3, first=FIRST + timedelta(days=1)),
        an_answer(1, 2, dates=[f"{day}" for day in THREE]),
        an_answer(1, None, 3),
        an_answer(1, 2.5, 3),
        an_answer(1, 2, 3).replace(b"2,", b"1e999,"),
        an_answer(1, 2, 3).replace(b" 2,", b" " + b"9" * 5000 + b","),
        an_answer(1, 2, 3, dates=["yesterday", *(f"{day}" for day in THREE[1:])]),
        b'{"data":{"type":"metric-aggregate","attributes":null}}',
        b'{"data":{"type":"metric-aggregate","attributes":{"dates":[],"data":[[]]}}}',
        b'{"data":null}',
    ],
)
def test_an_answer_without_a_count_for_each_day_is_none(body):
    with pytest.raises(BadAnswer, match="without a count for each day"):
        counts(body, FACTS)


def test_what_counts_is_no_endpoint_whose_pages_are_landed():
    from klaviyo_spark.resources import ENDPOINTS

    assert COUNTS.name not in ENDPOINTS
