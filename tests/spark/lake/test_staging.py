"""Where a rebuild makes tables: what is not of our making is refused by name, and stays."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.commands.forget.run import asked_for, forget
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import staging
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.staging import check_staging, drop_staging, make_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.rebuild import rebuild
from tests.builders import a_page, a_record
from tests.helpers.small_lakes import a_lake

# -- in the verbs ---------------------------------------------------------------------------------


def test_a_rebuild_and_a_forget_stop_before_anything_is_done(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    lake.append_pages([a_page("tags", a_record("tag", "T1", name="vip"))])
    foreign = tmp_path / "klaviyo_ops_rebuild.db" / "ours.csv"
    foreign.parent.mkdir()
    foreign.write_text("of the data team")

    with pytest.raises(LakeError, match="klaviyo_ops_rebuild.db: was not made by klaviyo-spark"):
        forget(lake, Settings(), asked_for("P1", None))
    assert [path.name for path in (tmp_path / "klaviyo_ops.db").iterdir()] == ["runs"]
    with pytest.raises(LakeError, match="klaviyo_ops_rebuild.db: was not made by klaviyo-spark"):
        rebuild(lake, "default", ["tags"])
    assert foreign.read_text() == "of the data team"
    assert not (tmp_path / "klaviyo_v2_rebuild.db").exists()
    assert not (tmp_path / "klaviyo_v2.db").exists()


# -- schemas of a catalog -------------------------------------------------------------------------


@pytest.fixture
def catalog(spark) -> Any:
    place = Place("", "spark_catalog", "staged_bronze", "staged_silver", "staged_ops")
    yield Lake(spark, place, frozenset(["tags"]))
    for schema in ("staged_silver", "staged_ops"):
        for name in (schema, f"{schema}_rebuild"):
            spark.sql(f"DROP SCHEMA IF EXISTS spark_catalog.{name} CASCADE")


def schemas(lake: Lake) -> set[str]:
    rows = lake.spark.sql("SHOW SCHEMAS IN spark_catalog LIKE 'staged_*'").collect()
    return {row[0] for row in rows}


def test_schemas_of_a_catalog_are_marked_and_go_with_our_tables(catalog):
    make_staging(catalog)
    assert schemas(catalog) == {"staged_silver_rebuild", "staged_ops_rebuild"}
    catalog.silver(TABLES["tags"])
    catalog.ops("runs")

    make_staging(catalog)
    assert catalog.spark.sql("SHOW TABLES IN spark_catalog.staged_silver_rebuild").collect() == []

    again = Lake(catalog.spark, catalog.place, catalog.aside)  # one knows what it has made
    again.silver(TABLES["tags"])
    assert drop_staging(again) == []
    assert schemas(catalog) == set()


def test_a_schema_of_others_is_refused_by_name_and_stays(catalog):
    name = "spark_catalog.staged_silver_rebuild"
    catalog.spark.sql(f"CREATE SCHEMA {name} COMMENT 'of the data team'")
    catalog.spark.sql(f"CREATE TABLE {name}.tags (a int) USING delta")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(
            LakeError, match="^`spark_catalog`.`staged_silver_rebuild`: was not made"
        ):
            work(catalog)
    assert catalog.spark.table(f"{name}.tags").columns == ["a"]
    assert schemas(catalog) == {"staged_silver_rebuild"}


def test_a_table_of_others_in_our_schema_is_refused_by_name_and_stays(catalog):
    make_staging(catalog)
    catalog.silver(TABLES["tags"])
    catalog.spark.sql("CREATE TABLE spark_catalog.staged_ops_rebuild.theirs (a int) USING delta")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError, match="`staged_ops_rebuild`.`theirs`: was not made by kla"):
            work(catalog)
    for table in ("staged_ops_rebuild.theirs", "staged_silver_rebuild.tags"):
        assert catalog.spark.table(f"spark_catalog.{table}").isEmpty()


# -- behind a URI ---------------------------------------------------------------------------------


@pytest.fixture
def remote(spark, tmp_path, monkeypatch) -> Lake:
    """A lake whose folder this process cannot look into."""
    monkeypatch.setattr(staging, "folder_of", lambda _: None)
    return Lake(spark, a_lake(spark, tmp_path).place, frozenset(["tags"]))


def test_tables_behind_a_uri_are_emptied(remote):
    remote.silver(TABLES["tags"])
    name = remote.place.table("klaviyo_v2_rebuild", "tags")
    remote.spark.sql(f"INSERT INTO {name} (tag_id) VALUES ('T1')")

    make_staging(remote)
    assert remote.spark.table(name).isEmpty()
    assert drop_staging(remote) == [name]


def test_a_table_of_others_behind_a_uri_is_refused_by_name_and_stays(remote):
    remote.silver(TABLES["tags"])
    ours, theirs = (
        remote.place.table(schema, table)
        for schema, table in (("klaviyo_v2_rebuild", "tags"), ("klaviyo_ops_rebuild", "runs"))
    )
    remote.spark.sql(f"INSERT INTO {ours} (tag_id) VALUES ('T1')")
    remote.spark.sql(f"CREATE TABLE {theirs} USING delta AS SELECT 1 AS a")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError) as refused:
            work(remote)
        assert str(refused.value).startswith(f"{theirs}: was not made by klaviyo-spark")
    assert remote.spark.table(theirs).count() == remote.spark.table(ours).count() == 1
