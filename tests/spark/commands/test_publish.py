"""Views and tags: what the specs make of them, and what a catalog is told."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from klaviyo_spark.commands import publish
from klaviyo_spark.commands.catalog import publish as brought_up_to_date
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.resources import TABLES
from tests.helpers.small_lakes import a_place


def test_views_of_a_catalog_show_what_is_there_with_their_comments(spark: SparkSession):
    place = Place("", "spark_catalog", "publish_bronze", "publish_silver", "publish_ops")
    lake = Lake(spark, place)
    for table, columns, values in (
        ("tags", "tag_id, _deleted_at", "('A', NULL), ('B', TIMESTAMP'2026-01-01')"),
        ("member_lists", "list_id, profile_id, is_member", "('L', 'P', true), ('L', 'Q', false)"),
    ):
        lake.silver(TABLES[table])
        spark.sql(f"INSERT INTO {place.table(place.silver, table)} ({columns}) VALUES {values}")
    made = {view.name: view for view in publish.views(place)}

    assert brought_up_to_date(lake) == []  # no Unity Catalog: neither views nor tags by itself
    for name in ("tags_current", "member_lists_current"):
        for _ in ("made", "made anew"):
            spark.sql(made[name].sql)
    tags = spark.table("spark_catalog.publish_silver.tags_current")
    members = spark.table("spark_catalog.publish_silver.member_lists_current")

    assert [row["tag_id"] for row in tags.collect()] == ["A"]
    assert [row["profile_id"] for row in members.collect()] == ["P"]
    assert tuple(tags.columns) == made["tags_current"].columns
    assert tags.schema["tag_id"].metadata["comment"] == "Klaviyo's id of the tag."
    spark.sql("DROP SCHEMA spark_catalog.publish_silver CASCADE")


def test_views_of_a_folder_are_sql_that_any_session_takes(spark: SparkSession, tmp_path: Any):
    place = a_place(tmp_path)
    Lake(spark, place).silver(TABLES["tags"])
    [view] = [line for line in publish.script(place) if "VIEW `tags_current`" in line]

    spark.sql(view.removesuffix(";"))

    assert spark.table("tags_current").collect() == []
    spark.sql("DROP VIEW tags_current")
