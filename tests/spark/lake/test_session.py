"""Where a session comes from, how a local one is set, and that it speaks Delta."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from klaviyo_spark.lake.spark import session


def test_a_session_merges_into_delta_tables_in_utc(spark: SparkSession, tmp_path: Path):
    target = f"delta.`{tmp_path}/t`"
    spark.sql(f"CREATE TABLE {target} USING delta AS SELECT 1L AS id, 'old' AS word")
    rows = spark.createDataFrame([(1, "new"), (2, "new")], "id bigint, word string")

    spark.sql(
        f"MERGE INTO {target} t USING {{rows}} s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        rows=rows,
    )

    merged = spark.sql(f"SELECT id, word, current_timezone() AS zone FROM {target} ORDER BY id")
    assert [tuple(row) for row in merged.collect()] == [(1, "new", "UTC"), (2, "new", "UTC")]


def test_a_session_for_small_tables_compiles_while_a_load_is_large(spark: SparkSession):
    def is_compiling() -> bool:
        return spark.conf.get("spark.sql.codegen.wholeStage") == "true"

    with session.compiling(spark), session.compiling(spark):
        both = is_compiling()

    assert (both, is_compiling()) == (True, False)


def test_a_session_that_is_there_is_taken(spark: SparkSession):
    assert session.spark_session() is spark
