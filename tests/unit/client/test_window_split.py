"""How far walks have come and where they are cut. No threads."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.client.urls import Bounds
from klaviyo_spark.client.window_split import LEAST_PAGES, WindowProgress, best_to_cut
from tests.builders import HOUR
from tests.helpers.listing import ZERO, at

HORIZON = at(1000)


def bounds(start: float | None = 0, end: float | None = 100) -> Bounds:
    return Bounds(
        "datetime", None if start is None else at(start), None if end is None else at(end), True
    )


def a_course(start: float | None = 0, end: float | None = 100, *pages: tuple[float, float]):
    """A course over a window in which ``pages`` have been read: times of first and last record."""
    course = WindowProgress(bounds(start, end), None, HORIZON)
    for first, last in pages:
        course.advance(at(first), at(last))
    return course


# -- pace and pages ahead -------------------------------------------------------------------------


def test_nothing_is_known_before_the_first_page():
    course = a_course()
    assert (course.pace, course.pages_left, course.middle, course.max_record_time) == (
        None,
        0,
        None,
        None,
    )


def test_the_first_page_says_how_much_time_a_page_holds():
    course = a_course(0, 100, (10, 20))
    assert course.pace == timedelta(seconds=10)
    assert course.pages_left == 8


def test_the_pace_is_that_of_the_last_four_pages():
    course = a_course(0, 1000, (0, 400), (401, 410), (411, 420), (421, 430), (431, 440))
    assert course.pace == timedelta(seconds=10)
    assert course.pages_left == 56


def test_idle_time_between_pages_counts_into_the_pace():
    assert a_course(0, 100, (0, 1), (1, 2), (40, 41)).pace == timedelta(seconds=41) / 3


def test_a_walk_taken_up_again_knows_its_pace_after_one_page():
    course = WindowProgress(bounds(0, 100), at(40), HORIZON)
    assert (course.pace, course.pages_left) == (None, 0)
    course.advance(at(41), at(50))
    assert (course.pace, course.pages_left) == (timedelta(seconds=10), 5)


def test_pages_without_times_change_nothing():
    course = a_course(0, 100, (0, 10))
    assert course.advance(None, None) is False
    assert (course.max_record_time, course.pace) == (at(10), timedelta(seconds=10))


def test_pages_of_one_second_are_many_and_not_endlessly_many():
    course = a_course(0, 100, (5, 5), (5, 5))
    assert course.pace == timedelta(0)
    assert course.pages_left == 95_000


def test_pages_ahead_are_told_as_far_as_what_has_been_read_bears_them():
    assert a_course(0, 100).estimate is None, "before the first page"
    assert a_course(0, 10_010, (0, 10)).estimate == 1_000
    assert a_course(0, 10_020, (0, 10)).estimate is None, "a thousandth has not been read"
    assert a_course(0, 10_020, (0, 10), (11, 20)).estimate == 1_000


def test_pages_within_one_second_do_not_say_how_many_are_ahead():
    assert a_course(0, 100, (5, 5)).estimate is None
    assert a_course(0, 100, (5, 5), (5, 5)).estimate is None
    assert a_course(0, 5, (5, 5)).estimate == 0, "but where nothing is ahead"


def test_the_further_half_is_told_as_the_whole_was():
    assert a_course(0, 100, (0, 10)).cut().estimate == 4.5
    assert a_course(0, 100, (5, 5)).cut().estimate is None


def test_beyond_the_horizon_of_a_window_without_end_nothing_is_known():
    assert a_course(0, None, (0, 100)).estimate == 9
    assert a_course(0, None, (0, 1100)).estimate is None


def test_a_window_without_end_is_reckoned_to_its_horizon():
    course = a_course(0, None, (0, 100))
    assert (course.pages_left, course.middle) == (9, at(550))


def test_a_window_without_start_begins_with_its_first_record():
    course = a_course(None, 100, (40, 50))
    assert (course.pace, course.pages_left, course.middle) == (timedelta(seconds=10), 5, at(75))


def test_beyond_the_horizon_nothing_is_expected():
    course = a_course(0, None, (0, 1100))
    assert (course.pages_left, course.middle) == (0, None)


def test_a_page_that_goes_back_in_time_does_not_take_the_walk_back():
    course = a_course(0, 100, (0, 50), (51, 40))
    assert course.max_record_time == at(50)
    assert course.pages_left >= 0


# -- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "ended"), [(99.0, False), (100.0, False), (100.5, True)])
def test_a_walk_ends_once_a_record_lies_beyond_its_end(last, ended):
    assert a_course(0, 100).advance(at(1), at(last)) is ended


def test_a_walk_that_was_cut_ends_at_the_cut():
    course = a_course(0, 100, (0, 10))
    course.cut()
    assert course.bounds == bounds(0, 55)
    assert course.advance(at(11), at(54)) is False
    assert course.advance(at(54), at(56)) is True


def test_a_window_without_end_does_not_end_by_time():
    assert a_course(0, None).advance(at(0), at(10_000)) is False


# -- the middle -----------------------------------------------------------------------------------


def test_a_cut_leaves_the_middle_to_both():
    course = a_course(0, 100, (0, 10))
    rest = course.cut()
    assert (course.bounds, rest.bounds) == (bounds(0, 55), bounds(55, 100))


def test_the_further_half_goes_at_the_same_pace_from_the_cut():
    rest = a_course(0, 100, (0, 10)).cut()
    assert (rest.max_record_time, rest.pace, rest.pages_left) == (
        at(55),
        timedelta(seconds=10),
        4.5,
    )
    rest.advance(at(60), at(75))
    assert rest.pace == timedelta(seconds=20)


def test_the_further_half_of_a_window_without_end_has_none():
    course = a_course(None, None, (0, 100))
    rest = course.cut()
    assert (course.bounds, rest.bounds) == (bounds(None, 550), bounds(550, None))


@pytest.mark.parametrize(("reached", "end"), [(5, 5), (5, 6), (5.5, 6), (5.9, 7.2), (7, 5)])
def test_there_is_no_middle_within_a_second_or_between_neighbours(reached, end):
    assert a_course(0, end, (0, reached)).middle is None


moments = st.integers(0, 10**9).map(lambda micros: ZERO + timedelta(microseconds=micros))


@given(moments, st.none() | moments)
def test_the_middle_is_a_second_of_its_own_within_what_is_ahead(reached: datetime, end):
    course = WindowProgress(Bounds("datetime", None, end, True), reached, HORIZON)
    middle, end = course.middle, end or HORIZON
    if middle is None:
        assert end - reached < timedelta(seconds=4)
    else:
        assert middle.microsecond == 0
        assert reached + timedelta(seconds=1) <= middle < end
        assert middle.replace(microsecond=0) > reached.replace(microsecond=0)


@given(
    st.none() | st.integers(0, 50),
    st.none() | st.integers(50, 100),
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=30),
)
def test_however_a_window_is_cut_its_parts_leave_no_time_out(start, end, moves):
    courses = [a_course(start, end)]
    for number, page in moves:
        course = courses[number % len(courses)]
        if page:
            begin = course.max_record_time or course.bounds.start or ZERO
            course.advance(begin, begin + timedelta(seconds=3))
        elif course.middle is not None:
            courses.append(course.cut())
    parts = sorted((c.bounds for c in courses), key=lambda b: b.start or ZERO - HOUR)
    assert parts[0].start == bounds(start, end).start
    assert parts[-1].end == bounds(start, end).end
    assert [b.end for b in parts[:-1]] == [b.start for b in parts[1:]]


# -- which one is cut -----------------------------------------------------------------------------


def test_the_walk_with_the_most_pages_ahead_is_cut():
    far, near = a_course(0, 100, (0, 1)), a_course(0, 100, (0, 10))
    assert best_to_cut([near, far]) is far


def test_a_walk_with_few_pages_ahead_is_not_worth_a_cut():
    assert LEAST_PAGES == 4
    few, enough = a_course(0, 49, (0, 10)), a_course(0, 50, (0, 10))
    assert best_to_cut([few]) is None
    assert best_to_cut([few, enough]) is enough


def test_a_walk_without_a_second_in_between_is_not_cut():
    dense = a_course(0, 1, (0, 0))
    assert dense.pages_left > LEAST_PAGES
    assert best_to_cut([dense]) is None


def test_of_no_walks_none_is_cut():
    assert best_to_cut([]) is None
    assert best_to_cut([a_course()]) is None


# -- pages out of order ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", [(at(9), at(20), False), (at(3), at(20), True)], ids=["within", "between"]
)
def test_out_of_order_it_is_not_known_how_far_the_walk_is_and_it_is_not_cut(page):
    course = a_course(0, 100, (0, 10))
    assert course.advance(*page) is False
    assert (course.in_order, course.max_record_time, course.middle) == (False, None, None)
    assert best_to_cut([course]) is None
    assert course.advance(at(101), at(102)) is False, "not even beyond its end is all read"


def test_a_walk_that_was_cut_and_loses_its_order_reads_to_its_last_page():
    course = a_course(0, 100, (0, 10))
    course.cut()
    course.advance(at(90), at(20), False)
    assert course.advance(at(99), at(99)) is False
