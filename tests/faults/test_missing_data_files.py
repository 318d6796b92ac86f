"""Data files removed behind a table's back, its log kept: named, made anew, and never Java's words.

By `rm`, or by a rule of the store for old files.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.errors import LakeError, in_a_line
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.lost_files import table_with
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.rebuild import Rebuild, rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.store import note_pages_gone
from tests.builders import NOON, a_page, a_record, an_event
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_lake, land_on

RESOURCES = ("events", "tags")
MADE = [name for name, table in TABLES.items() if table.resource in RESOURCES]


def land(lake: Lake, day: int, account: str = "default") -> None:
    """What an account answers on that day: each day changes a tag and brings an event."""
    pages = [
        a_page("tags", a_record("tag", "T1", name=f"of day {day}"), sha256=f"tags {day}"),
        a_page(
            "events",
            *[an_event(f"E{n}", {"$group_ids": [f"L{n}"]}) for n in range(day + 1)],
            sha256=f"events {day}",
        ),
    ]
    land_on(lake, day, *pages, account=account)


def load(lake: Lake, account: str = "default") -> tuple[list[Load], Outcome]:
    outcome = Outcome()
    loads = reconcile(lake, account, RESOURCES, RefinePolicy(run_id="by"), outcome=outcome)
    return loads, outcome


def errors(loads: list[Load]) -> list[str]:
    return [line for one in loads for line in one.errors]


def remove_data(spark, folder: Path, table: str) -> list[str]:
    """Remove a silver table's data files; what Spark had in its caches goes too."""
    files = [path for path in (folder / "klaviyo_v2.db" / table).rglob("*.parquet")
             if "_delta_log" not in path.parts]  # fmt: skip
    for path in files:
        path.unlink()
    spark.catalog.clearCache()
    return [path.name for path in files]


