"""What is here beside what Klaviyo says. No Spark."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.commands.verify import comparing
from klaviyo_spark.commands.verify.comparing import Comparison, EventCount, Listed
from klaviyo_spark.state.models import GroupRead

D1, D2, D3 = (date(2026, 5, n) for n in (1, 2, 3))
READ_AT = datetime(2026, 5, 3, 12, tzinfo=timezone.utc)
BEFORE, AFTER = READ_AT - timedelta(hours=1), READ_AT + timedelta(hours=1)


def an_event_check(actual_count: int, expected_count: int, twice: int = 0) -> Comparison:
    return Comparison(
        "events", "events", "M1", "Opened Email", D1, actual_count, expected_count, twice
    )


def of_events(
    counts: dict[tuple[str, date], int],
    held: dict[tuple[str, date], EventCount] | None = None,
    since: date = D1,
) -> list[tuple[str, date | None, int, int]]:
    checks = comparing.events(counts, held or {}, {"M1": "Opened Email"}, since)
    return [(check.scope, check.day, check.actual_count, check.expected_count) for check in checks]


# -- events ---------------------------------------------------------------------------------------


def test_each_day_of_each_metric_is_a_check_whether_it_differs_or_not():
    counts = {("M1", D1): 2, ("M1", D2): 0, ("M2", D1): 5}
    held = {
        ("M1", D1): EventCount(2, 2),
        ("M2", D1): EventCount(4, 4),
        ("M3", D1): EventCount(9, 9),
    }
    assert of_events(counts, held) == [("M1", D1, 2, 2), ("M1", D2, 0, 0), ("M2", D1, 4, 5)]


@pytest.mark.parametrize(
    ("rows", "ids", "actual_count"),
    [(10, 10, 10), (12, 10, 12), (10, 9, 9), (9, 9, 9), (11, 11, 11), (30, 9, 9)],
)
def test_what_is_here_twice_does_not_make_up_for_what_is_missing(rows, ids, actual_count):
    (check,) = comparing.events({("M1", D1): 10}, {("M1", D1): EventCount(rows, ids)}, {}, D1)
    assert (check.actual_count, check.twice) == (actual_count, rows - ids)


def test_days_before_the_first_event_of_any_metric_are_left_out():
    counts = {(metric, day): 0 for metric in ("M1", "M2") for day in (D1, D2, D3)}
    assert [day for _, day, _, _ in of_events({**counts, ("M2", D2): 1}, since=D3)] == [
        D2,
        D3,
        D2,
        D3,
    ]
    assert [day for _, day, _, _ in of_events(counts, since=D3)] == [D3, D3]
    assert len(of_events(counts, {("M1", D1): EventCount(1, 1)}, since=D3)) == 6


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (an_event_check(9, 10), True),
        (an_event_check(10, 10), False),
        (an_event_check(11, 10), False),
        (an_event_check(11, 10, twice=1), True),
        (Comparison("lists", "members", "L1", None, None, 10, 9), True),
        (Comparison("lists", "members", "L1", None, None, 9, 9), False),
        (Comparison("tags", "records", "T1", None, None, 1, 0), True),
        (Comparison("tags", "records", "T1", None, None, 0, 1), True),
    ],
)
def test_only_of_events_may_there_be_more_than_klaviyo_counts(check, fault):
    assert check.is_fault is fault


# -- members --------------------------------------------------------------------------------------


def test_members_who_joined_after_the_last_read_are_not_missing_yet():
    counts = {("lists", "L1"): 12, ("lists", "L2"): 7, ("segments", "L1"): 3}
    held = {("lists", "L1"): 10, ("segments", "L1"): 4}
    checks = comparing.members(counts, {("lists", "L1"): 2}, held, {("lists", "L1"): "News"}, {})
    assert [
        (c.resource, c.scope, c.scope_name, c.actual_count, c.expected_count) for c in checks
    ] == [
        ("lists", "L1", "News", 10, 10),
        ("lists", "L2", None, 0, 7),
        ("segments", "L1", None, 4, 3),
    ]


def test_a_known_difference_between_the_count_and_the_list_is_no_fault():
    key, read = ("lists", "L1"), GroupRead(last_difference=2, difference=2)
    (check,) = comparing.members({key: 9}, {}, {key: 7}, {}, {key: read})
    assert (check.actual_count, check.expected_count, check.is_fault) == (7, 7, False)


def test_only_groups_with_too_few_members_may_have_new_ones():
    counts = {("lists", id): 5 for id in "ABCD"}
    held = {("lists", "A"): 4, ("lists", "B"): 5, ("lists", "C"): 6}
    assert comparing.to_look_at(counts, held) == [("lists", "A"), ("lists", "D")]


def test_groups_that_are_worked_out_or_newer_than_the_last_read_are_not_compared():
    groups = {("lists", id): Parent(id) for id in "ABC"}
    groups["segments", "S"] = Parent("S", whole=False)
    records = {("lists", "A"): Listed("a", BEFORE), ("lists", "B"): Listed("b", AFTER)}

    found = comparing.countable(groups, records, {"lists": READ_AT})
    assert [*found] == [("lists", "A"), ("lists", "C")]
    assert [*comparing.countable(groups, records, {})] == [("lists", id) for id in "ABC"]


# -- records --------------------------------------------------------------------------------------


def of_records(
    listed: dict[str, Listed], held: dict[str, str | None], read_at: datetime | None = READ_AT
) -> list[tuple[str, int, int]]:
    checks = comparing.records("campaigns", listed, held, read_at)
    return sorted((check.scope, check.actual_count, check.expected_count) for check in checks)


def test_a_record_is_here_or_missing_or_here_and_no_longer_listed():
    listed = {"A": Listed("a", BEFORE), "B": Listed("b", BEFORE), "C": Listed(None, None)}
    assert of_records(listed, {"A": "a", "D": "d"}) == [
        ("A", 1, 1),
        ("B", 0, 1),
        ("C", 0, 1),
        ("D", 1, 0),
    ]


def test_what_was_created_after_the_last_read_is_not_missing_yet():
    listed = {"A": Listed("a", BEFORE), "B": Listed("b", AFTER), "C": Listed("c", AFTER)}
    held = {"A": "a", "C": "c"}
    assert of_records(listed, held) == [("A", 1, 1), ("C", 1, 1)]
    assert comparing.newer(listed, held, READ_AT) == 1


def test_where_nothing_was_ever_read_all_is_missing():
    assert of_records({"B": Listed("b", AFTER)}, {}, None) == [("B", 0, 1)]
    assert comparing.newer({"B": Listed("b", AFTER)}, {}, None) == 0


def test_what_is_nowhere_any_more_differs_no_longer():
    def differed(count_type: str, scope: str, resource: str = "lists") -> Comparison:
        return Comparison(resource, count_type, scope, "name", None, 1, 2)

    here = [Comparison("lists", "records", "L1", None, None, 0, 1)]
    before = [
        differed("records", "L1"),
        differed("records", "L2"),
        differed("records", "T1", "tags"),
        differed("members", "L2"),
        differed("members", "L3"),
        differed("events", "M1", "events"),
    ]
    found = comparing.drop_resolved(before, here, {"lists", "events"}, {("lists", "L3")})
    assert found == [
        Comparison("lists", "records", "L2", "name", None, 0, 0),
        Comparison("lists", "members", "L2", "name", None, 0, 0),
    ]


# -- again ----------------------------------------------------------------------------------------


def test_a_later_check_takes_the_place_of_the_same_scope():
    day2 = Comparison("events", "events", "M1", None, D2, 1, 1)
    members = Comparison("lists", "members", "L1", None, None, 1, 2)
    record = Comparison("lists", "records", "L1", None, None, 1, 1)
    healed = an_event_check(10, 10)
    found = comparing.later([an_event_check(9, 10), day2, members, record], [healed])
    assert found == [healed, day2, members, record]
