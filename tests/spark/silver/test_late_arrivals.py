"""Which days had been read whole, and which new rows came late to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any

import pytest
from chispa import assert_df_equality

from klaviyo_spark.bronze import ingest
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync.account_run import AccountRun
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.silver.late_arrivals import late_arrivals
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.landings import bronze_state
from klaviyo_spark.state.watermarks import Watermark, as_row
from tests.builders import DAY, HOUR, NOON, a_page, an_event
from tests.helpers.june import days, june
from tests.helpers.small_lakes import run_account


def test_rows_of_days_that_had_been_read_are_counted(spark):
    new = spark.createDataFrame(
        [
            ("A", "M1", date(2026, 6, 3)),
            ("A", "M1", date(2026, 6, 3)),
            ("B", "M1", date(2026, 6, 3)),
            ("A", "M1", date(2026, 6, 5)),
            ("A", "M1", date(2026, 6, 6)),
            ("A", "M2", date(2026, 6, 3)),
            ("A", None, date(2026, 6, 3)),
            ("A", "M1", None),
        ],
        "_account_id string, metric_data_id string, event_date date",
    )
    read = days((june(3), june(6)), (june(4), june(5)))

    late = late_arrivals(new, TABLES["events"], [*read, *read])

    expected = spark.createDataFrame(
        [("A", date(2026, 6, 3), 2), ("A", date(2026, 6, 5), 1), ("B", date(2026, 6, 3), 1)],
        "_account_id string, event_date date, late_row_count long",
    )
    assert_df_equality(late, expected, ignore_row_order=True, ignore_nullable=True)


def test_nothing_is_late_where_nothing_had_been_read(spark):
    new = spark.createDataFrame(
        [("A", "M1", date(2026, 6, 3))],
        "_account_id string, metric_data_id string, event_date date",
    )
    assert late_arrivals(new, TABLES["events"], []).isEmpty()


# -- whose days had been read before ---------------------------------------------------------------


def land(lake: Lake, run_id: str, event_id: str, fetched_at: datetime, began: datetime) -> None:
    """A run: an event of June 23, and the mark that all days before June 25 have been read."""
    page = a_page("events", an_event(event_id), fetched_at=fetched_at, run_id=run_id)
    lake.append_pages([page])
    end = datetime(2026, 6, 25, tzinfo=timezone.utc)
    mark = Watermark("events", "X1", None, "window", None, end, began, run_id=run_id)
    bronze = bronze_state(lake)
    row = as_row(mark, "default", bronze.table_id, bronze.version)
    lake.append_ops("watermarks", [row])


def late_row_count(lake: Lake) -> list[tuple[Any, ...]]:
    found = lake.ops("late_arrivals").select("run_id", "event_date", "late_row_count").collect()
    return sorted(map(tuple, found))


def test_a_run_that_began_to_read_before_its_first_page_came_has_read_no_day_before(lake):
    land(lake, "one", "E1", NOON, began=NOON - HOUR)
    refine(lake, "default", ["events"])
    first = late_row_count(lake)
    # By a clock that was put back since.
    land(lake, "two", "E2", NOON + DAY, began=NOON - DAY)
    refine(lake, "default", ["events"])

    assert first == []
    assert late_row_count(lake) == [("two", date(2026, 6, 23), 1)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    account = Account(events=60, profiles=10, campaigns=2, quiet_days=9)
    with Sandbox(account, key="pk_x", rate_scale=1_000) as served:
        yield served


def test_a_window_that_had_landed_when_its_run_was_killed_has_no_late_arrivals(
    lake, sandbox, monkeypatch
):
    """The run that goes on has no page of its own, and its mark is of what the other had landed."""
    settings = Settings(base_url=sandbox.url, resources=("events",))
    now = datetime.now(timezone.utc)
    window = now - 700 * DAY, now - 3 * DAY
    with Client(sandbox.url, ApiKey("pk_x"), limiter=Limiter()) as client:
        with monkeypatch.context() as killed:
            killed.setattr(ingest._Ingest, "_remember", lambda _: None)
            killed.setattr(AccountRun, "end", lambda _: None)
            run_account("ingest", lake, settings, client, *window)
        asked = len(sandbox.requests)
        done = run_account("sync", lake, settings, client, *window)

    assert len(sandbox.requests) == asked
    assert done.rows["events"] > 0
    assert late_row_count(lake) == []
