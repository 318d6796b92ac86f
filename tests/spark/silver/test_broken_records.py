"""Records broken in twenty ways, each between two good ones on one page, refined into a lake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.refine import refine
from tests.builders import a_page, an_event
from tests.data.broken_records import NULLED, QUARANTINED
from tests.helpers.small_lakes import a_lake

GOOD = len(QUARANTINED) + len(NULLED) + 1


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory) -> Lake:
    folder = tmp_path_factory.mktemp("broken") / "lake"
    lake = a_lake(spark, folder)
    good = [json.dumps(an_event(f"good {n}", {"Subject": f"no. {n}"})) for n in range(GOOD)]
    broken = [*QUARANTINED.values(), *(record for record, _ in NULLED.values())]
    records = [part for pair in zip(good, broken, strict=False) for part in pair] + good[-1:]
    page = a_page("events", *records)
    lake.append_pages([page])
    return lake


@pytest.fixture(scope="module")
def loads(lake) -> dict[str, Load]:
    return {load.table: load for load in refine(lake, "default", ["events"])}


@pytest.fixture(scope="module")
def events(lake, loads) -> dict[str, dict[str, Any]]:
    return {row["id"]: row.asDict() for row in lake.silver(TABLES["events"]).collect()}


def test_their_neighbours_are_untouched(events):
    whole = {n: events[f"good {n}"] for n in range(GOOD)}
    assert {n: row["subject"] for n, row in whole.items()} == {n: f"no. {n}" for n in range(GOOD)}
    assert {row["metric_data_id"] for row in whole.values()} == {"X1"}
    assert {str(row["event_date"]) for row in whole.values()} == {"2026-06-23"}


def test_those_with_an_id_are_rows_with_what_does_not_fit_nulled(events, loads):
    assert events.keys() - {f"good {n}" for n in range(GOOD)} == NULLED.keys()
    assert loads["events"].cast_failures == sum(nulled for _, nulled in NULLED.values())
    assert events["time_words"]["event_datetime"] is None
    assert events["time_words"]["event_date"] is None
    assert events["number_too_large"]["segment_count"] is None
    assert events["doubled_keys"]["subject"] == "last"
    assert len(events["ten_megabytes"]["subject"]) == 10 * 2**20


def test_those_without_one_are_in_quarantine_whole(lake, loads):
    rows = lake.ops("quarantine").where("table_name = 'events'").collect()
    assert {row["violation"] for row in rows} == {"key is NULL: id"}
    assert sorted(row["record_index"] for row in rows) == [
        2 * n + 1 for n in range(len(QUARANTINED))
    ]
    # Spark's array holds a null as NULL and a text without its quotes.
    as_held = {**QUARANTINED, "a text": "a text", "null": None}
    assert sorted(map(str, (row["record"] for row in rows))) == sorted(
        str(record).replace(", ", ",") for record in as_held.values()
    )


def test_the_same_page_again_changes_nothing(lake, loads):
    page = lake.pages().collect()[0].asDict()
    lake.append_pages([{**page, "page_number": 2, "run_id": "again", "batch_id": "again"}])
    again = {load.table: load for load in refine(lake, "default", ["events"])}
    assert (again["events"].inserted, again["events"].updated) == (0, 0)
    assert lake.ops("quarantine").where("table_name = 'events'").count() == 2 * len(QUARANTINED)
