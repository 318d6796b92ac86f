"""From walks that have landed to rows of what has been read, and back. No Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.schema import ops_tables
from klaviyo_spark.state.intervals import CoveredInterval, Range, uncovered
from klaviyo_spark.state.models import JOINED_LATE, GroupKey, GroupRead
from klaviyo_spark.state.resume_points import MAX_TIME, ResumePoint
from klaviyo_spark.state.watermarks import (
    KnownWatermarks,
    Watermark,
    as_row,
    index_watermarks,
    keep_earlier,
    repeated_differences,
    watermarks,
)
from tests.builders import DAY, HOUR, NOON

MARGIN = timedelta(minutes=2)


def at(hours: float) -> datetime:
    return NOON + hours * HOUR


def a_walk(endpoint: str, start: float | None = None, end: float | None = None, **facts: Any):
    """A walk that has landed to its end; times in hours from ``NOON``, when it began."""
    walk = ResumePoint(
        endpoint=endpoint,
        slice="{}",
        parent_id=None,
        parent_digest=None,
        read_id="R",
        read_run_id="one",
        read_started_at=NOON,
        run_id="one",
        walk_id="W",
        is_full_read=False,
        window_start=None if start is None else at(start),
        window_end=None if end is None else at(end),
        max_record_time=None,
        in_order=True,
        pages=1,
        next_url=None,
        ended=True,
        status=200,
        records=1,
    )
    return replace(walk, **facts)


def events(start: float | None, end: float, metrics: str = "M1", **facts: Any) -> ResumePoint:
    return a_walk("events", start, end, slice=json.dumps({"metric_ids": metrics}), **facts)


def all_profiles(start: float | None = None, end: float | None = None, **facts: Any) -> ResumePoint:
    """A walk of a complete read of profiles."""
    return a_walk("profiles", start, end, is_full_read=True, **facts)


def members(start: float | None = None, **facts: Any) -> ResumePoint:
    return a_walk("list_profiles", start, parent_id="L1", parent_digest="v", **facts)


def marks(
    *walks: ResumePoint,
    names: Mapping[str, str] | None = None,
    now: datetime = NOON + DAY,
    counts: Mapping[GroupKey, int] | None = None,
):
    return list(watermarks(walks, names or {}, now, MARGIN, counts or {}))


def a_range(start: float | None, end: float, scope: str | None = "M1", **facts: Any) -> Watermark:
    """A range of events that was read at ``NOON``."""
    resource = "events" if scope else "profiles"
    begin = None if start is None else at(start)
    read = Watermark(resource, scope, None, "window", begin, at(end), NOON, run_id="one")
    return replace(read, **facts)


def a_mark(kind: str, hours: float, read_started_at: float = 0, version: str = "v") -> Watermark:
    """A moment of list L1."""
    return Watermark(
        "lists", "L1", None, kind, None, at(hours), at(read_started_at), version, "one"
    )


# -- ranges ---------------------------------------------------------------------------------------


def test_nothing_landed_is_nothing_read():
    assert marks() == []


def test_a_window_of_events_is_a_range_per_metric():
    found = marks(events(-9, -1, "M1,M2"), names={"M1": "Opened Email", "M2": "Clicked Email"})
    assert found == [
        a_range(-9, -1, "M1", documented_name="Opened Email"),
        a_range(-9, -1, "M2", documented_name="Clicked Email"),
    ]


def test_of_a_walk_under_way_only_the_seconds_that_are_whole_count():
    walk = events(-9, -1, ended=False, max_record_time=at(-5))
    assert marks(walk) == [replace(a_range(-9, 0), end=at(-5) - timedelta(seconds=1))]


def test_a_walk_that_has_finished_no_second_leaves_no_mark():
    assert (
        marks(events(-9, -1, ended=False), events(-9, -1, ended=False, max_record_time=at(-9)))
        == []
    )


def test_ranges_of_one_read_that_touch_become_one():
    assert marks(events(-3, -1), events(-9, -5), events(-5, -3)) == [a_range(-9, -1)]


def test_a_gap_between_ranges_stays():
    assert marks(events(-9, -5), events(-3, -1)) == [a_range(-9, -5), a_range(-3, -1)]


def test_ranges_that_were_read_at_other_times_are_kept_apart():
    assert marks(events(-9, -5), events(-5, -1, read_started_at=at(1))) == [
        a_range(-9, -5),
        a_range(-5, -1, read_started_at=at(1)),
    ]


def test_what_two_runs_have_landed_of_a_read_is_kept_apart():
    walks = events(-9, -5, run_id="one"), events(-5, -1, walk_id="half", run_id="two")
    assert marks(*walks) == [a_range(-9, -5), a_range(-5, -1, run_id="two")]


def test_updated_profiles_are_a_range_without_scope():
    assert marks(a_walk("profiles", None, -1)) == [a_range(None, -1, None)]


def test_no_read_has_begun_later_than_now_however_it_is_dated():
    (mark,) = marks(events(-9, -1), now=NOON - timedelta(minutes=3))
    assert (mark.end, mark.read_started_at) == (at(-1), NOON - timedelta(minutes=3))


def test_listings_leave_no_mark():
    assert marks(a_walk("tags", is_full_read=True), a_walk("flow_messages", parent_id="A1")) == []


# -- complete reads of profiles -------------------------------------------------------------------

COMPLETE = Watermark("profiles", None, None, "full_read", None, NOON - MARGIN, NOON, run_id="one")


@pytest.mark.parametrize(
    "parts",
    [
        [all_profiles()],
        [all_profiles(None, -5), all_profiles(-5, None)],
        [all_profiles(-5, None), all_profiles(-9, -3), all_profiles(None, -7)],
    ],
    ids=["in one", "cut", "overlapping"],
)
def test_all_profiles_are_read_where_the_parts_leave_no_time_out(parts):
    assert marks(*parts) == [COMPLETE]


@pytest.mark.parametrize(
    "parts",
    [
        [all_profiles(None, -5)],
        [all_profiles(-5, None)],
        [all_profiles(None, -5), all_profiles(-4, None)],
        [all_profiles(None, -5), all_profiles(-5, None, ended=False, max_record_time=at(-1))],
        [all_profiles(None, -5), all_profiles(-5, None, read_id="another")],
    ],
    ids=["no end", "no beginning", "a gap", "under way", "two reads"],
)
def test_a_complete_read_that_is_not_all_there_leaves_no_mark(parts):
    assert marks(*parts) == []


def test_a_complete_read_is_good_up_to_what_klaviyo_had_indexed_when_it_began():
    (mark,) = marks(all_profiles(), now=NOON - timedelta(minutes=7))
    assert mark.read_started_at == NOON - timedelta(minutes=7)
    assert mark.end == mark.read_started_at - MARGIN


@pytest.mark.parametrize(("landed_by", "whose"), [(("one", "one"), "one"), (("one", "two"), "two")])
def test_a_complete_read_is_of_the_run_that_went_on_with_it(landed_by, whose):
    first, second = landed_by
    (mark,) = marks(all_profiles(None, -5, run_id=first), all_profiles(-5, None, run_id=second))
    assert mark == replace(COMPLETE, run_id=whose)


# -- groups ---------------------------------------------------------------------------------------


def kinds(*walks: ResumePoint) -> dict[str, datetime]:
    return {mark.kind: mark.end for mark in marks(*walks)}


def test_a_whole_read_of_a_group_says_when_and_who_joined_last():
    found = marks(members(is_full_read=True, max_record_time=at(-4)))
    assert found == [a_mark("full_read", 0), a_mark("last_joined", -4)]


def test_an_empty_group_has_nobody_who_joined_last():
    assert kinds(members(is_full_read=True)) == {"full_read": NOON}


def test_who_joined_since_moves_the_mark():
    assert kinds(members(-9, max_record_time=at(-4))) == {"last_joined": at(-4)}


@pytest.mark.parametrize("reached", [None, at(-9), at(-9) + JOINED_LATE])
def test_finding_the_last_who_joined_again_is_no_news(reached):
    assert kinds(members(-9, max_record_time=reached)) == {}


@pytest.mark.parametrize(
    "facts", [{"ended": False, "next_url": "…"}, {"status": 404}], ids=["under way", "gone"]
)
def test_a_group_that_was_not_read_to_the_end_has_no_mark(facts):
    assert marks(members(is_full_read=True, max_record_time=at(-4), **facts)) == []


@pytest.mark.parametrize(
    ("endpoint", "of"), [("list_count", "lists"), ("segment_count", "segments")]
)
def test_a_count_is_a_mark_of_its_group_where_it_says_a_number(endpoint, of):
    """Issue 19: a group without the number that was asked for was taken for counted."""
    walk = a_walk(endpoint, parent_id="L1", parent_digest="v")
    found = marks(walk, counts={(of, "L1"): 0})
    assert found == [replace(a_mark("member_count", 0), resource=of)]
    assert marks(walk, counts={(of, "L2"): 0}) == []


def a_count(hours: float, difference: int | None) -> Watermark:
    """A count of list L1, with what it differed by from a whole read made for it."""
    return replace(a_mark("member_count", hours, read_started_at=hours), difference=difference)


def test_a_whole_read_of_a_group_that_was_counted_says_what_the_two_differ_by():
    found = marks(members(is_full_read=True, records=7), counts={("lists", "L1"): 9})
    assert found == [a_mark("full_read", 0), a_count(0, 2)]
    of_another = marks(members(is_full_read=True, records=7), counts={("segments", "L1"): 9})
    assert of_another == [a_mark("full_read", 0)]
    assert marks(members(-9, records=7), counts={("lists", "L1"): 9}) == []


@pytest.mark.parametrize(
    ("differences", "last", "difference"),
    [
        ([], None, 0),
        ([2], 2, 0),
        ([2, 2], 2, 2),
        ([2, None, 2], 2, 2),
        ([2, 2, 0], 0, 0),
        ([2, 3], 3, 0),
        ([0, 0], 0, 0),
        ([1, 2, 2], 2, 2),
    ],
)
def test_a_difference_that_two_whole_reads_in_a_row_have_shown_is_known(
    differences, last, difference
):
    rows = [a_count(n, one) for n, one in enumerate(differences)]
    read = index_watermarks([a_mark("full_read", -9), *reversed(rows)]).groups["lists", "L1"]
    assert (read.last_difference, read.difference) == (last, difference)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, 2, False),
        (GroupRead(), 2, False),
        (GroupRead(last_difference=2), 2, True),
        (GroupRead(last_difference=2), 3, False),
        (GroupRead(last_difference=0), 0, False),
        (GroupRead(last_difference=2, difference=2), 2, False),
    ],
)
def test_a_difference_is_told_when_it_repeats_and_then_no_more(before, now, told):
    marks = [a_mark("full_read", 0), a_count(0, now)]
    found = repeated_differences(marks, {("lists", "L1"): before} if before else {})
    assert found == [a_count(0, now)] * told


# -- rows and back --------------------------------------------------------------------------------


def and_back(found: Iterable[Watermark]) -> list[Watermark]:
    """Marks as they are after they have been rows."""
    rows = [as_row(mark, "default", "B", 7) for mark in found]
    return [
        Watermark(
            row["resource"],
            row["scope"],
            row["documented_name"],
            row["kind"],
            row["range_start"],
            row["range_end"],
            row["read_started_at"],
            row["parent_digest"],
            row["run_id"],
            row["count_difference"],
        )
        for row in rows
    ]


def test_a_row_has_the_columns_of_its_table():
    row = as_row(a_range(-9, -1), "default", "B", 7, 2)
    assert tuple(row) == tuple(name for name, _, _ in ops_tables.TABLES["watermarks"][1])
    assert (row["account_id"], row["run_id"]) == ("default", "one")
    assert (row["bronze_id"], row["bronze_version"], row["bronze_commits"]) == ("B", 7, 2)


def test_nothing_is_known_of_an_empty_table():
    assert index_watermarks([]) == KnownWatermarks()


def test_what_was_read_is_known_again():
    walks = [
        events(-9, -1, "M1,M2"),
        a_walk("profiles", -9, -1),
        all_profiles(),
        members(is_full_read=True, max_record_time=at(-4)),
        a_walk("list_count", parent_id="L1", parent_digest="v"),
    ]
    found = marks(*walks, names={"M1": "Opened Email"}, counts={("lists", "L1"): 1})

    read = CoveredInterval(Range(at(-9), at(-1)), NOON)
    assert and_back(found) == found
    assert index_watermarks(and_back(found)) == KnownWatermarks(
        events={"M1": [read], "M2": [read]},
        metric_names={"M1": "Opened Email", "M2": "M2"},
        profiles=[read, CoveredInterval(Range(None, NOON - MARGIN), NOON)],
        complete_profiles_at=NOON - MARGIN,
        groups={("lists", "L1"): GroupRead(NOON, at(-4), NOON, "v", 0, whole_by="one")},
    )


def test_the_last_complete_read_of_profiles_is_the_one_that_counts():
    rows = [replace(COMPLETE, end=at(hours)) for hours in (-9, -2, -5)]
    assert index_watermarks(rows).complete_profiles_at == at(-2)


def test_the_last_moment_of_each_kind_is_known_of_a_group():
    rows = [
        a_mark("full_read", -9),
        a_mark("last_joined", -4),
        a_mark("last_joined", -8),
        a_mark("member_count", -6),
        a_mark("member_count", -7),
    ]
    read = GroupRead(at(-9), at(-4), at(-6), "v", whole_by="one")
    assert index_watermarks(rows).groups == {("lists", "L1"): read}


def test_a_group_is_known_as_it_was_when_last_looked_at():
    rows = [
        a_mark("full_read", -9, read_started_at=-9, version="first"),
        a_mark("last_joined", -5, read_started_at=-1, version="third"),
        a_mark("member_count", -2, read_started_at=-2, version="second"),
    ]
    assert index_watermarks(rows).groups["lists", "L1"].version == "third"


# -- whose they are ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run_id", "earlier"),
    [("one", ["gone"]), ("two", ["gone", "one"]), ("three", ["gone", "one", "two"])],
)
def test_marks_of_earlier_runs_are_told_by_id_whenever_they_say_that_they_began(run_id, earlier):
    rows = [
        a_range(-9, -1, read_started_at=at(hours), run_id=run)
        for run, hours in (("gone", 9), ("three", -9), ("one", 0), ("two", -5))
    ]
    found = keep_earlier(rows, run_id, ["one", "two", "three"])
    assert sorted(row.run_id for row in found) == sorted(earlier)


hours = st.integers(-100, -1)


@given(st.lists(st.tuples(hours, hours).map(sorted), max_size=6), st.integers(-100, 0))
def test_no_more_is_known_than_has_landed(windows, reached):
    walks = [events(start, end) for start, end in windows]
    under_way = events(-100, -1, ended=False, max_record_time=at(reached))
    held = [walk.covered_time for walk in (*walks, under_way)]
    everything = Range(at(-200), MAX_TIME)

    reads = index_watermarks(marks(*walks, under_way)).events.get("M1", [])

    assert uncovered(everything, [read.range for read in reads]) == uncovered(everything, held)


# -- pages out of order ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "walks",
    [
        [events(-9, -1, in_order=False)],
        [events(-9, -5), events(-5, -1, walk_id="W2", in_order=False)],
        [all_profiles(in_order=False)],
        [a_walk("profiles", -9, -1, in_order=False)],
        [members(is_full_read=True, max_record_time=at(-4), in_order=False)],
    ],
    ids=["a window", "a part of one", "all profiles", "profiles since", "members"],
)
def test_an_answer_out_of_order_moves_no_watermark(walks):
    assert marks(*walks) == []
