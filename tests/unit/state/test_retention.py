"""Which pages may go by their age: what has been taken in, and nothing that is still needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from klaviyo_spark.config import loader
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.state import landings, retention
from klaviyo_spark.state.retention import BatchExtent
from tests.builders import DAY, NOON

ALL = TABLES.values()


def a_portion(day: int, endpoint: str = "tags", **facts: Any) -> BatchExtent:
    """The batch of a run on that day, fetched within a minute."""
    at = NOON + day * DAY
    given = {
        "resource": ENDPOINTS[endpoint].resource,
        "endpoint": endpoint,
        "run_id": f"run {day}",
        "batch_id": f"batch {day}",
        "first_read": at - timedelta(seconds=1),
        "first_fetched": at,
        "last_fetched": at + timedelta(minutes=1),
    }
    return BatchExtent(**{**given, **facts})


def going(held: list[BatchExtent], refined: list[int], day: float = 100) -> set[tuple[str, str]]:
    """What goes of pages fetched before ``day``, as day and endpoint of the run."""
    batches = {f"batch {number}" for number in refined}
    every = dict.fromkeys(TABLES, batches)
    old = retention.old(held, every, ALL, NOON + day * DAY)
    return {(run.removeprefix("run "), endpoint) for run, endpoint in old.runs}


def test_what_is_old_and_taken_in_goes_but_for_the_last_run():
    held = [a_portion(day) for day in range(4)]

    assert going(held, [0, 1, 2, 3]) == {("0", "tags"), ("1", "tags"), ("2", "tags")}
    assert going(held, [0, 1, 2, 3], day=1.5) == {("0", "tags"), ("1", "tags")}
    assert going(held, [0, 1, 2, 3], day=0) == set()
    assert going([], []) == set()


def test_the_last_run_is_meant_per_endpoint():
    held = [a_portion(0), a_portion(0, "metrics"), a_portion(1)]

    assert going(held, [0, 1]) == {("0", "tags")}


def test_a_run_that_reaches_into_what_is_young_stays_whole():
    late = a_portion(0, batch_id="batch 1", last_fetched=NOON + 3 * DAY)
    held = [a_portion(0), late, a_portion(5)]

    assert going(held, [0, 1, 5], day=2) == set()
    assert going(held, [0, 1, 5], day=4) == {("0", "tags")}


def test_what_a_table_has_not_taken_in_keeps_all_that_came_later():
    held = [a_portion(day) for day in range(6)]

    # The run before the first that was not taken in is the one that will be compared with it.
    assert going(held, [0, 1, 2, 4, 5]) == {("0", "tags"), ("1", "tags")}


def test_one_table_of_several_is_enough_to_keep_a_batch():
    held = [a_portion(day, "lists") for day in range(3)]
    refined = {name: {"batch 0", "batch 1", "batch 2"} for name in TABLES if name != "list_tags"}

    assert retention.old(held, refined, ALL, NOON + 100 * DAY).runs == frozenset()


def test_resources_do_not_keep_each_others_pages():
    held = [a_portion(0), a_portion(1), a_portion(0, "metrics"), a_portion(1, "metrics")]
    refined = {"tags": {"batch 0", "batch 1"}}

    old = retention.old(held, refined, ALL, NOON + 100 * DAY)

    assert old.runs == {("run 0", "tags")}
    assert old.before["metrics"] == NOON - timedelta(seconds=1)
    assert old.unseen_since == {"metrics": NOON - timedelta(seconds=1)}


def test_a_read_that_a_later_run_went_on_with_stays_until_that_run_is_taken_in():
    begun = a_portion(1, first_read=NOON + DAY)
    went_on = a_portion(6, first_read=NOON + DAY)
    held = [a_portion(0), begun, went_on, a_portion(9)]

    assert going(held, [0, 1]) == {("0", "tags")}
    assert going(held, [0, 1, 6, 9]) == {("0", "tags"), ("1", "tags"), ("6", "tags")}


def test_pages_that_no_table_reads_go_by_age():
    held = [a_portion(0, "list_count"), a_portion(1, "list_count")]

    assert going(held, []) == {("0", "list_count")}


def test_retention_is_longer_than_runs_go_on_with_what_was_cut_short():
    assert loader._AT_LEAST["bronze_retention"] > landings.GO_ON_WITHIN


def test_ages_are_counted_from_the_newest_page_where_our_clock_is_ahead():
    held = [a_portion(3), a_portion(5), a_portion(4)]
    newest = NOON + 5 * DAY + timedelta(minutes=1)

    assert retention.age_base(held, NOON + 40 * DAY) == newest
    assert retention.age_base(held, NOON + 4 * DAY) == NOON + 4 * DAY
    assert retention.age_base([], NOON) == NOON
