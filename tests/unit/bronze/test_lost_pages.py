"""Which watermarks speak of pages that bronze no longer has. No Spark here."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from klaviyo_spark.bronze.lost_pages import RunMarks, lost
from klaviyo_spark.state.retention import PAGES_GONE, pages_gone, with_pages_gone
from tests.builders import DAY

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)


def marks(run: int, resource: str = "events") -> RunMarks:
    """Of the run of that day."""
    return RunMarks(f"run {run}", resource, NOON + run * DAY)


EVENTS = [marks(day) for day in range(3)]
HELD = {(f"run {day}", "events"): 5 for day in range(3)}


def test_a_run_whose_pages_are_there_has_lost_nothing():
    assert lost(EVENTS, HELD, {f"run {day}": 5 for day in range(3)}, {}) == []


def test_a_run_without_pages_of_the_resource_has_lost_its_marks():
    held = {("run 1", "events"): 5, ("run 2", "lists"): 1}

    assert lost([*EVENTS, marks(2, "lists")], held, {}, {}) == [marks(0), marks(2)]


def test_a_run_that_landed_more_pages_than_there_are_has_lost_all_its_marks():
    both = [*EVENTS, marks(1, "lists")]
    held = {**HELD, ("run 1", "lists"): 2}

    assert lost(both, held, {"run 0": 5, "run 1": 8, "run 2": 5}, {}) == [
        marks(1),
        marks(1, "lists"),
    ]
    assert lost(both, held, {"run 1": 7}, {}) == []


def test_a_resource_that_only_came_to_its_end_is_lost_with_pages_of_its_run_alone():
    """It may have failed, and then has none. Of a listing there is no other mark."""
    tags = RunMarks("run 1", "tags", NOON + DAY, claims_pages=False)

    assert lost([tags], HELD, {"run 1": 5}, {}) == []
    assert lost([tags], HELD, {"run 1": 6}, {}) == [tags]


@pytest.mark.parametrize("resource", ["events", "lists"])
def test_what_retention_took_is_not_lost(resource):
    held = {("run 1", "events"): 2, ("run 2", "events"): 2}
    landed = {f"run {day}": 5 for day in range(3)}

    found = lost(EVENTS, held, landed, {resource: NOON + 1.5 * DAY})

    gone = [] if resource == "events" else [marks(0)]
    assert found == [*gone, marks(2)], (
        "of a run that retention took lists of, fewer pages are right"
    )


def test_bronze_itself_says_what_retention_took_per_account_and_resource():
    none: dict[str, str] = {}
    first = {PAGES_GONE: with_pages_gone(none, "us", {"events": NOON, "lists": NOON})}
    other = {PAGES_GONE: with_pages_gone(first, "e'u", {"tags": NOON})}
    later = with_pages_gone(other, "us", {"events": NOON + DAY, "lists": NOON - DAY})

    assert pages_gone(none, "us") == {}
    assert pages_gone({PAGES_GONE: later}, "us") == {"events": NOON + DAY, "lists": NOON}
    assert pages_gone({PAGES_GONE: later}, "e'u") == {"tags": NOON}
