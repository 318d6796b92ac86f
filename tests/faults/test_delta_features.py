"""A lake whose tables have features of Delta that delta-rs does not know goes on all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.local.features import obstacle_to_read
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.refine import refine
from tests.builders import DAY, NOON, a_page, a_record
from tests.helpers.files import holding
from tests.helpers.small_lakes import a_lake

DEFAULTS = "spark.databricks.delta.properties.defaults."


def land(lake: Lake, run: str, day: int, *names: str) -> None:
    """Land a page that lists tags, each named and keyed alike."""
    page = a_page("tags", *(a_record("tag", n, name=n) for n in names), fetched_at=NOON + day * DAY)
    lake.append_pages([{**page, "run_id": run, "batch_id": f"batch of {run}"}])


@contextmanager
def settings(spark: SparkSession, conf: Mapping[str, str]) -> Iterator[None]:
    for key, value in conf.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key in conf:
            spark.conf.unset(key)


def properties(**given: str) -> str:
    said = ", ".join(f"'delta.{k.replace('__', '.')}' = '{v}'" for k, v in given.items())
    return f"ALTER TABLE {{t}} SET TBLPROPERTIES ({said})"


SWITCHES = {
    "column mapping": properties(columnMapping__mode="name"),
    "row tracking": properties(enableRowTracking="true"),
    "in-commit timestamps": properties(enableInCommitTimestamps="true"),
    "deletion vectors": properties(enableDeletionVectors="true"),
    "type widening": properties(enableTypeWidening="true"),
    "change data feed": properties(enableChangeDataFeed="true"),
    "v2 checkpoints": properties(checkpointPolicy="v2", checkpointInterval="1"),
    "a constraint": "ALTER TABLE {t} ADD CONSTRAINT c CHECK ({run_id} RLIKE '^[a-z]+$')",
    "column defaults": properties(feature__allowColumnDefaults="supported"),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_a_feature_switched_on_later_loses_nothing(spark, tmp_path, switch):
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, "T1", "T2")
    refine(lake, "default", ["tags"])
    spark.sql(switch.format(t=lake.place.table("klaviyo_bronze", "pages"), run_id="run_id"))
    spark.sql(switch.format(t=lake.place.table("klaviyo_v2", "tags"), run_id="_run_id"))

    land(lake, "two", 1, "T1", "T3")
    land(lake, "three", 2, "T1", "T3", "T4")
    refine(lake, "default", ["tags"])

    pages = lake.pages().select("run_id", "record_count", "body").orderBy("fetched_at").collect()
    assert [(row["run_id"], row["record_count"]) for row in pages] == [
        ("one", 2),
        ("two", 2),
        ("three", 3),
    ]
    assert all(row["body"].startswith('{"data":[{') for row in pages)
    rows = lake.silver(TABLES["tags"]).selectExpr("tag_id", "name", "_deleted_at IS NULL").collect()
    assert sorted(map(tuple, rows)) == [
        ("T1", "T1", True),
        ("T2", "T2", False),
        ("T3", "T3", True),
        ("T4", "T4", True),
    ]
    assert row_counts(lake)["tags"] == 4


def test_rows_that_deletion_vectors_delete_are_not_counted(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, "T1", "T2", "T3")
    refine(lake, "default", ["tags"])
    name = lake.place.table("klaviyo_v2", "tags")
    spark.sql(properties(enableDeletionVectors="true").format(t=name))
    spark.sql(f"DELETE FROM {name} WHERE tag_id = 'T2'")
    assert row_counts(lake)["tags"] == 2


def test_what_deletion_vectors_hide_goes_with_the_old_files_of_who_is_forgotten(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, "Ann Lee", "Bob")
    name = lake.place.table("klaviyo_bronze", "pages")
    spark.sql(properties(enableDeletionVectors="true").format(t=name))
    land(lake, "two", 1, "Bob")
    lake.append_pages([a_page("tags", a_record("tag", "Ann Lee")), a_page("tags", run_id="other")])
    # By no word of theirs: the log keeps what a DELETE says.
    spark.sql(f"DELETE FROM {name} WHERE run_id NOT IN ('two', 'other')")
    assert list(holding(tmp_path, "Ann Lee").values()) != [[]], "only hidden"

    maintenance.vacuum(lake, name, timedelta(0), at_once=True)

    assert holding(tmp_path, "Ann Lee") == {"Ann Lee": []}
    assert sorted(row["run_id"] for row in lake.pages().collect()) == ["other", "two"]


def test_a_session_s_defaults_do_not_reach_our_tables(spark, tmp_path):
    defaults = {
        "appendOnly": "true",
        "checkpointPolicy": "v2",
        "columnMapping.mode": "name",
        "enableChangeDataFeed": "true",
        "enableDeletionVectors": "true",
        "enableInCommitTimestamps": "true",
        "enableRowTracking": "true",
        "enableTypeWidening": "true",
        "minReaderVersion": "2",
        "minWriterVersion": "6",
    }
    lake = a_lake(spark, tmp_path)
    (tmp_path / "klaviyo_v2.db" / "lists" / "_delta_log").mkdir(parents=True)

    with settings(spark, {f"{DEFAULTS}{name}": value for name, value in defaults.items()}):
        land(lake, "one", 0, "T1")
        lake.silver(TABLES["lists"])
        refine(lake, "default", ["tags"])

    for table in ("klaviyo_bronze.db/pages", "klaviyo_v2.db/tags", "klaviyo_v2.db/lists"):
        made = DeltaTable(tmp_path / table)
        assert tuple(made.protocol()) == (1, 2, None, None), table
        assert obstacle_to_read(made) is None
    land(lake, "two", 1, "T2")
    [commit] = DeltaTable(tmp_path / "klaviyo_bronze.db" / "pages").history(1)
    assert "delta-rs" in str(commit["clientVersion"])
