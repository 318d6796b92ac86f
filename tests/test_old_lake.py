"""A lake written by an earlier version is taken over: nothing is lost, and what is new appears.

``samples/lakes/before_rebuild.tar.xz`` was written at commit 04311d9, before there were
``refine --rebuild``, ``events._group_ids`` and ``table_loads.notes``: two runs, of events with
groups and an attribution, tags of which one has gone, and a campaign.
"""

from __future__ import annotations

import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, a_page, an_event

from klaviyo_spark.lake import Lake, Place
from klaviyo_spark.pipeline import make_tables
from klaviyo_spark.rebuild import rebuild
from klaviyo_spark.refine import refine
from klaviyo_spark.resources import TABLES

pytestmark = pytest.mark.account

ARCHIVE = Path(__file__).parent / "samples" / "lakes" / "before_rebuild.tar.xz"
RESOURCES = ["events", "tags"]
HELD = {"events": 2, "event_group_ids": 2, "event_attribution_group_ids": 2, "tags": 2}


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory) -> Lake:
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    place = Place(str(folder / "lake"), None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
    return Lake(spark, place)


def rows(lake: Lake, table: str) -> list[dict[str, object]]:
    found = lake.silver(TABLES[table]).orderBy(*TABLES[table].key).collect()
    return [row.asDict() for row in found]


def test_it_is_taken_over_gone_on_with_and_made_anew(lake):
    before = {table: lake.spark.table(lake.place.table("klaviyo_v2", table)) for table in HELD}
    held = {table: [row.asDict() for row in old.collect()] for table, old in before.items()}
    assert {table: len(found) for table, found in held.items()} == HELD

    make_tables(lake, RESOURCES)
    again = refine(lake, "default", RESOURCES)
    assert again == [], "what the earlier version had refined is not refined again"
    for table, old in held.items():
        now = rows(lake, table)
        assert [{name: row[name] for name in old[0]} for row in now] == sorted(
            old, key=lambda row, table=table: [row[key] for key in TABLES[table].key]
        )

    later = a_page(
        "events",
        an_event("E3", {"$group_ids": ["L9"]}, datetime=(NOON + timedelta(days=2)).isoformat()),
        fetched_at=NOON + timedelta(days=3),
    )
    lake.append_pages([later])
    loads = refine(lake, "default", RESOURCES)
    assert {load.table: load.inserted for load in loads} == {
        "events": 1,
        "event_group_ids": 1,
        "event_attribution_group_ids": 0,
    }

    rebuild(lake, "default", RESOURCES)
    events = {row["id"]: row for row in rows(lake, "events")}
    assert events["E1"]["_group_ids"] == '["L1","S1"]', "filled for old rows by a rebuild"
    assert events["E2"]["attribution_send_ts"] == 77.0
    marks = {row["tag_id"]: row["_deleted_at"] is not None for row in rows(lake, "tags")}
    assert marks == {"T1": False, "T2": True}
    assert {table: len(rows(lake, table)) for table in HELD} == {
        "events": 3,
        "event_group_ids": 3,
        "event_attribution_group_ids": 2,
        "tags": 2,
    }
