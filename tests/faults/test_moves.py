"""Events whose day a later read tells otherwise: they move there by the load that finds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

import pytest

from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.refine import refine
from tests.builders import DAY, NOON, a_page, an_event
from tests.helpers.small_lakes import a_lake, let_spark_load

UTC = timezone.utc
GOOD = {"datetime": "2026-06-23T00:15:23+00:00"}
NEXT = {"datetime": "2026-06-24T00:15:23+00:00", "timestamp": 1782260123}
NONE = {"datetime": "soon", "timestamp": None}
BOUNDS = {
    "window_start": datetime(2026, 6, 23, tzinfo=UTC),
    "window_end": datetime(2026, 6, 26, tzinfo=UTC),
    "max_record_time": datetime(2026, 6, 25, tzinfo=UTC),
}


@pytest.fixture(params=[False, True], ids=["held by the driver", "left to Spark"])
def take(spark, tmp_path, monkeypatch, request) -> Callable[..., tuple[Load, list[Any]]]:
    """Take a run in; its load of events, and what the table holds then."""
    let_spark_load(monkeypatch, all_of_it=request.param)
    lake, runs = a_lake(spark, tmp_path / "lake"), iter(range(9))

    def take(*events: Any, **facts: Any) -> tuple[Load, list[Any]]:
        number = next(runs)
        page = a_page("events", *events, fetched_at=NOON + number * DAY, **facts)
        lake.append_pages([{**page, "run_id": f"run {number}", "batch_id": f"batch {number}"}])
        load = next(one for one in refine(lake, "default", ["events"]) if one.table == "events")
        rows = lake.silver(TABLES["events"]).select("id", "event_date").collect()
        return load, sorted(map(tuple, rows))

    return take


@pytest.mark.parametrize("facts", [{}, BOUNDS], ids=["of all time", "of some days"])
def test_a_row_leaves_the_partition_of_no_day_by_the_load_that_reads_its_day(take, facts):
    take(an_event("E1", **NONE), an_event("E2", **GOOD))
    load, rows = take(an_event("E1", **GOOD), an_event("E3", **NEXT), **facts)

    assert rows == [
        ("E1", date(2026, 6, 23)),
        ("E2", date(2026, 6, 23)),
        ("E3", date(2026, 6, 24)),
    ]
    assert (load.inserted, load.updated) == (1, 1)


@pytest.mark.parametrize("facts", [{}, BOUNDS], ids=["of all time", "of some days"])
def test_a_row_moves_to_another_day_and_to_no_day_at_all(take, facts):
    take(an_event("E1", **GOOD), an_event("E2", **GOOD))
    load, rows = take(an_event("E1", **NEXT), an_event("E2", **NONE), **facts)

    assert rows == [("E1", date(2026, 6, 24)), ("E2", None)]
    assert (load.inserted, load.updated) == (0, 2)
