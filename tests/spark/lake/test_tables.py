"""The lake's tables on disk: what a run that was killed while it made one leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.local import tables as local_tables
from klaviyo_spark.resources import TABLES
from tests import contract
from tests.builders import a_page
from tests.helpers.small_lakes import a_lake


def made(lake: Lake, schema: str, name: str) -> tuple[Any, ...]:
    """Columns with their comments, the table's own, how it is cut and what it is set to."""
    table = lake.place.table(schema, name)
    columns = [tuple(row) for row in lake.spark.sql(f"DESCRIBE {table}").collect()]
    detail = lake.spark.sql(f"DESCRIBE DETAIL {table}").first()
    return columns, detail["description"], detail["partitionColumns"], detail["properties"]


SOME = [("klaviyo_v2", "events"), ("klaviyo_bronze", "pages"), ("klaviyo_ops", "quarantine")]


def open_some(lake: Lake) -> Lake:
    """The same, with each table of ``SOME``."""
    lake.append_pages([a_page("events")])
    lake.silver(TABLES["events"])
    lake.ops("quarantine")
    return lake


@pytest.fixture(scope="module")
def by_delta_rs(spark, tmp_path_factory) -> Lake:
    """A lake as it is mostly made."""
    return open_some(a_lake(spark, tmp_path_factory.mktemp("by delta-rs")))


@pytest.fixture(scope="module")
def by_spark(spark, tmp_path_factory) -> Lake:
    """A lake whose tables Spark makes, as it does behind catalogs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_tables, "deltalake", None)
        return open_some(a_lake(spark, tmp_path_factory.mktemp("by Spark")))


def test_tables_that_a_killed_run_had_begun_to_make_are_made(spark, tmp_path, by_delta_rs):
    for schema, name in SOME:
        (tmp_path / f"{schema}.db" / name / "_delta_log").mkdir(parents=True)
    cut_short = open_some(a_lake(spark, tmp_path))

    for schema, name in SOME:
        assert made(cut_short, schema, name) == made(by_delta_rs, schema, name)
    assert cut_short.pages().count() == 1


@pytest.mark.parametrize(("schema", "name"), SOME)
def test_delta_rs_makes_the_table_that_spark_makes(by_delta_rs, by_spark, schema, name):
    *table, properties = made(by_delta_rs, schema, name)
    *expected, stated = made(by_spark, schema, name)
    assert table == expected
    # delta-rs refuses to hear of row tracking, and no session's default reaches it.
    assert {**properties, "delta.enableRowTracking": "false"} == stated
    assert properties["klaviyo_spark.format"] == "1"


def test_an_append_is_taken_back_unless_another_writer_came_after_it(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    tags = TABLES["tags"]
    name = lake.place.table("klaviyo_v2", "tags")
    rows = lake.silver(tags)
    spark.sql(f"INSERT INTO {name} (tag_id) VALUES ('old')")
    new = spark.createDataFrame([("new",)], "tag_id string")
    new = new.join(rows.where("false"), "tag_id", "left").select(rows.columns)

    lake.append(tags, new)
    spark.sql(f"OPTIMIZE {name}").collect()
    lake.undo(tags)
    assert [row["tag_id"] for row in lake.silver(tags).collect()] == ["old"]

    lake.append(tags, new)
    spark.sql(f"DELETE FROM {name} WHERE tag_id = 'old'").collect()
    with pytest.raises(LakeError, match="another writer has changed the table"):
        lake.undo(tags)
    assert [row["tag_id"] for row in lake.silver(tags).collect()] == ["new"]


def test_a_table_of_others_that_has_the_name_of_ours_is_not_published_over(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    name = lake.place.table("klaviyo_v2", "tags")
    spark.sql(f"CREATE TABLE {name} USING delta AS SELECT 'mine' AS tag")
    aside = Lake(spark, lake.place, frozenset(["tags"])).silver(TABLES["tags"])

    with pytest.raises(
        LakeError, match="klaviyo_v2.tags is unreadable .it carries no klaviyo_spark.format"
    ):
        lake.publish(TABLES["tags"], aside, ["default"])
    assert [tuple(row) for row in spark.table(name).collect()] == [("mine",)]


def test_a_table_that_is_being_made_has_no_rows_yet(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    (tmp_path / "klaviyo_v2.db" / "tags" / "_delta_log").mkdir(parents=True)

    assert row_counts(lake) == dict.fromkeys(contract.COLUMNS, 0)
