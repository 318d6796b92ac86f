"""Times of a page's records and their order. No HTTP."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from klaviyo_spark.client.page_order import Times, follows, times_on
from klaviyo_spark.client.responses import Page, read_page
from tests.helpers.listing import ZERO, at

EVENT = datetime.fromtimestamp(1782173723, timezone.utc)


def a_page(*values: Any, field: str = "datetime", **more: Any) -> Page:
    data = [{"id": f"{n}", "attributes": {field: value}} for n, value in enumerate(values)]
    body = json.dumps({"data": more.get("data", data), "links": {"next": None}}).encode()
    _, count, edges = read_page(body, "GET /api/events")
    return Page("u", "/api/events", "", 200, body, None, count, None, ZERO, "2026-07-15", edges)


def text(seconds: float) -> str:
    return at(seconds).isoformat()


def times(*values: Any, until: datetime | None = None) -> Times:
    return times_on(a_page(*values), "datetime", until)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Times()),
        ([text(5)], Times(at(5), at(5))),
        ([text(1), text(1), text(2)], Times(at(1), at(2))),
        ([text(1), text(0.5), text(2)], Times(at(1), at(2), False)),
        ([text(2), text(1)], Times(at(2), at(1), False)),
        ([text(1), text(3), text(2), text(4)], Times(at(1), at(4), False)),
        ([text(1), None, text(2)], Times(at(1), at(2))),
        ([None, "soon"], Times()),
        ([1782173723, "soon"], Times(EVENT, EVENT)),
        ([7, "soon"], Times()),
    ],
    ids=str,
)
def test_the_first_and_the_last_time_and_whether_all_ascend(values, expected):
    assert times(*values) == expected


def test_times_in_several_forms_are_compared_as_times():
    assert times("2026-01-01T00:00:01Z", "2026-01-01T00:00:01.5+00:00").in_order
    assert times("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:01+00:00") == Times(at(0), at(1))
    assert not times("2026-01-01T00:00:01+00:00", "2026-01-01T02:00:00+02:00").in_order


def test_what_has_changed_since_the_walk_began_says_nothing_of_how_far_it_is():
    """A profile that was updated meanwhile is at its old place with its new time."""
    assert times(text(1), text(90), text(2), until=at(50)) == Times(at(1), at(2))
    assert times(text(1), text(2), text(90), until=at(50)) == Times(at(1), at(2))
    assert times(text(90), until=at(50)) == Times()


@pytest.mark.parametrize("data", [[{"attributes": [1]}, {"attributes": {"datetime": text(2)}}]])
def test_of_odd_records_the_edges_say_what_they_can(data):
    assert times_on(a_page(data=data), "datetime") == Times(at(2), at(2))


def test_a_page_goes_on_where_the_last_one_ended_to_the_second():
    assert follows(None, at(5))
    assert follows(at(5), None)
    assert follows(at(5), at(4))
    assert not follows(at(5), at(3.9))
