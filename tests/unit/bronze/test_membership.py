"""Which groups are read whole, which since the last read, and which are counted. No Spark."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.bronze.membership import COUNTS, MemberPlan, differing, member_plan, to_count
from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.state.models import JOINED_LATE, GroupRead
from tests.builders import DAY, NOON

WEEK = 7 * DAY
LIST = Parent("L1")
WORKED_OUT = Parent("L1", whole=False)


def the_plan(group: Parent, read: GroupRead | None) -> MemberPlan:
    """The plan of a run at ``NOON`` for one list, all of which is read every week."""
    return member_plan("lists", [group], {("lists", "L1"): read} if read else {}, WEEK, NOON)


def counted(*groups: Parent, most: int = COUNTS, news: str = "", **reads: GroupRead) -> str:
    """Ids of the lists that are counted, in order; ``reads`` by their ids."""
    known = {("lists", id): read for id, read in reads.items()}
    chosen = to_count(
        [("lists", group) for group in groups], known, {("lists", id) for id in news.split()}, most
    )
    return " ".join(group.id for _, group in chosen)


# -- whole or since -------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [LIST, WORKED_OUT], ids=["a list", "one being worked out"])
@pytest.mark.parametrize("read", [None, GroupRead(joined_at=NOON, counted_at=NOON)])
def test_a_group_that_was_never_read_whole_is(group, read):
    assert the_plan(group, read) == MemberPlan((group,), {})


@pytest.mark.parametrize(("age", "whole"), [(WEEK - timedelta(seconds=1), False), (WEEK, True)])
def test_a_group_is_read_whole_again_after_so_long(age, whole):
    due = the_plan(LIST, GroupRead(whole_at=NOON - age, joined_at=NOON))
    assert (due.whole == (LIST,), "L1" in due.since) == (whole, not whole)


def test_a_group_that_is_being_worked_out_is_not_read_whole_again():
    joined_at = NOON - 3 * WEEK
    due = the_plan(WORKED_OUT, GroupRead(whole_at=NOON - 2 * WEEK, joined_at=joined_at))
    assert due == MemberPlan((), {"L1": joined_at - JOINED_LATE})


def test_who_joined_is_read_from_a_little_before_the_last_who_did():
    due = the_plan(LIST, GroupRead(whole_at=NOON - DAY, joined_at=NOON - 2 * DAY))
    assert due == MemberPlan((), {"L1": NOON - 2 * DAY - JOINED_LATE})


def test_of_a_group_that_was_empty_whoever_joined_at_all_is_read():
    due = the_plan(LIST, GroupRead(whole_at=NOON - DAY))
    assert due.since["L1"] < NOON - 20 * 365 * DAY


def test_a_segment_is_not_taken_for_the_list_of_the_same_id():
    reads = {("lists", "X"): GroupRead(whole_at=NOON, joined_at=NOON)}
    assert member_plan("segments", [Parent("X")], reads, WEEK, NOON).whole == (Parent("X"),)


# -- whom to count --------------------------------------------------------------------------------


def test_groups_with_news_are_counted_first_then_changed_ones_then_those_not_counted_longest():
    groups = [Parent(id, version="now") for id in ("A", "B", "C", "D", "E")]
    reads = {
        "A": GroupRead(version="now", counted_at=NOON - DAY),
        "B": GroupRead(version="now", counted_at=NOON - 2 * DAY),
        "C": GroupRead(version="now"),
        "D": GroupRead(version="before", counted_at=NOON),
        "E": GroupRead(version="now", counted_at=NOON),
    }
    assert counted(*groups, news="E", **reads) == "E D C B A"


def test_a_changed_group_with_news_comes_before_one_with_news_alone():
    groups = [Parent(id, version="now") for id in ("A", "B")]
    reads = {"A": GroupRead(version="now"), "B": GroupRead(version="before")}
    assert counted(*groups, news="A B", **reads) == "B A"


def test_no_more_are_counted_than_klaviyo_allows_in_a_minute():
    groups = [Parent(f"L{n:02}") for n in range(20)]
    assert counted(*groups) == " ".join(f"L{n:02}" for n in range(15))


def test_lists_and_segments_are_counted_side_by_side_since_each_has_a_limit_of_its_own():
    groups = [(of, Parent(f"{n:02}")) for of in ("lists", "segments") for n in range(20)]
    chosen = to_count(groups, {}, frozenset())
    assert [of for of, _ in chosen] == ["lists"] * COUNTS + ["segments"] * COUNTS


def test_a_group_that_is_being_worked_out_is_not_counted():
    assert counted(Parent("A", whole=False), Parent("B"), news="A") == "B"


@given(st.integers(1, 40), st.integers(1, 15))
def test_in_rotation_all_are_counted(groups, most):
    lists = [Parent(f"L{n}") for n in range(groups)]
    reads: dict[str, GroupRead] = {}
    for run in range(-(-groups // most)):
        for id in counted(*lists, most=most, **reads).split():
            reads[id] = GroupRead(counted_at=NOON + run * DAY, version="")
    assert set(reads) == {group.id for group in lists}


# -- who differs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "held", "joined", "difference", "differs"),
    [
        (7, 7, 0, 0, False),
        (7, 5, 2, 0, False),
        (6, 7, 0, 0, True),
        (7, 7, 1, 0, True),
        (8, 7, 0, 0, True),
        (9, 7, 0, 2, False),
        (9, 6, 1, 2, False),
        (8, 7, 0, 2, True),
        (7, 7, 0, 2, True),
        (5, 7, 0, -2, False),
    ],
    ids=[
        *("the same", "some joined", "one left", "one joined, one left", "one unseen"),
        *("two never listed", "two never listed, one joined", "two never listed, one left"),
        *("all listed again", "two too few"),
    ],
)
def test_a_group_differs_where_those_held_and_those_who_joined_are_not_the_count(
    count, held, joined, difference, differs
):
    found = differing({"A": count}, {"A": held}, {"A": joined}, {"A": difference})
    assert found == ["A"] * differs


def test_a_group_of_which_nothing_is_held_has_no_members():
    assert differing({"A": 0, "B": 1}, {}, {}, {}) == ["B"]


def test_a_group_that_was_not_counted_does_not_differ():
    assert differing({}, {"A": 7}, {"A": 1}, {"A": 2}) == []
