"""What is known of a run before its tables are loaded, asked of a lake without Spark."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver.pending import begins
from klaviyo_spark.silver.run_facts import RunFacts, run_facts
from klaviyo_spark.state.landings import landed_batches
from tests.builders import DAY, HOUR, NOON, a_page
from tests.helpers.small_lakes import a_lake_without_spark, land


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return a_lake_without_spark(tmp_path)


def facts(lake: Lake, run_id: str) -> RunFacts:
    batches = landed_batches(lake)
    return run_facts(lake, batches, run_id, begins(batches))


def a_listing(endpoint: str, at: datetime, **more: Any) -> dict[str, Any]:
    return a_page(endpoint, {"type": "thing", "id": "1"}, fetched_at=at, **more)


def test_it_is_known_when_each_endpoint_was_asked_last_also_those_that_the_run_did_not_ask(lake):
    """What one of them proved since stands against what another says once more."""
    land(lake, "one", a_listing("flows", NOON), a_listing("flow_messages", NOON, parent_id="A1"))
    land(lake, "two", a_listing("flow_messages", NOON + HOUR, parent_id="A1"))
    land(lake, "three", a_listing("flows", NOON + 2 * HOUR))
    land(lake, "four", a_listing("tags", NOON + 3 * HOUR))

    found = facts(lake, "three")

    assert found.asked_before == {"flows": 0, "flow_messages": 1}
    assert (found.began, found.unchanged) == (NOON + 2 * HOUR, {"flows"})
    assert found.records == {"flows": 1}
    assert found.fully_read == {"flows"}


def test_the_days_of_a_window_are_known_where_all_its_pages_say_them(lake):
    window = {"is_full_read": False, "window_start": NOON - 3 * DAY, "max_record_time": NOON - DAY}
    pages = [a_listing("events", NOON, **window), a_listing("profiles", NOON, **window)]
    land(lake, "one", *pages, a_listing("profiles", NOON, **window | {"max_record_time": None}))

    low, high = (NOON - 3 * DAY).date(), (NOON - DAY).date()
    assert facts(lake, "one").spans == {"events": (low, high), "profiles": (low, None)}


def test_a_read_that_an_earlier_run_began_counts_with_its_pages_of_then(lake):
    read = {"read_id": "R", "read_run_id": "one", "walk_id": "W"}
    land(lake, "one", a_listing("tags", NOON, is_last=False, **read))
    land(lake, "two", a_listing("lists", NOON + HOUR))
    land(lake, "three", a_listing("tags", NOON + 2 * HOUR, page_number=2, **read))

    found = facts(lake, "three")

    assert found.resumed_walk_ids == {"R"}
    assert found.meanwhile == {"tags": {"one", "two"}}
    assert found.unchanged == frozenset()
