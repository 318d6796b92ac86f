from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.api.coverage import Range, due, merge, uncovered

ZERO = datetime(2026, 1, 1, tzinfo=timezone.utc)


def at(hour: int | None) -> datetime | None:
    return None if hour is None else ZERO + timedelta(hours=hour)


def r(start: int | None, end: int) -> Range:
    return Range(at(start), ZERO + timedelta(hours=end))


hours = st.integers(0, 40)
ranges = st.builds(r, st.none() | hours, hours)
some_ranges = st.lists(ranges, max_size=8)


def held(found: list[Range]) -> set[int]:
    """The hours that ``found`` holds; -1 stands for all before the first."""
    return {
        h
        for h in range(-1, 40)
        for f in found
        if (f.start is None or f.start <= ZERO + timedelta(hours=h))
        and f.end >= ZERO + timedelta(hours=h + 1)
    }


def test_ranges_that_overlap_or_touch_become_one():
    assert merge([r(5, 7), r(1, 3), r(3, 4), r(6, 9), r(2, 2)]) == [r(1, 4), r(5, 9)]


def test_since_ever_comes_first():
    assert merge([r(1, 3), r(None, 1)]) == [r(None, 3)]


def test_nothing_covered_leaves_all():
    assert uncovered(r(None, 9), []) == [r(None, 9)]


def test_gaps_before_between_and_after():
    assert uncovered(r(0, 9), [r(2, 3), r(5, 6)]) == [r(0, 2), r(3, 5), r(6, 9)]


def test_a_first_run_reads_all():
    assert due(None, None, [], timedelta(hours=2), ZERO) == [Range(None, ZERO)]


def test_a_next_run_looks_back_from_where_the_last_one_ended():
    assert due(None, None, [r(None, 10)], timedelta(hours=3), r(0, 12).end) == [r(7, 12)]


def test_an_earlier_start_is_read_too():
    assert due(at(0), None, [r(5, 20)], timedelta(hours=2), r(0, 20).end) == [r(0, 5), r(18, 20)]


def test_each_gap_is_read_with_the_lookback_before_it():
    found = due(at(0), None, [r(0, 10), r(15, 20)], timedelta(hours=2), r(0, 20).end)
    assert found == [r(8, 15), r(18, 20)]


def test_a_run_with_nothing_new_looks_back_from_now():
    assert due(None, None, [r(None, 20)], timedelta(hours=2), r(0, 12).end) == [r(10, 12)]


def test_looking_back_stops_at_the_start():
    assert due(at(9), None, [r(0, 10)], timedelta(hours=5), r(0, 10).end) == [r(9, 10)]


def test_a_bounded_run_reads_its_bounds_read_or_not():
    assert due(at(2), at(4), [r(0, 9)], timedelta(hours=1), r(0, 9).end) == [r(2, 4)]


def test_a_bounded_run_stays_behind_now():
    assert due(at(2), at(99), [], timedelta(0), r(0, 9).end) == [r(2, 9)]


def test_a_start_behind_now_reads_nothing():
    assert due(at(9), None, [], timedelta(hours=1), r(0, 5).end) == []
    assert due(at(9), at(12), [], timedelta(hours=1), r(0, 5).end) == []


@given(some_ranges)
def test_merging_neither_adds_nor_loses_time(given_ranges: list[Range]):
    merged = merge(given_ranges)
    assert held(merged) == held(given_ranges) | held(merged)
    assert held(merged) == {h for g in given_ranges if not g.is_empty for h in held([g])}
    assert all(a.end < b.start for a, b in pairwise(merged) if b.start)


@given(ranges, some_ranges)
def test_what_is_uncovered_and_what_is_covered_are_the_whole(wanted: Range, covered: list[Range]):
    gaps = uncovered(wanted, covered)
    have = held(merge(covered))
    assert held(gaps) == (held([wanted]) - have if not wanted.is_empty else set())
    assert held(merge([*gaps, *covered])) >= held([wanted])


@given(st.none() | hours, some_ranges, hours, hours)
def test_after_an_open_run_no_hole_is_left(start, covered: list[Range], back: int, upper: int):
    end = r(0, upper).end
    found = due(at(start), None, covered, timedelta(hours=back), end)
    whole = Range(at(start), end)
    assert uncovered(whole, [*covered, *found]) == []
    assert all(f.end <= end for f in found)
    looked_back = Range(max(at(start) or ZERO - timedelta(99), end - timedelta(hours=back)), end)
    assert uncovered(looked_back, found) == []
