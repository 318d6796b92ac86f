"""Columns that the data team has added to our tables: they stay, and everything goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from klaviyo_spark.errors import TableDiffers
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from tests.builders import NOON, a_page, a_record
from tests.helpers.small_lakes import a_lake


def land(lake: Lake, run: str, day: int, **names: str) -> None:
    tags = (a_record("tag", id, name=name) for id, name in names.items())
    page = a_page("tags", *tags, fetched_at=NOON + timedelta(days=day))
    lake.append_pages([{**page, "run_id": run, "batch_id": f"batch of {run}"}])


def rows(lake: Lake, table: str) -> list[tuple[Any, ...]]:
    found = lake.spark.table(table).select("tag_id", "name", "Theirs").collect()
    return sorted(map(tuple, found))


def test_columns_that_are_not_ours_stay_and_block_nothing(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, T1="vip", T2="b")
    refine(lake, "default", ["tags"])
    table = lake.place.table("klaviyo_v2", "tags")
    for name in (table, lake.place.table("klaviyo_bronze", "pages")):
        spark.sql(f"ALTER TABLE {name} ADD COLUMNS (Theirs string)")
    spark.sql(f"ALTER TABLE {lake.place.table('klaviyo_ops', 'table_loads')} ADD COLUMNS (x int)")
    spark.sql(f"UPDATE {table} SET Theirs = 'kept'")

    lake = a_lake(spark, tmp_path)
    land(lake, "two", 1, T1="VIP", T2="b", T3="new")
    [load] = refine(lake, "default", ["tags"])

    assert (load.inserted, load.updated) == (1, 1)
    assert rows(lake, table) == [
        ("T1", "VIP", "kept"),
        ("T2", "b", "kept"),
        ("T3", "new", None),
    ]
    assert "Theirs" not in lake.silver(TABLES["tags"]).columns
    assert (
        f"{table}: has columns that klaviyo-spark did not make, and leaves as they are: Theirs"
        in (lake.name_foreign_columns())
    )
    again = a_lake(spark, tmp_path)
    again.silver(TABLES["tags"])
    assert again.name_foreign_columns() == [], "said once"

    rebuild(again, "default", ["tags"])

    assert rows(again, table) == [("T1", "VIP", None), ("T2", "b", None), ("T3", "new", None)]
    (line,) = [one for one in again.name_foreign_columns() if one.startswith(f"{table}: ")]
    assert line.startswith(
        f"{table}: was rebuilt, so columns that klaviyo-spark did not make are NULL: Theirs. Fill"
    )


def test_a_table_whose_columns_change_keeps_those_that_are_not_ours(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, T1="vip")
    refine(lake, "default", ["tags"])
    table = lake.place.table("klaviyo_v2", "tags")
    spark.sql(f"ALTER TABLE {table} ADD COLUMNS (Theirs int COMMENT 'Ours.', old string)")
    mine = spark.sql(f"SHOW TBLPROPERTIES {table}").collect()
    ours = {row["key"]: row["value"] for row in mine}["klaviyo_spark.columns"]
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('klaviyo_spark.columns' = '{ours},old')")
    lake = a_lake(spark, tmp_path)
    with pytest.raises(TableDiffers, match="has old, which this release does not know"):
        lake.silver(TABLES["tags"])

    rebuild(lake, "default", ["tags"])

    fields = {f.name: (f.dataType.simpleString(), f.metadata) for f in spark.table(table).schema}
    assert fields["Theirs"] == ("int", {"comment": "Ours."})
    assert "old" not in fields
    assert rows(a_lake(spark, tmp_path), table) == [("T1", "vip", None)]
    assert a_lake(spark, tmp_path).silver(TABLES["tags"]).count() == 1
