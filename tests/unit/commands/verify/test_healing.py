"""What is read again of what is short: exactly that, in the fewest requests. No Spark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.verify.comparing import Comparison
from klaviyo_spark.commands.verify.days import DayRange, joined
from klaviyo_spark.commands.verify.healing import PAGE, Healing, Reading, healing, readings

FIRST = date(2026, 5, 1)
Cells = frozenset[tuple[str, date]]


def may(day: int) -> date:
    return FIRST + timedelta(days=day - 1)


def short(events: int = 3, **days: str) -> dict[str, dict[date, int]]:
    """Short days of May per metric, such as ``A="1 2 5"``, with so many events each."""
    return {m: {may(int(d)): events for d in text.split()} for m, text in days.items()}


def said(found: list[Reading]) -> list[str]:
    """Readings as ``AB 1-3``."""
    return [
        f"{''.join(r.metric_ids)} {r.span.first.day}-{r.span.last.day}"
        if len(r.span) > 1
        else f"{''.join(r.metric_ids)} {r.span.first.day}"
        for r in found
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({"A": "3"}, ["A 3"]),
        ({"A": "3 4 5"}, ["A 3-5"]),
        ({"A": "3 5"}, ["A 3", "A 5"]),
        ({"A": "3 4", "B": "3 4"}, ["AB 3-4"]),
        ({"A": "3", "B": "4"}, ["A 3", "B 4"]),
        ({"A": "1 2 3", "B": "2"}, ["A 1-3", "B 2"]),
        ({"A": "1", "B": "1 2", "C": "2"}, ["AB 1", "BC 2"]),
        ({"A": "1 2", "B": "2 3", "C": "1 2 3"}, ["AC 1-2", "BC 2-3"]),
        ({"A": "1 2", "B": "1 3", "C": "2 3"}, ["AB 1", "AC 2", "BC 3"]),
        ({}, []),
    ],
)
def test_days_and_metrics_are_read_together_where_that_is_fewer_requests(days, expected):
    assert said(readings(short(**days))) == expected


def test_what_fills_pages_is_not_read_twice_to_save_a_request():
    many = short(PAGE * 3, A="1 2", B="2 3") | short(PAGE * 3, C="1 2 3")
    assert said(readings(many)) == ["A 1-2", "C 1-3", "B 2-3"]


def test_pages_are_counted_by_what_klaviyo_counts():
    (reading,) = readings(short(PAGE, A="1 2", B="1 2"))
    assert (reading.events, reading.pages) == (4 * PAGE, 4)
    assert readings({"A": {FIRST: PAGE + 1}})[0].pages == 2


def some_short(metrics: str) -> st.SearchStrategy[dict[str, dict[date, int]]]:
    days = st.dictionaries(st.integers(1, 5).map(may), st.just(3), max_size=5)
    return st.dictionaries(st.sampled_from(metrics), days)


@given(some_short("ABCDEF"))
def test_exactly_the_short_days_are_read(few):
    cells = {(id, day) for found in readings(few) for id in found.metric_ids for day in found.span}
    assert cells == {(metric, day) for metric, days in few.items() for day in days}


@given(some_short("AB"))
def test_of_two_metrics_the_requests_are_the_fewest_there_can_be(few):
    assert len(readings(few)) == fewest(few)


@given(some_short("ABCDEF"))
def test_never_are_there_more_requests_than_runs_of_short_days(few):
    runs = {span for days in few.values() for span in joined(days)}
    assert len(readings(few)) <= len(runs)


def fewest(few: Mapping[str, Mapping[date, int]]) -> int:
    """By trying all: the least number of rectangles within the short days that hold them all."""
    cells = frozenset((metric, day) for metric, days in few.items() for day in days)
    wide = {
        frozenset(
            (metric, day)
            for metric, days in few.items()
            if all(d in days for d in span)
            for day in span
        )
        for a, b in combinations(range(1, 7), 2)
        for span in [DayRange(may(a), may(b - 1))]
    }
    able = [one for one in wide if one and not any(one < other for other in wide)]
    return next(
        count
        for count in range(len(able) + 1)
        if any(frozenset().union(*some) == cells for some in combinations(able, count))
    )


# -- from checks ----------------------------------------------------------------------------------


def a_check(
    count_type: str, scope: str, actual_count: int, expected_count: int, **more: object
) -> Comparison:
    resource = {"events": "events", "members": "lists", "records": "campaigns"}[count_type]
    facts = {"scope_name": None, "day": None, **more}
    return Comparison(
        resource,
        count_type,
        scope,
        actual_count=actual_count,
        expected_count=expected_count,
        **facts,
    )  # type: ignore[arg-type]


def test_only_what_a_read_can_mend_is_read_again():
    found = healing(
        [
            a_check("events", "M1", 1, 4, day=FIRST),
            a_check("events", "M1", 4, 4, day=may(2)),
            a_check("events", "M1", 5, 4, day=may(3)),
            a_check("events", "M1", 5, 4, day=may(4), twice=1),
            a_check("members", "L1", 4, 3),
            a_check("members", "L2", 3, 3),
            a_check("members", "L3", 2, 3),
            a_check("records", "C1", 1, 1),
            a_check("records", "C2", 0, 1),
            a_check("records", "C3", 1, 0),
        ]
    )
    assert found == Healing(
        [Reading(("M1",), DayRange(FIRST, FIRST), 4)],
        {"lists": frozenset({"L1", "L3"})},
        {"campaigns": frozenset({"C2"})},
    )


def test_a_record_that_is_no_longer_listed_needs_the_listing_alone():
    found = healing([a_check("records", "C3", 1, 0)])
    assert (found.listings, bool(found)) == ({"campaigns": frozenset()}, True)


def test_where_all_is_well_there_is_nothing_to_read():
    assert not healing([a_check("events", "M1", 4, 4, day=FIRST), a_check("records", "C1", 1, 1)])