@pytest.fixture(scope="module")
def grown(spark, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grown") / "lake"
    for account in ("default", "eu"):
        lake = a_lake(spark, folder.parent / account if account == "eu" else folder)
        for who in ("default", account)[: 1 if account == "default" else 2]:
            land(lake, 0, who)
            loads, outcome = load(lake, who)
            assert (errors(loads), outcome.warnings, outcome.failed) == ([], [], {})
    return folder


@pytest.fixture
def folder(grown, tmp_path) -> Path:
    shutil.copytree(grown, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def of_two(grown, tmp_path) -> Path:
    """The same of a lake of two accounts."""
    shutil.copytree(grown.parent / "eu", tmp_path / "two")
    return tmp_path / "two"


@pytest.fixture(scope="module")
def whole(spark, grown, tmp_path_factory) -> dict[str, list[tuple[Any, ...]]]:
    """All rows once the second day has been loaded too."""
    folder = tmp_path_factory.mktemp("whole") / "lake"
    shutil.copytree(grown, folder)
    lake = a_lake(spark, folder)
    land(lake, 1)
    load(lake)
    return held(lake, MADE)


def test_a_table_without_its_data_files_is_made_anew_by_the_run_that_meets_it(spark, folder, whole):
    removed = remove_data(spark, folder, "events") + remove_data(spark, folder, "tags")
    assert len(removed) == 2
    lake = a_lake(spark, folder)
    land(lake, 1)

    loads, outcome = load(lake)
    again, later = load(a_lake(spark, folder))

    assert errors(loads) == []
    assert (outcome.failed, outcome.warnings) == (
        {},
        [
            "rebuilt from bronze: events, tags (data files were missing); rebuilt with them: "
            "event_group_ids, event_attribution_group_ids"
        ],
    )
    assert held(a_lake(spark, folder), MADE) == whole
    assert (again, later.warnings, later.failed) == ([], [], {})


def test_a_rebuild_replaces_such_a_table_without_reading_it(spark, folder):
    before = held(a_lake(spark, folder), MADE)
    remove_data(spark, folder, "events")

    loads = rebuild(a_lake(spark, folder), "default", ["events"], RefinePolicy(run_id="by"))

    assert {one.table for one in loads if one.is_loaded} == {
        name for name in MADE if name != "tags"
    }
    assert held(a_lake(spark, folder), MADE) == before


def test_of_several_accounts_all_are_rebuilt_at_once(spark, of_two):
    before = held(a_lake(spark, of_two), MADE)
    removed = remove_data(spark, of_two, "tags")
    lake = a_lake(spark, of_two)
    land(lake, 1)

    loads, outcome = load(lake)
    [line] = errors(loads)
    assert line.startswith(
        "klaviyo_v2.tags held back, all other tables were loaded: klaviyo_v2.tags: the data file "
    )
    assert line.endswith(
        ".parquet is missing. Restore it from a backup, or run `klaviyo-spark refine --rebuild` "
        "to rebuild the table from bronze."
    )
    assert "calling o" not in line
    assert outcome.warnings == []
    with pytest.raises(
        LakeError, match=r"^tags: the data file .* and the table has rows of eu too"
    ):
        rebuild(a_lake(spark, of_two), "default", ["tags"])

    anew = Rebuild(a_lake(spark, of_two), ["tags"])
    for account in ("default", "eu"):
        anew.make(account, ["tags"], RefinePolicy(run_id="by"))
    anew.publish()
    tags = held(a_lake(spark, of_two), ["tags"])["tags"]
    assert [row for row in tags if row[0] == "eu"] == [
        row for row in before["tags"] if row[0] == "eu"
    ]
    seen = a_lake(spark, of_two).for_account("default").silver(TABLES["tags"])
    assert [row["name"] for row in seen.collect()] == ["of day 1"]
    assert any(file in line for file in removed), "the one that Spark met first"


def test_where_retention_took_pages_it_is_refused_by_name(spark, folder):
    remove_data(spark, folder, "tags")
    lake = a_lake(spark, folder)
    land(lake, 1)
    note_pages_gone(lake, lake._bronze(), "default", {"tags": NOON})

    loads, outcome = load(lake)

    assert outcome.failed["tags"] == [
        "tags: removed since the last load, or made from a table that was; a rebuild would be "
        "incomplete, since retention deleted pages of tags fetched before "
        f"{NOON:%Y-%m-%d}. Restore the tables from a backup, or sync the account into a new lake."
    ]
    assert [one.table for one in loads if not one.is_loaded] == ["tags"]


def test_missing_pages_are_named_and_a_delete_is_the_way_out(spark, folder):
    [page] = (folder / "klaviyo_bronze.db/pages").glob("resource=tags/*/*.parquet")
    page.unlink()
    spark.catalog.clearCache()
    lake = a_lake(spark, folder)

    with pytest.raises(Exception, match="FILE_NOT_EXIST") as failed:
        load(lake)
    said = in_a_line(failed.value)
    assert said.startswith("klaviyo_bronze.pages: the data file file:")
    assert "and with it pages of tags fetched on 2026-06-01. Restore it" in said
    where = said.split("`WHERE ")[1].split("`")[0]
    spark.sql(f"DELETE FROM {lake._bronze()} WHERE {where}")
    loads, outcome = load(a_lake(spark, folder))
    assert (errors(loads), outcome.failed) == ([], {})


def test_the_table_of_a_file_is_found_behind_a_catalog_too(spark):
    schemas = ("lost_bronze", "lost_silver", "lost_ops")
    lake = Lake(spark, Place("", "spark_catalog", *schemas))
    try:
        name = lake._silver(TABLES["tags"])
        [detail] = spark.sql(f"DESCRIBE DETAIL {name}").collect()
        assert table_with(lake, f"{detail['location']}/part-1.parquet") == "tags"
        assert table_with(lake, "file:/elsewhere/part-1.parquet") is None
    finally:
        for schema in schemas:
            spark.sql(f"DROP SCHEMA IF EXISTS spark_catalog.{schema} CASCADE")
