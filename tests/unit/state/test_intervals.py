from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.state.intervals import CoveredInterval, Range, merge, ranges_to_read, uncovered

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


def read(start: int | None, end: int, begun: int | None = None) -> CoveredInterval:
    """A range that was read as soon as it had passed, or at the hour ``begun``."""
    return CoveredInterval(r(start, end), ZERO + timedelta(hours=end if begun is None else begun))


def test_a_first_run_reads_all():
    assert ranges_to_read(None, None, [], timedelta(hours=2), ZERO) == [Range(None, ZERO)]


def test_a_next_run_reads_again_what_was_read_too_soon_for_what_comes_late():
    reads = [read(None, 10)]
    assert ranges_to_read(None, None, reads, timedelta(hours=3), r(0, 12).end) == [r(7, 12)]


def test_an_earlier_start_is_read_too():
    reads = [read(5, 20)]
    assert ranges_to_read(at(0), None, reads, timedelta(hours=2), r(0, 20).end) == [
        r(0, 5),
        r(18, 20),
    ]


def test_what_was_read_late_enough_is_not_read_again():
    reads = [read(0, 10, begun=12), read(15, 20)]
    found = ranges_to_read(at(0), None, reads, timedelta(hours=2), r(0, 20).end)
    assert found == [r(10, 15), r(18, 20)]


def test_a_run_with_nothing_new_looks_back_from_now():
    reads = [read(None, 20)]
    assert ranges_to_read(None, None, reads, timedelta(hours=2), r(0, 12).end) == [r(10, 12)]


def test_looking_back_stops_at_the_start():
    assert ranges_to_read(at(9), None, [read(0, 10)], timedelta(hours=5), r(0, 10).end) == [
        r(9, 10)
    ]


def test_a_bounded_run_reads_its_bounds_read_or_not():
    assert ranges_to_read(at(2), at(4), [read(0, 9)], timedelta(hours=1), r(0, 9).end) == [r(2, 4)]


def test_a_bounded_run_stays_behind_now():
    assert ranges_to_read(at(2), at(99), [], timedelta(0), r(0, 9).end) == [r(2, 9)]


def test_a_start_behind_now_reads_nothing():
    assert ranges_to_read(at(9), None, [], timedelta(hours=1), r(0, 5).end) == []
    assert ranges_to_read(at(9), at(12), [], timedelta(hours=1), r(0, 5).end) == []


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


reads = st.builds(CoveredInterval, ranges, hours.map(lambda hour: ZERO + timedelta(hours=hour)))


@given(st.none() | hours, st.lists(reads, max_size=8), hours, hours)
def test_after_an_open_run_each_hour_was_read_once_it_was_as_old_as_things_come_late(
    start, before: list[CoveredInterval], back: int, upper: int
):
    lookback, end = timedelta(hours=back), ZERO + timedelta(hours=upper)
    found = ranges_to_read(at(start), None, before, lookback, end)

    whole, late_enough = Range(at(start), end), [read.final_part(lookback) for read in before]
    assert uncovered(whole, [*late_enough, *found]) == []
    assert all(f.end <= end for f in found)
    looked_back = Range(max(at(start) or ZERO - timedelta(99), end - lookback), end)
    assert uncovered(looked_back, found) == []
